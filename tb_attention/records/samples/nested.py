"""Model inputs as Keras and PyTorch take them: an array, or dicts, lists and tuples of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def map_leaves(function: Callable[[Any], Any], nested: Any) -> Any:
    """The same structure with the function applied to each array."""
    if isinstance(nested, Mapping):
        return {key: map_leaves(function, value) for key, value in nested.items()}
    if isinstance(nested, list | tuple):
        return [map_leaves(function, value) for value in nested]
    return function(nested)


def named_leaves(nested: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Arrays with their names: keys of dicts, "input_0", "input_1" and so on in lists, "" for a single array."""
    if isinstance(nested, Mapping):
        pairs = [(str(key), value) for key, value in nested.items()]
    elif isinstance(nested, list | tuple):
        pairs = [(f"input_{index}", value) for index, value in enumerate(nested)]
    else:
        return [(prefix, nested)]
    return [leaf for name, value in pairs for leaf in named_leaves(value, f"{prefix}/{name}" if prefix else name)]


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """The NumPy array of anything array-like: of TensorFlow, PyTorch (also on a GPU) or JAX, or a list of strings."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "SUV":
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):  # numpy has no such type
            value = value.float()
    elif hasattr(value, "to_tensor"):  # a ragged tensor
        value = value.to_tensor()
    elif hasattr(value, "dense_shape"):  # a sparse tensor of TensorFlow
        return _dense(value)
    elif hasattr(value, "toarray"):  # a sparse matrix of SciPy
        value = value.toarray()
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind in "SU":
        return array.astype(object)
    if array.dtype.kind == "V":  # the extra float types of JAX
        return np.asarray(array, np.float32)
    return array


def _dense(sparse: Any) -> npt.NDArray[Any]:
    values = np.asarray(sparse.values)
    dense = np.zeros(np.asarray(sparse.dense_shape), values.dtype)
    dense[tuple(np.asarray(sparse.indices).T)] = values
    return dense


def is_plain(nested: Any) -> bool:
    """Whether nested lists hold only numbers and strings. Then they are one array, not several inputs."""
    if isinstance(nested, list | tuple):
        return len(nested) > 0 and all(is_plain(value) for value in nested)
    return isinstance(nested, int | float | str | bytes | np.generic)


def text_of(value: Any) -> str:
    """A string, from a string or from UTF-8 bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
