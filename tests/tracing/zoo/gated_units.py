"""Gated units in whatever wrapping: the sigmoid has the shape of what it multiplies, so that they are no sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import CASES, Case, case, head, normal

Projection = Callable[[str | None], layers.Layer]

WRAPPINGS: dict[str, Projection] = {
    "time_distributed": lambda activation: layers.TimeDistributed(layers.Dense(6, activation)),
    "time_distributed_model": lambda activation: layers.TimeDistributed(
        keras.Sequential([layers.Dense(6), layers.Activation(activation or "linear")])
    ),
    "convolution_of_width_1": lambda activation: layers.Conv1D(6, 1, activation=activation),
    "einsum_dense": lambda activation: layers.EinsumDense("btc,cd->btd", (None, 6), activation=activation),
    "plain": lambda activation: layers.Dense(6, activation),
}


def _gated_unit(projection: Projection, other: Projection) -> Case:
    inputs = keras.Input((5, 4))
    hidden = layers.Dense(6)(inputs)
    x = layers.Multiply()([other(None)(hidden), projection("sigmoid")(hidden)])
    return keras.Model(inputs, head(layers.LayerNormalization()(x + hidden))), normal(5, 4), []


for _name, _projection in WRAPPINGS.items():
    CASES[f"gated_unit_{_name}"] = lambda one=_projection: _gated_unit(one, one)
    if _name == "plain":
        continue
    CASES[f"gated_unit_{_name}_and_plain"] = lambda one=_projection: _gated_unit(one, WRAPPINGS["plain"])


@case
def gated_residual_network() -> Case:
    """As in a temporal fusion transformer: everything position by position, with a gated unit before the skip is added."""

    def each_step(units: int, activation: str | None = None) -> layers.Layer:
        return layers.TimeDistributed(layers.Dense(units, activation))

    inputs = keras.Input((4, 3))
    skip = each_step(6)(inputs)
    hidden = each_step(6)(layers.Activation("elu")(each_step(6)(inputs)))
    gated = layers.Multiply()([each_step(6)(hidden), each_step(6, "sigmoid")(hidden)])
    return keras.Model(inputs, head(layers.LayerNormalization()(layers.Add()([skip, gated])))), normal(4, 3), []


@case
def gated_frames() -> Case:
    inputs = keras.Input((3, 4, 4, 2))
    x, gate = (
        layers.TimeDistributed(layers.Conv2D(5, 3, padding="same", activation=activation))(inputs)
        for activation in ("tanh", "sigmoid")
    )
    return keras.Model(inputs, layers.Dense(2)(layers.Multiply()([x, gate]))), normal(3, 4, 4, 2), []


@case
def gated_dilated_convolutions() -> Case:
    """As in WaveNet."""
    inputs = keras.Input((12, 1))
    x, skips = layers.Conv1D(6, 2, padding="causal")(inputs), []
    for rate in (1, 2):
        parts = [
            layers.Conv1D(6, 2, padding="causal", dilation_rate=rate, activation=activation)(x)
            for activation in ("tanh", "sigmoid")
        ]
        skips.append(layers.Conv1D(6, 1)(layers.Multiply()(parts)))
        x = layers.Add()([x, skips[-1]])
    return keras.Model(inputs, layers.Conv1D(1, 1)(layers.Add()(skips))), normal(12, 1), []


@case
def gated_unit_put_together_step_by_step() -> Case:
    inputs = keras.Input((3, 8))
    project, gate = layers.Dense(6), layers.Dense(6, "sigmoid")
    steps = [inputs[:, index] for index in range(3)]
    x = ops.stack([project(step) for step in steps], axis=1) * ops.stack([gate(step) for step in steps], axis=1)
    joined = layers.Concatenate(axis=1)([layers.Reshape((1, 6))(gate(step)) for step in steps])
    return keras.Model(inputs, head(layers.Multiply()([x, joined]))), normal(3, 8), []


@case
def gate_over_time_made_step_by_step() -> Case:
    """One number for each position is a gate in the same wrapping."""
    inputs = keras.Input((5, 4))
    x: Any = layers.Conv1D(6, 3, padding="same")(inputs)
    gate = layers.TimeDistributed(layers.Dense(1, "sigmoid"), name="gate")(x)
    return keras.Model(inputs, head(layers.Multiply()([x, gate]))), normal(5, 4), [("gate", "gate", (1, 5))]
