"""Models in which there is nothing to be found."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


@case
def plain_classifier() -> Case:
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, head(layers.Conv2D(6, 3, activation="relu")(inputs))), normal(8, 8, 3), []


@case
def recurrent_layers() -> Case:
    inputs = keras.Input((5, 8))
    x = layers.GRU(4, return_sequences=True)(layers.LSTM(4, return_sequences=True)(inputs))
    return keras.Model(inputs, head(x)), normal(5, 8), []


@case
def unrolled_recurrent_layers() -> Case:
    inputs = keras.Input((3, 8))
    x = layers.GRU(4, return_sequences=True, unroll=True)(layers.LSTM(4, return_sequences=True, unroll=True)(inputs))
    return keras.Model(inputs, head(x)), normal(3, 8), []


@case
def gated_linear_unit() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Dense(8)(inputs) * layers.Dense(8, activation="sigmoid")(inputs)
    x = x + ops.glu(layers.Dense(16)(x))
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def swish_and_friends() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = inputs
    for activation in ("swish", "hard_swish", "gelu", "mish", "relu6"):
        x = layers.Conv2D(6, 3, padding="same", activation=activation)(x)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), []


@case
def swish_of_one_channel() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(1, 3, padding="same", activation="swish")(inputs)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), []


@case
def gated_pooled_features() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.GlobalAveragePooling1D()(inputs)
    x = layers.Dense(8)(x) * layers.Dense(8, activation="sigmoid")(x)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_experts() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(3)(inputs))
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    x = ops.sum(ops.expand_dims(weights, -1) * experts, axis=2)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_chosen_experts() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(3)(inputs))
    top, indices = ops.top_k(weights, 2)
    chosen = ops.sum(ops.expand_dims(top, -1) * ops.one_hot(indices, 3), axis=2)
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    x = ops.einsum("bte,bted->btd", chosen, experts)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_experts_that_were_chosen_before() -> Case:
    inputs = keras.Input((6, 8))
    logits, indices = ops.top_k(layers.Dense(3)(inputs), 2)
    chosen = ops.sum(ops.expand_dims(ops.softmax(logits), -1) * ops.one_hot(indices, 3), axis=2)
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    x = ops.einsum("bte,bted->btd", chosen, experts)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def inputs_weighed_for_chosen_experts() -> Case:
    inputs = keras.Input((6, 8))
    largest, indices = ops.top_k(layers.Dense(3)(inputs), 1)
    chosen = ops.one_hot(indices, 3)
    logits = ops.where(ops.sum(chosen, axis=2) > 0, ops.sum(chosen * ops.expand_dims(largest, -1), axis=2), -1e9)
    weighed = ops.expand_dims(ops.sigmoid(logits), -1) * ops.expand_dims(inputs, 2)
    x = sum(layers.Dense(8)(weighed[:, :, expert]) for expert in range(3))
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_experts_one_after_another() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(2)(inputs))
    x = sum(weights[..., index : index + 1] * layers.Dense(8, activation="relu")(inputs) for index in range(2))
    return keras.Model(inputs, head(x)), normal(6, 8), []


class Kernels(layers.Layer):
    """A projection whose kernel is a mixture of several (`spread` is False), or that spreads its input over several."""

    def __init__(self, spread: bool, activation: str = "softmax") -> None:
        super().__init__()
        self.spread = spread
        self.mixing = layers.Dense(4, activation=activation)

    def build(self, shape: Any) -> None:
        self.mixing.build(shape if self.spread else (shape[0], shape[-1]))
        self.kernels = self.add_weight(shape=(4, 8, 8))
        self.built = True

    def call(self, x: Any) -> Any:
        if self.spread:
            return ops.einsum("bted,edf->btf", ops.einsum("bte,btd->bted", self.mixing(x), x), self.kernels)
        kernel = ops.einsum("be,edf->bdf", self.mixing(ops.mean(x, axis=1)), self.kernels)
        return ops.matmul(x, kernel)


@case
def mixed_kernels() -> Case:
    inputs = keras.Input((6, 8))
    x = Kernels(False, "sigmoid")(Kernels(False)(inputs))
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def inputs_spread_over_kernels() -> Case:
    inputs = keras.Input((6, 8))
    return keras.Model(inputs, head(Kernels(True)(inputs))), normal(6, 8), []


@case
def shared_expert() -> Case:
    inputs = keras.Input((6, 8))
    expert = layers.Dense(8)(layers.Dense(16, activation="silu")(inputs))
    x = inputs + layers.Dense(1, activation="sigmoid")(inputs) * expert
    return keras.Model(inputs, head(x)), normal(6, 8), []


class Entropy(layers.Layer):
    """Probabilities, with a penalty on how sure they are."""

    def call(self, x: Any) -> Any:
        probabilities = ops.softmax(x)
        self.add_loss(-ops.mean(probabilities * ops.log(probabilities + 1e-9)))
        return probabilities


@case
def classes_times_how_sure_they_are() -> Case:
    inputs = keras.Input((6, 8))
    classes = Entropy()(layers.Dense(3)(inputs))
    sure = layers.Dense(2, activation="sigmoid")(inputs)[:, :, :1]
    return keras.Model(inputs, ops.max(classes * sure, axis=-1)), normal(6, 8), []


@case
def segmentation() -> Case:
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, layers.Conv2D(4, 1, activation="softmax")(inputs)), normal(8, 8, 3), []


@case
def sigmoid_outputs() -> Case:
    inputs = keras.Input((8,))
    x = layers.Dense(6, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(3, activation="sigmoid")(x)), normal(8), []


@case
def sampler() -> Case:
    inputs = keras.Input((8,))
    probabilities = layers.Dense(5, activation="softmax")(inputs)
    drawn = layers.Lambda(
        lambda p: tf.random.stateless_categorical(tf.math.log(p), 1, seed=(1, 2)), output_shape=(1,), dtype="float32"
    )
    return keras.Model(inputs, drawn(probabilities)), normal(8), []


@case
def classes_of_masks() -> Case:
    image, queries = keras.Input((4, 4, 8)), keras.Input((3, 8))
    masks = ops.sigmoid(ops.einsum("bqc,bhwc->bqhw", layers.Dense(8)(queries), image))
    classes = layers.Dense(5, activation="softmax")(queries)
    return (
        keras.Model([image, queries], ops.einsum("bqk,bqhw->bhwk", classes, masks)),
        [normal(4, 4, 8), normal(3, 8)],
        [],
    )
