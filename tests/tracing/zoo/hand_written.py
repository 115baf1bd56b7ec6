"""Attention as people write it by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import CASES, Case, case, head, normal


class HandWritten(layers.Layer):
    """Self-attention as textbooks write it; `softmax` makes the weights."""

    def __init__(self, softmax: Callable[[Any], Any] = ops.softmax, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.make_weights = softmax
        self.query, self.key, self.value = layers.Dense(8), layers.Dense(8), layers.Dense(8)

    def build(self, shape: Any) -> None:
        for layer in (self.query, self.key, self.value):
            layer.build(shape)

    def heads(self, x: Any) -> Any:
        return ops.transpose(ops.reshape(x, (-1, x.shape[1], 2, 4)), (0, 2, 1, 3))

    def call(self, x: Any) -> Any:
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        weights = self.make_weights(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / 2.0)
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, x.shape[1], 8))


def by_hand(x: Any) -> Any:
    exponents = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
    return exponents / (tf.reduce_sum(exponents, axis=-1, keepdims=True) + 1e-9)


def by_logsumexp(x: Any) -> Any:
    return ops.exp(x - ops.logsumexp(x, axis=-1, keepdims=True))


def by_log_softmax(x: Any) -> Any:
    return tf.exp(tf.nn.log_softmax(x))


def by_reciprocal(x: Any) -> Any:
    return ops.exp(x) * ops.reciprocal(ops.sum(ops.exp(x), axis=-1, keepdims=True))


def by_powers_of_two(x: Any) -> Any:
    powers = ops.power(2.0, x)
    return powers / ops.sum(powers, axis=-1, keepdims=True)


def by_squares(x: Any) -> Any:
    return ops.square(x) / (ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-6)


def only_the_largest(x: Any) -> Any:
    weights = ops.softmax(x)
    largest = ops.one_hot(ops.argmax(weights, axis=-1), 6)
    return weights + ops.stop_gradient(largest - weights)


def the_three_largest(x: Any) -> Any:
    weights = ops.softmax(x)
    kept = weights * ops.cast(weights >= ops.top_k(weights, 3)[0][..., -1:], "float32")
    return kept / ops.sum(kept, axis=-1, keepdims=True)


_DROPOUT = layers.Dropout(0.5)


def _hand_written(softmax: Callable[[Any], Any]) -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(HandWritten(softmax, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


for _name, _softmax in {
    "keras_ops": ops.softmax,
    "tensorflow": tf.nn.softmax,
    "exponents_over_sum": by_hand,
    "logsumexp": by_logsumexp,
    "log_softmax": by_log_softmax,
    "sigmoid_attention": ops.sigmoid,
    "in_a_tf_function": tf.function(tf.nn.softmax),
    "in_an_xla_function": tf.function(tf.nn.softmax, jit_compile=True),
    "masked_afterwards": lambda x: ops.softmax(x) * ops.cast(ops.tri(6), "float32"),
    "dropped_out": lambda x: _DROPOUT(ops.softmax(x)),
    "reciprocal": by_reciprocal,
    "powers_of_two": by_powers_of_two,
    "squares": by_squares,
    "only_the_largest": only_the_largest,
    "the_three_largest": the_three_largest,
    "along_both_sides": lambda x: ops.softmax(x) * ops.softmax(x, axis=-2),
    "recomputed": tf.recompute_grad(tf.nn.softmax),
}.items():
    CASES[f"hand_written_{_name}"] = lambda softmax=_softmax: _hand_written(softmax)


class FoldedHeads(layers.Layer):
    """Heads folded into the batch, batch outermost or heads outermost."""

    def __init__(self, heads_outermost: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads_outermost = heads_outermost
        self.project = layers.Dense(24)

    def build(self, shape: Any) -> None:
        self.project.build(shape)

    def fold(self, x: Any) -> Any:
        if self.heads_outermost:
            return tf.concat(tf.split(x, 2, axis=2), axis=0)
        x = tf.transpose(tf.reshape(x, (-1, x.shape[1], 2, 4)), (0, 2, 1, 3))
        return tf.reshape(x, (-1, x.shape[2], 4))

    def call(self, x: Any) -> Any:
        query, key, value = (self.fold(part) for part in tf.split(self.project(x), 3, axis=-1))
        mixed = tf.matmul(tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value)
        if self.heads_outermost:
            return tf.concat(tf.split(mixed, 2, axis=0), axis=2)
        mixed = tf.transpose(tf.reshape(mixed, (-1, 2, x.shape[1], 4)), (0, 2, 1, 3))
        return tf.reshape(mixed, (-1, x.shape[1], 8))


@case
def heads_folded_inside_the_batch() -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(FoldedHeads(False, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


@case
def heads_folded_outside_the_batch() -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(FoldedHeads(True, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


@case
def keras_softmax_layer_between_layers() -> Case:
    inputs = keras.Input((6, 8))
    scores = layers.Dot(axes=2)([layers.Dense(4)(inputs), layers.Dense(4)(inputs)])
    weights = layers.Softmax(name="weights")(scores)
    x = layers.Dot(axes=(2, 1))([weights, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (1, 6, 6))]


@case
def pooling_by_attention() -> Case:
    inputs = keras.Input((6, 8))
    scores = layers.Dense(1)(layers.Dense(4, activation="tanh")(inputs))
    weights = layers.Softmax(axis=1, name="weights")(scores)
    x = ops.sum(weights * inputs, axis=1)
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (1, 1, 6))]


@case
def pooling_by_attention_with_repeated_weights() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.LSTM(8, return_sequences=True)(inputs)
    scores = layers.Flatten()(layers.Dense(1, activation="tanh")(x))
    weights = layers.Activation("softmax", name="weights")(scores)
    copies = layers.Permute((2, 1))(layers.RepeatVector(8)(weights))
    x = layers.Lambda(lambda z: ops.sum(z, axis=1))(layers.Multiply()([x, copies]))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (1, 1, 6))]


@case
def set_pooling_with_heads_last() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(2)(inputs))
    x = ops.einsum("bth,btd->bhd", weights, inputs)
    return keras.Model(inputs, head(layers.Flatten()(x))), normal(6, 8), [("weights", "cross", (2, 1, 6))]


@case
def weights_times_features_without_sum() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1)(inputs))
    x = layers.Flatten()(layers.Multiply()([inputs, weights]))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "gate", (1, 6))]


class Windows(layers.Layer):
    """Attention inside windows of 2 x 2 cells of a feature map."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = HandWritten()

    def build(self, shape: Any) -> None:
        self.attention.build((None, 4, shape[-1]))

    def call(self, x: Any) -> Any:
        _, rows, columns, channels = x.shape
        x = ops.reshape(x, (-1, rows // 2, 2, columns // 2, 2, channels))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))
        return ops.reshape(self.attention(x), (-1, rows * columns, channels))


@case
def windows() -> Case:
    inputs = keras.Input((4, 6, 8))
    return (
        keras.Model(inputs, head(Windows(name="windows")(inputs))),
        normal(4, 6, 8),
        [("windows/attention", "local", (2, 6, 4, 4))],
    )


@case
def channels_to_channels() -> Case:
    inputs = keras.Input((12, 8))
    weights = layers.Softmax(name="weights")(
        ops.einsum("btc,btd->bcd", layers.Dense(8)(inputs), layers.Dense(8)(inputs))
    )
    x = ops.einsum("bcd,btd->btc", weights, inputs)
    return keras.Model(inputs, head(x)), normal(12, 8), [("weights", "self", (1, 8, 8))]


@case
def talking_heads() -> Case:
    inputs = keras.Input((6, 8))
    query, key, value = (layers.EinsumDense("btc,chd->bthd", (6, 2, 4))(inputs) for _ in range(3))
    weights = layers.Softmax(name="weights")(ops.einsum("bqhd,bkhd->bhqk", query, key))
    mixed_heads = layers.EinsumDense("bhqk,hg->bgqk", (2, 6, 6), name="talk")(weights)
    x = layers.Reshape((6, 8))(ops.einsum("bhqk,bkhd->bqhd", mixed_heads, value))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (2, 6, 6))]


