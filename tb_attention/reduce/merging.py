"""Several query or key axes as one: the rows and columns of a feature map become the cells of a grid. NumPy only."""

from __future__ import annotations

import numpy as np

from tb_attention.reduce.cells import axis_of_cells
from tb_attention.site import Axis, Pixels, Site


def merge_axes(site: Site) -> Site:
    """The site with one query axis (none for a gate) and one key axis: several dimensions of cells become a grid."""
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
    place = one.input if one.input == other.input else None
    if one.plain or other.plain or one.cells or other.cells or one.extra or other.extra or len(grid) > 3:
        return Axis(one.role, size, input=place, plain=one.plain or other.plain)
    return Axis(one.role, size, "grid", grid, input=place)


def _crossed(one: Axis, other: Axis, pixels: tuple[Pixels, ...]) -> Axis:
    """Each position of one axis with each of another, both cells along dimensions of one input."""
    size = one.size * other.size
    first, second = (np.asarray(axis.cell_of or range(axis.size)) for axis in (one, other))
    along = sorted(range(len(pixels)), key=lambda place: pixels[place].axis)
    if min(first.min(), second.min()) < 0 or len({part.axis for part in pixels}) < len(pixels) or len(pixels) > 3:
        return Axis(one.role, size)
    grids = [axis.cell_grid or (axis.size,) for axis in (one, other)]
    index = [
        *(line.repeat(other.size) for line in np.unravel_index(first, grids[0])),
        *(np.tile(line, one.size) for line in np.unravel_index(second, grids[1])),
    ]
    grid = tuple((*grids[0], *grids[1])[place] for place in along)
    of = np.ravel_multi_index([index[place] for place in along], grid)
    return axis_of_cells(one.role, grid, tuple(of.tolist()), one.input, tuple(pixels[place] for place in along))
