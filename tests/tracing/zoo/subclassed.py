"""Subclassed models and layers."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


class Block(layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.norm = layers.LayerNormalization()

    def call(self, x: Any) -> Any:
        return x + self.attention(self.norm(x), self.norm(x))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [Block() for _ in range(2)]
        self.classes = layers.Dense(4, activation="softmax")

    def call(self, x: Any, training: bool = False) -> Any:
        for one in self.blocks:
            x = one(x)
        return self.classes(ops.mean(x, axis=1))


@case
def subclassed_with_a_list_of_layers() -> Case:
    model = Subclassed()
    model(normal(6, 8))
    return model, normal(6, 8), [(f"blocks_{index}/attention", "self", (2, 6, 6)) for index in range(2)]


class Bare(keras.Model):
    """All in `call`, without layers that have a name for it."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = layers.Dense(4), layers.Dense(4), layers.Dense(4)

    def call(self, x: Any) -> Any:
        weights = tf.nn.softmax(tf.matmul(self.query(x), self.key(x), transpose_b=True))
        return tf.reduce_mean(tf.matmul(weights, self.value(x)), axis=1)


@case
def subclassed_without_attention_layers() -> Case:
    model = Bare()
    model(normal(6, 8))
    return model, normal(6, 8), [("softmax", "self", (1, 6, 6))]


@case
def low_rank_adapters() -> Case:
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    model = keras.Model(inputs, head(attention(inputs, inputs)))
    for layer in (attention._query_dense, attention._value_dense):
        layer.enable_lora(2)
    return model, normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def half_precision() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, dtype="mixed_float16", name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]
