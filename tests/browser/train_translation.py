"""A real encoder-decoder that a test reads: English number words in, the German ones out in reverse order.

`python train_translation.py LOGDIR EPOCHS`. Its decoder looks at the encoder: queries and keys are two texts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

import tb_attention

ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
GERMAN = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]
WORDS, WIDTH, HEADS = 6, 32, 2


def main(logdir: Path, epochs: int) -> None:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    source = random.integers(1, len(ENGLISH) + 1, (2000, WORDS))
    wanted = source[:, ::-1]
    begun = np.concatenate([np.full((len(wanted), 1), len(GERMAN) + 1), wanted[:, :-1]], axis=1)
    model = build_model()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    inputs = {"english": source, "german": begun}
    samples = tb_attention.Samples(
        {name: array[:4] for name, array in inputs.items()},
        tokens={
            "english": [[ENGLISH[i - 1] for i in row] for row in source[:4]],
            "german": [[[*GERMAN, "<s>"][i - 1] for i in row] for row in begun[:4]],
        },
    )
    callbacks = [tb_attention.AttentionCallback(logdir, samples)]
    model.fit(inputs, wanted, batch_size=100, epochs=epochs, verbose=0, callbacks=callbacks)


def build_model() -> keras.Model:
    english, german = keras.Input((WORDS,), name="english"), keras.Input((WORDS,), name="german")
    places = keras.ops.arange(WORDS)[None]
    x = layers.Embedding(len(ENGLISH) + 1, WIDTH)(english) + layers.Embedding(WORDS, WIDTH)(places)
    x = layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="encoder_attention")(x, x)])
    y = layers.Embedding(len(GERMAN) + 2, WIDTH)(german) + layers.Embedding(WORDS, WIDTH)(places)
    own = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="decoder_self_attention")
    y = layers.Add()([y, own(y, y, use_causal_mask=True)])
    y = layers.Add()([y, layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="decoder_cross_attention")(y, x)])
    return keras.Model({"english": english, "german": german}, layers.Dense(len(GERMAN) + 1, activation="softmax")(y))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
