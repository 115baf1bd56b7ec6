"""Six numbers a head, by which heads are compared and followed through training."""

from __future__ import annotations

import functools
import math
from typing import Any, cast

import numpy as np
import numpy.typing as npt

MEASURES = ("entropy", "largest", "distance", "first", "self", "previous")
"""In this order, in bits, weights, positions and three shares of a row's sum; see docs/format.md."""

_TINY = np.float32(1e-30)
_BLOCK = 1 << 20


def head_measures(
    weights: npt.NDArray[np.floating[Any]],
    *,
    grid: tuple[int, ...] | None = None,
    extra: int = 0,
    alike: bool = True,
    query_mask: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.float32]:
    """The measures of the heads of one site for one sample.

    Args:
        weights: `(heads, repeats, queries, keys)`; repeats are iterations or windows.
        grid: Cells along each dimension where positions are those of a grid; a line by default.
        extra: Positions before the cells of the grid, such as CLS; they have no distance.
        alike: Whether queries and keys are the same positions. If not, `distance`, `self` and `previous` are NaN.
        query_mask: `(queries,)`, False for padding; all count by default. Rows that are 0 throughout (wholly masked) never count.

    Returns:
        float32 `(heads, 6)`, averaged over the rows that count. A NaN in a row that counts makes NaN; so does no row at all.
    """
    heads, repeats, queries, keys = weights.shape
    counted = np.ones(queries, bool) if query_mask is None else np.asarray(query_mask, bool)
    grid = (grid or (queries - extra,)) if alike and queries == keys else None
    measures = np.full((heads, len(MEASURES)), np.nan, np.float32)
    if not counted.any() or 0 in weights.shape:
        return measures
    # Blocks of rows, so that the work on a map of 16,384 positions takes no more memory than that on a small one.
    rows = max(1, min(queries, _BLOCK // keys))
    together = max(1, _BLOCK // (rows * keys))
    for head in range(heads):
        totals = np.zeros((len(MEASURES), 2))
        for repeat in range(0, repeats, together):
            for start in range(0, queries, rows):
                block = weights[head, repeat : repeat + together, start : start + rows]
                mask = counted[start : start + rows]
                totals += _totals(np.asarray(block, np.float32), mask, start, grid, extra)
        with np.errstate(invalid="ignore", divide="ignore"):
            measures[head] = totals[:, 0] / totals[:, 1]
    return measures


def gate_measures(weights: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """The measures of a gate, which has no rows: its largest weight, and NaN for the others.

    Args:
        weights: `(heads, keys...)`.
    """
    measures = np.full((len(weights), len(MEASURES)), np.nan, np.float32)
    if weights.size:
        measures[:, 1] = weights.reshape(len(weights), -1).max(axis=1)
    return measures


def _totals(
    rows: npt.NDArray[np.float32],
    counted: npt.NDArray[np.bool_],
    start: int,
    grid: tuple[int, ...] | None,
    extra: int,
) -> npt.NDArray[np.float64]:
    """Sum and count of each measure over the rows `(repeats, queries, keys)` that count; the first query is `start`."""
    shares = np.abs(rows)
    sums = shares.sum(axis=-1)
    # NaN sums stay: a row of NaN is not one that is masked, and has to be seen.
    valid = counted & (sums != 0)
    nothing = (math.nan, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log2(np.maximum(shares, _TINY))
        entropy = np.log2(sums) - np.einsum("rqk,rqk->rq", shares, logs) / sums
        totals = [_total(np.maximum(entropy, 0), valid), _total(rows.max(axis=-1), valid), nothing]
        totals.append(_total(shares[..., 0] / sums, valid))
        if grid is None:
            return np.array([*totals, nothing, nothing])
        totals[2] = _distance(shares, valid, start, grid, extra)
        place = np.arange(rows.shape[1])
        itself = shares[:, place, place + start] / sums
        # The first position of all has none before it.
        later = place[place + start > 0]
        before = shares[:, later, later + start - 1] / sums[:, later]
    return np.array([*totals, _total(itself, valid), _total(before, valid[:, later])])


def _total(values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> tuple[float, float]:
    return float(values[valid].sum(dtype=np.float64)), float(valid.sum())


def _distance(
    shares: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], start: int, grid: tuple[int, ...], extra: int
) -> tuple[float, float]:
    skipped = max(0, extra - start)
    cells = shares[:, skipped:, extra:]
    if cells.shape[1] == 0:
        return 0.0, 0.0
    sums = cells.sum(axis=-1)
    first = start + skipped - extra
    distances = _distances(grid, first, first + cells.shape[1])
    return _total(np.einsum("rqk,qk->rq", cells, distances) / sums, valid[:, skipped:] & (sums != 0))


@functools.lru_cache(maxsize=16)
def _distances(grid: tuple[int, ...], start: int, stop: int) -> npt.NDArray[np.float32]:
    """`(stop - start, cells)`: Euclidean distances of some cells of a grid to all of them."""
    places = np.indices(grid).reshape(len(grid), -1).astype(np.float32)
    squares = np.zeros((stop - start, places.shape[1]), np.float32)
    for along in places:
        squares += (along[start:stop, None] - along[None, :]) ** 2
    return cast("npt.NDArray[np.float32]", np.sqrt(squares))
