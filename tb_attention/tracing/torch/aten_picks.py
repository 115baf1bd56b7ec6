"""Translates picks by index, and sums over the entries of a segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.ops import At, Span
from tb_attention.tracing.torch.one_operation import Rule, Translation

_WHOLE = Span(None, None, 1)


def _gather(t: Translation, data: Any, index: Any, axis: int, batch_dims: int = 0) -> None:
    t.made(ops.GATHER, data, index, np.asarray(axis), axis=axis, batch_dims=batch_dims)


def _index(t: Translation) -> None:
    """Picks by one list of indices, or by several of neighbouring axes; by a mask it is opaque."""
    at = [(axis, index) for axis, index in enumerate(t["indices"]) if index is not None]
    axes = [axis for axis, _ in at]
    if any(index.dtype in (torch.bool, torch.uint8) for _, index in at) or axes != list(range(axes[0], axes[-1] + 1)):
        t.made(ops.OPAQUE, t.x, *(index for _, index in at))
    elif len(at) == 1:
        _gather(t, t.x, at[0][1], axes[0])
    else:
        _pick_by_coordinates(t, axes, [index for _, index in at])


def _pick_by_coordinates(t: Translation, axes: list[int], indices: list[torch.Tensor]) -> None:
    """The axes of the indices come first where coordinates are picked, and are moved to where they were."""
    rest = [axis for axis in range(t.x.dim()) if axis not in axes]
    first, count = axes[0], max(index.dim() for index in indices)

    def stacked(ran: Any) -> torch.Tensor:
        return torch.stack(torch.broadcast_tensors(*(index for index in ran["indices"] if index is not None)), -1)

    coordinates = t.between(ops.PACK, stacked(t.ran), stacked, *indices, axis=count)
    if not first:
        t.made(ops.GATHER_ND, t.x, coordinates)
        return
    order = [*axes, *rest]
    turned = t.between(
        ops.TRANSPOSE, t.x.permute(order), lambda ran: ran["self"].permute(order), t.x, np.asarray(order)
    )
    back = [*range(count, count + first), *range(count), *range(count + first, t.out.dim())]
    front = [int(axis) for axis in np.argsort(back)]
    picked = t.between(
        ops.GATHER_ND, t.out.permute(front), lambda ran: ran.outputs[0].permute(front), turned, coordinates
    )
    t.made(ops.TRANSPOSE, picked, np.asarray(back))


def _take_along(t: Translation) -> None:
    """`gather`: of whole rows, where the indices are the same along all axes behind it."""
    axis, index, rank = t.axis(), t["index"], t.x.dim()
    if axis != 1 or rank < 2 or not _is_same_along(index, 2):
        t.made(ops.OPAQUE, t.x, index)
        return
    _gather(t, t.x, index if rank == 2 else _of_rows(t, index, 2), 1, batch_dims=1)


def _is_same_along(index: torch.Tensor, first: int) -> bool:
    """Whether indices are the same along all axes from one on."""
    flat = index.flatten(first) if index.dim() > first else index[..., None]
    return bool((flat == flat[..., :1]).all())


def _of_rows(t: Translation, index: torch.Tensor, first: int) -> Value:
    """Indices without axes along which they are the same."""
    cut = (*(_WHOLE for _ in range(first)), *(At(0) for _ in range(index.dim() - first)))
    rows = index.flatten(first)[..., 0]
    return t.between(ops.STRIDED_SLICE, rows, lambda ran: ran["index"].flatten(first)[..., 0], index, index=cut)


def _segments(t: Translation) -> None:
    """What is added to zeros, or compared with what is less than all, for each segment of rows."""
    op, index, source = _SEGMENTS.get(t["reduce"] or "sum"), t["index"], t["source"]
    source = t["src"] if source is None else source
    into = t.to.value(t.x)
    begins = into.node.op == ops.ZEROS_LIKE or t.to.is_constant(t.x)
    if op is None or t.axis() != 0 or not begins or not _is_same_along(index, 1):
        t.made(ops.OPAQUE, t.x, index, source)
        return
    t.made(op, source, index if index.dim() == 1 else _of_rows(t, index, 1))


_SEGMENTS = {"sum": ops.SEGMENT_SUM, "mean": ops.SEGMENT_MEAN, "amax": ops.SEGMENT_MAX}

PICKS: dict[str, Rule] = {
    "embedding": lambda t: _gather(t, t["weight"], t["indices"], 0),
    "index_select": lambda t: _gather(t, t.x, t["index"], t.axis()),
    "index": _index,
    "gather": _take_along,
    **dict.fromkeys(("index_add", "scatter_add", "scatter_reduce", "index_reduce"), _segments),
}
