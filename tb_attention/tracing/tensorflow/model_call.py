"""The arguments of a call of a model, as tensors with a signature that traces are cached by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras.src import tree

from tb_attention.errors import ArgumentError


@dataclass(frozen=True)
class Call:
    """The arguments of a call of a model, its arrays taken out as tensors.

    Attributes:
        tensors: The arrays, in the order in which they were given, which is that of a sample's inputs.
        signature: What makes two calls run the same trace; hashable. Says shapes without the number of samples.
        samples: How many samples there are: the length of the first array. Arrays of another length are the same for all samples.
    """

    tensors: tuple[Any, ...]
    _leaves: tuple[Any, ...]
    _structure: Any
    signature: tuple[Any, ...]
    samples: int
    _order: tuple[int, ...] = ()

    def arguments(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The positional and the keyword arguments, with other tensors instead of the arrays."""
        order = iter(self._order)
        leaves = [tensors[next(order)] if leaf is _TENSOR else leaf for leaf in self._leaves]
        args, kwargs = tree.pack_sequence_as(self._structure, leaves)
        return tuple(_ragged_again(arg) for arg in args), {name: _ragged_again(arg) for name, arg in kwargs.items()}

    def without_arrays(self) -> Call:
        """The same call, to make arguments from tensors again; it keeps no array alive."""
        structure = tree.map_structure(lambda _: None, self._structure)
        return dataclasses.replace(self, tensors=(), _structure=structure)

    def is_batched(self, index: int) -> bool:
        """Whether a tensor has an entry for each sample."""
        tensor = self.tensors[index]
        return bool(tensor.shape.rank) and tensor.shape[0] == self.samples

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
                tf.gather(tensor, samples, axis=0) if self.is_batched(index) else tensor
                for index, tensor in enumerate(self.tensors)
            ]
            yield tuple(chunk), min(size, self.samples - start)


class _Ragged(NamedTuple):
    """A ragged tensor, padded, so that it has an entry for each sample like all others."""

    padded: Any
    lengths: Any


class _Tensor:
    def __repr__(self) -> str:
        return "<tensor>"


_TENSOR = _Tensor()


def read_call(model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
    """Turns the arguments that the user gave into tensors.

    Args:
        model: The model to be called.
        inputs: Its positional arguments: arrays, tensors (ragged along one axis too), strings, and lists, tuples and dicts of
            them. A model made with the functional API takes several as a list.
        call_kwargs: Its keyword arguments. Arrays among them are fed too; other values are constants of the trace.

    Raises:
        ArgumentError: There are no inputs.
    """
    if not inputs:
        raise ArgumentError(
            "`inputs` must be what the model takes, with the samples along the first axis. Received: none."
        )
    args: list[Any] = list(inputs)
    if len(args) > 1 and isinstance(model, keras.src.models.functional.Functional) and len(model.inputs) == len(args):
        args = [args]
    structure = [[_arrays(arg) for arg in args], {name: _arrays(value) for name, value in call_kwargs.items()}]
    # Keras sorts the keys of dicts.
    flat = tree.flatten(structure)
    given = [index for index in _given_order(structure, len(flat)) if _is_array(flat[index])]
    tensors = tuple(_to_tensor(flat[index]) for index in given)
    order = tuple(given.index(index) for index, leaf in enumerate(flat) if _is_array(leaf))
    leaves = tuple(_TENSOR if _is_array(leaf) else leaf for leaf in flat)
    samples = next((int(tensor.shape[0]) for tensor in tensors if tensor.shape.rank), 0)
    if samples == 0:
        raise ArgumentError(
            "`inputs` must hold at least one sample along the first axis. "
            f"Received: shapes {[tuple(tensor.shape) for tensor in tensors]}."
        )
    call = Call(tensors, leaves, structure, (), samples, order)
    shapes = [(call.is_batched(index), *tensor.shape[1:]) for index, tensor in enumerate(tensors)]
    dtypes = [tensor.dtype.name for tensor in tensors]
    signature = (repr(tree.pack_sequence_as(structure, list(leaves))), order, tuple(shapes), tuple(dtypes))
    return dataclasses.replace(call, signature=signature)


def _given_order(structure: Any, count: int) -> list[int]:
    """The indices of the flat leaves in the order in which they were given."""

    def walk(given: Any, numbered: Any) -> Iterator[int]:
        if isinstance(given, dict):
            for key in given:
                yield from walk(given[key], numbered[key])
        elif type(given) in (list, tuple):
            for one, number in zip(given, numbered, strict=True):
                yield from walk(one, number)
        else:
            yield from tree.flatten(numbered)

    return list(walk(structure, tree.pack_sequence_as(structure, list(range(count)))))


def _arrays(value: Any) -> Any:
    """The structure with lists of strings or numbers made arrays, and ragged tensors padded."""
    if isinstance(value, tf.RaggedTensor):
        if value.ragged_rank > 1:
            raise ArgumentError(
                f"A ragged input must be ragged along one axis. Received: a tensor with {value.ragged_rank} ragged axes."
            )
        return _Ragged(value.to_tensor(), value.row_lengths())
    if isinstance(value, Mapping):
        return {key: _arrays(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, str | bytes | int | float) for item in value):
        return np.asarray(value, dtype=object if isinstance(value[0], str | bytes) else None)
    if isinstance(value, list | tuple):
        return type(value)(_arrays(item) for item in value) if type(value) in (list, tuple) else value
    return value


def _ragged_again(value: Any) -> Any:
    if isinstance(value, _Ragged):
        return tf.RaggedTensor.from_tensor(value.padded, value.lengths)
    if isinstance(value, dict):
        return {key: _ragged_again(item) for key, item in value.items()}
    return type(value)(map(_ragged_again, value)) if type(value) in (list, tuple) else value


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | np.generic) or tf.is_tensor(leaf) or hasattr(leaf, "__array__")


def _to_tensor(leaf: Any) -> Any:
    if tf.is_tensor(leaf):
        return leaf
    array = np.asarray(leaf)
    if array.dtype.kind in "OUS":
        return tf.constant(array.astype(object), dtype=tf.string) if array.dtype.kind != "S" else tf.constant(array)
    if array.dtype == np.float64:
        # As `fit` and `predict` feed it.
        array = array.astype(keras.backend.floatx())
    return tf.convert_to_tensor(array)
