"""Gates on what is fed to the model itself: columns of a table, sensors, bands. And what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import CASES, Case, Expected, case, head, normal

Gate = Callable[[Any], Any]


def gate(x: Any, units: int, activation: str = "sigmoid") -> Any:
    return layers.Dense(units, activation, name="gate")(x)


def neighbours(x: Any) -> Any:
    return layers.Conv1D(1, 3, padding="same", activation="sigmoid", name="gate")(x)


GATES: dict[str, tuple[tuple[int, ...], Gate, Expected]] = {
    "columns": ((8,), lambda x: gate(layers.Dense(4, "relu")(x), 8), [("gate", "gate", (1, 8))]),
    "columns_that_compete": ((8,), lambda x: gate(x, 8, "softmax"), [("gate", "gate", (1, 8))]),
    "sensors": (
        (12, 5),
        lambda x: gate(layers.GlobalAveragePooling1D(keepdims=True)(x), 5),
        [("gate", "gate", (1, 5))],
    ),
    "sensors_from_the_end": ((12, 5), lambda x: gate(layers.LSTM(4)(x), 5)[:, None], [("gate", "gate", (1, 5))]),
    "sensors_at_each_step": ((12, 5), lambda x: gate(x, 5), [("gate", "gate", (5, 12))]),
    "electrodes_in_rows": (
        (5, 12, 1),
        lambda x: layers.Reshape((5, 1, 1))(gate(ops.mean(x, axis=(2, 3)), 5)),
        [("gate", "gate", (1, 5))],
    ),
    "bands": ((6, 6, 7), lambda x: gate(layers.GlobalMaxPooling2D(keepdims=True)(x), 7), [("gate", "gate", (1, 7))]),
    "bands_and_their_neighbours": (
        (6, 6, 7),
        lambda x: layers.Reshape((1, 1, 7))(neighbours(layers.Reshape((7, 1))(layers.GlobalAveragePooling2D()(x)))),
        [("gate", "gate", (1, 7))],
    ),
    "a_spectrum": (
        (9, 1),
        neighbours,
        [("gate", "gate", (1, 9))],
    ),
}


def _gated(name: str, *, given_out: bool) -> Case:
    shape, weights, expected = GATES[name]
    inputs = keras.Input(shape)
    x = layers.Multiply()([inputs, weights(inputs)])
    return keras.Model(inputs, x if given_out else head(layers.Dense(6)(x))), normal(*shape), expected


for _name in GATES:
    CASES[f"gated_{_name}"] = lambda name=_name: _gated(name, given_out=False)
    CASES[f"gated_{_name}_given_out"] = lambda name=_name: _gated(name, given_out=True)


@case
def columns_normalised_before_they_are_gated() -> Case:
    columns = [keras.Input((1,), name=f"column_{index}") for index in range(4)]
    x = layers.BatchNormalization()(layers.Concatenate()(columns))
    x = layers.Dense(6)(layers.Multiply()([x, gate(x, 4)]))
    return keras.Model(columns, layers.Dense(2)(x)), [normal(1)] * 4, [("gate", "gate", (1, 4))]


@case
def sensors_weighed_and_summed() -> Case:
    inputs = keras.Input((6, 5))
    x = ops.sum(inputs * gate(inputs, 5, "softmax"), axis=-1)
    return keras.Model(inputs, layers.Dense(2)(x)), normal(6, 5), [("gate", "cross", (1, 6, 5))]


@case
def channels_that_compete_and_are_pooled() -> Case:
    """What is pooled over positions afterwards is no mix of positions by these weights."""
    inputs = keras.Input((6, 5))
    sites = [("hidden", "gate", (6, 4)), ("gate", "gate", (6, 5))]
    x = layers.Dense(4)(inputs)
    hidden = x * layers.Dense(4, "softmax", name="hidden")(x)
    pooled = layers.GlobalAveragePooling1D()(inputs * gate(inputs, 5, "softmax"))
    return (
        keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([pooled, ops.sum(hidden, axis=1)]))),
        normal(6, 5),
        sites,
    )


@case
def spectrogram_times_a_mask() -> Case:
    inputs = keras.Input((6, 5))
    mask = gate(layers.LSTM(7, return_sequences=True)(inputs), 5)
    return keras.Model(inputs, layers.Multiply()([inputs, mask])), normal(6, 5), [("gate", "gate", (5, 6))]


@case
def two_gates_in_a_row() -> Case:
    inputs = keras.Input((8,))
    first = layers.Dense(8, "sigmoid", name="first")(inputs)
    second = layers.Dense(8, "softmax", name="second")(layers.Dense(4, "relu")(inputs * first))
    x = layers.Dense(6)(inputs * first * second)
    return keras.Model(inputs, head(x)), normal(8), [("first", "gate", (1, 8)), ("second", "gate", (1, 8))]


@case
def gate_on_a_swish_of_the_input() -> Case:
    """What was activated is no input any more."""
    inputs = keras.Input((8,))
    x = inputs * ops.sigmoid(inputs)
    return keras.Model(inputs, head(layers.Dense(6)(x * layers.Dense(8, "sigmoid")(x)))), normal(8), []


@case
def picture_times_a_mask_of_all_its_numbers() -> Case:
    inputs = keras.Input((6, 6, 4))
    mask = layers.Conv2D(4, 3, padding="same", activation="sigmoid", name="mask")(inputs)
    return keras.Model(inputs, head(layers.Flatten()(inputs * mask))), normal(6, 6, 4), []


@case
def picture_times_a_map_over_space() -> Case:
    inputs = keras.Input((6, 6, 4))
    space = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="space")(inputs)
    x = layers.Conv2D(3, 3)(inputs * space)
    return keras.Model(inputs, head(layers.Flatten()(x))), normal(6, 6, 4), [("space", "gate", (1, 6, 6))]


@case
def highway_around_the_input() -> Case:
    inputs = keras.Input((8,))
    carry = layers.Dense(8, "sigmoid")(inputs)
    x = carry * layers.Dense(8, "relu")(inputs) + (1 - carry) * inputs
    return keras.Model(inputs, head(x)), normal(8), []


@case
def swish_of_the_input() -> Case:
    inputs = keras.Input((8,))
    x = layers.BatchNormalization()(inputs)
    return keras.Model(inputs, head(layers.Dense(6)(x * ops.sigmoid(1.7 * x)))), normal(8), []


@case
def answers_times_a_mask_that_is_fed() -> Case:
    """Of actions that are allowed, or of labels that are known, which the network may see too."""
    state, mask = keras.Input((8,)), keras.Input((8,))
    seen = layers.Dense(6, "relu")(layers.Concatenate()([state, mask]))
    known = layers.Dense(8, "sigmoid")(seen) * mask
    chosen = ops.sum(layers.Dense(8, "softmax")(seen) * mask, axis=-1, keepdims=True)
    return keras.Model([state, mask], [known, chosen]), [normal(8), normal(8) ** 2], []


@case
def gaps_filled_in() -> Case:
    values, known = keras.Input((8,)), keras.Input((8,))
    guess = layers.Dense(8, "sigmoid")(layers.Dense(6, "relu")(layers.Concatenate()([values, known])))
    return keras.Model([values, known], values * known + guess * (1 - known)), [normal(8), normal(8) ** 2], []
