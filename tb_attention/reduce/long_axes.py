"""Maps of very many positions, made smaller before they are stored."""

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
"""Positions along a query or key axis, at most, unless the user says otherwise."""


def shorten(site: Site, most: int = MAX_POSITIONS, full_rows: Sequence[int] = ()) -> Site:
    """The site with query and key axes of at most so many positions, pooled by maximum; the very same one if they are short.

    A grid becomes a coarser grid, its extra positions stay. Tokens become plain positions, as several of them have no one name.

    Args:
        site: With axes that say what its positions are.
        most: Positions along an axis, at least 1.
        full_rows: Queries whose rows are kept besides as they are, by place from 0; negative ones count from the end. Those that
            the site does not have are passed over. Only for sites with one query axis.
    """
    long = [place for place, axis in enumerate(site.axes) if axis.role in ("query", "key") and axis.size > most]
    if not long:
        return site
    axes, weights, sink = list(site.axes), site.weights, site.sink
    for place in long:
        axes[place], groups = _groups(site.axes[place], most)
        weights = pool_groups(weights, place, groups)
        if axes[place].role == "query":
            sink = None if sink is None else pool_groups(sink, place, groups)
            # A pooled position lies in no one cell.
            axes = [dataclasses.replace(axis, places=None) for axis in axes]
    told = ", ".join(
        f"{site.axes[place].role} positions from {site.axes[place].size} to {axes[place].size}" for place in long
    )
    note = f"Pooled by maximum: {told}."
    return site.replace(
        axes=tuple(axes),
        weights=weights,
        note=note if site.note is None else f"{site.note} {note}",
        rows=_full_rows(site, full_rows),
        # A pooled channel has no feature map of its own.
        features=None,
        sink=sink,
    )


def pool_groups(weights: npt.NDArray[np.float32], axis: int, groups: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Pools positions of one axis by maximum; where weights are negative, the one of largest magnitude stays, with its sign.

    Args:
        weights: Of any shape.
        axis: The axis.
        groups: For each of its positions the group that it goes into, `(positions,)`; each group from 0 up has one at least.
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
    """The axis afterwards, and for each position before the position after."""
    names, fine, of = axis.extra_names, axis.cell_grid, axis.cell_of
    extra = len(names)
    if fine is None or of is None or extra + 1 >= most:
        size = min(axis.size, most)
        is_named = axis.kind in ("tokens", "grid") or axis.cells is not None
        kind, place = ("positions", None) if is_named else (axis.kind, axis.input)
        return Axis(axis.role, size, kind, input=place), np.arange(axis.size) * size // axis.size
    factor = next(step for step in itertools.count(2) if extra + math.prod(_coarser(fine, step)) <= most)
    grid = _coarser(fine, factor)
    cells = np.asarray(of)
    places = np.unravel_index(np.maximum(cells, 0), fine)
    coarse = extra + np.ravel_multi_index([place // factor for place in places], grid)
    # Extra positions come first, and the cells behind them row by row, however they lay before.
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
    places = [place for place, axis in enumerate(site.axes) if axis.role == "query"]
    if len(places) != 1 or not wanted:
        return None
    size = site.axes[places[0]].size
    queries = tuple(dict.fromkeys(query % size for query in wanted if -size <= query < size))
    return FullRows(queries, np.take(site.weights, queries, axis=places[0])) if queries else None
