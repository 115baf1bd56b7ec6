"""Says which cell of a picture each position along an axis is, and which pixels the cells cover. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_attention.site import Pixels
from tb_attention.tracing.input_spans import Spans, is_close, spans_of
from tb_attention.tracing.symbolic_dimensions import Dim, Factor


@dataclass(frozen=True, slots=True)
class Located:
    """Positions that are cells of an input, some extra ones among them.

    Attributes:
        input: Index of the input.
        pixels: Which part of it the cells cover, for each dimension of their grid.
        of: For each position its cell, counted row by row, -1 for extra positions.
    """

    input: int
    pixels: tuple[Pixels, ...]
    grid: tuple[int, ...]
    of: tuple[int, ...]


def located(dim: Dim, beside: Iterable[Factor] = ()) -> Located | None:
    """The cells of a dimension; None where the data flow does not tell them.

    Args:
        dim: The dimension.
        beside: Atoms of the other dimensions of the same array.
    """
    spans = spans_of(dim, beside)
    if not spans or len({place[0] for place in spans}) > 1 or len(spans) > 3:
        return None
    (input_,) = {place[0] for place in spans}
    fits = [(place, _fit(place[1], spans[place])) for place in sorted(spans)]
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
    void = np.any([spans[place].void for place, _ in fits], axis=0)
    if (void & np.all([_is_seen(line) for line in lines], axis=0)).any():
        return None
    if sorted(of[of >= 0].tolist()) != list(range(int(np.prod(grid)))):
        return None
    return Located(input_, tuple(line.pixels for line in lines), grid, tuple(of.tolist()))


@dataclass(frozen=True, slots=True)
class _Line:
    pixels: Pixels
    count: int
    index: npt.NDArray[np.intp]


def _is_seen(line: _Line) -> npt.NDArray[np.bool_]:
    """Which of the cells have a part inside of the input."""
    start = line.pixels.offset + line.index * line.pixels.stride
    return (line.index >= 0) & (start + line.pixels.size > 0) & (start < line.pixels.of)


def _fit(axis: int, spans: Spans) -> _Line | None:
    """The parts as equal cells at equal distances; None where they are not."""
    known = ~np.isnan(spans.start)
    if not known.any():
        return None
    size = float(np.median(spans.size[known]))
    starts, places = np.unique(np.round(spans.start[known], 6), return_inverse=True)
    steps = np.diff(starts)
    if not is_close(spans.size[known], size) or (len(steps) and not is_close(steps, steps[0])):
        return None
    stride = float(steps[0]) if len(steps) else size
    offset = float(starts[0])
    if spans.slides > 1:
        # Of a stack of kernels not all that a cell can see is drawn, but its tile in the middle of that.
        offset, size = offset + (size - stride) / 2, stride
    index = np.full(len(spans.start), -1, np.intp)
    index[known] = places
    return _Line(Pixels(axis, spans.of, _rounded(offset), _rounded(size), _rounded(stride)), len(starts), index)


def _rounded(number: float) -> float:
    return round(number, 4)
