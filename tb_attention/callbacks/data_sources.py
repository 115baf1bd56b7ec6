"""Reads batches `(x, y, sample_weight)` from any data that `fit` takes, without side effects on training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from tb_attention.callbacks.model_inputs import check_inputs, declared_inputs, taken_by
from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import map_leaves, named_leaves, to_numpy
from tb_attention.records.samples.ragged import Rows, to_rows
from tb_attention.steps.untouched_data import OwnRandomState, in_own_order, reader_of, torch_generators

Kind = Literal["arrays", "dataset", "indexed", "loader", "generator", "function"]
"""Kinds of sources: arrays as `fit` takes them; a `tf.data.Dataset`; batches by index (`PyDataset`, `Sequence`, Keras' iterators
of folders and arrays); something to iterate over again and again (a `DataLoader`); a generator, which can be read once; or a
function that returns any of these."""

FORM = "`(x, y)` or `(x, y, sample_weight)`"


class Batch(NamedTuple):
    """A batch: inputs, labels and weights, nested numpy arrays; labels and weights may be None."""

    x: Any
    y: Any
    weight: Any


class Source:
    """Data of any kind.

    Args:
        given: What the user passes.
        name: The argument, for messages.
        batch_size: For arrays.

    Raises:
        ArgumentError: It is none of these.
    """

    def __init__(self, given: Any, name: str, *, batch_size: int = 32) -> None:
        self._given = given
        self._name = name
        self._batch_size = batch_size
        self.kind: Kind = self._kind()
        """What it is."""
        self._own_order: Any = None
        self._random = OwnRandomState(torch_generators(given) if self.kind == "loader" else ())

    def _kind(self) -> Kind:
        given = self._given
        if isinstance(given, str | bytes | Mapping | list | tuple) or hasattr(given, "shape"):
            return "arrays"
        if hasattr(given, "element_spec"):
            return "dataset"
        if any(kind.__module__.startswith("torch.utils.data.dataset") for kind in type(given).__mro__):
            raise ArgumentError(
                f"`{self._name}` must give batches. Received: a dataset of PyTorch, which gives single examples; put it into a "
                "`torch.utils.data.DataLoader`."
            )
        # Keras' iterators of folders are both indexed and generators. Reading by index does not advance them.
        if isinstance(given, keras.utils.PyDataset) or (hasattr(given, "__getitem__") and hasattr(given, "__len__")):
            return "indexed"
        if isinstance(given, Iterator):
            return "generator"
        if isinstance(given, Iterable):
            return "loader"
        if callable(given):
            return "function"
        raise ArgumentError(
            f"`{self._name}` must be {FORM}, a tf.data.Dataset, a keras.utils.PyDataset, a DataLoader or a function that returns "
            f"a generator. Received: {given!r} of {type(given)}."
        )

    @property
    def type_name(self) -> str:
        """The type of what was given, for messages."""
        return type(self._given).__name__

    @property
    def length(self) -> float | None:
        """The number of batches: infinite for data that never end, None if it is not known."""
        if self.kind == "dataset":
            cardinality = getattr(self._given, "cardinality", None)
            count = int(cardinality() if callable(cardinality) else -2 if cardinality is None else cardinality)
            return math.inf if count == -1 else None if count < 0 else count
        if self.kind == "indexed":
            batches = len(self._given) if hasattr(self._given, "__len__") else self._given.num_batches
            return math.inf if batches is None else int(batches)
        if self.kind == "arrays":
            return math.ceil(len(leaves(self._arrays().x)[0]) / self._batch_size)
        return len(self._given) if self.kind == "loader" and hasattr(self._given, "__len__") else None

    def batches(self) -> Iterator[Batch]:
        """The batches. Reading them changes no global random generator and no counter of the source, and calls none of its hooks.

        Raises:
            ArgumentError: A batch is not what `fit` takes.
        """
        if self.kind == "arrays":
            yield from self._slices()
            return
        with self._random:
            batches = self._iterator()
        while True:
            with self._random:
                try:
                    batch = self._unpacked(next(batches))
                except StopIteration:
                    return
            yield batch

    def first_labelled(self, model: Any) -> Batch:
        """What is known of labelled data before a pass: whole arrays, the specification of a dataset, or the first batch.

        Args:
            model: The model that takes them.

        Raises:
            ArgumentError: There are no labels, inputs do not fit the model, lengths differ, or examples are not batched.
        """
        self.check_batched(model)
        if self.kind == "dataset":
            given = self._given.element_spec
            batch = Batch(*(*given, None, None)[:3]) if isinstance(given, tuple) else Batch(given, None, None)
        elif self.kind == "arrays":
            batch = self._arrays()
        else:
            batch = next(self.batches(), Batch(None, None, None))
            if batch.x is None:
                raise ArgumentError(f"`{self._name}` must give at least one batch. Received: none.")
        labelled(batch, self._name)
        x = taken_by(model, batch.x)
        check_inputs(x, model, f"inputs of `{self._name}`")
        if self.kind == "arrays":
            lengths = {len(array) for part in batch if part is not None for array in leaves(part) if np.ndim(array)}
            if len(lengths) != 1:
                raise ArgumentError(
                    f"The arrays of `{self._name}` must have one length. Received: lengths {sorted(lengths)}."
                )
        return batch._replace(x=x)

    def check_batched(self, model: Any) -> None:
        """Refuses a dataset of single examples, as far as its `element_spec` shows it.

        Raises:
            ArgumentError: It gives single examples.
        """
        specification = getattr(self._given, "element_spec", None)
        if specification is None:
            return
        x, y, _ = (*specification, None, None)[:3] if isinstance(specification, tuple) else (specification, None, None)
        inputs = declared_inputs(model)
        taken = leaves(taken_by(model, x))
        # Labels of a batch have at least one dimension. Inputs of one example have the shape that the model takes.
        single = all(_is_scalar(spec) for spec in (taken if y is None else leaves(y)))
        if not single and inputs is not None and len(inputs) == len(taken):
            single = all(
                spec.shape.rank is not None
                and spec.shape.rank == len(tensor.shape) - 1
                and None not in (*spec.shape, *tensor.shape[1:])
                and tuple(spec.shape) == tuple(tensor.shape)[1:]
                for spec, tensor in zip(taken, inputs, strict=True)
            )
        if single:
            raise ArgumentError(
                f"`{self._name}` must give batches, as `fit` takes them. Received: a dataset of single examples, "
                f"{specification!r}; call `.batch(...)` on it."
            )

    def _iterator(self) -> Iterator[Any]:
        if self.kind == "indexed":
            return self._indexed()
        if self.kind == "function":
            made = self._given()
            inner = Source(made, self._name, batch_size=self._batch_size)
            return iter(made) if inner.kind == "generator" else inner.batches()
        if self.kind == "dataset" and self._own_order is None:
            self._own_order = in_own_order(self._given, self._name)
        return iter(self._given if self._own_order is None else self._own_order)

    def _indexed(self) -> Iterator[Any]:
        reader = reader_of(self._given)
        count, index = self.length, 0
        while count is None or index < count:
            yield reader[index]
            index += 1

    def _arrays(self) -> Batch:
        return self._unpacked(self._given)

    def _slices(self) -> Iterator[Batch]:
        arrays = self._arrays()
        for start in range(0, len(leaves(arrays.x)[0]), self._batch_size):
            part = slice(start, start + self._batch_size)
            yield Batch(*(None if each is None else _sliced(each, part) for each in arrays))

    def _unpacked(self, batch: Any) -> Batch:
        """A batch as `keras.utils.unpack_x_y_sample_weight` unpacks it, with numpy arrays."""
        if isinstance(batch, Batch):
            return batch
        if isinstance(batch, list):
            if self.kind in ("generator", "function"):
                raise ArgumentError(
                    f"A generator must give tuples, {FORM}, or `(x,)` for inputs alone. Received: a list of {len(batch)}."
                )
            batch = tuple(batch)
        if not isinstance(batch, tuple):
            batch = (batch,)
        if not 1 <= len(batch) <= 3:
            raise ArgumentError(
                f"`{self._name}` must be {FORM}, or give such batches. Received: a tuple of {len(batch)}."
            )
        x, y, weight = (*batch, None, None)[:3]
        return Batch(_arrays_of(x, to_rows), _arrays_of(y, to_rows), _arrays_of(weight))


def labelled(batch: Batch, name: str) -> Batch:
    """The batch; raises ArgumentError if it has no labels, or ragged ones."""
    if batch.y is None:
        came = f"a dict with {sorted(map(str, batch.x))}" if isinstance(batch.x, Mapping) else "inputs alone"
        raise ArgumentError(
            f"`{name}` must be {FORM}, or give such batches: without labels nothing can be counted. Received: {came}."
        )
    if any(isinstance(label, Rows) or hasattr(label, "ragged_rank") for label in leaves(batch.y)):
        raise ArgumentError(
            f"Labels of `{name}` must not be ragged: pad them in a map, as with `y.to_tensor(-1)`, and leave out the padding "
            "with `ignore_class=-1`. Received: a ragged tensor."
        )
    return batch


def leaves(nested: Any) -> list[Any]:
    """The arrays of a nested structure, in order."""
    return [leaf for _, leaf in named_leaves(nested)]


def _is_scalar(specification: Any) -> bool:
    return getattr(getattr(specification, "shape", None), "rank", None) == 0


def _arrays_of(nested: Any, convert: Callable[[Any], Any] = to_numpy) -> Any:
    return None if nested is None else map_leaves(lambda leaf: None if leaf is None else convert(leaf), nested)


def _sliced(nested: Any, part: slice) -> Any:
    return map_leaves(lambda array: array[part] if np.ndim(array) else array, nested)


def bounded(batches: Iterator[Batch], most: int, stop: Callable[[], None]) -> Iterator[Batch]:
    """At most `most` batches; calls `stop` instead of giving another one."""
    for count, batch in enumerate(batches):
        if count == most:
            stop()
            return
        yield batch
