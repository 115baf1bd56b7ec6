"""Small pictures of large maps."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

MOST = 32
"""Cells along each side of an overview, at most."""


def pool_maximum(maps: npt.NDArray[np.floating[Any]], dimensions: int = 2, most: int = MOST) -> npt.NDArray[np.float32]:
    """Pools the last dimensions of an array by maximum, so that a single strong weight is still seen.

    Args:
        maps: Floats, such as `(heads, queries, keys)`. NaN in a cell makes the pooled cell NaN.
        dimensions: How many of the last dimensions to pool.
        most: Size of each of them afterwards, at most.

    Returns:
        float32. Where weights are negative, the one of largest magnitude stands for its cells, with its sign.
    """
    pooled = np.asarray(maps, dtype=np.float32)
    for axis in range(pooled.ndim - dimensions, pooled.ndim):
        pooled = _pool_axis(pooled, axis, most)
    return pooled


def pool_mean(maps: npt.NDArray[np.floating[Any]], dimensions: int = 2, most: int = MOST) -> npt.NDArray[np.float32]:
    """Pools the last dimensions of an array by their mean.

    Args:
        maps: Floats, such as `(channels, rows, columns)`. NaN in a cell makes the pooled cell NaN.
        dimensions: How many of the last dimensions to pool.
        most: Size of each of them afterwards, at most.

    Returns:
        float32. The cells that are pooled together are the same as in `pool_maximum`.
    """
    pooled = np.asarray(maps, dtype=np.float32)
    for axis in range(pooled.ndim - dimensions, pooled.ndim):
        size = pooled.shape[axis]
        if size > most:
            starts = _starts(size, most)
            counts = np.diff(starts, append=size).reshape(-1, *[1] * (pooled.ndim - 1 - axis))
            pooled = np.divide(np.add.reduceat(pooled, starts, axis=axis), counts, dtype=np.float32)
    return pooled


def _starts(size: int, most: int) -> npt.NDArray[np.intp]:
    """Cell c holds the positions from floor(c * size / most): sizes differ by one at most, none is left out."""
    return np.arange(most) * size // most


def _pool_axis(array: npt.NDArray[np.float32], axis: int, most: int) -> npt.NDArray[np.float32]:
    size = array.shape[axis]
    if size <= most:
        return array
    largest = _reduce(np.maximum, array, axis, most)
    if array.size == 0 or np.fmin.reduce(array, axis=None) >= 0:
        return largest
    least = _reduce(np.minimum, array, axis, most)
    return np.where(-least > largest, least, largest)


def _reduce(by: np.ufunc, array: npt.NDArray[np.float32], axis: int, most: int) -> npt.NDArray[np.float32]:
    size = array.shape[axis]
    if size % most:
        reduced = by.reduceat(array, _starts(size, most), axis=axis)
    else:
        # Cells of one size, as nearly always: a third of the time.
        cells = array.reshape(*array.shape[:axis], most, size // most, *array.shape[axis + 1 :])
        reduced = by.reduce(cells, axis=axis + 1)
    return cast("npt.NDArray[np.float32]", reduced)
