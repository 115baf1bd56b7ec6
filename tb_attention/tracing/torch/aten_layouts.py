"""Translates operations that lay numbers out anew: reshapes, copies, cuts and joins."""

from __future__ import annotations

from typing import Any

import numpy as np

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


_FILLED = "new_zeros new_ones new_full new_empty new_empty_strided full_like empty_like rand_like randn_like"

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
    "where": lambda t: t.made(ops.SELECT, t["condition"], t["self"], t["other"]),
    "masked_fill": lambda t: t.made(ops.SELECT, t["mask"], t["value"], t.x),
    "roll": _roll,
    "flip": _flip,
    "copy": _copy,
    # Of a tensor they read no more than its type.
    **dict.fromkeys(_FILLED.split(), lambda t: t.made(ops.OPAQUE)),
}
