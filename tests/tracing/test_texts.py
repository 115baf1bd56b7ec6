"""Texts that the model splits itself: a position is the token of its index, or no token at all."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.reduce.axes import InputFacts, name_axes

TEXTS = np.array(["the cat sat down", "a dog", "the dog sat"])
WAYS = {
    "as they are": (lambda x: x, "tokens"),
    "with learned positions": (lambda x: x + layers.Embedding(6, 8)(ops.arange(6)), "tokens"),
    "read backwards": (lambda x: ops.flip(x, axis=1), "positions"),
    "moved by one": (lambda x: ops.roll(x, 1, axis=1), "positions"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_words_are_tokens_where_their_order_is_kept(way: str, shape: tuple[int, ...]) -> None:
    change, kind = WAYS[way]
    vectorize = layers.TextVectorization(20, output_sequence_length=6)
    vectorize.adapt(TEXTS)
    text = keras.Input(shape, dtype="string")
    x = change(layers.Embedding(20, 8)(vectorize(text)))
    attended = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    model = keras.Model(text, layers.Dense(2)(layers.Flatten()(attended)))
    sites = tb_attention.capture(model, TEXTS.reshape(3, *shape))
    (site,) = name_axes(tuple(sites.values()), [InputFacts("tokens", length=6)])
    assert [axis.kind for axis in site.axes[-2:]] == [kind, kind]
    assert site.weights.shape == (3, 2, 6, 6)
