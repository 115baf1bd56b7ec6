"""Translates what lays numbers out in another way: shapes, slices, splits and joins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.jax.translation_step import Translation
from tb_attention.tracing.ops import At, Attributes, Span


def translate_broadcast(t: Translation) -> None:
    """Axes of one are put in first, so that what is copied and what is not can be told."""
    x, shape = t.x, t.shape
    if x.shape == () and t.maker.constant(x) is not None:
        return t.node(ops.FILL, t.sizes(), x)
    thin: list[int | None] = [1] * len(shape)
    for axis, size in zip(t.params["broadcast_dimensions"], x.shape or (), strict=True):
        thin[axis] = size
    added = tuple(axis for axis in range(len(shape)) if axis not in t.params["broadcast_dimensions"])
    if tuple(thin) == shape and added:
        return t.node(ops.EXPAND_DIMS, x, np.asarray(added, np.int32))
    if added:
        inputs = (x, np.asarray(added, np.int32))
        x = t.extra(ops.EXPAND_DIMS, inputs, tuple(thin), lambda array: _expanded(array, added))
    t.node(ops.BROADCAST_TO, x, t.sizes())


def _expanded(array: Any, axes: tuple[int, ...]) -> Any:
    sizes = list(array.shape)
    for axis in axes:
        sizes.insert(axis, 1)
    return array.reshape(sizes)


def translate_squeeze(t: Translation) -> None:
    """One position of an axis, as in `x[:, 0]`, is a slice and then this."""
    dropped, cut = t.params["dimensions"], t.x.node
    index = cut.attributes.index if cut.op == ops.STRIDED_SLICE else None
    if index is None:
        return t.node(ops.SQUEEZE, t.x)
    items = [
        At(item.first if item.is_known else None)
        if axis in dropped and isinstance(item, Span) and not item.is_whole
        else item
        for axis, item in enumerate(index)
    ]
    if all(isinstance(items[axis], At) for axis in dropped):
        t.node(ops.STRIDED_SLICE, cut.inputs[0], *cut.inputs[1:], index=tuple(items))
    else:
        t.node(ops.SQUEEZE, t.x)


def translate_slice(t: Translation) -> None:
    first, last = t.params["start_indices"], t.params["limit_indices"]
    steps = t.params["strides"] or (1,) * len(first)
    _sliced(t, first, last, steps)


def translate_dynamic_slice(t: Translation) -> None:
    """A block whose beginnings may be known only at run time."""
    starts, sizes = [t.maker.constant(value) for value in t.inputs[1:]], t.params["slice_sizes"]
    whole = t.maker.aval(t.step.reads[0]).shape
    first: list[int | None] = []
    for start, size, full in zip(starts, sizes, whole, strict=True):
        fits = size == full
        first.append(0 if fits else None if start is None else int(min(max(int(start), 0), full - size)))
    last = [None if begin is None else begin + size for begin, size in zip(first, sizes, strict=True)]
    if None not in first:
        return _sliced(t, first, last, (1,) * len(sizes))
    begin = t.maker.extra(ops.PACK, t.inputs[1:], (len(sizes),), "int32", attributes=Attributes(axis=0))
    if len([axis for axis, size in enumerate(sizes) if size == 1 and whole[axis] != 1]) == 1:
        # One position that is known only at run time.
        index = tuple(Span(None, None, 1, is_known=begin is not None) for begin in first)
        return t.node(ops.STRIDED_SLICE, t.x, begin, begin, begin, index=index)
    t.node(ops.SLICE, t.x, begin, np.asarray(sizes, np.int32))


def _sliced(t: Translation, first: Sequence[int | None], last: Sequence[int | None], steps: Sequence[int]) -> None:
    shapes = (t.maker.aval(t.step.reads[0]).shape, t.shape, t.x.shape or ())
    index = []
    for begin, end, step, size, made, static in zip(first, last, steps, *shapes, strict=True):
        if begin is None:
            index.append(Span(None, None, 1, is_known=made == static))
        elif begin == 0 and end == size and step == 1:
            index.append(Span(None, None, 1))
        else:
            index.append(Span(int(begin), None if end == size else end, int(step)))
    ends = (np.asarray([0 if item is None else item for item in items], np.int32) for items in (first, last, steps))
    t.node(ops.STRIDED_SLICE, t.x, *ends, index=tuple(index))


def translate_pad(t: Translation) -> None:
    config = t.params["padding_config"]
    if any(before < 0 or after < 0 or inside for before, after, inside in config):
        return t.opaque()
    t.node(ops.PAD, t.x, np.asarray([sides[:2] for sides in config], np.int32), t.inputs[1])


def translate_concatenate(t: Translation) -> None:
    axis = t.params["dimension"]
    shift = _roll_of(t.inputs, axis)
    if shift is None:
        return t.node(ops.CONCAT, *t.inputs, np.int32(axis), axis=axis)
    t.node(ops.ROLL, t.x.node.inputs[0], np.asarray([shift], np.int32), np.asarray([axis], np.int32))


def _roll_of(parts: Sequence[Value], axis: int) -> int | None:
    """By how many positions an axis is rolled, where its end is put before its beginning."""
    if len(parts) != 2 or any(part.node.op != ops.STRIDED_SLICE for part in parts):
        return None
    indices = [part.node.attributes.index or () for part in parts]
    if parts[0].node.inputs[0] is not parts[1].node.inputs[0] or any(len(index) <= axis for index in indices):
        return None
    rest = [item for index in indices for at, item in enumerate(index) if at != axis]
    end, start = (index[axis] for index in indices)
    if not all(isinstance(item, Span) and item.is_whole for item in rest):
        return None
    if not isinstance(end, Span) or not isinstance(start, Span) or (end.step, start.step) != (1, 1):
        return None
    is_rolled = end.last is None and end.first and start.last == end.first and not start.first
    return (parts[0].shape or ())[axis] if is_rolled else None


def translate_split(t: Translation) -> None:
    axis, sizes = t.params["axis"], [int(size) for size in t.params["sizes"]]
    if len(set(sizes)) == 1:
        t.node(ops.SPLIT, np.int32(axis), t.x, axis=axis)
    else:
        t.node(ops.SPLIT_V, t.x, t.param_sizes("sizes"), np.int32(axis), axis=axis)


def translate_iota(t: Translation) -> None:
    axis, shape = t.params["dimension"], t.shape
    count = t.maker.shape([t.step.results[0].shape[axis]], [t.more.results[0].shape[axis]])
    if len(shape) == 1:
        return t.node(ops.RANGE, np.int32(0), count, np.int32(1))
    ranged = t.extra(ops.RANGE, (np.int32(0), count, np.int32(1)), (shape[axis],), lambda _: None)
    others = np.asarray([other for other in range(len(shape)) if other != axis], np.int32)
    thin = tuple(size if other == axis else 1 for other, size in enumerate(shape))
    if thin == shape:
        return t.node(ops.EXPAND_DIMS, ranged, others)
    t.node(ops.BROADCAST_TO, t.extra(ops.EXPAND_DIMS, (ranged, others), thin, lambda _: None), t.sizes())
