"""Counts by cell in a variable of a metric, and which of them are not 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.metrics.precision import float_type

MOST_LISTED = 1 << 20
"""Number of additions that are listed. After more of them, a search of all cells takes little next to the counting."""


class CellCounts:
    """A row of float64 counts in a variable of a metric.

    Args:
        add_variable: The method of the metric that creates a variable.
        size: Number of cells.
        listed: Whether to list the cells that are added to, so that reading and clearing a few of many cells needs no search
            of all. Has an effect only on TensorFlow without a distribution strategy.
    """

    def __init__(self, add_variable: Callable[..., Any], size: int, *, listed: bool) -> None:
        self.counts = add_variable((size,), initializer="zeros", dtype=float_type(), name="counts")
        self._list = self._additions = None
        if listed and _can_list():
            # The last entry takes the additions that come when the list is full.
            self._list = add_variable((MOST_LISTED + 1,), initializer="zeros", dtype="int64", name="touched")
            self._additions = add_variable((), initializer="zeros", dtype="int64", name="additions")

    def add(self, cells: Any, amounts: Any) -> None:
        """Adds amounts to cells, as `add_at` does."""
        add_at(self.counts, cells, amounts)
        if self._list is None or self._additions is None:
            return
        handle = handle_of(self._list)
        if handle is None:
            self._additions.assign(ops.full((), MOST_LISTED + 1, dtype="int64"))
            return
        import tensorflow as tf

        count = tf.size(cells, out_type=tf.int64)
        indices = tf.minimum(ops.convert_to_tensor(self._additions) + tf.range(count), MOST_LISTED)
        tf.raw_ops.ResourceScatterUpdate(resource=handle, indices=indices, updates=tf.cast(cells, tf.int64))
        self._additions.assign_add(count)

    def nonzero(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The cells that are not 0, in order, and their counts."""
        listed = self._listed()
        if listed is None:
            counts = ops.convert_to_numpy(self.counts)
            cells = np.flatnonzero(counts)
            return cells, np.array(counts[cells], np.float64)
        counts = self._at(listed)
        return listed[counts != 0], counts[counts != 0]

    def last(self) -> float:
        """The count of the last cell."""
        size = self.counts.shape[0]
        if handle_of(self.counts) is None:
            return float(ops.convert_to_numpy(self.counts)[-1])
        return float(self._at(np.array([size - 1]))[0])

    def all(self) -> npt.NDArray[np.float64]:
        """A copy of all counts."""
        return np.array(ops.convert_to_numpy(self.counts))

    def clear(self) -> None:
        """Sets all counts to 0."""
        listed = self._listed()
        if listed is None:
            self.counts.assign(ops.zeros(self.counts.shape, dtype=float_type()))
        else:
            import tensorflow as tf

            updates = tf.zeros(listed.shape, tf.float64)
            tf.raw_ops.ResourceScatterUpdate(resource=handle_of(self.counts), indices=listed, updates=updates)
        if self._additions is not None:
            self._additions.assign(ops.zeros((), dtype="int64"))

    def _listed(self) -> npt.NDArray[np.int64] | None:
        """The cells that were added to, each once and in order; None where they are not known."""
        if self._list is None or self._additions is None or not _can_list():
            return None
        if handle_of(self._list) is None or handle_of(self.counts) is None:
            return None
        import tensorflow as tf

        if tf.inside_function():
            return None
        additions = int(self._additions.numpy())
        if additions > MOST_LISTED:
            return None
        return np.unique(ops.convert_to_numpy(self._list)[:additions])

    def _at(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        import tensorflow as tf

        # Reads only these: reading the whole variable copies it.
        counts = tf.raw_ops.ResourceGather(resource=handle_of(self.counts), indices=cells, dtype=tf.float64)
        return np.array(counts.numpy())


def _can_list() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.distribute.has_strategy()


def add_at(variable: Any, cells: Any, amounts: Any) -> None:
    """`variable[cells] += amounts`, where a cell may occur several times.

    Args:
        variable: A Keras variable of one dimension.
        cells: int64 (n,), indices into it.
        amounts: (n,), of the variable's dtype; None for 1 each.
    """
    handle = handle_of(variable)
    if handle is None:
        amounts = ops.ones_like(cells, dtype=variable.dtype) if amounts is None else amounts
        variable.assign(variable + ops.segment_sum(amounts, cells, num_segments=variable.shape[0]))
        return
    import tensorflow as tf

    # Touches only the cells of the batch. Otherwise a million cells, for 1,000 classes, would be read and written.
    updates = tf.ones((), variable.dtype) if amounts is None else amounts
    tf.raw_ops.ResourceScatterAdd(resource=handle, indices=cells, updates=updates)


def handle_of(variable: Any) -> Any:
    """TensorFlow's handle of this replica's variable.

    None on other backends, and in stateless calls such as the one by which Keras builds a model under a strategy.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    try:
        return getattr(variable.value, "handle", None)
    except ValueError:
        return None
