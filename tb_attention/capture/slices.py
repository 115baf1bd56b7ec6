"""Dimensions after slices such as `x[:, 1:, None]`, splits, and picks of some positions for each sample."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from tb_attention.capture.atoms import ONE, Atom, Dim, Dims, size_of
from tb_attention.capture.dimensions import PREFERENCE, derived, dim_of, resized
from tb_attention.capture.graph import Graph, Node, Shape
from tb_attention.capture.moves import cut


def sliced(graph: Graph, node: Node, first: Dims, shape: Shape, batch: Atom) -> Dims | None:
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


def _cut(graph: Graph, node: Node, dim: Dim, place: int, batch: Atom) -> Dim:
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
        if moved is not None:
            return moved
        return (Atom(ONE, dim[0].origin, parent=dim[0]),) if length == ONE and dim else derived(dim, length)
    if (first or 0) == 0 and last is None and step == 1:
        return dim
    return derived(dim, None)


def split_off(dims: Dims, axis: npt.NDArray[Any] | None, count: int, shape: Shape, batch: Atom) -> Dims | None:
    """Dimensions of one of equal parts; of heads that were stacked outside of the batch what is left are the samples."""
    if axis is None or len(dims) != len(shape):
        return None
    place = int(axis) % len(dims)
    dim = dims[place]
    if batch not in dim or not dim or dim[0] is batch:
        return resized(dims, shape)
    parts = dim[0].split((0, count))
    if parts is None:
        return None
    return (*dims[:place], (*dim_of(parts[1]), *dim[1:]), *dims[place + 1 :])


def picked(dim: Dim, places: Dim) -> Dim:
    """A dimension of which each sample has picked positions of its own; which they are is not in the graph."""
    size = size_of(places)
    if size == ONE or not dim:
        return ()
    unknown = (-1,) * size[1] if size is not None and size[0] == 0 else None
    return (Atom(size, min((atom.origin for atom in dim), key=PREFERENCE.index), parent=dim[0], places=unknown),)
