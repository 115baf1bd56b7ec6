"""Overviews: large maps pooled to at most 32 x 32 cells."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

MOST = 32
"""The largest number of cells along each side of an overview."""


def pool_maximum(maps: npt.NDArray[np.floating[Any]], dimensions: int = 2, most: int = MOST) -> npt.NDArray[np.float32]:
    """Pools the last dimensions of an array by maximum, so that a single strong weight still shows.

    Args:
        maps: Floats, such as `(heads, queries, keys)`. A NaN makes its pooled cell NaN.
        dimensions: Number of last dimensions to pool.
        most: The largest size of each of them afterwards.

    Returns:
        float32. Where weights are negative, the one of largest magnitude represents its cell, with its sign.
    """
    pooled = np.asarray(maps, dtype=np.float32)
    for axis in range(pooled.ndim - dimensions, pooled.ndim):
        pooled = _pool_axis(pooled, axis, most)
    return pooled


def pool_mean(maps: npt.NDArray[np.floating[Any]], dimensions: int = 2, most: int = MOST) -> npt.NDArray[np.float32]:
    """Pools the last dimensions of an array by their mean.

    Args:
        maps: Floats, such as `(channels, rows, columns)`. A NaN makes its pooled cell NaN.
        dimensions: Number of last dimensions to pool.
        most: The largest size of each of them afterwards.

    Returns:
        float32. `pool_maximum` pools the same cells together.
    """
    pooled = np.asarray(maps, dtype=np.float32)
    for axis in range(pooled.ndim - dimensions, pooled.ndim):
        size = pooled.shape[axis]
        if size > most:
            starts = _starts(size, most)
            counts = np.diff(starts, append=size).reshape(-1, *[1] * (pooled.ndim - 1 - axis))
            pooled = np.divide(np.add.reduceat(pooled, starts, axis=axis), counts, dtype=np.float32)
    return pooled


def falling_values(values: npt.NDArray[np.floating[Any]], count: int) -> npt.NDArray[np.float32]:
    """The values along the last dimension by falling size, NaN last: how they are distributed.

    Args:
        values: Floats, such as `(heads, channels)`.
        count: The number of values afterwards: those at evenly spaced ranks, with the largest and the least.

    Returns:
        float32 `(..., count)`; 0 where there are no values.
    """
    array = np.asarray(values, dtype=np.float32)
    if array.shape[-1] == 0:
        return np.zeros((*array.shape[:-1], count), np.float32)
    ranks = np.linspace(0, array.shape[-1] - 1, count).round().astype(int)
    return -np.sort(-array, axis=-1)[..., ranks]


def _starts(size: int, most: int) -> npt.NDArray[np.intp]:
    """Cell c begins at floor(c * size / most): sizes differ by at most one, and no position is left out."""
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
        # Cells of equal size, the usual case, take a third of the time.
        cells = array.reshape(*array.shape[:axis], most, size // most, *array.shape[axis + 1 :])
        reduced = by.reduce(cells, axis=axis + 1)
    return cast("npt.NDArray[np.float32]", reduced)
