"""The arguments of a call of a model, as tensors with a signature that traces are cached by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tb_attention.errors import ArgumentError
from tb_attention.tracing.nested_arguments import leaves_of, with_leaves


class Tensors(Protocol):
    """How the tensors of a framework are made, and what it takes that is no array."""

    def is_tensor(self, leaf: Any) -> bool:
        """Whether it is a tensor already."""
        ...

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        """An array of numbers or strings as a tensor with `shape` and `dtype`, of a type that models take."""
        ...

    def take(self, tensor: Any, samples: Sequence[int]) -> Any:
        """Some entries of a tensor along its first axis, in this order."""
        ...

    def as_arrays(self, value: Any) -> Any:
        """A value that holds several arrays as a tuple of them; others as they are."""
        ...

    def as_given(self, value: Any) -> Any:
        """A value from its arrays again."""
        ...


@dataclass(frozen=True)
class Call:
    """The arguments of a call of a model, its arrays taken out as tensors.

    Attributes:
        tensors: The arrays, in the order in which they were given, which is that of a sample's inputs.
        signature: What makes two calls run the same trace; hashable. Says shapes without the number of samples.
        samples: How many samples there are: the length of the first array. Arrays of another length are the same for all samples.
        has_varied: Whether the model did other operations for this call than when it was traced.
    """

    tensors: tuple[Any, ...]
    _kind: Tensors
    _leaves: tuple[Any, ...]
    _structure: Any
    signature: tuple[Any, ...]
    samples: int
    has_varied: bool = False

    def arguments(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The positional and the keyword arguments, with other tensors instead of the arrays."""
        remaining = iter(tensors)
        leaves = [next(remaining) if leaf is _TENSOR else leaf for leaf in self._leaves]
        args, kwargs = with_leaves(self._structure, leaves)
        return tuple(map(self._as_given, args)), {name: self._as_given(arg) for name, arg in kwargs.items()}

    def without_arrays(self) -> Call:
        """The same call, to make arguments from tensors again; it keeps no array alive."""
        structure = with_leaves(self._structure, [None] * len(self._leaves))
        return dataclasses.replace(self, tensors=(), _structure=structure)

    def is_batched(self, index: int) -> bool:
        """Whether a tensor has an entry for each sample."""
        tensor = self.tensors[index]
        return len(tensor.shape) > 0 and tensor.shape[0] == self.samples

    def chunks(self, size: int | None) -> Iterator[tuple[tuple[Any, ...], int]]:
        """The tensors in chunks of so many samples, the last one filled up with its last sample, each with its true number.

        Args:
            size: Samples a chunk; None for all at once.
        """
        if size is None or size == self.samples:
            yield self.tensors, self.samples
            return
        for start in range(0, self.samples, size):
            samples = [min(sample, self.samples - 1) for sample in range(start, start + size)]
            chunk = [
                self._kind.take(tensor, samples) if self.is_batched(index) else tensor
                for index, tensor in enumerate(self.tensors)
            ]
            yield tuple(chunk), min(size, self.samples - start)

    def _as_given(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._as_given(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(self._as_given, value))
        return self._kind.as_given(value)


class _Tensor:
    def __repr__(self) -> str:
        return "<tensor>"


_TENSOR = _Tensor()


def read_call(kind: Tensors, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
    """Turns the arguments that the user gave into tensors.

    Args:
        kind: The tensors of the framework.
        inputs: The positional arguments: arrays, tensors (ragged along one axis too), strings, and lists, tuples and dicts of
            them.
        call_kwargs: The keyword arguments. Arrays among them are fed too; other values are constants of the trace.

    Raises:
        ArgumentError: There are no inputs.
    """
    if not inputs and not call_kwargs:
        raise ArgumentError(
            "`inputs` must be what the model takes, with the samples along the first axis. Received: none."
        )
    structure = [
        [_arrays(kind, arg) for arg in inputs],
        {name: _arrays(kind, arg) for name, arg in call_kwargs.items()},
    ]
    flat = leaves_of(structure)
    is_array = [kind.is_tensor(leaf) or hasattr(leaf, "__array__") for leaf in flat]
    tensors = tuple(_to_tensor(kind, leaf) for leaf, array in zip(flat, is_array, strict=True) if array)
    leaves = tuple(_TENSOR if array else leaf for leaf, array in zip(flat, is_array, strict=True))
    samples = next((int(tensor.shape[0]) for tensor in tensors if len(tensor.shape)), 0)
    if samples == 0:
        raise ArgumentError(
            "`inputs` must hold at least one sample along the first axis. "
            f"Received: shapes {[tuple(tensor.shape) for tensor in tensors]}."
        )
    call = Call(tensors, kind, leaves, structure, (), samples)
    shapes = [(call.is_batched(index), *tensor.shape[1:]) for index, tensor in enumerate(tensors)]
    dtypes = [str(tensor.dtype) for tensor in tensors]
    signature = (repr(with_leaves(structure, leaves)), tuple(shapes), tuple(dtypes))
    return dataclasses.replace(call, signature=signature)


def _arrays(kind: Tensors, value: Any) -> Any:
    """The structure with lists of strings or numbers made arrays, and what holds several arrays taken apart."""
    if isinstance(value, Mapping):
        return {key: _arrays(kind, item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, str | bytes | int | float) for item in value):
        return np.asarray(value, dtype=object if isinstance(value[0], str | bytes) else None)
    if type(value) in (list, tuple):
        return type(value)(_arrays(kind, item) for item in value)
    return kind.as_arrays(value)


def _to_tensor(kind: Tensors, leaf: Any) -> Any:
    if kind.is_tensor(leaf):
        return leaf
    return kind.to_tensor(np.asarray(leaf))
