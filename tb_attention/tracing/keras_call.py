"""The arguments of a call of a Keras model, and the structure of what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras.src import tree

from tb_attention.tracing.model_call import Call, Tensors, read_call


def read_keras_call(kind: Tensors, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
    """As `read_call`; a model made with the functional API takes several inputs as a list."""
    args: list[Any] = list(inputs)
    if len(args) > 1 and isinstance(model, keras.src.models.functional.Functional) and len(model.inputs) == len(args):
        args = [args]
    return read_call(kind, args, call_kwargs)


def as_fed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """An array of the type as which `fit` and `predict` feed it."""
    return array.astype(keras.backend.floatx()) if array.dtype == np.float64 else array


def layers_of(model: Any) -> Sequence[Any]:
    """The layers of a model, at any depth, without the model itself."""
    return list(model._flatten_layers(include_self=False))


def output_packer(outputs: Any, is_tensor: Callable[[Any], bool]) -> Callable[[list[Any]], Any]:
    """Makes the structure that a model returned from arrays instead of its tensors."""
    flat = tree.flatten(outputs)
    is_array = [is_tensor(leaf) for leaf in flat]
    constants = [None if array else leaf for leaf, array in zip(flat, is_array, strict=True)]
    structure = tree.map_structure(lambda _: 0, outputs)

    def pack(arrays: list[Any]) -> Any:
        remaining = iter(arrays)
        leaves = [next(remaining) if array else leaf for array, leaf in zip(is_array, constants, strict=True)]
        return tree.pack_sequence_as(structure, leaves)

    return pack
