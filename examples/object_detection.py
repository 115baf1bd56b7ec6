"""What each object query of a detector looks at: a small DETR with attention in both directions, on scenes of real digits.

    python examples/object_detection.py --logdir logs/object_detection
    tensorboard --logdir logs

Nine queries read a picture as in DETR (https://arxiv.org/abs/2005.12872), each around a point of its own, and the cells of the
picture read the queries, as in Segment Anything (https://arxiv.org/abs/2304.02643). A matching of queries and digits says in
training which query is to find which digit; the others are to find nothing.

Boxes, classes and scores of an epoch are what the model predicts then, so they are given to `AttentionWriter.write`. Look at
block_2_to_cells in Sample: hover a box, and the picture shows what its query looks at. block_2_to_objects is the other way round:
hover a cell of the picture to see which objects it asks. In Head, play the epochs: boxes find their digits, and the maps follow.

The scenes are made of real digits, those of scikit-learn: 1 to 3 in 48 x 48 pixels (digit_scenes.py). Scenes of training and
validation share no digit. The quality is the share of digits that are found: the right class, and an
overlap (intersection over union) of at least 0.5.
"""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from command import run
from digit_scenes import MOST, NAMES, SIDE, scenes, share_found
from keras import layers, ops
from scipy.optimize import linear_sum_assignment

import tb_attention

REACHES = 0.6
QUERIES, NOTHING, WIDTH, HEADS = 9, len(NAMES), 64, 4


class Learned(layers.Layer):
    """Learned vectors, added to those that come in (a vector for each cell), or in their place (the queries)."""

    def __init__(self, count: int, adds: bool, **options) -> None:
        super().__init__(**options)
        self.count, self.adds = count, adds

    def build(self, shape: tuple[int, ...]) -> None:
        self.vectors = self.add_weight(shape=(1, self.count, WIDTH), initializer="random_normal", name="vectors")

    def call(self, cells):
        vectors = ops.broadcast_to(self.vectors, (ops.shape(cells)[0], self.count, WIDTH))
        return cells + vectors if self.adds else vectors


def build_model() -> keras.Model:
    x = picture = keras.Input((SIDE, SIDE, 1), name="scene")
    for filters in (32, 64, WIDTH):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(x)
    cells = Learned(36, adds=True, name="positions")(layers.Reshape((36, WIDTH))(x))
    objects = Learned(QUERIES, adds=False, name="queries")(cells)
    for block in ("block_1", "block_2"):
        objects = _attend(f"{block}_self", objects, objects)
        objects = _attend(f"{block}_to_cells", objects, cells)
        y = layers.Dense(2 * WIDTH, activation="relu")(objects)
        objects = layers.LayerNormalization()(objects + layers.Dense(WIDTH)(y))
        cells = _attend(f"{block}_to_objects", cells, objects)
    objects = _attend("last_to_cells", objects, cells)
    classes = layers.Dense(NOTHING + 1, name="classes")(objects)
    hidden = layers.Dense(WIDTH, activation="relu")(objects)
    # Each query begins at its point of a 3 x 3 grid; it predicts the middle and the size of a box.
    points = np.stack(np.meshgrid([1 / 6, 1 / 2, 5 / 6], [1 / 6, 1 / 2, 5 / 6]), -1).reshape(1, QUERIES, 2)
    raw = layers.Dense(4, kernel_initializer="zeros")(hidden)
    middle = ops.sigmoid(raw[..., :2] + np.log(points / (1 - points)).astype("float32"))
    half = ops.sigmoid(raw[..., 2:] - 1) / 2
    return keras.Model(picture, ops.concatenate([classes, middle - half, middle + half], axis=-1))


def _attend(name: str, x, y):
    read = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=name)(x, y)
    return layers.LayerNormalization()(x + read)


def matched(objects: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """For each picture the query that is to find each of its objects, (N, 3); the cheapest assignment of all."""
    found = np.zeros((len(objects), MOST), "int32")
    for picture, (wanted, given) in enumerate(zip(objects, predicted, strict=True)):
        there = wanted[:, 0] < NOTHING
        shares = np.exp(given[:, :11] - given[:, :11].max(-1, keepdims=True))
        right = (shares / shares.sum(-1, keepdims=True))[:, wanted[there, 0].astype(int)]
        apart = np.abs(given[:, None, 11:] - wanted[None, there, 1:]).sum(-1)
        queries, digits = linear_sum_assignment(5 * apart - right)
        found[picture, np.flatnonzero(there)[digits]] = queries
    return found


def loss(objects, predicted):
    """Cross-entropy of the classes, and the distances of the boxes, of queries and the objects that they were matched with."""
    queries = tf.ensure_shape(tf.numpy_function(matched, [objects, predicted], tf.int32), (None, MOST))
    there = tf.cast(objects[..., 0] < NOTHING, tf.float32)
    chosen = tf.one_hot(queries, QUERIES) * there[..., None]
    classes = tf.einsum("noq,noc->nqc", chosen, tf.one_hot(tf.cast(objects[..., 0], tf.int32), NOTHING + 1))
    nothing = 1 - tf.reduce_sum(chosen, 1)
    classes += nothing[..., None] * tf.one_hot(NOTHING, NOTHING + 1)
    entropy = tf.nn.softmax_cross_entropy_with_logits(classes, predicted[..., :11]) * (1 - 0.8 * nothing)
    boxes = tf.gather(predicted[..., 11:], queries, batch_dims=1)
    apart = tf.reduce_sum(tf.abs(boxes - objects[..., 1:]), -1) * there
    return tf.reduce_mean(tf.reduce_sum(entropy, -1) + 5 * tf.reduce_sum(apart, -1))


def _name(found: int, score: float) -> str:
    return f"{NAMES[found]} {score:.2f}" if found < NOTHING else ""


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    x, y = scenes(5000 if quick else 20_000)
    x_val, y_val = scenes(500, validation=True)
    model = build_model()
    model.compile(keras.optimizers.Adam(1e-3), loss)
    samples = tb_attention.Samples(x_val[:12])
    with tb_attention.AttentionWriter(logdir, samples=samples) as writer:

        def log(epoch: int, logs: dict[str, float]) -> None:
            predicted = model.predict(x_val, verbose=0)
            scores = keras.ops.convert_to_numpy(ops.softmax(predicted[..., :11]))
            found, boxes = scores.argmax(-1), np.clip(predicted[..., 11:], 0, 1)
            logs["val_accuracy"] = share_found(y_val, found, boxes)
            names = np.vectorize(_name)(found, scores.max(-1))
            objects = tb_attention.Axis("query", QUERIES, "objects", boxes=boxes[:12], names=names[:12], input=0)
            sites = tb_attention.capture(model, x_val[:12])
            # The other positions of this model are known to be cells of the picture.
            axes = {
                path: [replace(objects, role=axis.role) if axis.size == QUERIES else axis for axis in site.axes[2:]]
                for path, site in sites.items()
            }
            writer.write(epoch, sites, metrics=logs, epoch=epoch, axes=axes)

        history = model.fit(
            x,
            y,
            batch_size=64,
            epochs=10 if quick else 40,
            verbose=verbose,
            validation_data=(x_val, y_val),
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=log)],
        )
    return float(history.history["val_accuracy"][-1])


if __name__ == "__main__":
    run(main)
