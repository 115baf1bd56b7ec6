"""Dimensions after slices such as `x[:, 1:, None]`, splits, and picks by index: rows of a table, positions, nodes of edges."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from tb_attention.tracing import ops
from tb_attention.tracing.dimension_rules import derived, dim_of, known, origin_of, resized
from tb_attention.tracing.graph import Graph, Node, Shape, Value
from tb_attention.tracing.ops import Index, Span
from tb_attention.tracing.shifts_and_pads import cut, picked_by
from tb_attention.tracing.symbolic_dimensions import ONE, Dim, Dims, Factor, count_of, size_of


def sliced(index: Index | None, first: Dims, shape: Shape, batch: Factor) -> Dims | None:
    """Dimensions after a slice, in which some are cut, dropped or new."""
    if index is None:
        return None
    dims: list[Dim] = []
    remaining = list(first)
    for entry, item in enumerate(index):
        if item is ...:
            later = sum(other is not None for other in index[entry + 1 :])
            while len(remaining) > later:
                dims.append(remaining.pop(0))
        elif item is None:
            dims.append(())
        elif remaining:
            dim = remaining.pop(0)
            if isinstance(item, Span):
                dims.append(_cut(item, dim, batch))
    return resized((*dims, *remaining), shape)


def _cut(span: Span, dim: Dim, batch: Factor) -> Dim:
    """A dimension after a slice with bounds, of which the size may not be known from the graph's shapes."""
    if batch in dim or not span.is_known or span.step == 0:
        return dim
    size = size_of(dim)
    if size is not None and size[0] == 0:
        kept = range(size[1])[span.first : span.last : span.step]
        length = (0, len(kept))
        moved = cut(dim, kept)
        if moved is not None and length != ONE:
            return moved
        return (Factor(ONE, dim[0].origin, parent=dim[0]),) if length == ONE and dim else derived(dim, length)
    if (span.first or 0) == 0 and span.last is None and span.step == 1:
        return dim
    return derived(dim, None)


def split_off(dims: Dims, value: Value, shape: Shape, batch: Factor) -> Dims | None:
    """Dimensions of one of several equal parts; of heads that were stacked in front of the batch, the samples are left."""
    axis, count = value.node.attributes.axis, len(value.node.outputs)
    if axis is None or len(dims) != len(shape):
        return None
    dim, size = dims[axis], count_of(dims[axis])
    if batch not in dim or not dim or dim[0] is batch:
        return _part_of(dims, axis, None if size is None else (value.index * size // count, size // count), shape)
    parts = dim[0].split((0, count))
    if parts is None:
        return None
    return (*dims[:axis], (*dim_of(parts[1]), *dim[1:]), *dims[axis + 1 :])


def uneven_part(dims: Dims, value: Value, shape: Shape, sizes: npt.NDArray[Any] | None, batch: Factor) -> Dims | None:
    """Dimensions of one of several parts whose sizes are given."""
    axis = value.node.attributes.axis
    if axis is None or len(dims) != len(shape):
        return None
    part = None
    if sizes is not None and (sizes >= 0).all() and batch not in dims[axis]:
        part = int(sizes[: value.index].sum()), int(sizes[value.index])
    return _part_of(dims, axis, part, shape)


def _part_of(dims: Dims, axis: int, part: tuple[int, int] | None, shape: Shape) -> Dims | None:
    """Dimensions of which one is cut to a part, (first, count); None for one that is not known."""
    moved = None if part is None else cut(dims[axis], range(part[0], part[0] + part[1]))
    return resized(dims if moved is None else (*dims[:axis], moved, *dims[axis + 1 :]), shape)


def block_of(dims: Dims, begin: npt.NDArray[Any] | None, shape: Shape, batch: Factor) -> Dims | None:
    """Dimensions after a slice that begins at an index along each of them."""
    if begin is not None and len(dims) == len(shape):
        for axis, (first, count) in enumerate(zip(begin.tolist(), shape, strict=True)):
            if count is not None and batch not in dims[axis] and count_of(dims[axis]) != count:
                sizes = tuple(count if other == axis else None for other in range(len(shape)))
                dims = _part_of(dims, axis, (first, count), sizes) or dims
    return resized(dims, shape)


def gathered(graph: Graph, node: Node, data: Dims, index: Dims, batch: Factor, *, dependent: bool) -> Dims | None:
    """Dimensions of what is picked by index.

    Args:
        graph, node: The graph and its operation that picks.
        data, index: The dimensions of what is picked from and of the indices.
        batch: The factor of the samples.
        dependent: Whether what is picked from changes with the inputs, as rows of a table do not.
    """
    shape = node.outputs[0].shape
    if shape is None:
        return None
    if node.op == ops.LOOKUP:
        # Rows of a table; a variable's handle has no dimensions.
        return (*index, *(dim_of(Factor(known(size), "feature")) for size in shape[len(index) :]))
    if node.op == ops.GATHER_ND:
        # The last dimension of the indices runs over the axes of what is picked from.
        depth = (node.inputs[1].shape or (None,))[-1]
        return None if depth is None else (*index[:-1], *data[depth:])
    axis, batched = node.attributes.axis, node.attributes.batch_dims
    if axis is None:
        return None
    # Along these each sample has its own indices.
    index = index[batched:]
    if batched and len(index) == 1:
        return (*data[:axis], _picked(data[axis], index[0]), *data[axis + 1 :])
    if not dependent:
        rows = tuple(dim_of(Factor(size_of(dim), "feature")) for dim in data[axis + 1 :])
        return (*data[:axis], *index, *rows)
    # Nodes of a graph, which lie along the axis of the samples, are picked for each edge: edges are no samples.
    edges = batch in data[axis] and any(factor.origin == "position" for dim in index for factor in dim)
    if len(index) == 1 and data[axis] and not edges:
        picks = None if batch in data[axis] else _constant_index(graph, node.inputs[1])
        return (*data[:axis], picked_by(data[axis], picks, size_of(index[0])), *data[axis + 1 :])
    return (*data[:axis], *index, *data[axis + 1 :])


def _constant_index(graph: Graph, value: Value) -> npt.NDArray[Any] | None:
    """Indices that are always the same; None for others. Keras adds the size to those below 0, by a choice between the two."""
    constant = graph.constant(value)
    if constant is None and value.node.op == ops.SELECT and value.node.inputs[0].node.op == ops.LESS:
        return graph.constant(value.node.inputs[2])
    return constant


def _picked(dim: Dim, index: Dim) -> Dim:
    """A dimension after each sample has picked its own positions; which ones is not in the graph."""
    size = size_of(index)
    if size == ONE or not dim:
        return ()
    unknown = (-1,) * size[1] if size is not None and size[0] == 0 else None
    return (Factor(size, origin_of(dim), parent=dim[0], in_parent=unknown),)
