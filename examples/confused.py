"""Which clothes a small CNN confuses, and where it looked: Fashion-MNIST, with a layer that attends over the picture.

python examples/confused.py --logdir logs/confused
tensorboard --logdir logs

Reads the files of Debian's package dataset-fashion-mnist if it is installed; otherwise Keras downloads them.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

import tb_attention

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
NAMES = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
GROUPS = {
    "tops": ["T-shirt", "pullover", "coat", "shirt"],
    "shoes": ["sandal", "sneaker", "ankle boot"],
    "others": ["trousers", "dress", "bag"],
}
WIDTH, HEADS = 64, 4
BATCH = 64


class Looks(layers.Layer):
    """Attention pooling: a learned query reads the feature map with 4 heads over 14 x 14 cells."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        _, rows, columns, width = input_shape
        self.question = self.add_weight(shape=(1, 1, width), initializer="random_normal", name="question")
        self.positions = self.add_weight(
            shape=(1, rows * columns, width), initializer="random_normal", name="positions"
        )
        self.attention = layers.MultiHeadAttention(HEADS, width // HEADS, name="attention")
        self.attention.build((None, 1, width), (None, rows * columns, width))

    def call(self, features):
        cells = keras.ops.reshape(features, (-1, features.shape[1] * features.shape[2], features.shape[3]))
        question = keras.ops.broadcast_to(self.question, (keras.ops.shape(cells)[0], 1, cells.shape[-1]))
        return self.attention(question, cells, key=cells + self.positions)[:, 0]


def build_model() -> keras.Model:
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(WIDTH // 2, 3, strides=2, padding="same", activation="relu", name="conv_1")(image)
    x = layers.Conv2D(WIDTH, 3, padding="same", activation="relu", name="conv_2")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = Looks(name="looks")(x)
    x = layers.Dense(WIDTH, activation="relu", name="dense")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="clothes")(x), name="confused")


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28, 1) from 0 to 1 and labels (N,), for training and for validation."""
    if DEBIAN.is_dir():
        x_train, y_train = _read("train")
        x_val, y_val = _read("t10k")
    else:
        (x_train, y_train), (x_val, y_val) = keras.datasets.fashion_mnist.load_data()
    return (*_prepared(x_train, y_train), *_prepared(x_val, y_val))


def _read(part: str) -> tuple[np.ndarray, np.ndarray]:
    """The arrays in two files in the format of MNIST."""
    with gzip.open(DEBIAN / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(DEBIAN / f"{part}-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8)


def _prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (images[..., None] / 255).astype("float32"), labels.astype("int64")


def main(
    logdir: str, epochs: int = 10, verbose: int = 1, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> keras.callbacks.History:
    keras.utils.set_random_seed(0)
    x_train, y_train, x_val, y_val = load_data()
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    attention = tb_attention.AttentionCallback(logdir, samples=(x_val[:16], y_val[:16]), class_names=NAMES)
    confusion = tb_attention.ConfusionMatrixCallback(
        logdir, validation_data=(x_val, y_val), class_names=NAMES, class_groups=GROUPS, batch_size=250, scalars=True
    )
    return model.fit(
        x_train[:20_000],
        y_train[:20_000],
        batch_size=BATCH,
        epochs=epochs,
        verbose=verbose,
        validation_data=(x_val, y_val),
        callbacks=[attention, confusion, *callbacks],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs/confused")
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    main(arguments.logdir, arguments.epochs)
