"""Positions that mix tokens and features are plain: no words, no patches, and a note says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.reduce.axes import InputFacts, describe_axes
from tests.tracing.zoo import head, ids

HEADS, SIZE = 2, 4


class Attention(layers.Layer):
    """Attention whose heads are made by `split`; keeps its weights for the test."""

    def __init__(self, split: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.split = split
        self.query, self.key, self.value = (layers.Dense(HEADS * SIZE) for _ in range(3))
        self.weights_of_last_call: Any = None

    def call(self, x: Any) -> Any:
        query, key, value = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        weights = ops.softmax(ops.matmul(query, ops.swapaxes(key, -1, -2)))
        self.weights_of_last_call = weights
        return ops.reshape(ops.matmul(weights, value), (-1, x.shape[1], HEADS * SIZE))


WAYS: dict[str, Callable[[Any], Any]] = {
    "reshaped": lambda x: ops.reshape(x, (-1, HEADS, x.shape[1], SIZE)),
    "folded_into_the_batch": lambda x: ops.reshape(x, (-1, x.shape[1], SIZE)),
    "transposed_before": lambda x: ops.reshape(ops.transpose(x, (0, 2, 1)), (-1, HEADS, x.shape[1], SIZE)),
    "half_words": lambda x: ops.reshape(x, (-1, 1, HEADS * x.shape[1], SIZE)),
    "reshaped_where_a_transposition_was_meant": lambda x: ops.reshape(x, (-1, 1, HEADS * SIZE, x.shape[1])),
}


@pytest.mark.parametrize("length", [6, 5])
@pytest.mark.parametrize("way", list(WAYS))
def test_no_position_is_a_word_where_a_reshape_cuts_across_words(way: str, length: int) -> None:
    keras.utils.set_random_seed(3)
    attention = Attention(WAYS[way], name="attention")
    words = keras.Input((length,), dtype="int32")
    x = layers.Embedding(11, HEADS * SIZE)(words)
    model = keras.Model(words, head(attention(x)))
    fed = ids(length)
    (site,) = tb_attention.capture(model, fed).values()
    attention(layers.Embedding(11, HEADS * SIZE, weights=model.layers[1].get_weights())(fed))
    own = ops.convert_to_numpy(attention.weights_of_last_call)
    np.testing.assert_allclose(site.weights, own.reshape(len(fed), -1, *own.shape[-2:]), atol=1e-5)
    assert [axis.role for axis in site.axes] == ["samples", "heads", "query", "key"]
    assert site.note is not None
    assert "mix tokens and features" in site.note
    assert [(axis.kind, axis.input, axis.plain) for axis in site.axes[2:]] == [("positions", None, True)] * 2
    facts = [InputFacts("tokens", length=own.shape[-1]), InputFacts("image", shape=(24, 24, 3))]
    (described,) = describe_axes([site], facts)
    assert [axis.kind for axis in described.axes] == ["positions"] * 4


@pytest.mark.parametrize("length", [6, 5])
def test_heads_put_together_without_a_transposition_leave_no_words_for_the_next_layer(length: int) -> None:
    def split(x: Any) -> Any:
        return ops.transpose(ops.reshape(x, (-1, x.shape[1], HEADS, SIZE)), (0, 2, 1, 3))

    words = keras.Input((length,), dtype="int32")
    x = Attention(split, name="first")(layers.Embedding(11, HEADS * SIZE)(words))
    model = keras.Model(words, head(Attention(split, name="second")(x)))
    first, second = tb_attention.capture(model, ids(length)).values()
    assert (first.note, [axis.input for axis in first.axes[2:]]) == (None, [0, 0])
    assert second.weights.shape == (3, HEADS, length, length)
    assert [(axis.input, axis.plain) for axis in second.axes[2:]] == [(None, True)] * 2


def test_what_is_added_to_its_words_again_has_words() -> None:
    words = keras.Input((6,), dtype="int32")
    x = layers.Embedding(11, HEADS * SIZE)(words)
    y = Attention(WAYS["reshaped"], name="first")(x)
    y = layers.MultiHeadAttention(HEADS, SIZE, name="second")(layers.Add()([y, x]), x)
    _, second = tb_attention.capture(keras.Model(words, head(y)), ids(6)).values()
    assert (second.note, [axis.input for axis in second.axes[2:]]) == (None, [0, 0])


def test_pairs_of_times_and_variables_are_positions_without_a_note() -> None:
    series = keras.Input((5, 3))
    x = layers.Dense(8)(ops.reshape(series, (-1, 15, 1)))
    model = keras.Model(series, head(layers.MultiHeadAttention(2, 4, name="attention")(x, x)))
    (site,) = tb_attention.capture(model, np.ones((3, 5, 3), "float32")).values()
    assert (site.kind, site.weights.shape, site.note) == ("self", (3, 2, 15, 15), None)
    assert site.axes[-1].plain
