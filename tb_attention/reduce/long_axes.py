"""Pooling of maps with very many positions before they are stored."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_attention.reduce.grid_axes import axis_of_cells
from tb_attention.site import Axis, FullRows, Pixels, Site

MAX_POSITIONS = 1024
"""The default limit of positions along a query or key axis."""


def shorten(site: Site, most: int = MAX_POSITIONS, full_rows: Sequence[int] = ()) -> Site:
    """Pools long query and key axes by maximum; returns the same site if no axis is long.

    A grid becomes a coarser grid and keeps its extra positions. Tokens become plain positions: a pooled one has no single name.

    Args:
        site: A site whose axes say what its positions are.
        most: The largest number of positions along an axis, at least 1.
        full_rows: Indices of queries whose rows are also kept unpooled, from 0; negative indices count from the end. Indices that
            the site does not have are skipped. Only for sites with one query axis.
    """
    long = [index for index, axis in enumerate(site.axes) if axis.role in ("query", "key") and axis.size > most]
    if not long:
        return site
    axes, weights, sink = list(site.axes), site.weights, site.sink
    for index in long:
        axes[index], groups = _groups(site.axes[index], most)
        weights = pool_groups(weights, index, groups)
        if axes[index].role == "query":
            sink = None if sink is None else pool_groups(sink, index, groups)
            # A pooled position covers several cells.
            axes = [dataclasses.replace(axis, places=None) for axis in axes]
    changes = ", ".join(
        f"{site.axes[index].role} positions from {site.axes[index].size} to {axes[index].size}" for index in long
    )
    note = f"Pooled by maximum: {changes}."
    return site.replace(
        axes=tuple(axes),
        weights=weights,
        note=note if site.note is None else f"{site.note} {note}",
        rows=_full_rows(site, full_rows),
        # A pooled channel has no single feature map.
        features=None,
        sink=sink,
    )


def pool_groups(weights: npt.NDArray[np.float32], axis: int, groups: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Pools positions of one axis by maximum. Where weights are negative, the one of largest magnitude stays, with its sign.

    Args:
        weights: An array of any shape.
        axis: The axis to pool.
        groups: The group of each position, `(positions,)`. Groups count from 0; each has at least one position.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sorted_ = weights if np.array_equal(order, np.arange(len(order))) else np.take(weights, order, axis=axis)
    largest = np.maximum.reduceat(sorted_, starts, axis=axis)
    if weights.size == 0 or np.fmin.reduce(weights, axis=None) >= 0:
        return np.asarray(largest, np.float32)
    least = np.minimum.reduceat(sorted_, starts, axis=axis)
    return np.where(-least > largest, least, largest)


def _groups(axis: Axis, most: int) -> tuple[Axis, npt.NDArray[np.intp]]:
    """The pooled axis, and for each position its index along the pooled axis."""
    names, fine, of = axis.extra_names, axis.cell_grid, axis.cell_of
    extra = len(names)
    if fine is None or of is None or extra + 1 >= most:
        size = min(axis.size, most)
        is_named = axis.kind in ("tokens", "grid", "nodes") or axis.cells is not None
        kind, input_index = ("positions", None) if is_named else (axis.kind, axis.input)
        groups = np.arange(axis.size) * size // axis.size
        # A pooled frame begins where its first one does.
        begins = np.unique(groups, return_index=True)[1]
        seconds = None if axis.seconds is None else tuple(axis.seconds[frame] for frame in begins)
        dates = None if axis.dates is None else tuple(tuple(each[frame] for frame in begins) for each in axis.dates)
        return Axis(axis.role, size, kind, input=input_index, seconds=seconds, dates=dates), groups
    factor = next(step for step in itertools.count(2) if extra + math.prod(_coarser(fine, step)) <= most)
    grid = _coarser(fine, factor)
    cells = np.asarray(of)
    coordinates = np.unravel_index(np.maximum(cells, 0), fine)
    coarse = extra + np.ravel_multi_index([along // factor for along in coordinates], grid)
    # Extra positions come first, then the cells row by row, in whatever order they were.
    groups = np.where(cells < 0, np.cumsum(cells < 0) - 1, coarse)
    pixels = None if axis.pixels is None else tuple(_pooled(part, factor) for part in axis.pixels)
    if axis.kind == "grid":
        return Axis(axis.role, extra + math.prod(grid), "grid", grid, names, axis.input, pixels=pixels), groups
    of = (*(-1 for _ in names), *range(math.prod(grid)))
    return axis_of_cells(axis.role, grid, of, axis.input, pixels, names), groups


def _pooled(pixels: Pixels, factor: int) -> Pixels:
    size = pixels.size + (factor - 1) * pixels.stride
    return dataclasses.replace(pixels, size=size, stride=pixels.stride * factor)


def _coarser(grid: tuple[int, ...], factor: int) -> tuple[int, ...]:
    return tuple(-(-size // factor) for size in grid)


def _full_rows(site: Site, wanted: Sequence[int]) -> FullRows | None:
    query_axes = [index for index, axis in enumerate(site.axes) if axis.role == "query"]
    if len(query_axes) != 1 or not wanted:
        return None
    size = site.axes[query_axes[0]].size
    queries = tuple(dict.fromkeys(query % size for query in wanted if -size <= query < size))
    return FullRows(queries, np.take(site.weights, queries, axis=query_axes[0])) if queries else None
