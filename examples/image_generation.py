"""A small denoiser that paints what a caption says: which word guides which pixel, from noise to picture.

    python examples/image_generation.py --logdir logs/image_generation
    tensorboard --logdir logs

A caption names two digits and their colours ("red seven and blue two"). The model begins with noise and removes a part of it
in each of 8 steps, as diffusion models do. In every step each cell of the picture attends to the words.

Choose the view Head: the slider "iteration" goes through the steps of the generation, and the picture shown is what was painted
by then. Click a word to see the cells that attend to it, and a cell to see which words it attends to. Go through the epochs, too:
at first all cells attend to all words alike; in the end those of the left half ask for the first digit, those of the right half
for the second.

The pictures are digits of scikit-learn, two beside each other, coloured by this script, which writes the captions too. The result
is the share of digits, painted for captions of the validation, that a classifier of scikit-learn's digits reads as the caption
says.
"""

from __future__ import annotations

import keras
import numpy as np
from command import run
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import tb_attention

REACHES = 0.5
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
COLORS = {"red": (1, 0.2, 0.2), "green": (0.2, 0.9, 0.2), "blue": (0.3, 0.5, 1), "yellow": (1, 0.9, 0.1)}
WORDS = ["and", *COLORS, *DIGITS]
ROWS, COLUMNS, STEPS = 8, 16, 8
WIDTH, HEADS = 64, 4


class Learned(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.vectors = self.add_weight(shape=(1, *shape[1:]), initializer="random_normal", name="vectors")

    def call(self, positions):
        return positions + self.vectors


def build_denoiser() -> keras.Model:
    """What a picture with noise looks like without it: convolutions, and attention from cells to words."""
    picture = keras.Input((ROWS, COLUMNS, 3), name="picture")
    time = keras.Input((1,), name="time")  # 0: nothing but noise, 1: no noise
    words = keras.Input((5,), dtype="int32", name="words")
    asked = Learned(name="order")(layers.Embedding(len(WORDS), WIDTH, name="embedding")(words))
    clock = layers.Dense(WIDTH, name="clock")(ops.concatenate([time, time**2], axis=-1))
    x = Learned(name="places")(layers.Conv2D(WIDTH, 3, padding="same", name="first")(picture))
    x = x + clock[:, None, None]
    cells = layers.Reshape((ROWS * COLUMNS, WIDTH), name="cells")(layers.LayerNormalization(name="norm")(x))
    cells = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="words_to_cells")(cells, asked)
    x = x + layers.Reshape((ROWS, COLUMNS, WIDTH), name="again")(cells)
    for number in range(3):
        x = x + layers.Conv2D(WIDTH, 3, padding="same", activation="gelu", name=f"convolution_{number}")(x)
    return keras.Model([picture, time, words], layers.Conv2D(3, 3, padding="same", name="last")(x), name="denoiser")


class Painter(keras.Model):
    """Paints: takes away noise in `STEPS` steps. Returns the picture after each step, (N, steps, rows, columns, 3)."""

    def __init__(self, denoiser: keras.Model) -> None:
        super().__init__(name="painter")
        self.denoiser = denoiser

    def call(self, inputs):
        def step(picture, number):
            number = ops.cast(number, "float32")
            clean = self.denoiser([picture, ops.ones_like(picture[:, 0, 0, :1]) * number / STEPS, inputs["words"]])
            picture = picture + (clean - picture) / (STEPS - number)
            return picture, picture

        _, pictures = ops.scan(step, inputs["noise"], ops.arange(STEPS))
        return ops.transpose(pictures, (1, 0, 2, 3, 4))


def paint(numbers: np.ndarray, images: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (count, rows, columns, 3) of two digits each, from 0 to 1, and the words of their captions, (count, 5)."""
    random = np.random.default_rng(seed)
    chosen = random.integers(len(images), size=(count, 2))
    colors = random.integers(len(COLORS), size=(count, 2))
    colored = images[chosen][..., None] * np.array(list(COLORS.values()))[colors][:, :, None, None]
    words = np.zeros((count, 5), "int32")  # 0 is "and"
    words[:, [0, 3]] = 1 + colors
    words[:, [1, 4]] = 1 + len(COLORS) + numbers[chosen]
    return np.concatenate([colored[:, 0], colored[:, 1]], axis=2).astype("float32"), words


def is_as_asked(pictures: np.ndarray, words: np.ndarray, reader: SVC) -> np.ndarray:
    """For each digit of each picture whether it is the one of the caption, in its color: (N, 2)."""
    halves = np.stack([pictures[:, :, :8], pictures[:, :, 8:]], axis=1).clip(0, 1)
    colors = np.array(list(COLORS.values()))
    mean = halves.sum(axis=(2, 3))
    likeness = mean @ (colors / np.linalg.norm(colors, axis=1, keepdims=True)).T
    right = likeness.argmax(-1) == words[:, [0, 3]] - 1
    read = reader.predict(halves.max(axis=-1).reshape(-1, 64)).reshape(-1, 2)
    return right & (read == words[:, [1, 4]] - 1 - len(COLORS))


def main(logdir: str, quick: bool = False, verbose: int = 2) -> float:
    count, epochs = (6_000, 6) if quick else (40_000, 15)
    digits = load_digits()
    images = digits.images / 16
    reader = SVC().fit(images.reshape(-1, 64), digits.target)
    _, words = paint(digits.target, images, 200, seed=1)
    noise = np.random.default_rng(2).normal(size=(200, ROWS, COLUMNS, 3)).astype("float32")
    captions = [[WORDS[word] for word in caption] for caption in words[:8].tolist()]
    samples = tb_attention.Samples({"noise": noise[:8], "words": words[:8]}, tokens={"words": captions})

    keras.utils.set_random_seed(0)
    denoiser = build_denoiser()
    painter = Painter(denoiser)
    denoiser.compile(keras.optimizers.AdamW(2e-3), "mse")
    random = np.random.default_rng(3)
    right = 0.0
    for epoch in range(epochs):
        pictures, asked = paint(digits.target, images, count, seed=10 + epoch)
        time = random.random((count, 1)).astype("float32")
        part = time[:, :, None, None]
        noisy = part * pictures + (1 - part) * random.normal(size=pictures.shape).astype("float32")
        history = denoiser.fit([noisy, time, asked], pictures, batch_size=64, verbose=verbose)
        painted = painter.predict({"noise": noise, "words": words}, verbose=0)[:, -1]
        right = float(is_as_asked(painted, words, reader).mean())
        metrics = {"loss": history.history["loss"][0], "val_as_asked": right}
        tb_attention.log(painter, samples, logdir, step=epoch, epoch=epoch, metrics=metrics)
    return right


if __name__ == "__main__":
    run(main)
