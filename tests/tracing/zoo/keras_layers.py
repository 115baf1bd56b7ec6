"""Attention layers that Keras brings."""

from __future__ import annotations

import keras
from keras import layers

from tests.tracing.zoo.cases import SAMPLES, Case, case, head, ids, normal


@case
def multi_head() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_after_dense() -> Case:
    inputs = keras.Input((6, 5))
    x = layers.Dense(8)(inputs)
    x = layers.MultiHeadAttention(3, 4, value_dim=5, name="attention")(x, x)
    return keras.Model(inputs, head(x)), normal(6, 5), [("attention", "self", (3, 6, 6))]


@case
def multi_head_causal() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs, use_causal_mask=True)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_masked_text() -> Case:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8, mask_zero=True)(inputs)
    x = layers.MultiHeadAttention(2, 4, dropout=0.3, name="attention")(x, x)
    return keras.Model(inputs, head(x)), ids(7), [("attention", "self", (2, 7, 7))]


@case
def multi_head_with_scores_returned() -> Case:
    inputs = keras.Input((6, 8))
    x, scores = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs, return_attention_scores=True)
    return keras.Model(inputs, [head(x), scores]), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_over_rows_and_columns() -> Case:
    inputs = keras.Input((3, 4, 8))
    x = layers.MultiHeadAttention(2, 4, attention_axes=(1, 2), name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(3, 4, 8), [("attention", "self", (2, 3, 4, 3, 4))]


@case
def multi_head_along_columns_of_rows() -> Case:
    inputs = keras.Input((3, 5, 8))
    x = layers.MultiHeadAttention(2, 4, attention_axes=(2,), name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(3, 5, 8), [("attention", "self", (2, 3, 5, 5))]


@case
def multi_head_cross() -> Case:
    one, other = keras.Input((4, 8), name="one"), keras.Input((6, 8), name="other")
    x = layers.MultiHeadAttention(2, 4, name="attention")(one, other)
    return keras.Model([one, other], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (2, 4, 6))]


@case
def multi_head_shared() -> Case:
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    x = attention(inputs, inputs)
    x = attention(x, x)
    sites = [("attention", "self", (2, 6, 6)), ("attention#2", "self", (2, 6, 6))]
    return keras.Model(inputs, head(x)), normal(6, 8), sites


@case
def multi_head_in_time_distributed() -> Case:
    inputs = keras.Input((2, 5, 8))
    query = keras.Input((5, 8))
    inner = keras.Model(query, layers.MultiHeadAttention(2, 4, name="attention")(query, query), name="inner")
    x = layers.TimeDistributed(inner, name="frames")(inputs)
    return (
        keras.Model(inputs, head(x)),
        normal(2, 5, 8),
        [
            ("frames/attention", "self", (2, 5, 5)),
            ("frames/attention#2", "self", (2, 5, 5)),
        ],
    )


@case
def multi_head_of_one_head() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(1, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def as_many_heads_as_positions_and_samples() -> Case:
    inputs = keras.Input((SAMPLES, 8))
    x = layers.MultiHeadAttention(SAMPLES, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(SAMPLES, 8), [("attention", "self", (SAMPLES, SAMPLES, SAMPLES))]


@case
def grouped_query() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.GroupQueryAttention(4, 4, 2, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (4, 6, 6))]


@case
def dot_product_layer() -> Case:
    query, value = keras.Input((4, 8)), keras.Input((6, 8))
    x = layers.Attention(name="attention")([query, value])
    return keras.Model([query, value], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (1, 4, 6))]


@case
def dot_product_layer_on_itself() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Attention(use_scale=True, dropout=0.2, name="attention")([inputs, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def additive_layer() -> Case:
    query, value = keras.Input((4, 8)), keras.Input((6, 8))
    x = layers.AdditiveAttention(name="attention")([query, value])
    return keras.Model([query, value], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (1, 4, 6))]


@case
def additive_layer_on_itself() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.AdditiveAttention(name="attention")([inputs, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def recurrent_with_attention() -> Case:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8)(inputs)
    states = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    x = layers.Attention(name="attention")([states, states])
    return keras.Model(inputs, head(x)), ids(7), [("attention", "self", (1, 7, 7))]
