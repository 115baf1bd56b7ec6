"""Whole models of well-known shapes."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import Case, block, case, head, ids, normal
from tests.tracing.zoo.hand_written import HandWritten


@case
def vision_transformer() -> Case:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 4, strides=4)(inputs)
    x = layers.Reshape((16, 8))(x)
    x = layers.Embedding(16, 8)(ops.arange(16)) + x
    for index in range(2):
        x = block(x, f"block_{index}")
    sites = [(f"block_{index}_attention", "self", (2, 16, 16)) for index in range(2)]
    return keras.Model(inputs, head(x)), normal(16, 16, 3), sites


class ClassToken(layers.Layer):
    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="random_normal", name="token")

    def call(self, x: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, ops.shape(x)[-1]))
        return ops.concatenate([token, x], axis=1)


@case
def vision_transformer_with_class_token() -> Case:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 4, strides=4)(inputs)
    x = ClassToken()(layers.Reshape((16, 8))(x))
    x = block(x, "block")
    out = layers.Dense(4, activation="softmax")(x[:, 0])
    return keras.Model(inputs, out), normal(16, 16, 3), [("block_attention", "self", (2, 17, 17))]


@case
def encoder_and_decoder() -> Case:
    source, target = keras.Input((7,), dtype="int32"), keras.Input((5,), dtype="int32")
    memory = block(layers.Embedding(11, 8, mask_zero=True)(source), "encoder")
    x = layers.Embedding(11, 8, mask_zero=True)(target)
    x = layers.MultiHeadAttention(2, 4, name="decoder_self")(x, x, use_causal_mask=True)
    x = layers.MultiHeadAttention(2, 4, name="decoder_cross")(x, memory)
    out = layers.Dense(11, activation="softmax")(x)
    sites = [
        ("encoder_attention", "self", (2, 7, 7)),
        ("decoder_self", "self", (2, 5, 5)),
        ("decoder_cross", "cross", (2, 5, 7)),
    ]
    return keras.Model([source, target], out), [ids(7), ids(5)], sites


class LearnedQueries(layers.Layer):
    """Object queries that attend to a sequence."""

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.attention = layers.MultiHeadAttention(2, 4)

    def build(self, shape: Any) -> None:
        self.queries = self.add_weight(shape=(1, self.count, shape[-1]), initializer="random_normal", name="queries")
        self.attention.build((None, self.count, shape[-1]), shape)

    def call(self, x: Any) -> Any:
        return self.attention(ops.tile(self.queries, (ops.shape(x)[0], 1, 1)), x)


@case
def learned_queries() -> Case:
    inputs = keras.Input((6, 8))
    x = LearnedQueries(3, name="queries")(inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("queries/attention", "cross", (2, 3, 6))]


@case
def nested_three_deep() -> Case:
    x = a = keras.Input((6, 8))
    inner = keras.Model(a, layers.MultiHeadAttention(2, 4, name="attention")(x, x), name="layer")
    b = keras.Input((6, 8))
    middle = keras.Model(b, inner(b), name="stage")
    c = keras.Input((6, 8))
    outer = keras.Model(c, middle(c), name="encoder")
    d = keras.Input((6, 8))
    return keras.Model(d, head(outer(d))), normal(6, 8), [("encoder/stage/layer/attention", "self", (2, 6, 6))]


@case
def sequential_of_blocks() -> Case:
    blocks = [HandWritten(name=f"block_{index}") for index in range(2)]
    model = keras.Sequential([keras.Input((6, 8)), *blocks, layers.GlobalAveragePooling1D(), layers.Dense(4)])
    return model, normal(6, 8), [(f"block_{index}", "self", (2, 6, 6)) for index in range(2)]
