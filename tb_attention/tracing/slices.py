"""Dimensions after slices such as `x[:, 1:, None]`, splits, and picks of some positions for each sample."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from tb_attention.tracing.dimension_rules import derived, dim_of, origin_of, resized
from tb_attention.tracing.graph import Graph, Node, Shape, Value
from tb_attention.tracing.shifts_and_pads import cut
from tb_attention.tracing.symbolic_dimensions import ONE, Dim, Dims, Factor, count_of, size_of


def sliced(graph: Graph, node: Node, first: Dims, shape: Shape, batch: Factor) -> Dims | None:
    """Dimensions after a slice with strides, in which some are cut, dropped or new."""
    shrink = int(graph.attribute(node, "shrink_axis_mask") or 0)
    new = int(graph.attribute(node, "new_axis_mask") or 0)
    ellipsis = int(graph.attribute(node, "ellipsis_mask") or 0)
    begin = node.inputs[1].shape
    count = begin[0] if begin and begin[0] is not None else None
    if count is None:
        return None
    dims: list[Dim] = []
    remaining = list(first)
    for place in range(count):
        bit = 1 << place
        if ellipsis & bit:
            later = sum(1 for other in range(place + 1, count) if not new & (1 << other))
            while len(remaining) > later:
                dims.append(remaining.pop(0))
        elif new & bit:
            dims.append(())
        elif remaining:
            dim = remaining.pop(0)
            if not shrink & bit:
                dims.append(_cut(graph, node, dim, place, batch))
    return resized((*dims, *remaining), shape)


def _cut(graph: Graph, node: Node, dim: Dim, place: int, batch: Factor) -> Dim:
    """A dimension after a slice with bounds, of which the size may not be known from the graph's shapes."""
    bounds = [graph.constant(item) for item in node.inputs[1:4]]
    first, last, step = (None if bound is None else int(bound[place]) for bound in bounds)
    first = None if graph.attribute(node, "begin_mask") & (1 << place) else first
    last = None if graph.attribute(node, "end_mask") & (1 << place) else last
    size = size_of(dim)
    if batch in dim or any(bound is None for bound in bounds) or step == 0:
        return dim
    if size is not None and size[0] == 0:
        kept = range(size[1])[first:last:step]
        length = (0, len(kept))
        moved = cut(dim, kept)
        if moved is not None and length != ONE:
            return moved
        return (Factor(ONE, dim[0].origin, parent=dim[0]),) if length == ONE and dim else derived(dim, length)
    if (first or 0) == 0 and last is None and step == 1:
        return dim
    return derived(dim, None)


def split_off(
    dims: Dims, axis: npt.NDArray[Any] | None, count: int, part: int, shape: Shape, batch: Factor
) -> Dims | None:
    """Dimensions of one of `count` equal parts; of heads that were stacked outside of the batch what is left are the samples."""
    if axis is None or len(dims) != len(shape):
        return None
    place = int(axis) % len(dims)
    dim, size = dims[place], count_of(dims[place])
    if batch not in dim or not dim or dim[0] is batch:
        return part_of(dims, place, None if size is None else (part * size // count, size // count), shape)
    parts = dim[0].split((0, count))
    if parts is None:
        return None
    return (*dims[:place], (*dim_of(parts[1]), *dim[1:]), *dims[place + 1 :])


def uneven_part(graph: Graph, dims: Dims, value: Value, batch: Factor) -> Dims | None:
    """Dimensions of one of several parts whose sizes are given."""
    sizes, axis = (graph.constant(item) for item in value.node.inputs[1:3])
    if axis is None or value.shape is None:
        return None
    place = int(axis) % len(dims)
    is_known = sizes is not None and (sizes >= 0).all() and batch not in dims[place]
    part = (int(sizes[: value.place].sum()), int(sizes[value.place])) if is_known and sizes is not None else None
    return part_of(dims, place, part, value.shape)


def part_of(dims: Dims, place: int, part: tuple[int, int] | None, shape: Shape) -> Dims | None:
    """Dimensions of which one is cut to a part, (first, count); None for one that is not known."""
    moved = None if part is None else cut(dims[place], range(part[0], part[0] + part[1]))
    return resized(dims if moved is None else (*dims[:place], moved, *dims[place + 1 :]), shape)


def block_of(dims: Dims, begin: npt.NDArray[Any] | None, shape: Shape, batch: Factor) -> Dims | None:
    """Dimensions after a slice that begins at an index along each of them."""
    if begin is None or len(dims) != len(shape):
        return resized(dims, shape)
    for place, (first, count) in enumerate(zip(begin.tolist(), shape, strict=True)):
        if count is not None and batch not in dims[place] and count_of(dims[place]) != count:
            dims = (
                part_of(
                    dims,
                    place,
                    (first, count),
                    (*(None for _ in shape[:place]), count, *(None for _ in shape[place + 1 :])),
                )
                or dims
            )
    return resized(dims, shape)


def picked(dim: Dim, places: Dim) -> Dim:
    """A dimension of which each sample has picked positions of its own; which they are is not in the graph."""
    size = size_of(places)
    if size == ONE or not dim:
        return ()
    unknown = (-1,) * size[1] if size is not None and size[0] == 0 else None
    return (Factor(size, origin_of(dim), parent=dim[0], places=unknown),)
