"""Examples of several shapes in one array: padded at the end with 0, and the part of it that is each example's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import map_leaves, named_leaves, to_numpy

Shape = tuple[int, ...]


def concatenate(batches: Sequence[Any]) -> tuple[Any, dict[str, list[Shape]]]:
    """Joins batches of the same structure to one.

    Args:
        batches: At least one; nested arrays with the examples along the first axis. Arrays without dimensions belong to no
            example, and those of the first batch stay.

    Returns:
        The batch, and the shapes of examples by name of the array. Where batches differ in shape, arrays are padded at the end
        with 0 (texts with ""), and only these arrays have shapes.

    Raises:
        ArgumentError: Batches differ in their structure, or in the number of dimensions of an array.
    """
    leaves = [named_leaves(batch) for batch in batches]
    names = [[name for name, _ in each] for each in leaves]
    if any(each != names[0] for each in names):
        raise ArgumentError(
            f"Batches must have the same inputs. Received: {sorted({str(each) for each in names})[:4]}."
        )
    joined = []
    shapes: dict[str, list[Shape]] = {}
    for index, name in enumerate(names[0]):
        array, own = _joined([each[index][1] for each in leaves], name)
        joined.append(array)
        if own is not None:
            shapes[name] = own
    remaining = iter(joined)
    return map_leaves(lambda _: next(remaining), batches[0]), shapes


def _joined(arrays: Sequence[npt.NDArray[Any]], name: str) -> tuple[npt.NDArray[Any], list[Shape] | None]:
    if arrays[0] is None or not np.ndim(arrays[0]):
        return arrays[0], None
    trailing = {array.shape[1:] for array in arrays}
    if len(trailing) == 1:
        return np.concatenate(arrays), None
    if len({len(shape) for shape in trailing}) != 1:
        raise ArgumentError(
            f"Examples must have the same number of dimensions{f' in {name!r}' if name else ''}. "
            f"Received: shapes {sorted(trailing, key=len)[:8]}."
        )
    largest = [max(sizes) for sizes in zip(*trailing, strict=True)]
    texts = any(array.dtype.kind == "O" for array in arrays)
    dtype = np.dtype(object) if texts else np.result_type(*(array.dtype for array in arrays))
    filled = np.full((sum(map(len, arrays)), *largest), "" if texts else 0, dtype)
    start = 0
    for array in arrays:
        part = (slice(start, start + len(array)), *own_part(array.shape[1:]))
        filled[part] = array
        start += len(array)
    return filled, [array.shape[1:] for array in arrays for _ in range(len(array))]


def own_part(shape: Shape) -> tuple[slice, ...]:
    """The index of the part with this shape in an array that is padded at the end."""
    return tuple(slice(0, size) for size in shape)


def rows(nested: Any, index: Any) -> Any:
    """Some examples of nested arrays; arrays without dimensions, and None, stay."""
    return map_leaves(lambda array: array[index] if np.ndim(array) else array, nested)


def count(nested: Any) -> int:
    """The number of examples: the length of the first array that has dimensions; 0 where none has."""
    return next((len(array) for _, array in named_leaves(nested) if np.ndim(array)), 0)


class Rows:
    """Examples of several lengths from a ragged tensor; can be indexed like an array to form batches.

    Args:
        examples: The array of each example.
        tensor: The ragged tensor of all of them, which is what the model takes; None for a part of them.
    """

    def __init__(self, examples: Sequence[npt.NDArray[Any]], tensor: Any = None) -> None:
        self._examples = list(examples)
        self.tensor = tensor
        self.ndim = 1 + max((example.ndim for example in self._examples), default=1)
        self.shape = (len(self._examples), *(None,) * (self.ndim - 1))
        self.dtype = (
            np.result_type(*(example.dtype for example in self._examples)) if self._examples else np.dtype("f4")
        )
        self.nbytes = sum(example.nbytes for example in self._examples)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: Any) -> Rows:
        return Rows([self._examples[at] for at in np.arange(len(self))[index]])

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """One array; raises ValueError where the examples differ in shape."""
        return np.stack(self._examples).astype(dtype or self.dtype)


def to_rows(leaf: Any) -> Any:
    """The array of anything array-like; for a ragged tensor, its rows."""
    if hasattr(leaf, "row_lengths") and hasattr(leaf, "to_tensor"):
        return Rows([to_numpy(leaf[at]) for at in range(int(leaf.shape[0]))], leaf)
    return to_numpy(leaf)


def as_fed(nested: Any) -> Any:
    """What the model takes: rows become ragged tensors again."""
    return map_leaves(lambda leaf: leaf.tensor if isinstance(leaf, Rows) and leaf.tensor is not None else leaf, nested)


def one_by_one(nested: Any) -> list[Any]:
    """The batch in a list; a batch with rows of a ragged tensor becomes batches of one example."""
    if not any(isinstance(leaf, Rows) for _, leaf in named_leaves(nested)):
        return [nested]
    return [map_leaves(np.asarray, rows(nested, slice(at, at + 1))) for at in range(count(nested))]
