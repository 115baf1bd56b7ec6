"""Counts by cell in a variable of a metric, and which of them are not 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.metrics.counter import add_at, handle_of

MOST_LISTED = 1 << 20
"""So many additions are listed. After more of them a search of all cells takes little beside what was counted."""


class Cells:
    """A row of counts, float64.

    Args:
        add_variable: That of the metric.
        size: Number of cells.
        listed: Whether to list the cells that are added to, so that few of many are read and cleared without a search of
            all. Only TensorFlow without a strategy does.
    """

    def __init__(self, add_variable: Callable[..., Any], size: int, *, listed: bool) -> None:
        self.counts = add_variable((size,), initializer="zeros", dtype="float64", name="counts")
        self._list = self._additions = None
        if listed and _can_list():
            # The last of the list takes what comes when it is full.
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
        places = tf.minimum(ops.convert_to_tensor(self._additions) + tf.range(count), MOST_LISTED)
        tf.raw_ops.ResourceScatterUpdate(resource=handle, indices=places, updates=tf.cast(cells, tf.int64))
        self._additions.assign_add(count)

    def found(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
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
            self.counts.assign(ops.zeros(self.counts.shape, dtype="float64"))
        else:
            import tensorflow as tf

            updates = tf.zeros(listed.shape, tf.float64)
            tf.raw_ops.ResourceScatterUpdate(resource=handle_of(self.counts), indices=listed, updates=updates)
        if self._additions is not None:
            self._additions.assign(ops.zeros((), dtype="int64"))

    def _listed(self) -> npt.NDArray[np.int64] | None:
        """The cells that were added to, each once and in order; None where that is not known."""
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

        # Reads these alone: a read of the whole variable is a copy of it.
        got = tf.raw_ops.ResourceGather(resource=handle_of(self.counts), indices=cells, dtype=tf.float64)
        return np.array(got.numpy())


def _can_list() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.distribute.has_strategy()
