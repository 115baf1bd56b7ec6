"""A vision transformer on scikit-learn's digits: 4 blocks x 4 heads over a CLS token and 2 x 2 patches.

python examples/vit_digits.py --logdir logs/vit
tensorboard --logdir logs
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tb_attention

PATCH, WIDTH, BLOCKS, HEADS = 2, 64, 4, 4
BATCH = 32


class ClassTokenAndPositions(layers.Layer):
    """Prepends a learned CLS token to the patches and adds a learned vector to each position."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        _, patches, width = input_shape
        self.token = self.add_weight(shape=(1, 1, width), initializer="random_normal", name="cls")
        self.positions = self.add_weight(shape=(1, patches + 1, width), initializer="random_normal", name="positions")

    def call(self, patches):
        token = keras.ops.broadcast_to(self.token, (keras.ops.shape(patches)[0], 1, patches.shape[-1]))
        return keras.ops.concatenate([token, patches], axis=1) + self.positions


def build_model() -> keras.Model:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(WIDTH, PATCH, strides=PATCH, name="patches")(image)
    x = layers.Reshape((-1, WIDTH), name="sequence")(x)
    x = ClassTokenAndPositions(name="class_token")(x)
    for block in range(BLOCKS):
        y = layers.LayerNormalization(name=f"block_{block}_norm_1")(x)
        y = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=0.1, name=f"block_{block}_attention")(y, y)
        x = layers.Add(name=f"block_{block}_add_1")([x, y])
        y = layers.LayerNormalization(name=f"block_{block}_norm_2")(x)
        y = layers.Dense(2 * WIDTH, activation="gelu", name=f"block_{block}_mlp_1")(y)
        y = layers.Dropout(0.1, name=f"block_{block}_dropout")(y)
        y = layers.Dense(WIDTH, name=f"block_{block}_mlp_2")(y)
        x = layers.Add(name=f"block_{block}_add_2")([x, y])
    x = layers.LayerNormalization(name="norm")(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(x[:, 0])
    return keras.Model(image, digit, name="vit")


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    return train_test_split(images, digits.target, test_size=0.25, random_state=0, stratify=digits.target)


def main(
    logdir: str, epochs: int = 20, verbose: int = 1, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> keras.callbacks.History:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    steps = epochs * -(-len(x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(3e-4, steps * 9 // 10, warmup_target=3e-3, warmup_steps=steps // 10)
    model = build_model()
    model.compile(keras.optimizers.AdamW(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    attention = tb_attention.AttentionCallback(logdir, samples=(x_val[:16], y_val[:16]))
    return model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=epochs,
        verbose=verbose,
        validation_data=(x_val, y_val),
        callbacks=[attention, *callbacks],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs/vit")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    main(arguments.logdir, arguments.epochs)
