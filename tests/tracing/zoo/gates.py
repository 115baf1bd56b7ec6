"""Gates over channels and over space, and lone activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


def squeeze(x: Any, gate: str | Callable[[Any], Any], name: str) -> Any:
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    hidden = layers.Conv2D(2, 1, activation="relu")(pooled)
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation=gate, name=name)(hidden)])


@case
def squeeze_and_excitation() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), "sigmoid", "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_dense_layers() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3)(inputs)
    gate = layers.Dense(6, activation="sigmoid", name="excite")(
        layers.Dense(2, activation="relu")(layers.GlobalAveragePooling2D()(x))
    )
    x = layers.Multiply()([x, layers.Reshape((1, 1, 6))(gate)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_hard_sigmoid() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), "hard_sigmoid", "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_clipping() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), lambda z: ops.clip(0.2 * z + 0.5, 0.0, 1.0), "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_a_sigmoid_by_hand() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), lambda z: 1 / (1 + ops.exp(-z)), "excite")
    x = squeeze(x, lambda z: 0.5 * (ops.tanh(z) + 1), "again")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6)), ("again", "gate", (1, 6))]


@case
def gates_multiplied_by_an_einstein_sum() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, padding="same")(inputs)
    channel = layers.Dense(6, activation="sigmoid", name="channel")(layers.GlobalAveragePooling2D()(x))
    x = ops.einsum("bhwc,bc->bhwc", x, channel)
    space = layers.Reshape((8, 8))(layers.Conv2D(1, 1, activation="sigmoid", name="space")(x))
    x = ops.einsum("bhwc,bhw->bhwc", x, space)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("channel", "gate", (1, 6)), ("space", "gate", (1, 8, 8))]


@case
def efficient_channel_attention() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3)(inputs)
    pooled = layers.Reshape((6, 1))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Conv1D(1, 3, padding="same", use_bias=False)(pooled)
    gate = layers.Activation("sigmoid", name="gate")(gate)
    x = layers.Multiply()([x, layers.Reshape((1, 1, 6))(gate)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("gate", "gate", (1, 6))]


@case
def convolutional_block_attention() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, padding="same")(inputs)
    shared = [layers.Dense(2, activation="relu"), layers.Dense(6)]
    pooled = [layers.GlobalAveragePooling2D(keepdims=True)(x), layers.GlobalMaxPooling2D(keepdims=True)(x)]
    both = layers.Add()([shared[1](shared[0](item)) for item in pooled])
    x = layers.Multiply()([x, layers.Activation("sigmoid", name="channel")(both)])
    maps = ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)], axis=-1)
    x = layers.Multiply()([x, layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="spatial")(maps)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("channel", "gate", (1, 6)), ("spatial", "gate", (1, 8, 8))]


@case
def gated_u_net() -> Case:
    inputs = keras.Input((8, 8, 3))
    skip = layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    deep = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(skip))
    joined = layers.Add()([layers.Conv2D(4, 1, strides=2)(skip), layers.Conv2D(4, 1)(deep)])
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="gate")(layers.Activation("relu")(joined))
    x = layers.Multiply()([skip, layers.UpSampling2D()(gate)])
    x = layers.Concatenate()([x, layers.Conv2DTranspose(6, 2, strides=2)(deep)])
    return (
        keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x)),
        normal(8, 8, 3),
        [("gate", "gate", (1, 4, 4))],
    )


@case
def selective_kernels() -> Case:
    inputs = keras.Input((8, 8, 3))
    branches = [layers.Conv2D(6, size, padding="same")(inputs) for size in (3, 5)]
    pooled = layers.GlobalAveragePooling2D()(layers.Add()(branches))
    logits = layers.Reshape((2, 1, 1, 6))(layers.Dense(12)(layers.Dense(4, activation="relu")(pooled)))
    weights = layers.Softmax(axis=1, name="weights")(logits)
    x = ops.sum(weights * ops.stack(branches, axis=1), axis=1)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("weights", "gate", (6, 2))]


def _article(multiply: bool) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, activation="relu")(inputs))
    x = layers.GlobalAveragePooling2D()(x)
    attention = layers.Dense(16, activation="sigmoid", name="attention")(x)
    x = layers.Multiply()([x, attention]) if multiply else attention
    x = layers.Dense(12, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


@case
def article_that_multiplies() -> Case:
    return _article(True), normal(8, 8, 1), [("attention", "gate", (1, 16))]


@case
def article_that_multiplies_nothing() -> Case:
    return _article(False), normal(8, 8, 1), [("attention", "activation", (1, 16))]


@case
def features_that_compete() -> Case:
    """Weights of a table's features, which sum to one, and those of hidden ones."""
    inputs = keras.Input((8,))
    x = layers.Multiply()([inputs, layers.Dense(8, activation="softmax", name="weights")(inputs)])
    x = layers.Dense(6, activation="relu")(x)
    x = x * layers.Dense(6, activation="softmax", name="hidden")(x)
    sites = [("weights", "gate", (1, 8)), ("hidden", "gate", (1, 6))]
    return keras.Model(inputs, head(x)), normal(8), sites


@case
def two_gates_that_are_multiplied_first() -> Case:
    inputs = keras.Input((4, 6, 3))
    x = layers.Conv2D(5, 3, padding="same")(inputs)
    rows, columns = (layers.Conv2D(5, 1)(ops.mean(x, axis=axis, keepdims=True)) for axis in (2, 1))
    gates = [layers.Activation("sigmoid", name=name)(z) for name, z in (("rows", rows), ("columns", columns))]
    sites = [("rows", "gate", (5, 4)), ("columns", "gate", (5, 6))]
    return keras.Model(inputs, head(x * layers.Multiply()(gates))), normal(4, 6, 3), sites


@case
def squeeze_of_a_volume_convolved_in_groups() -> Case:
    """Keras has convolutions in groups compiled by XLA, for nothing else computes them."""
    inputs = keras.Input((4, 4, 4, 8))
    x = layers.Conv3D(8, 3, padding="same", groups=4)(inputs)
    gate = layers.Dense(8, activation="sigmoid", name="gate")(layers.GlobalAveragePooling3D(keepdims=True)(x))
    x = layers.GlobalAveragePooling3D()(layers.Multiply()([x, gate]))
    return keras.Model(inputs, layers.Dense(2)(x)), normal(4, 4, 4, 8), [("gate", "gate", (1, 8))]


@case
def boxes_that_scale_offsets() -> Case:
    """Where something is picked from a feature map: coordinates, scaled by the size of a box, which a sigmoid gives."""
    inputs = keras.Input((6, 8))

    def pick(parts: Any) -> Any:
        x, boxes, offsets = parts
        coordinates = boxes[..., None, :1] * 6 + ops.reshape(offsets, (-1, 6, 3, 2))[..., :1] * boxes[..., None, 1:]
        coordinates = ops.cast(ops.clip(ops.floor(ops.reshape(coordinates, (-1, 18, 1))), 0, 5), "int32")
        return ops.take_along_axis(x, coordinates, axis=1)

    boxes, offsets = layers.Dense(2, activation="sigmoid")(inputs), layers.Dense(6)(inputs)
    picked = layers.Lambda(pick, output_shape=(18, 8))([inputs, boxes, offsets])
    return keras.Model(inputs, head(picked)), normal(6, 8), []
