"""The weights captured are those that the layers themselves report."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

import tb_attention


def test_weights_are_the_layers_own_scores() -> None:
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    x = layers.Dense(8, name="before")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(attention(x, x)))
    data = np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32")
    sites = tb_attention.capture(model, data)
    hidden = model.get_layer("before")(data)
    _, scores = attention(hidden, hidden, return_attention_scores=True)
    assert list(sites) == ["attention"]
    np.testing.assert_allclose(sites["attention"].weights, scores, atol=1e-5)
