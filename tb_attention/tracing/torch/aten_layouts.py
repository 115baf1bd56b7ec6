"""Translates operations that lay numbers out anew: reshapes, copies, cuts, joins and picks by index."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tb_attention.tracing import ops
from tb_attention.tracing.ops import At, Span
from tb_attention.tracing.torch.one_operation import Rule, Translation, swapped


def _reshape(t: Translation) -> None:
    t.made(ops.RESHAPE, t.x, np.asarray(t.out.shape, np.int64))


def _transpose(t: Translation) -> None:
    rank = t.out.dim()
    if t.ran.name == "permute":
        order = [axis % rank for axis in t["dims"]]
    elif t.ran.name == "transpose":
        order = swapped(rank, t["dim0"] % rank, t["dim1"] % rank) if rank else []
    else:
        order = list(range(rank))[::-1]
    t.made(ops.TRANSPOSE, t.x, np.asarray(order, np.int64))


def _expand(t: Translation) -> None:
    if t.out.shape == t.x.shape:
        t.made(ops.IDENTITY, t.x)
    else:
        t.made(ops.BROADCAST_TO, t.x, np.asarray(t.out.shape, np.int64))


def _repeat(t: Translation) -> None:
    missing = t.out.dim() - t.x.dim()
    shape = (1,) * missing + tuple(t.x.shape)
    x: Any = t.x
    if missing:
        x = t.between(
            ops.RESHAPE, x.reshape(shape), lambda ran: ran["self"].reshape(shape), x, np.asarray(shape, np.int64)
        )
    t.made(ops.TILE, x, np.asarray(t["repeats"], np.int64))


def _cat(t: Translation) -> None:
    # An empty list of tensors counts for nothing, whatever its rank.
    parts = [part for part in t["tensors"] if part.dim() == t.out.dim()]
    axis = int(t["dim"]) % t.out.dim()
    t.made(ops.CONCAT, *parts, np.asarray(axis), axis=axis)


def _split(t: Translation) -> None:
    axis = t.axis()
    sizes = [part.shape[axis] for part in t.ran.outputs]
    if len(set(sizes)) == 1:
        t.made(ops.SPLIT, np.asarray(axis), t.x, axis=axis)
    else:
        t.made(ops.SPLIT_V, t.x, np.asarray(sizes), np.asarray(axis), axis=axis)


def _slice(t: Translation) -> None:
    axis, size = t.axis(), t.x.shape[t.axis()]
    start, end = t["start"] or None, t["end"]
    last = None if end is None or end >= size else end
    step = 1 if t["step"] is None else t["step"]
    whole = Span(None, None, 1)
    t.made(ops.STRIDED_SLICE, t.x, index=(*(whole for _ in range(axis)), Span(start, last, step)))


def _select(t: Translation) -> None:
    axis = t.axis()
    t.made(ops.STRIDED_SLICE, t.x, index=(*(Span(None, None, 1) for _ in range(axis)), At(t["index"])))


def _gather(t: Translation, data: Any, index: Any, axis: int, batch_dims: int = 0) -> None:
    t.made(ops.GATHER, data, index, np.asarray(axis), axis=axis, batch_dims=batch_dims)


def _index(t: Translation) -> None:
    """Picks by one list of indices; by several at once, or by a mask, it is opaque."""
    at = [(axis, index) for axis, index in enumerate(t["indices"]) if index is not None]
    if len(at) == 1 and at[0][1].dtype not in (torch.bool, torch.uint8):
        _gather(t, t.x, at[0][1], at[0][0])
    else:
        t.made(ops.OPAQUE, t.x, *(index for _, index in at))


def _take_along(t: Translation) -> None:
    """`gather`: of whole rows, where the indices are the same along all axes behind it."""
    axis, index, rank = t.axis(), t["index"], t.x.dim()
    flat = index.flatten(2) if rank > 2 else index[..., None]
    if axis != 1 or rank < 2 or not bool((flat == flat[..., :1]).all()):
        t.made(ops.OPAQUE, t.x, index)
        return
    if rank == 2:
        _gather(t, t.x, index, 1, batch_dims=1)
        return
    cut = (Span(None, None, 1), Span(None, None, 1), *(At(0) for _ in range(rank - 2)))
    rows = t.between(ops.STRIDED_SLICE, flat[..., 0], lambda ran: ran["index"].flatten(2)[..., 0], index, index=cut)
    _gather(t, t.x, rows, 1, batch_dims=1)


def _roll(t: Translation) -> None:
    if t["dims"]:
        t.made(ops.ROLL, t.x, np.atleast_1d(t["shifts"]), np.atleast_1d(t["dims"]) % t.x.dim())
    else:
        t.made(ops.OPAQUE, t.x)


def _flip(t: Translation) -> None:
    axes = tuple(sorted(axis % t.x.dim() for axis in t["dims"]))
    t.made(ops.REVERSE, t.x, np.asarray(axes), axes=axes)


def _copy(t: Translation) -> None:
    """`copy_` gives the numbers of another tensor."""
    if t["src"].shape == t.out.shape:
        t.made(ops.IDENTITY, t["src"])
    else:
        t.made(ops.BROADCAST_TO, t["src"], np.asarray(t.out.shape, np.int64))


LAYOUTS: dict[str, Rule] = {
    **dict.fromkeys(("view", "_unsafe_view", "_reshape_alias", "reshape"), _reshape),
    **dict.fromkeys(("t", "permute", "transpose", "numpy_T"), _transpose),
    "expand": _expand,
    "repeat": _repeat,
    "cat": _cat,
    "stack": lambda t: t.made(ops.PACK, *t["tensors"], axis=int(t["dim"]) % t.out.dim()),
    "unbind": lambda t: t.made(ops.UNPACK, t.x, axis=t.axis()),
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "chunk"), _split),
    "slice": _slice,
    "select": _select,
    "embedding": lambda t: _gather(t, t["weight"], t["indices"], 0),
    "index_select": lambda t: _gather(t, t.x, t["index"], t.axis()),
    "index": _index,
    "gather": _take_along,
    "where": lambda t: t.made(ops.SELECT, t["condition"], t["self"], t["other"]),
    "masked_fill": lambda t: t.made(ops.SELECT, t["mask"], t["value"], t.x),
    "roll": _roll,
    "flip": _flip,
    "copy": _copy,
}
