"""Tokens that are no part of the inputs as they come: learned, picked out, filled in, repeated."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


class Learned(layers.Layer):
    """Tokens of one sample, the same for all."""

    def build(self, shape: Any) -> None:
        self.tokens = self.add_weight(shape=(1, 4, 8), name="tokens")
        self.built = True

    def call(self, _: Any) -> Any:
        return 1.0 * self.tokens


@case
def latents_that_are_not_repeated_for_each_sample() -> Case:
    inputs = keras.Input((6, 8))
    latents = layers.LayerNormalization()(Learned()(inputs))
    x = layers.Attention(name="cross")([layers.Dense(8)(latents), layers.Dense(8)(inputs)])
    x = layers.Add()([x, latents])
    x = layers.MultiHeadAttention(2, 4, name="latents")(x, x)
    sites = [("cross", "cross", (1, 4, 6)), ("latents", "self", (2, 4, 4))]
    return keras.Model(inputs, head(x)), normal(6, 8), sites


class Unmasked(layers.Layer):
    """Half of the patches, others for each sample."""

    def call(self, x: Any, order: Any) -> Any:
        indices = ops.expand_dims(ops.argsort(order)[:, :3], -1)
        return ops.take_along_axis(x, indices, axis=1)


class Filled(layers.Layer):
    """The patches that are known, and a learned token for each of the others."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, 8), name="token")
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.concatenate([x, ops.tile(self.token, (ops.shape(x)[0], 3, 1))], axis=1)


@case
def patches_left_out_and_filled_in() -> Case:
    patches, order = keras.Input((6, 8)), keras.Input((6,))
    x = Unmasked()(patches, order)
    x = Filled()(x + layers.MultiHeadAttention(2, 4, name="encoder")(x, x))
    x = layers.MultiHeadAttention(2, 4, name="decoder")(x, x)
    sites = [("encoder", "self", (2, 3, 3)), ("decoder", "self", (2, 6, 6))]
    return keras.Model([patches, order], head(x)), [normal(6, 8), normal(6)], sites


class GlobalQueries(layers.Layer):
    """Windows of 2 x 2 cells that are all asked the same: by the map pooled to the size of a window."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key, self.value = layers.Dense(8), layers.Dense(8)

    def build(self, shape: Any) -> None:
        self.key.build((None, 4, 8))
        self.value.build((None, 4, 8))
        self.built = True

    def call(self, x: Any, asked: Any) -> Any:
        rows, columns = x.shape[1] // 2, x.shape[2] // 2
        x = ops.transpose(ops.reshape(x, (-1, rows, 2, columns, 2, 8)), (0, 1, 3, 2, 4, 5))
        x = ops.reshape(x, (-1, 4, 8))
        asked = ops.repeat(asked, ops.shape(x)[0] // ops.shape(asked)[0], axis=0)
        query, key, value = (
            ops.transpose(ops.reshape(y, (-1, 4, 2, 4)), (0, 2, 1, 3)) for y in (asked, self.key(x), self.value(x))
        )
        weights = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))))
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, rows * columns * 4, 8))


@case
def queries_repeated_for_each_window() -> Case:
    inputs = keras.Input((4, 6, 8))
    asked = layers.AveragePooling2D((2, 3))(inputs)
    x = GlobalQueries(name="attention")(inputs, asked)
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("attention", "local", (2, 6, 4, 4))]


@case
def queries_repeated_for_one_window() -> Case:
    inputs = keras.Input((2, 2, 8))
    x = GlobalQueries(name="attention")(inputs, layers.Conv2D(8, 3, padding="same")(inputs))
    return keras.Model(inputs, head(x)), normal(2, 2, 8), [("attention", "self", (2, 4, 4))]


class Best(layers.Layer):
    """The three tokens of each sample that score highest, picked in a loop over the samples."""

    def call(self, x: Any, scores: Any) -> Any:
        indices = ops.top_k(ops.squeeze(scores, -1), 3)[1]
        return ops.map(lambda one: ops.take(one[0], one[1], axis=0), (x, indices))


@case
def tokens_picked_in_a_loop_over_samples() -> Case:
    inputs = keras.Input((6, 8))
    x = Best()(layers.Dense(8)(inputs), layers.Dense(1)(inputs))
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 3, 3))]


@case
def windows_of_channels_taken_for_positions() -> Case:
    """A feature map reshaped as if its channels came first, as people do by mistake: what its positions are, nobody knows."""
    inputs = keras.Input((6, 6, 8))
    x = ops.transpose(ops.reshape(inputs, (-1, 8, 36)), (0, 2, 1))
    query, key, value = (ops.reshape(layers.Dense(8)(x), (-1, 12, 8)) for _ in range(3))
    weights = layers.Softmax(name="weights")(ops.matmul(query, ops.transpose(key, (0, 2, 1))))
    x = ops.reshape(ops.matmul(weights, value), (-1, 36, 8))
    return keras.Model(inputs, head(x)), normal(6, 6, 8), [("weights", "local", (1, 3, 12, 12))]
