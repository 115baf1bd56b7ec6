"""What the layers of a functional model show about its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

# Layers that pass on the values of their input.
_PASSING = ("Reshape", "Flatten", "Permute", "Identity", "Squeeze", "ExpandDims", "Transpose", "Cast", "Resizing")
_PASSING_STARTS = ("UpSampling", "Cropping", "Dropout", "GetItem")
_ACTIVATIONS = ("softmax", "sigmoid", "tanh")
# Layers that may move the last axis of their input.
_MOVING = ("Permute", "Transpose", "Squeeze", "ExpandDims", "GetItem")


def activation_of(tensor: Any) -> str | None:
    """The activation that computes a tensor, through layers that only move values; None if it is not known."""
    for name, operation in _backwards(tensor):
        if name.lower() in _ACTIVATIONS:
            return name.lower()
        activation = getattr(operation, "activation", None)
        if activation is not None and not name.endswith(("LSTM", "GRU", "RNN")):
            return str(getattr(activation, "__name__", activation)).lower()
        if not _passes(name):
            return None
    return None


def has_units(tensor: Any) -> bool | None:
    """Whether the last axis of a tensor holds the units of a layer, such as the filters of a convolution.

    False if the layer has one unit, or the axis is another one; None if it is not known.
    """
    for name, operation in _backwards(tensor):
        units = getattr(operation, "filters", None) or getattr(operation, "units", None)
        if isinstance(units, int):
            return units > 1 and units == tensor.shape[-1]
        alone = name.lower() in (*_ACTIVATIONS, "activation")
        if name in _MOVING or not (alone or _passes(name)):
            return None
    return None


def _passes(name: str) -> bool:
    return name in _PASSING or name.startswith(_PASSING_STARTS)


def _backwards(tensor: Any) -> Iterator[tuple[str, Any]]:
    """The operations that a tensor comes from, last first, each with its name, as long as each has one input."""
    history = getattr(tensor, "_keras_history", None)
    while history is not None:
        operation = history.operation
        inner = getattr(getattr(operation, "_functional", None) or operation, "_outputs_struct", None)
        if inner is not None:
            flat = keras.tree.flatten(inner)
            history = flat[history.tensor_index]._keras_history if history.tensor_index < len(flat) else None
            continue
        inside = getattr(operation, "layer", None)
        seen = inside if type(operation).__name__ == "TimeDistributed" and inside is not None else operation
        yield type(seen).__name__, seen
        inputs = operation._inbound_nodes[history.node_index].input_tensors
        history = getattr(inputs[0], "_keras_history", None) if len(inputs) == 1 else None
