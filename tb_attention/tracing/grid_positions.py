"""Where positions lie in a grid: which cell of a picture each is, and which cells windows hold. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_attention.site import Pixels, WindowPlaces
from tb_attention.tracing.input_spans import Spans, is_close, spans_of
from tb_attention.tracing.symbolic_dimensions import Dim, Factor

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LocatedCells:
    """Positions that are cells of an input; some may be extra positions.

    Attributes:
        input: Index of the input.
        pixels: Which part of it the cells cover, for each dimension of their grid.
        of: For each position its cell, counted row by row, -1 for extra positions.
    """

    input: int
    pixels: tuple[Pixels, ...]
    grid: tuple[int, ...]
    of: tuple[int, ...]


def locate_cells(dim: Dim, beside: Iterable[Factor] = ()) -> LocatedCells | None:
    """The cells of a dimension; None where they cannot be inferred from the data flow.

    Args:
        dim: The dimension.
        beside: Factors of the other dimensions of the same array.
    """
    spans = spans_of(dim, beside)
    if not spans or len({axis[0] for axis in spans}) > 1 or len(spans) > 3:
        return None
    (input_,) = {axis[0] for axis in spans}
    fits = [(axis, _fit(axis[1], spans[axis])) for axis in sorted(spans)]
    lines = [fit for _, fit in fits if fit is not None]
    if len(lines) < len(fits):
        return None
    outside = [line.index < 0 for line in lines]
    if any((one != outside[0]).any() for one in outside):
        return None
    grid = tuple(line.count for line in lines)
    cells = np.ravel_multi_index([np.maximum(line.index, 0) for line in lines], grid)
    of = np.where(outside[0], -1, cells)
    # Padding would be drawn over pixels that it does not see.
    void = np.any([spans[axis].void for axis, _ in fits], axis=0)
    if (void & np.all([_is_seen(line) for line in lines], axis=0)).any():
        return None
    if sorted(of[of >= 0].tolist()) != list(range(int(np.prod(grid)))):
        return None
    return LocatedCells(input_, tuple(line.pixels for line in lines), grid, tuple(of.tolist()))


@dataclass(frozen=True, slots=True)
class _Line:
    pixels: Pixels
    count: int
    index: Indices


def _is_seen(line: _Line) -> npt.NDArray[np.bool_]:
    """Which of the cells lie at least partly inside the input."""
    start = line.pixels.offset + line.index * line.pixels.stride
    return (line.index >= 0) & (start + line.pixels.size > 0) & (start < line.pixels.of)


def _fit(axis: int, spans: Spans) -> _Line | None:
    """The parts as equal cells at equal distances; None where they are not."""
    known = ~np.isnan(spans.start)
    if not known.any():
        return None
    size = float(np.median(spans.size[known]))
    starts, cells = np.unique(np.round(spans.start[known], 6), return_inverse=True)
    steps = np.diff(starts)
    if not is_close(spans.size[known], size) or (len(steps) and not is_close(steps, steps[0])):
        return None
    stride = float(steps[0]) if len(steps) else size
    offset = float(starts[0])
    if spans.slides > 1:
        # A stack of kernels covers more than is useful to draw: the tile in the middle of that is drawn.
        offset, size = offset + (size - stride) / 2, stride
    index = np.full(len(spans.start), -1, np.intp)
    index[known] = cells
    return _Line(Pixels(axis, spans.of, _rounded(offset), _rounded(size), _rounded(stride)), len(starts), index)


def _rounded(number: float) -> float:
    return round(number, 4)


def locate_windows(windows: Sequence[Factor], positions: Sequence[Factor]) -> WindowPlaces | None:
    """Which cell of the feature map each position of each window is.

    Args:
        windows: What the windows axis is made of, outermost first.
        positions: What the query axes are made of, outermost first.

    Returns:
        Where they lie; None where they cannot be inferred from the data flow.
    """
    leaves = [*windows, *positions]
    shape = [factor.size[1] for factor in leaves if factor.size is not None and factor.size[0] == 0]
    if len(shape) < len(leaves) or not any(factor.whole for factor in windows):
        return None
    index: dict[Factor, Indices] = dict(zip(leaves, np.indices(shape), strict=True))
    grids: dict[Factor, tuple[int, ...]] = {}
    while _went_back(index, grids) or _put_together(index, grids):
        pass
    bases = sorted(index, key=lambda factor: factor.root.input or (-1, -1))
    if any(factor.whole is not None or factor.origin != "position" or factor.is_nowhere for factor in bases):
        return None
    axes = [factor.root.input for factor in bases]
    if len(bases) > 1 and (None in axes or len(set(axes)) < len(axes) or len({axis[0] for axis in axes if axis}) > 1):
        return None
    sizes = tuple(factor.size[1] for factor in bases if factor.size is not None)
    outside = np.any([index[factor] < 0 for factor in bases], axis=0)
    cells = np.where(outside, -1, np.ravel_multi_index([np.maximum(index[factor], 0) for factor in bases], sizes))
    if outside.all():
        return None
    grid = grids.get(bases[0], sizes) if len(bases) == 1 else sizes
    rows = cells.reshape(math.prod(shape[: len(windows)]), -1).tolist()
    return WindowPlaces(grid, tuple(map(tuple, rows)))


def _went_back(index: dict[Factor, Indices], grids: dict[Factor, tuple[int, ...]]) -> bool:
    """Replaces one factor by what it was rolled, padded or copied from; False if there is none."""
    for factor, positions in index.items():
        parent, in_parent = factor.parent, factor.in_parent
        if parent is None or parent in index or not (in_parent is not None or factor.is_twin_of(parent)):
            continue
        del index[factor]
        index[parent] = (
            positions if in_parent is None else np.where(positions < 0, -1, np.asarray(in_parent)[positions])
        )
        if factor in grids and parent.size is not None:
            grid = grids[factor]
            grids[parent] = grid if math.prod(grid) == parent.size[1] else (parent.size[1],)
        return True
    return False


def _put_together(index: dict[Factor, Indices], grids: dict[Factor, tuple[int, ...]]) -> bool:
    """Replaces two factors by the one that they are parts of; False if there are none."""
    for outer in index:
        whole = outer.whole
        for one, inner in () if whole is None else whole.splits():
            if one is not outer or inner not in index or outer.size is None or inner.size is None or whole is None:
                continue
            sizes = (outer.size[1], inner.size[1])
            rows, columns = index.pop(outer), index.pop(inner)
            index[whole] = np.where((rows < 0) | (columns < 0), -1, rows * sizes[1] + columns)
            # Rows and columns that were cut further are those of a grid; a sequence that was cut once has none.
            grids[whole] = sizes if outer in grids or inner in grids else (math.prod(sizes),)
            return True
    return False
