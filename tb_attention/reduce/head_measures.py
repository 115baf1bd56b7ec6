"""Six measures per head, to compare heads and follow them through training."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

MEASURES = ("entropy", "largest", "distance", "first", "self", "previous")
"""In bits, weights, positions, and three shares of a row's sum; see docs/format.md."""

_OF_ORDER = ("distance", "first", "previous")
_TINY = np.float32(1e-30)
_BLOCK = 1 << 18


def head_measures(
    weights: npt.NDArray[np.floating[Any]],
    *,
    grid: tuple[int, ...] | None = None,
    extra: int = 0,
    cells: Sequence[int] | None = None,
    alike: bool = True,
    ordered: bool = True,
    query_mask: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.float32]:
    """The measures of the heads of one site for one sample.

    Args:
        weights: `(heads, repeats, queries, keys)`; repeats are iterations or windows.
        grid: Number of cells along each dimension, where positions are cells of a grid. Defaults to a line.
        extra: Number of positions before the cells of the grid, such as CLS; they have no distance.
        cells: The cell of each position, counted row by row, -1 for extra positions; `extra` is then not read. By default the
            cells come row by row after the extra positions.
        alike: Whether queries and keys are the same positions. If not, `distance`, `self` and `previous` are NaN.
        ordered: Whether the positions have an order. If not, such as nodes, `distance`, `first` and `previous` are NaN.
        query_mask: `(queries,)`, False for padding. By default all rows count, except fully masked ones (all 0).

    Returns:
        float32 `(heads, 6)`, averaged over the rows that count. NaN where a row that counts holds NaN, or where no row counts.
    """
    heads, repeats, queries, keys = weights.shape
    counted = np.ones(queries, bool) if query_mask is None else np.asarray(query_mask, bool)
    grid = (grid or (queries - extra,)) if alike and queries == keys else None
    of = np.arange(-extra, keys - extra).clip(min=-1) if cells is None else np.asarray(cells)
    measures = np.full((heads, len(MEASURES)), np.nan, np.float32)
    if not counted.any() or 0 in weights.shape:
        return measures
    # In blocks: a map of 16,384 positions takes no more memory than a small one, and many small maps take no more calls.
    rows = max(1, min(queries, _BLOCK // keys))
    together = max(1, _BLOCK // (rows * keys))
    at_once = max(1, together // repeats) if rows == queries else 1
    for head in range(0, heads, at_once):
        totals = np.zeros((min(at_once, heads - head), len(MEASURES), 2))
        for repeat in range(0, repeats, together):
            for start in range(0, queries, rows):
                block = weights[head : head + at_once, repeat : repeat + together, start : start + rows]
                mask = counted[start : start + rows]
                totals += _totals(np.asarray(block, np.float32), mask, start, grid, of)
        with np.errstate(invalid="ignore", divide="ignore"):
            measures[head : head + at_once] = totals[..., 0] / totals[..., 1]
    if not ordered:
        measures[:, [MEASURES.index(name) for name in _OF_ORDER]] = np.nan
    return measures


def gate_measures(weights: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """The measures of a gate, which has no rows: its largest weight, and NaN for the other measures.

    Args:
        weights: `(heads, keys...)`.
    """
    measures = np.full((len(weights), len(MEASURES)), np.nan, np.float32)
    if weights.size:
        measures[:, 1] = weights.reshape(len(weights), -1).max(axis=1)
    return measures


def uncomputed_rows(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows no pass computed, such as the last row of a generated sequence: those that are NaN in every head.

    Where all rows are NaN the model has diverged; then none counts as uncomputed.

    Args:
        maps: `(heads, repeats, queries, keys)`; repeats are iterations or windows.

    Returns:
        `(repeats, queries)`.
    """
    # In nearly all maps the first key of the first head shows already that there is none.
    found = np.isnan(maps[0, :, :, 0]) if 0 not in maps.shape else np.zeros(maps.shape[1:3], bool)
    if found.any():
        found[found] = np.isnan(maps[:, found]).all(axis=(0, 2))
    return found & ~found.all()


def _totals(
    rows: npt.NDArray[np.float32],
    counted: npt.NDArray[np.bool_],
    start: int,
    grid: tuple[int, ...] | None,
    of: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """`(heads, measures, 2)`: sum and count of each measure over the rows that count.

    Args:
        rows: `(heads, repeats, queries, keys)`; `start` is the index of the first query.
        counted: `(queries,)`.
        grid: As for `head_measures`; None where there are no distances.
        of: `(positions,)`, the cell of each position, -1 for extra positions.
    """
    shares = np.abs(rows)
    sums = shares.sum(axis=-1)
    # NaN sums stay: a row of NaN is not a masked row, and must show.
    valid = counted & (sums != 0)
    nothing = np.broadcast_to(np.array([math.nan, 0.0]), (len(rows), 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log2(np.maximum(shares, _TINY))
        # As a product of matrices; `einsum` takes twice as long.
        entropy = np.log2(sums) - (shares[..., None, :] @ logs[..., None])[..., 0, 0] / sums
        totals = [_total(np.maximum(entropy, 0), valid), _total(rows.max(axis=-1), valid), nothing]
        totals.append(_total(shares[..., 0] / sums, valid))
        if grid is None:
            return np.stack([*totals, nothing, nothing], axis=1)
        totals[2] = _distance(shares, valid, start, grid, of)
        queries = np.arange(rows.shape[2])
        itself = shares[..., queries, queries + start] / sums
        # The very first position has no previous one.
        later = queries[queries + start > 0]
        before = shares[..., later, later + start - 1] / sums[..., later]
    return np.stack([*totals, _total(itself, valid), _total(before, valid[..., later])], axis=1)


def _total(values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """`(heads, 2)`: sum and number of the valid values `(heads, repeats, queries)`."""
    sums = np.where(valid, values, np.float32(0)).sum(axis=(1, 2), dtype=np.float64)
    return np.stack([sums, valid.sum(axis=(1, 2), dtype=np.float64)], axis=1)


def _distance(
    shares: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    start: int,
    grid: tuple[int, ...],
    of: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    queries = of[start : start + shares.shape[2]]
    asking = _slice_of(np.flatnonzero(queries >= 0))
    cells = shares[:, :, asking][..., _slice_of(np.argsort(of, kind="stable")[np.count_nonzero(of < 0) :])]
    if cells.shape[2] == 0:
        return np.zeros((len(shares), 2))
    sums = cells.sum(axis=-1)
    distances = _distances(grid, tuple(queries[asking].tolist()))
    return _total(np.einsum("hrqk,qk->hrq", cells, distances) / sums, valid[..., asking] & (sums != 0))


def _slice_of(indices: npt.NDArray[np.intp]) -> slice | npt.NDArray[np.intp]:
    """Consecutive indices as a slice, which needs no copy; others unchanged."""
    if len(indices) and (np.diff(indices) == 1).all():
        return slice(int(indices[0]), int(indices[-1]) + 1)
    return indices


@functools.lru_cache(maxsize=16)
def _distances(grid: tuple[int, ...], cells: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """`(len(cells), cells of the grid)`: Euclidean distances from some cells of a grid to all its cells."""
    coordinates = np.indices(grid).reshape(len(grid), -1).astype(np.float32)
    squares = np.zeros((len(cells), coordinates.shape[1]), np.float32)
    for along in coordinates:
        squares += (along[list(cells), None] - along[None, :]) ** 2
    return cast("npt.NDArray[np.float32]", np.sqrt(squares))
