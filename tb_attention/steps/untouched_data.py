"""Reading data in the middle of `fit` without changing what training reads or draws: orders, counters, random generators."""

from __future__ import annotations

import copy
import random
import sys
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from tb_attention.errors import AttentionWarning

# Shuffling operations with a generator that all iterators share: the operation without it, and the index of that input.
_SHUFFLES = {
    "ShuffleDatasetV3": ("ShuffleDataset", 4),
    "ShuffleAndRepeatDatasetV2": ("ShuffleAndRepeatDataset", 5),
}
# The tensors of a dataset are in memory twice while it is copied.
_MOST_BYTES = 500e6


def in_own_order(dataset: Any, name: str) -> Any:
    """A dataset with the same batches that shuffles with separate generators.

    A dataset that shuffles draws a new order from one generator at each iteration, so that reading the training data once
    would change their order in all epochs.

    Args:
        dataset: The dataset.
        name: Its argument, for the warning.

    Returns:
        `dataset` itself if it does not shuffle again. Also, with a warning, if it is made of more than 500 MB of tensors or
        TensorFlow cannot copy it.
    """
    steps = list(_steps(dataset))
    shuffles = [step for step in steps if "shuffle" in type(step).__name__.lower()]
    if all(getattr(step, "_reshuffle_each_iteration", None) is False for step in shuffles):
        return dataset
    held = sum(_bytes(tensor) for step in steps for tensor in getattr(step, "_tensors", ()))
    if held > _MOST_BYTES:
        _warn(name, f"it is made of {held / 1e6:.0f} MB of tensors, and at most {_MOST_BYTES / 1e6:.0f} MB are copied")
        return dataset
    try:
        return _copied(dataset)
    except Exception as error:
        # No public interface promises this. The original can be read too, except for the order.
        _warn(name, f"TensorFlow cannot copy it ({type(error).__name__})")
        return dataset


def _warn(name: str, reason: str) -> None:
    warnings.warn(
        f"`{name}` is a dataset that shuffles at every epoch, and {reason}: each reading draws an order, so that a training on "
        f"the same dataset gets later ones. Pass `{name}` before `shuffle`, or as a separate dataset.",
        AttentionWarning,
        stacklevel=3,
    )


def _steps(dataset: Any) -> Iterator[Any]:
    yield dataset
    inputs = getattr(dataset, "_inputs", None)
    for step in inputs() if callable(inputs) else ():
        yield from _steps(step)


def _bytes(tensor: Any) -> int:
    shape, dtype = getattr(tensor, "shape", None), getattr(tensor, "dtype", None)
    count = None if shape is None else shape.num_elements()
    return 0 if count is None else count * (getattr(dtype, "size", 1) or 1)


def _copied(dataset: Any) -> Any:
    import tensorflow as tf
    from tensorflow.core.framework import graph_pb2
    from tensorflow.python.data.ops import dataset_ops

    stored = tf.raw_ops.DatasetToGraphV2(input_dataset=dataset._variant_tensor, external_state_policy=1)
    graph = graph_pb2.GraphDef.FromString(stored.numpy())
    for node in graph.node:
        if node.op in _SHUFFLES:
            node.op, generator = _SHUFFLES[node.op]
            del node.input[generator]
    copied = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    return dataset_ops._VariantDataset(copied, dataset.element_spec)


def reader_of(source: Any) -> Any:
    """A shallow copy to read batches from by index, so that counters and shuffled orders of `source` do not change.

    Keras' iterators of folders shuffle at the first access, count, and seed NumPy with the count. Returns `source` itself if
    copies are not safe.
    """
    if hasattr(type(source), "__del__") or not hasattr(source, "__dict__"):
        return source
    try:
        reader = copy.copy(source)
        for name, value in list(vars(reader).items()):
            if isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
                vars(reader)[name] = copy.deepcopy(value)
    except Exception:
        # A class may define how it is copied.
        return source
    return reader


def torch_generators(loader: Any) -> tuple[Any, ...]:
    """The generators that a DataLoader draws its order from, without repetition."""
    owners = (loader, *(getattr(loader, name, None) for name in ("sampler", "batch_sampler")))
    found = [getattr(owner, "generator", None) for owner in owners]
    return tuple({id(each): each for each in found if hasattr(each, "get_state")}.values())


class OwnRandomState:
    """A context in which the global generators of Python, NumPy and PyTorch have a separate state.

    The state begins as theirs at the first `with`, and continues at the next one. After each `with` the generators have their
    former state, so that training draws the same numbers as without the callback.

    Args:
        generators: PyTorch generators that are treated likewise, such as that of a `DataLoader`.
    """

    def __init__(self, generators: tuple[Any, ...] = ()) -> None:
        self._generators = generators
        self._ours: tuple[Any, ...] | None = None
        self._theirs: tuple[Any, ...] = ()

    def __enter__(self) -> None:
        self._theirs = self._states()
        if self._ours is not None:
            self._put(self._ours)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours = self._states()
        self._put(self._theirs)

    def _states(self) -> tuple[Any, ...]:
        # A program that has not imported PyTorch draws nothing from it.
        torch = sys.modules.get("torch")
        drawn = None if torch is None else torch.get_rng_state()
        numpy = np.random.get_state()  # noqa: NPY002
        return random.getstate(), numpy, drawn, [each.get_state() for each in self._generators]

    def _put(self, states: tuple[Any, ...]) -> None:
        python, numpy, drawn, own = states
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None and drawn is not None:
            torch.set_rng_state(drawn)
        for generator, state in zip(self._generators, own, strict=True):
            generator.set_state(state)
