"""Says what the positions along queries and keys are: tokens of a text, cells of an image. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tb_attention.errors import ArgumentError
from tb_attention.reduce.grid_axes import axis_of_cells, extra_names, merge_axes
from tb_attention.site import Axis, Pixels, Site

_MOST_EXTRAS = 16
_LEAST_CELLS = 4


@dataclass(frozen=True)
class InputFacts:
    """What is known of one of the model's inputs.

    Attributes:
        kind: "image", "tokens", or "values" for anything else.
        shape: Of an image: (height, width, channels).
        length: Of tokens: how many.
        axes: Of an image: which axes of the input are its rows and its columns; that of the samples is 0.
    """

    kind: Literal["image", "tokens", "values"]
    shape: tuple[int, int, int] | None = None
    length: int | None = None
    axes: tuple[int, int] = (1, 2)

    def __post_init__(self) -> None:
        if self.kind == "image" and (self.shape is None or len(self.shape) != 3):
            raise ArgumentError(f"An image needs `shape` (height, width, channels). Received: shape={self.shape!r}.")
        if self.kind == "tokens" and self.length is None:
            raise ArgumentError("Tokens need `length`. Received: length=None.")


def name_axes(sites: Sequence[Site], inputs_facts: Sequence[InputFacts]) -> tuple[Site, ...]:
    """The sites of a model with several query or key dimensions merged, and what the data flow says of their positions.

    Args:
        sites: As captured: what is not known of their axes cannot be told from the data flow, and is not guessed.
        inputs_facts: For each input of the model what it is, in the order of the model's inputs.

    Returns:
        The sites in the same order. Cells of an image have its grid and pixels, tokens of a text are "tokens".
    """
    return tuple(_replaced(_nowhere(merge_axes(site)), _named, inputs_facts) for site in sites)


def describe_axes(sites: Sequence[Site], inputs_facts: Sequence[InputFacts]) -> tuple[Site, ...]:
    """The sites with several query or key dimensions merged, and their positions named by their number.

    Args:
        sites: Of which only the numbers of positions are known.
        inputs_facts: For each input of the model what it is, in the order of the model's inputs.

    Returns:
        The sites in the same order. As many positions as an image has square patches, with up to 16 extra positions before
        them (a quarter of the cells at most), are a "grid"; as many as a text has tokens are "tokens".
        Positions whose input is known are compared with that input, plain ones with none, others with each.
    """
    return tuple(_replaced(merge_axes(site), describe_axis, inputs_facts) for site in sites)


def _replaced(site: Site, described: Callable[[Axis, Sequence[InputFacts]], Axis], facts: Sequence[InputFacts]) -> Site:
    axes = tuple(described(axis, facts) if axis.role in ("query", "key") else axis for axis in site.axes)
    return site if axes == site.axes else site.replace(axes=axes)


def _nowhere(site: Site) -> Site:
    """The site with grids of which it is not known where they lie as cells in no input, but for those of windows."""
    if any(axis.role == "windows" for axis in site.axes):
        return site
    axes = tuple(
        axis
        if axis.grid is None or axis.pixels is not None
        else axis_of_cells(axis.role, axis.grid, tuple(range(axis.size)), None)
        for axis in site.axes
    )
    return site if axes == site.axes else site.replace(axes=axes)


def _named(axis: Axis, facts: Sequence[InputFacts]) -> Axis:
    """A query or key axis as captured, without what does not fit its input."""
    fact = facts[axis.input] if axis.input is not None and axis.input < len(facts) else None
    grid, pixels = axis.cell_grid, axis.pixels
    if axis.kind not in ("positions", "grid") or fact is None:
        return axis if pixels is None else Axis(axis.role, axis.size)
    if grid is not None and pixels is not None and len(grid) > 1:
        is_picture = fact.kind != "image" or tuple(part.axis for part in pixels) == fact.axes
        return axis if is_picture else Axis(axis.role, axis.size)
    if axis.cells is not None or not _is_whole(pixels):
        # Words that were pooled, moved or put in another order: none of them is that of its index.
        return Axis(axis.role, axis.size)
    if fact.kind == "tokens" and fact.length == axis.size and axis.size > 1:
        return Axis(axis.role, axis.size, "tokens", input=axis.input)
    return Axis(axis.role, axis.size, input=axis.input)


def _is_whole(pixels: tuple[Pixels, ...] | None) -> bool:
    """Whether each position is the one of its index."""
    return pixels is None or all((part.offset, part.size, part.stride) == (0, 1, 1) for part in pixels)


def describe_axis(axis: Axis, facts: Sequence[InputFacts]) -> Axis:
    """A query or key axis with what its positions are, as in `describe_axes`; as it is where nothing fits."""
    if axis.kind == "grid" and axis.input is None:
        images = [place for place, fact in enumerate(facts) if fact.kind == "image"]
        return _changed(axis, place=images[0]) if len(images) == 1 and len(axis.grid or ()) == 2 else axis
    if axis.kind != "positions" or axis.plain:
        return axis
    known = axis.input is not None and axis.input < len(facts)
    if not known and sum(fact.kind == "image" for fact in facts) > 1:
        # Which of the pictures it is a number cannot say.
        facts = [fact if fact.kind == "tokens" else InputFacts("values") for fact in facts]
    # Texts first: their length is exact, while many numbers are that of some grid.
    places = [axis.input] if known else sorted(range(len(facts)), key=lambda place: facts[place].kind != "tokens")
    for place in places:
        assert place is not None
        described = _of_input(axis, place, facts[place])
        if described is not None:
            return described
    return axis


def _of_input(axis: Axis, place: int, fact: InputFacts) -> Axis | None:
    if fact.kind == "tokens" and fact.length == axis.size and axis.size > 1:
        return Axis(axis.role, axis.size, "tokens", input=place)
    if fact.kind == "image" and fact.shape is not None:
        found = grid_of_patches(axis.size, fact.shape[0], fact.shape[1])
        # A cut into squares only: of the rest most are no patches, such as the eight rows of a picture of 8 x 8.
        if found is not None and fact.shape[0] * found[0][1] == fact.shape[1] * found[0][0]:
            grid, extra = found
            return Axis(axis.role, axis.size, "grid", grid, extra_names(extra), place)
    return None


def grid_of_patches(positions: int, height: int, width: int) -> tuple[tuple[int, int], int] | None:
    """How an image may have been cut so that there are this many positions.

    Args:
        positions: Cells and the extra positions before them.
        height: Of the image, in pixels.
        width: Of the image, in pixels.

    Returns:
        (rows, columns) and the number of extra positions; None where no even cut gives it. Square patches are preferred,
        then few extra positions, then patches that are nearly square.
    """
    best: tuple[tuple[float, ...], tuple[int, int], int] | None = None
    for extra in range(min(_MOST_EXTRAS, positions - _LEAST_CELLS) + 1):
        cells = positions - extra
        if extra > 1 and cells < 4 * extra:
            # More than a few registers for each cell: the number is that of a grid by chance.
            break
        for rows in _divisors(cells):
            columns = cells // rows
            if height % rows or width % columns:
                continue
            ratio = abs(math.log((height / rows) / (width / columns)))
            # A lopsided cut is worse than an extra position or two, but no reason to invent many.
            if ratio > math.log(4) + 1e-9 and min(height, width) > 1:
                continue
            rank = (float(ratio > 1e-9), float(extra), ratio)
            if best is None or rank < best[0]:
                best = (rank, (rows, columns), extra)
    return None if best is None else (best[1], best[2])


def _divisors(number: int) -> list[int]:
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]


def _changed(axis: Axis, *, place: int) -> Axis:
    return Axis(axis.role, axis.size, axis.kind, axis.grid, axis.extra, place)