@case
def multi_query() -> Case:
    inputs = keras.Input((6, 8))
    query = layers.EinsumDense("btc,chd->bthd", (6, 2, 4))(inputs)
    key, value = layers.Dense(4)(inputs), layers.Dense(4)(inputs)
    weights = layers.Softmax(name="weights")(ops.einsum("bqhd,bkd->bhqk", query, key))
    x = layers.Reshape((6, 8))(ops.einsum("bhqk,bkd->bqhd", weights, value))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (2, 6, 6))]


@case
def external_memory() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Permute((2, 1, 3))(layers.Reshape((6, 2, 8))(layers.Dense(16)(inputs)))
    weights = layers.Softmax(axis=2, name="weights")(layers.Dense(5)(x))
    weights = weights / (1e-9 + ops.sum(weights, axis=-1, keepdims=True))
    x = layers.Dense(8)(weights)
    x = layers.Reshape((6, 16))(layers.Permute((2, 1, 3))(x))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (2, 6, 5))]


@case
def operations_between_named_layers() -> Case:
    inputs = x = keras.Input((6, 8))
    for block in range(2):
        query, key, value = (
            layers.Dense(8, name=f"blocks_{block}_attn_{part}")(x) for part in ("query", "key", "value")
        )
        weights = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 2, 1))))
        x = layers.Dense(8, name=f"blocks_{block}_attn_out")(ops.matmul(weights, value))
    expected = [(f"blocks_{block}_attn/softmax", "self", (1, 6, 6)) for block in range(2)]
    return keras.Model(inputs, head(x)), normal(6, 8), expected
