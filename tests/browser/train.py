"""A real, small training that a test watches: `python train.py LOGDIR EPOCHS SECONDS`.

Each epoch lasts at least SECONDS, so that there is something to watch. At the end the model's own attention scores for the
first sample lie in LOGDIR/../scores.npy, of shape (heads, queries, keys).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import tb_attention


class Slow(keras.callbacks.Callback):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        time.sleep(self.seconds)


def main(logdir: Path, epochs: int, seconds: float) -> None:
    keras.utils.set_random_seed(0)
    digits = load_digits()
    x, y = (digits.images[:400, ..., None] / 16).astype("float32"), digits.target[:400]
    image = keras.Input((8, 8, 1))
    patches = keras.layers.Reshape((16, 32))(keras.layers.Conv2D(32, 2, strides=2)(image))
    attention = keras.layers.MultiHeadAttention(2, 16, name="attention")
    seen = keras.layers.Add()([patches, attention(patches, patches)])
    digit = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(seen))
    model = keras.Model(image, digit)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        tb_attention.AttentionCallback(logdir, samples=(x[:6], y[:6])),
        tb_attention.ConfusionMatrixCallback(logdir, validation_data=(x[300:], y[300:])),
        Slow(seconds),
    ]
    model.fit(x[:300], y[:300], epochs=epochs, validation_data=(x[300:], y[300:]), verbose=0, callbacks=callbacks)
    _, scores = attention(*[keras.Model(image, patches)(x[:1])] * 2, return_attention_scores=True)
    np.save(logdir.parent / "scores.npy", np.asarray(scores)[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
