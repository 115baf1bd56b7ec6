"""A small transformer encoder that classifies real mails as easy ham, hard ham or spam. Its input is text.

    python examples/mails.py --logdir logs/text
    tensorboard --logdir logs

The mails are the SpamAssassin public corpus (mail_data.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mail_data import CLASSES, load_data

import tb_attention

TOKENS, WORDS, WIDTH, BLOCKS, HEADS = 200, 10_000, 64, 2, 4
BATCH, STEPS = 64, 25  # an epoch is a third of the mails, so that the log has more steps


class Positions(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.positions = self.add_weight(shape=input_shape[1:], initializer="random_normal", name="positions")

    def call(self, words):
        return words + self.positions


def build_model(texts: np.ndarray) -> keras.Model:
    vectorize = layers.TextVectorization(
        WORDS, standardize="lower", split="whitespace", output_sequence_length=TOKENS, name="words"
    )
    vectorize.adapt(texts)
    text = keras.Input((), dtype="string", name="mail")
    ids = vectorize(text)
    x = layers.Embedding(WORDS, WIDTH, name="embedding")(ids)
    x = Positions(name="positions")(x)
    word = keras.ops.not_equal(ids, 0)
    for block in range(BLOCKS):
        y = layers.LayerNormalization(name=f"block_{block}_norm_1")(x)
        y = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"block_{block}_attention")(
            y, y, attention_mask=word[:, None, :]
        )
        x = layers.Add(name=f"block_{block}_add_1")([x, y])
        y = layers.LayerNormalization(name=f"block_{block}_norm_2")(x)
        y = layers.Dense(2 * WIDTH, activation="gelu", name=f"block_{block}_mlp_1")(y)
        y = layers.Dropout(0.1, name=f"block_{block}_dropout")(y)
        y = layers.Dense(WIDTH, name=f"block_{block}_mlp_2")(y)
        x = layers.Add(name=f"block_{block}_add_2")([x, y])
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x, mask=word)
    return keras.Model(text, layers.Dense(3, activation="softmax", name="class")(x), name="mails")


def main(
    logdir: str, epochs: int = 8, verbose: int = 1, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> keras.callbacks.History:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    model = build_model(x_train)
    model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=0).repeat()
    return model.fit(
        train.batch(BATCH).prefetch(2),
        epochs=epochs,
        steps_per_epoch=STEPS,
        shuffle=False,  # the dataset shuffles
        verbose=verbose,
        validation_data=tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(BATCH),
        callbacks=[
            tb_attention.AttentionCallback(logdir, samples=(x_val[:16], y_val[:16]), class_names=CLASSES),
            *callbacks,
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs/text")
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    main(arguments.logdir, arguments.epochs)
