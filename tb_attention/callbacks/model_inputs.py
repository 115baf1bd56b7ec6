"""Which parts of a batch's inputs a model takes, and of what shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import named_leaves


def taken_by(model: Any, x: Any) -> Any:
    """The part of a batch's inputs that the model takes: of a dict the keys that it declares, as Keras picks them.

    A model that declares no inputs (a subclassed one) gets all of them.
    """
    names = declared_names(model)
    if not isinstance(x, Mapping) or names is None or any(name not in x for name in names):
        return x
    return {name: x[name] for name in x if name in names} if len(names) < len(x) else x


def declared_names(model: Any) -> list[str] | None:
    """The keys of a dict that a model takes, or None if it declares none."""
    structure = structure_of(model)
    if isinstance(structure, Mapping):
        return list(structure)
    inputs = declared_inputs(model)
    return None if inputs is None else [str(getattr(tensor, "name", "")) for tensor in inputs]


def declared_inputs(model: Any) -> list[Any] | None:
    """The symbolic inputs of a functional or sequential model; None for others."""
    try:
        inputs = model.inputs  # raises for a subclassed model that declares none
    except (AttributeError, ValueError):
        return None
    return list(inputs) if inputs else None


def structure_of(model: Any) -> Any:
    """The nested structure that a functional model was built on, or None."""
    found = getattr(model, "_inputs_struct", None)
    return found if found is not None else getattr(getattr(model, "_functional", None), "_inputs_struct", None)


def fits(shape: tuple[int | None, ...], tensor: Any) -> bool:
    """Whether a batch of this shape fits a symbolic input; None fits any size."""
    expected = tuple(tensor.shape)[1:]
    # Keras adds a last axis of size 1 to (N,) inputs.
    came = tuple(shape[1:]) or (() if not expected else (1,))
    if len(expected) == len(came) + 1 and expected[-1] == 1:
        came = (*came, 1)
    elif len(came) == len(expected) + 1 and came[-1] == 1:
        came = came[:-1]
    return len(expected) == len(came) and all(
        e is None or c is None or e == c for e, c in zip(expected, came, strict=True)
    )


def _shape(array: Any) -> tuple[int | None, ...] | None:
    """The shape of an array or of its specification; None if the number of dimensions is not known."""
    shape = array.shape if hasattr(array, "shape") else np.shape(array)
    return None if getattr(shape, "rank", 0) is None else tuple(shape)


def check_inputs(x: Any, model: Any, name: str = "samples") -> None:
    """Refuses inputs that do not fit those that the model declares.

    Args:
        x: Nested arrays, or anything with shapes.
        model: The Keras model.
        name: Their name in messages.

    Raises:
        ArgumentError: The message names the input, its shape and what was received.
    """
    inputs = declared_inputs(model)
    if inputs is None:
        return
    names = [str(getattr(tensor, "name", f"input {index}")) for index, tensor in enumerate(inputs)]
    if isinstance(x, Mapping):
        structure = structure_of(model)
        if isinstance(structure, Mapping):  # a model built on a dict is fed by the dict's keys, not by tensor names
            names, inputs = list(structure), list(structure.values())
        missing = [key for key in names if key not in x]
        if missing:
            raise ArgumentError(f"The {name} lack the model's inputs {missing}. Received: inputs {sorted(x)}.")
        pairs = [(key, tensor, x[key]) for key, tensor in zip(names, inputs, strict=True)]
    else:
        arrays = [leaf for _, leaf in named_leaves(x)]
        if len(arrays) != len(inputs):
            raise ArgumentError(
                f"The model takes {len(inputs)} inputs ({', '.join(names)}). Received: {name} with {len(arrays)}."
            )
        pairs = list(zip(names, inputs, arrays, strict=True))
    for key, tensor, array in pairs:
        if not hasattr(tensor, "shape") or array is None:
            continue  # a nested input, or an optional one that is not given
        shape = _shape(array)
        if shape is None:
            continue
        if not fits(shape, tensor):
            raise ArgumentError(
                f"The {name} do not fit the model's input {key!r}, which takes shape "
                f"{('samples', *tuple(tensor.shape)[1:])}. Received: shape {shape}."
            )
