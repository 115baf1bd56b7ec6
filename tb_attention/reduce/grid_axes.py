"""Axes whose positions are the cells of a grid, and several axes joined into one. NumPy only."""

from __future__ import annotations

import numpy as np

from tb_attention.site import Axis, Cells, Pixels, Role, Site


def axis_of_cells(
    role: Role,
    grid: tuple[int, ...],
    of: tuple[int, ...],
    input: int | None,
    pixels: tuple[Pixels, ...] | None = None,
    names: tuple[str, ...] | None = None,
) -> Axis:
    """The axis of positions that are cells of a grid.

    Its kind is "grid" where the cells come row by row after the extra positions, else "positions" with `Axis.cells`.

    Args:
        role: The role of the axis.
        grid: Number of cells along each dimension of the input, outermost first.
        of: The cell of each position, counted row by row; -1 for extra positions.
        input: Index of the input that holds the cells. None where they belong to no input.
        pixels: The pixels that the cells cover, for each dimension of the grid.
        names: Names of the extra positions. Defaults to "CLS", "register 1", "register 2" and so on.
    """
    extras = of.count(-1)
    names = extra_names(extras) if names is None else names
    in_order = of == (*(-1 for _ in range(extras)), *range(len(of) - extras))
    if in_order and input is not None and len(grid) > 1:
        return Axis(role, len(of), "grid", grid, names, input, pixels=pixels)
    if in_order and not extras and len(grid) == 1:
        return Axis(role, len(of), input=input, pixels=pixels)
    return Axis(role, len(of), input=input, cells=Cells(grid, of, names), pixels=pixels)


def extra_names(count: int) -> tuple[str, ...]:
    """Names of extra positions, which are no cells: "CLS", "register 1", "register 2", ..."""
    return ("CLS", *(f"register {index}" for index in range(1, count)))[:count]


def merge_axes(site: Site) -> Site:
    """The site with one query axis (none for a gate) and one key axis; several dimensions of cells become a grid."""
    axes: list[Axis] = []
    for axis in site.axes:
        if axes and axes[-1].role == axis.role and axis.role in ("query", "key"):
            axes[-1] = _joined(axes[-1], axis)
        else:
            axes.append(axis)
    if len(axes) == len(site.axes):
        return site
    shape, rest = ([axis.size for axis in axes if axis.role != left_out] for left_out in (None, "key"))
    sink = None if site.sink is None else site.sink.reshape(rest)
    return site.replace(axes=tuple(axes), weights=site.weights.reshape(shape), sink=sink)


def _joined(one: Axis, other: Axis) -> Axis:
    size = one.size * other.size
    if one.pixels is not None and other.pixels is not None and one.input is not None and one.input == other.input:
        return _crossed(one, other, one.pixels + other.pixels)
    grid = (*(one.cell_grid or (one.size,)), *(other.cell_grid or (other.size,)))
    shared_input = one.input if one.input == other.input else None
    if one.plain or other.plain or one.cells or other.cells or one.extra or other.extra or len(grid) > 3:
        return Axis(one.role, size, input=shared_input, plain=one.plain or other.plain)
    return Axis(one.role, size, "grid", grid, input=shared_input)


def _crossed(one: Axis, other: Axis, pixels: tuple[Pixels, ...]) -> Axis:
    """The product of two axes whose positions are cells along dimensions of the same input."""
    size = one.size * other.size
    first, second = (np.asarray(axis.cell_of or range(axis.size)) for axis in (one, other))
    along = sorted(range(len(pixels)), key=lambda index: pixels[index].axis)
    if min(first.min(), second.min()) < 0 or len({part.axis for part in pixels}) < len(pixels) or len(pixels) > 3:
        return Axis(one.role, size)
    grids = [axis.cell_grid or (axis.size,) for axis in (one, other)]
    coordinates = [
        *(line.repeat(other.size) for line in np.unravel_index(first, grids[0])),
        *(np.tile(line, one.size) for line in np.unravel_index(second, grids[1])),
    ]
    grid = tuple((*grids[0], *grids[1])[index] for index in along)
    of = np.ravel_multi_index([coordinates[index] for index in along], grid)
    return axis_of_cells(one.role, grid, tuple(of.tolist()), one.input, tuple(pixels[index] for index in along))
