"""Small real trainings, shared by the tests of time, faults and kills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

import tb_attention

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(1, 20, (24, 6)).astype("int32")
Y = RANDOM.integers(0, 2, 24)
BATCHES = 3
"""Batches of 8 in an epoch."""


def build(**options: Any) -> keras.Model:
    """A compiled model with one attention layer."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 8)(tokens)
    y = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = layers.Flatten()(layers.Add()([x, y]))
    model = keras.Model(tokens, layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def callback(log_dir: Path | str, **options: Any) -> tb_attention.AttentionCallback:
    """Follows two samples."""
    return tb_attention.AttentionCallback(log_dir, (X[:2], Y[:2]), **options)


def fit(model: keras.Model, callbacks: list[Any], **options: Any) -> keras.callbacks.History:
    """Trains quietly, for one epoch unless said otherwise."""
    options = {"batch_size": 8, "epochs": 1, "verbose": 0, **options}
    return model.fit(X, Y, callbacks=callbacks, **options)


def status(log_dir: Path, tag: str = "attention", attempt: int = 1) -> dict[str, Any]:
    """The status file of an attempt."""
    return json.loads((log_dir / "plugins" / "attention" / tag / str(attempt) / "status.json").read_text())


def batches(log_dir: Path, **options: Any) -> list[int | None]:
    """What each step says of the batches seen."""
    log = tb_attention.load(log_dir, **options)
    return [log._steps.entry(step).manifest.batch for step in log.steps]


def weights_now(model: keras.Model) -> np.ndarray:
    """The attention `(2, heads, queries, keys)` of the followed samples, as the model computes it itself."""
    embedded = model.layers[1](X[:2])
    return np.asarray(model.get_layer("attention")(embedded, embedded, return_attention_scores=True)[1])


def logged(log_dir: Path, step: Any, **options: Any) -> np.ndarray:
    """The attention `(2, heads, queries, keys)` of a step."""
    log = tb_attention.load(log_dir, **options)
    return np.stack([log.weights(step, sample, "attention") for sample in range(2)])
