"""A transformer on short videos: handwritten digits that move. In which direction does it move?

python examples/video.py --logdir logs/video
tensorboard --logdir logs

Each video has eight frames of 24 x 24 pixels. A patch is 6 x 6 pixels of one frame, so that positions form a grid of three
dimensions: frames x rows x columns. No single frame tells the direction; `main` returns the share of validation videos whose
direction is right.

What to look for: open Sample and click the patch with the digit. "slice" is the frame: drag it, or use the arrow keys, to see
where in the other frames this patch looks. Early on a patch looks everywhere; later heads look at the digit itself, at the place
where it was a frame before or where it will be.

The digits are those of scikit-learn. Their movement is made here.
"""

from __future__ import annotations

import keras
import numpy as np
from command import run
from keras import layers
from sklearn.datasets import load_digits

import tb_attention

REACHES = 0.8
FRAMES, SIZE, PATCH, WIDTH, HEADS, BLOCKS = 8, 24, 6, 48, 4, 2
DIRECTIONS = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}


def videos(digits: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`(digits, frames, rows, columns, 1)` from 0 to 1, and the direction of each."""
    random = np.random.default_rng(seed)
    steps = np.array(list(DIRECTIONS.values()))
    directions = random.integers(0, len(steps), len(digits))
    made = np.zeros((len(digits), FRAMES, SIZE, SIZE, 1), "float32")
    room = SIZE - 8
    for video, digit, direction in zip(made, digits, directions, strict=True):
        across = random.integers(0, room + 1, 2)
        start = np.where(steps[direction] == 0, across, np.where(steps[direction] > 0, 0, room))
        for frame in range(FRAMES):
            top, left = start + steps[direction] * (frame * room // (FRAMES - 1))
            video[frame, top : top + 8, left : left + 8, 0] = digit / 16
    return made, directions


class Positions(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.table = self.add_weight(shape=shape[1:], initializer="random_normal", name="table")

    def call(self, x):
        return x + self.table


def build_model() -> keras.Model:
    video = keras.Input((FRAMES, SIZE, SIZE, 1), name="video")
    x = layers.Conv3D(WIDTH, (1, PATCH, PATCH), strides=(1, PATCH, PATCH), name="patches")(video)
    x = Positions(name="positions")(layers.Reshape((-1, WIDTH))(x))
    for block in range(BLOCKS):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"block_{block}_attention")(y, y)
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(WIDTH)(layers.Dense(2 * WIDTH, activation="gelu")(y))
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(video, layers.Dense(len(DIRECTIONS), activation="softmax", name="direction")(x))


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    digits = load_digits().images.astype("float32")
    x_train, y_train = videos(digits[:1500], seed=0)
    x_val, y_val = videos(digits[1500:], seed=1)
    model = build_model()
    model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    samples = tb_attention.Samples(x_val[:8], y_val[:8], class_names=list(DIRECTIONS))
    history = model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=5 if quick else 20,
        verbose=verbose,
        validation_data=(x_val, y_val),
        callbacks=[tb_attention.AttentionCallback(logdir, samples=samples)],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
