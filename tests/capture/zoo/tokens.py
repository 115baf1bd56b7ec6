"""Tokens that are no part of the inputs as they come: learned, picked out, filled in, repeated."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tests.capture.zoo.cases import Case, case, head, normal


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
        places = ops.expand_dims(ops.argsort(order)[:, :3], -1)
        return ops.take_along_axis(x, places, axis=1)


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
