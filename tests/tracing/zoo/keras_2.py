"""Attention as layers of projects that were begun with Keras 2 have it: exponents, sums and copies by hand."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, ids, normal


class Banded(layers.Layer):
    """Additive self-attention inside of a band, with an inner sigmoid and a penalty on maps whose rows overlap.

    Args:
        width: How many positions a position attends to.
        history: Whether the band ends at the position itself, instead of lying around it.
        normalised: Whether exponents of the scores are divided by their sum; else the weights are sigmoids.
    """

    def __init__(self, width: int, history: bool, normalised: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.history, self.normalised = width, history, normalised
        self.supports_masking = True

    def build(self, shape: Any) -> None:
        self.one, self.other = (self.add_weight(shape=(shape[-1], 4), name=name) for name in ("one", "other"))
        self.bias, self.score = self.add_weight(shape=(4,), name="bias"), self.add_weight(shape=(4, 1), name="score")

    def call(self, x: Any, mask: Any = None) -> Any:
        sums = ops.expand_dims(ops.matmul(x, self.one), 2) + ops.expand_dims(ops.matmul(x, self.other), 1)
        weights = ops.sigmoid(ops.squeeze(ops.matmul(ops.tanh(sums + self.bias), self.score), -1))
        if self.normalised:
            weights = ops.exp(weights - ops.max(weights, axis=-1, keepdims=True))
        count = ops.shape(x)[1]
        far = ops.arange(count)[None] - ops.arange(count)[:, None]
        band = (far <= 0) & (far > -self.width) if self.history else ops.abs(far) <= self.width // 2
        weights = weights * ops.cast(band, "float32")
        if mask is not None:
            there = ops.cast(mask, "float32")
            weights = weights * there[:, None] * there[:, :, None]
        if self.normalised:
            weights = weights / (ops.tile(ops.sum(weights, axis=-1, keepdims=True), (1, 1, count)) + 1e-7)
        overlap = ops.matmul(weights, ops.transpose(weights, (0, 2, 1))) - ops.eye(count)
        self.add_loss(0.01 * ops.mean(ops.square(overlap)))
        return ops.matmul(weights, x)


def _banded(width: int, history: bool, normalised: bool) -> Case:
    words = keras.Input((None,), dtype="int32")
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(layers.Embedding(11, 8, mask_zero=True)(words))
    x = Banded(width, history, normalised, name="banded")(x)
    return keras.Model(words, layers.Dense(3)(x)), ids(7), [("banded", "self", (1, 7, 7))]


@case
def banded_attention_with_a_penalty() -> Case:
    return _banded(3, False, True)


@case
def banded_attention_to_the_past() -> Case:
    return _banded(3, True, True)


@case
def banded_sigmoids_with_a_penalty() -> Case:
    return _banded(3, False, False)


@case
def exponents_over_a_repeated_sum_in_layers() -> Case:
    inputs = keras.Input((6, 8))
    logits = layers.Flatten()(layers.Dense(1, activation="tanh")(layers.LSTM(8, return_sequences=True)(inputs)))
    exponents = layers.Lambda(ops.exp)(logits)
    total = layers.Lambda(lambda z: ops.sum(z, axis=1, keepdims=True))(exponents)
    copies = layers.Flatten()(layers.RepeatVector(6)(total))
    weights = layers.Lambda(lambda parts: parts[0] / parts[1], name="weights")([exponents, copies])
    x = layers.Dot(axes=(1, 1))([weights, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (1, 1, 6))]


class WordsOfASentence(layers.Layer):
    """Hierarchical attention: scores against a context vector, a mask, and weights copied to all features."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")
        self.context = self.add_weight(shape=(5, 1), name="context")
        self.supports_masking = True

    def compute_mask(self, x: Any, mask: Any = None) -> None:
        return None

    def call(self, x: Any, mask: Any = None) -> Any:
        exponents = ops.exp(ops.squeeze(ops.matmul(ops.tanh(ops.matmul(x, self.kernel)), self.context), -1))
        if mask is not None:
            exponents = exponents * ops.cast(mask, "float32")
        weights = exponents / ops.cast(ops.sum(exponents, axis=1, keepdims=True) + 1e-7, "float32")
        return ops.sum(x * ops.repeat(ops.expand_dims(weights, -1), x.shape[-1], axis=-1), axis=1)


@case
def words_of_a_sentence() -> Case:
    words = keras.Input((6,), dtype="int32")
    x = layers.GRU(8, return_sequences=True)(layers.Embedding(11, 8, mask_zero=True)(words))
    return keras.Model(words, head(WordsOfASentence(name="words")(x))), ids(6), [("words", "cross", (1, 1, 6))]
