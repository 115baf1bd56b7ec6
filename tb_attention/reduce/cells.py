"""Positions that are cells of an input as an axis. NumPy only."""

from __future__ import annotations

from tb_attention.reduce.extras import extra_names
from tb_attention.site import Axis, Cells, Pixels, Role


def axis_of_cells(
    role: Role,
    grid: tuple[int, ...],
    of: tuple[int, ...],
    input: int | None,
    pixels: tuple[Pixels, ...] | None = None,
    names: tuple[str, ...] | None = None,
) -> Axis:
    """The axis of positions whose cells are known: of kind "grid" where these come row by row behind the extra positions.

    Args:
        role: Its role.
        grid: Cells along each dimension of the input, outermost first.
        of: For each position its cell, counted row by row, -1 for extra positions.
        input: Index of the input that the cells lie in; None where they are known to lie in none.
        pixels: Which part of it they cover, for each dimension.
        names: Of the extra positions; "CLS", "register 1", ... by default.
    """
    extras = of.count(-1)
    names = extra_names(extras) if names is None else names
    in_order = of == (*(-1 for _ in range(extras)), *range(len(of) - extras))
    if in_order and input is not None and len(grid) > 1:
        return Axis(role, len(of), "grid", grid, names, input, pixels=pixels)
    if in_order and not extras and len(grid) == 1:
        return Axis(role, len(of), input=input, pixels=pixels)
    return Axis(role, len(of), input=input, cells=Cells(grid, of, names), pixels=pixels)
