"""Translates picks by index, and sums over the entries of a segment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jax.lax import GatherScatterMode

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.jax.translation_step import Translation
from tb_attention.tracing.ops import At, Attributes, Index, Span


def translate_gather(t: Translation) -> None:
    """Picks along one axis, as `take` and `take_along_axis` do, or at coordinates, which are the last axis of JAX's indices."""
    d, sizes = t.params["dimension_numbers"], t.params["slice_sizes"]
    whole, index = t.maker.aval(t.step.reads[0]).shape, t.inputs[1]
    axes, batched = tuple(d.start_index_map), tuple(d.operand_batching_dims)
    rank = len(index.shape or ()) - 1
    if batched != tuple(range(len(batched))) or tuple(d.start_indices_batching_dims) != batched:
        return t.opaque()
    # Where a whole axis is taken, its index can only be 0.
    picked = tuple(axis for axis in axes if sizes[axis] != whole[axis] or whole[axis] == 1)
    picked = picked if picked and t.params["mode"] == GatherScatterMode.CLIP else axes
    if any(size != (1 if axis in (*picked, *batched) else whole[axis]) for axis, size in enumerate(sizes)):
        return t.opaque()
    if len(picked) == 1:
        return _picked_along(t, picked[0], axes.index(picked[0]), rank, len(batched))
    is_plain = axes == picked == tuple(range(len(axes))) == tuple(d.collapsed_slice_dims) and not batched
    if axes and is_plain and tuple(d.offset_dims) == _after(rank, rank, len(t.shape)):
        return t.node(ops.GATHER_ND, t.x, index)
    t.opaque()


def _picked_along(t: Translation, axis: int, coordinate: int, rank: int, batched: int) -> None:
    """The axis may stay with size 1, as under `vmap` where one position was cut out."""
    d, index = t.params["dimension_numbers"], t.inputs[1]
    offsets, collapsed = list(d.offset_dims), tuple(d.collapsed_slice_dims)
    if collapsed not in ((), (axis,)):
        return t.opaque()
    kept = None if collapsed else offsets.pop(axis - batched)
    offsets = [offset - (kept is not None and offset > kept) for offset in offsets]
    left = len(t.shape) - (kept is not None)
    if tuple(offsets) != _after(axis, rank - batched, left, *range(batched)):
        return t.opaque()
    if len(d.start_index_map) > 1:
        spans: Index = (*(Span(None, None, 1) for _ in range(rank)), At(coordinate))
        shape, attributes = (index.shape or ())[:-1], Attributes(index=spans)
        index = t.maker.extra(ops.STRIDED_SLICE, [index], shape, index.dtype, attributes=attributes)
    else:
        index = _without_coordinate(t, index)
    attributes = Attributes(axis=axis, batch_dims=batched)
    if kept is None:
        return t.maker.step(t.step, t.more, ops.GATHER, [t.x, index, np.int32(axis)], attributes)
    shape = tuple(size for at, size in enumerate(t.shape) if at != kept)
    inputs = [t.x, index, np.int32(axis)]
    made = t.maker.extra(ops.GATHER, inputs, shape, t.x.dtype, t.step.layers, attributes)
    t.node(ops.EXPAND_DIMS, made, np.asarray([kept], np.int32))


def _after(axis: int, count: int, rank: int, *batched: int) -> tuple[int, ...]:
    """The axes of a result that are no indices, where `count` axes of indices are put at an axis."""
    if not batched and axis == count:
        return tuple(range(count, rank))
    indices = {*batched, *range(axis, axis + count)}
    return tuple(other for other in range(rank) if other not in indices)


def _without_coordinate(t: Translation, index: Value) -> Value:
    shape = (index.shape or ())[:-1]
    if index.node.op == ops.EXPAND_DIMS and index.node.inputs[0].shape == shape:
        return index.node.inputs[0]
    return t.extra(ops.SQUEEZE, [index], shape, lambda array: array[..., 0])


def translate_scatter(op: str) -> Callable[[Translation], None]:
    def segments(t: Translation) -> None:
        """What is added, for each segment, to zeros."""
        d, rank = t.params["dimension_numbers"], len(t.inputs[2].shape or ())
        indices = len(t.inputs[1].shape or ()) - 1
        is_rows = tuple(d.inserted_window_dims) == tuple(d.scatter_dims_to_operand_dims) == (0,)
        is_last = tuple(d.update_window_dims) == tuple(range(indices, rank))
        if not is_rows or not is_last or d.operand_batching_dims or t.x.node.op not in (ops.FILL, ops.CONST):
            return t.opaque()
        t.node(op, t.inputs[2], _without_coordinate(t, t.inputs[1]))

    return segments
