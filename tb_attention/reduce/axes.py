"""What the positions along queries and keys are: tokens of a text, cells of an image. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tb_attention.errors import ArgumentError
from tb_attention.reduce.grid_axes import axis_of_cells, extra_names, merge_axes
from tb_attention.site import Axis, Site

_MOST_EXTRAS = 16
_LEAST_CELLS = 4


InputKind = Literal["image", "tokens", "frames", "objects", "features", "values"]


@dataclass(frozen=True)
class InputFacts:
    """What is known about one input of the model.

    Attributes:
        kind: "image", what its positions are ("tokens", "frames", "objects", "features"), or "values" for anything else.
        shape: For an image: (height, width, channels).
        length: For tokens, frames, objects and features: their number.
        axes: For an image: the axes of the input that are its rows and its columns. Axis 0 is that of the samples.
    """

    kind: InputKind
    shape: tuple[int, int, int] | None = None
    length: int | None = None
    axes: tuple[int, int] = (1, 2)

    def __post_init__(self) -> None:
        if self.kind == "image" and (self.shape is None or len(self.shape) != 3):
            raise ArgumentError(f"An image needs `shape` (height, width, channels). Received: shape={self.shape!r}.")
        if self.named and self.length is None:
            raise ArgumentError(f"{self.kind.capitalize()} need `length`. Received: length=None.")

    @property
    def named(self) -> Literal["tokens", "frames", "objects", "features"] | None:
        """The kind of the positions of the input, where each is something by itself; else None."""
        return None if self.kind == "image" or self.kind == "values" else self.kind


def name_axes(sites: Sequence[Site], inputs_facts: Sequence[InputFacts]) -> tuple[Site, ...]:
    """Merges several query or key dimensions of each site, and names positions where the data flow says what they are.

    Args:
        sites: Captured sites. What their axes do not say cannot be inferred from the data flow, and is not guessed.
        inputs_facts: What each input is, in the order of the model's inputs.

    Returns:
        The sites in the same order. Cells of an image have its grid and pixels; tokens of a text are "tokens".
    """
    return tuple(_replaced(_without_unknown_grids(merge_axes(site)), _named, inputs_facts) for site in sites)


def describe_axes(sites: Sequence[Site], inputs_facts: Sequence[InputFacts]) -> tuple[Site, ...]:
    """Merges several query or key dimensions of each site, and names positions by their number.

    Args:
        sites: Sites of which only the numbers of positions are known.
        inputs_facts: What each input is, in the order of the model's inputs.

    Returns:
        The sites in the same order. Positions are a "grid" if there are as many as an image has square patches, with up to 16
        extra positions before them (at most a quarter of the cells). They are "tokens" if there are as many as a text has
        tokens. Positions whose input is known are compared with this input, plain positions with none, others with every input.
    """
    return tuple(_replaced(merge_axes(site), describe_axis, inputs_facts) for site in sites)


def _replaced(site: Site, described: Callable[[Axis, Sequence[InputFacts]], Axis], facts: Sequence[InputFacts]) -> Site:
    axes = tuple(described(axis, facts) if axis.role in ("query", "key") else axis for axis in site.axes)
    return site if axes == site.axes else site.replace(axes=axes)


def _without_unknown_grids(site: Site) -> Site:
    """The site with grids whose pixels are unknown turned into cells that belong to no input; grids of windows stay."""
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
    """A captured query or key axis, without what does not fit its input."""
    fact = facts[axis.input] if axis.input is not None and axis.input < len(facts) else None
    if axis.kind == "channels" and axis.input is not None:
        return _behind_extras(axis, fact) or Axis(axis.role, axis.size, "channels")
    grid, pixels = axis.cell_grid, axis.pixels
    if axis.kind not in ("positions", "grid") or fact is None:
        return axis if pixels is None else Axis(axis.role, axis.size)
    if grid is not None and pixels is not None and len(grid) > 1:
        is_picture = fact.kind != "image" or tuple(part.axis for part in pixels) == fact.axes
        return axis if is_picture else Axis(axis.role, axis.size)
    if fact.kind == "frames" and pixels is not None and len(pixels) == 1 and pixels[0].of == fact.length:
        # Frames may be longer than those of the input, and overlap.
        return Axis(axis.role, axis.size, "frames", input=axis.input, pixels=None if axis.is_whole() else pixels)
    behind = _behind_extras(axis, fact)
    if behind is not None:
        return behind
    if axis.cells is not None or not axis.is_whole():
        # Words that were pooled, moved or reordered: none of them is the word at its index.
        return Axis(axis.role, axis.size)
    return _named_by(axis, axis.input, fact) or Axis(axis.role, axis.size, input=axis.input)


def _behind_extras(axis: Axis, fact: InputFacts | None) -> Axis | None:
    """The axis of all positions of an input of which the user says something, behind extra positions such as a class token."""
    kind, extra = (None, ()) if fact is None or fact.kind == "tokens" else (fact.named, axis.extra_names)
    if fact is None or kind is None or not axis.is_whole() or fact.length != axis.size - len(extra):
        return None
    return Axis(axis.role, axis.size, kind, extra=extra, input=axis.input)


def describe_axis(axis: Axis, facts: Sequence[InputFacts]) -> Axis:
    """A query or key axis with its positions named as in `describe_axes`; unchanged where nothing fits."""
    if axis.kind == "grid" and axis.input is None:
        images = [index for index, fact in enumerate(facts) if fact.kind == "image"]
        is_of_image = len(images) == 1 and len(axis.grid or ()) == 2
        return Axis(axis.role, axis.size, axis.kind, axis.grid, axis.extra, images[0]) if is_of_image else axis
    if axis.kind != "positions" or axis.plain:
        return axis
    known = axis.input is not None and axis.input < len(facts)
    if not known and sum(fact.kind == "image" for fact in facts) > 1:
        # A number of positions cannot say which of several pictures it belongs to.
        facts = [fact if fact.named else InputFacts("values") for fact in facts]
    # Texts and the like first: their length is exact, while many numbers fit some grid.
    candidates = [axis.input] if known else sorted(range(len(facts)), key=lambda index: not facts[index].named)
    for index in candidates:
        assert index is not None
        described = _of_input(axis, index, facts[index])
        if described is not None:
            return described
    return axis


def _named_by(axis: Axis, index: int | None, fact: InputFacts) -> Axis | None:
    """The axis of the positions of an input, where there are as many."""
    fits = fact.named and fact.length == axis.size and axis.size > 1
    return Axis(axis.role, axis.size, fact.named, input=index) if fits and fact.named else None


def _of_input(axis: Axis, index: int, fact: InputFacts) -> Axis | None:
    named = _named_by(axis, index, fact)
    if named is not None:
        return named
    if fact.kind == "image" and fact.shape is not None:
        patches = grid_of_patches(axis.size, fact.shape[0], fact.shape[1])
        # Square patches only: most other cuts are no patches, such as the eight rows of an 8 x 8 picture.
        if patches is not None and fact.shape[0] * patches[0][1] == fact.shape[1] * patches[0][0]:
            grid, extra = patches
            return Axis(axis.role, axis.size, "grid", grid, extra_names(extra), index)
    return None


def grid_of_patches(positions: int, height: int, width: int) -> tuple[tuple[int, int], int] | None:
    """The grid of patches that may have given this many positions.

    Args:
        positions: Number of cells and of extra positions before them.
        height: Height of the image in pixels.
        width: Width of the image in pixels.

    Returns:
        (rows, columns) and the number of extra positions; None where no even cut fits. Square patches are preferred, then few
        extra positions, then patches that are nearly square.
    """
    best: tuple[tuple[float, ...], tuple[int, int], int] | None = None
    for extra in range(min(_MOST_EXTRAS, positions - _LEAST_CELLS) + 1):
        cells = positions - extra
        if extra > 1 and cells < 4 * extra:
            # So many extra positions: the number fits a grid by chance.
            break
        for rows in _divisors(cells):
            columns = cells // rows
            if height % rows or width % columns:
                continue
            ratio = abs(math.log((height / rows) / (width / columns)))
            # A lopsided cut is worse than one or two extra positions, but no reason to assume many.
            if ratio > math.log(4) + 1e-9 and min(height, width) > 1:
                continue
            rank = (float(ratio > 1e-9), float(extra), ratio)
            if best is None or rank < best[0]:
                best = (rank, (rows, columns), extra)
    return None if best is None else (best[1], best[2])


def _divisors(number: int) -> list[int]:
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]
