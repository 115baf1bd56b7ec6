"""Translates picks by index, and sums over the entries of a segment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.jax.translation_step import Translation


def translate_gather(t: Translation) -> None:
    """Picks along one axis, as `take` and `take_along_axis` do, or at coordinates, which are the last axis of JAX's indices."""
    d, whole, index = t.params["dimension_numbers"], t.maker.aval(t.step.reads[0]).shape, t.inputs[1]
    axes, batched = tuple(d.start_index_map), tuple(d.operand_batching_dims)
    picked = {*axes, *batched}
    is_whole = all(size == (1 if axis in picked else whole[axis]) for axis, size in enumerate(t.params["slice_sizes"]))
    if not is_whole or tuple(d.collapsed_slice_dims) != axes or batched != tuple(range(len(batched))):
        return t.opaque()
    if tuple(d.start_indices_batching_dims) != batched:
        return t.opaque()
    rank = len(index.shape or ()) - 1
    if len(axes) > 1 or not axes:
        is_plain = axes == tuple(range(len(axes))) and not batched and tuple(d.offset_dims) == _after(rank, rank, t)
        return t.node(ops.GATHER_ND, t.x, index) if is_plain and axes else t.opaque()
    axis = axes[0]
    if tuple(d.offset_dims) != _after(axis, rank - len(batched), t, *batched):
        return t.opaque()
    t.node(ops.GATHER, t.x, _without_coordinate(t, index), np.int32(axis), axis=axis, batch_dims=len(batched))


def _after(axis: int, count: int, t: Translation, *batched: int) -> tuple[int, ...]:
    """The axes of the result that are no indices, where `count` axes of indices are put at an axis."""
    if not batched and axis == count:
        return tuple(range(count, len(t.shape)))
    indices = {*batched, *range(axis, axis + count)}
    return tuple(other for other in range(len(t.shape)) if other not in indices)


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
