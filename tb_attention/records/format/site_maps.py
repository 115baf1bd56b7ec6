"""Overviews and measures of a site for one sample."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tb_attention.reduce.head_measures import gate_measures, head_measures, uncomputed_rows
from tb_attention.reduce.pooling import pool_maximum
from tb_attention.site import Axis

Masks = Mapping[int, npt.NDArray[np.bool_]]
"""By index of the input: `(samples, positions)`, False for padding."""


def overview(weights: npt.NDArray[np.float32], axes: tuple[Axis, ...]) -> npt.NDArray[np.float32]:
    """The overview of every head: its map, pooled by maximum.

    Args:
        weights: `(heads, ...)`, of one sample.
        axes: Those of `weights`.

    Returns:
        `(heads, queries, keys)`, both at most 32; iterations and windows are pooled into one. Of a gate `(heads, keys)`, or
        `(heads, rows, columns)` where it has several key axes.
    """
    keys = _sizes(axes, "key")
    if not _sizes(axes, "query"):
        shown = min(2, len(keys))
        maps = weights.reshape(len(weights), -1, *keys[len(keys) - shown :])
        return pool_maximum(_merge(maps), dimensions=shown)
    maps = as_maps(weights, axes)
    absent = uncomputed_rows(maps)
    # A row that one iteration has not computed yet is computed in another.
    return pool_maximum(_merge(_zeroed(maps, absent & ~absent.all(axis=0))))


def measures(
    weights: npt.NDArray[np.float32], axes: tuple[Axis, ...], kind: str, sample: int, masks: Masks
) -> npt.NDArray[np.float32]:
    """The measures of every head, float32 `(heads, 6)`; arguments as for `overview`."""
    queries = [axis for axis in axes if axis.role == "query"]
    keys = [axis for axis in axes if axis.role == "key"]
    if not queries:
        return gate_measures(weights)
    first = queries[0]
    mask = masks.get(first.input) if first.input is not None and len(queries) == 1 else None
    if mask is not None and mask.shape[1] != first.size:
        mask = None
    grid = first.cell_grid if len(queries) == 1 else tuple(axis.size for axis in queries)
    maps = as_maps(weights, axes)
    return head_measures(
        # Rows of zeros do not count in measures.
        _zeroed(maps, uncomputed_rows(maps)),
        grid=grid,
        cells=first.cell_of if len(queries) == 1 else None,
        alike=kind not in ("cross", "router") and _positions(queries) == _positions(keys),
        query_mask=None if mask is None else mask[sample],
    )


def as_maps(weights: npt.NDArray[np.float32], axes: tuple[Axis, ...]) -> npt.NDArray[np.float32]:
    """Weights as `(heads, repeats, queries, keys)`; several query or key axes become one."""
    queries, keys = math.prod(_sizes(axes, "query")), math.prod(_sizes(axes, "key"))
    repeats = math.prod(_sizes(axes, "iteration") + _sizes(axes, "windows"))
    return weights.reshape(weights.shape[0], repeats, queries, keys)


def _zeroed(maps: npt.NDArray[np.float32], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(rows[:, :, None], np.float32(0), maps) if rows.any() else maps


def _sizes(axes: tuple[Axis, ...], role: str) -> list[int]:
    return [axis.size for axis in axes if axis.role == role]


def _positions(axes: list[Axis]) -> list[tuple[object, ...]]:
    return [(axis.size, axis.kind, axis.cell_grid, axis.cell_of, axis.input) for axis in axes]


def _merge(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Pools the second axis away."""
    if maps.shape[1] == 1:
        return maps[:, 0]
    if maps.shape[1] == 0:
        return np.zeros((maps.shape[0], *maps.shape[2:]), np.float32)
    moved = np.moveaxis(maps, 1, -1)
    return pool_maximum(moved, dimensions=1, most=1)[..., 0]
