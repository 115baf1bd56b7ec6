"""Translates what slides over positions: kernels, pooling, resizing and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.torch.aten_pass import Ran
from tb_attention.tracing.torch.aten_rerun import Recipe
from tb_attention.tracing.torch.one_operation import Rule, Translation


def _convolution(t: Translation) -> None:
    rank, kernel = t.x.dim(), t["weight"].shape[2:]
    spatial = rank - 2
    if t["transposed"]:
        t.made(ops.CONV, t.x, t["weight"], channels=1)
        return
    if _cuts_patches(t):
        _patches(t)
        return

    def along(numbers: Sequence[int]) -> tuple[int, ...]:
        return (1, 1, *(numbers if len(numbers) == spatial else [numbers[0]] * spatial))

    depthwise = 1 < t["groups"] == t.x.shape[1]
    padding = along(t["padding"])
    t.made(
        ops.DEPTHWISE_CONV if depthwise else ops.CONV,
        t.x,
        t["weight"],
        window=along(kernel),
        strides=along(t["stride"]),
        dilations=along(t["dilation"]),
        padding=(0, 0, *padding[2:]),
        channels=1,
    )


def _cuts_patches(t: Translation) -> bool:
    """Whether a kernel is an identity matrix, as Keras cuts patches on PyTorch: rows, columns and channels become channels."""
    kernel = t["weight"]
    size = kernel.shape[1:].numel()
    if kernel.dim() != 4 or t["groups"] != 1 or kernel.shape[0] != size or not t.to.is_constant(kernel):
        return False
    return bool((kernel.permute(2, 3, 1, 0).reshape(size, size) == torch.eye(size, device=kernel.device)).all())


def _patches(t: Translation) -> None:
    """Patches have their channels last, in all frameworks."""
    cut = _cut_patches(
        t,
        t["weight"].shape[2:],
        t["stride"],
        t["dilation"],
        t["padding"],
        lambda ran: ran.outputs[0].permute(0, 2, 3, 1),
    )
    t.made(ops.TRANSPOSE, cut, np.asarray((0, 3, 1, 2)))


def _cut_patches(
    t: Translation, window: Sequence[int], strides: Any, dilations: Any, padding: Any, recipe: Recipe
) -> Value:
    """Patches of pictures: samples, rows, columns, and for each the rows, columns and channels of a patch in one axis."""
    last = (0, 2, 3, 1)
    x = t.between(ops.TRANSPOSE, t.x.permute(last), lambda ran: _pictures(ran).permute(last), t.x, np.asarray(last))
    return t.between(
        ops.PATCHES,
        recipe(t.ran),
        recipe,
        x,
        window=(1, *window, 1),
        strides=(1, *strides, 1),
        dilations=(1, *dilations, 1),
        padding=(0, *padding, 0),
    )


def _pictures(ran: Ran) -> torch.Tensor:
    given: torch.Tensor = ran["self"] if ran["input"] is None else ran["input"]
    return given


def _columns(t: Translation) -> None:
    """Patches in columns, as `unfold` cuts them: samples; channels, rows and columns of a patch; patches."""
    if t.x.dim() != 4:
        t.made(ops.OPAQUE, t.x)
        return
    kernel, channels = tuple(t["kernel_size"]), t.x.shape[1]
    counts = [
        (size + 2 * pad - dilation * (width - 1) - 1) // stride + 1
        for size, pad, dilation, width, stride in zip(
            t.x.shape[2:], t["padding"], t["dilation"], kernel, t["stride"], strict=True
        )
    ]

    def apart(ran: Ran) -> torch.Tensor:
        return ran.outputs[0].reshape(-1, channels, *kernel, *counts)

    def in_patches(ran: Ran) -> torch.Tensor:
        return apart(ran).permute(0, 4, 5, 2, 3, 1)

    cut = _cut_patches(t, kernel, t["stride"], t["dilation"], t["padding"], lambda ran: in_patches(ran).flatten(3))
    sizes = (-1, *counts, *kernel, channels)
    split = t.between(ops.RESHAPE, in_patches(t.ran), in_patches, cut, np.asarray(sizes, np.int64))
    turned = t.between(ops.TRANSPOSE, apart(t.ran), apart, split, np.asarray((0, 5, 3, 4, 1, 2)))
    t.made(ops.RESHAPE, turned, np.asarray((-1, *t.out.shape[1:]), np.int64))


def _windows(t: Translation) -> None:
    """Windows along an axis, whose cells become the last axis."""
    rank, along, size = t.x.dim(), t.axis("dimension"), t["size"]
    if rank < 2 or not along:
        t.made(ops.OPAQUE, t.x)
        return
    rest = [axis for axis in range(1, rank) if axis != along]
    order = [0, along, *rest]
    sizes = [t.x.shape[axis] for axis in rest]

    def cut(ran: Ran) -> torch.Tensor:
        return ran.outputs[0].permute(0, along, rank, *rest)

    turned = t.between(
        ops.TRANSPOSE, t.x.permute(order), lambda ran: ran["self"].permute(order), t.x, np.asarray(order)
    )
    flat = t.between(
        ops.RESHAPE,
        t.x.permute(order).flatten(2),
        lambda ran: ran["self"].permute(order).flatten(2),
        turned,
        np.asarray((-1, t.x.shape[along], int(np.prod(sizes))), np.int64),
    )
    patches = t.between(
        ops.PATCHES,
        cut(t.ran).flatten(2),
        lambda ran: cut(ran).flatten(2),
        flat,
        window=(1, size, 1),
        strides=(1, t["step"], 1),
        dilations=(1, 1, 1),
        padding=(0, 0, 0),
    )
    split = t.between(
        ops.RESHAPE, cut(t.ran), cut, patches, np.asarray((-1, t.out.shape[along], size, *sizes), np.int64)
    )
    t.made(ops.TRANSPOSE, split, np.argsort((0, along, rank, *rest)))


def _pool(t: Translation) -> None:
    spatial = t.out.dim() - 2
    kernel = _each(t["kernel_size"], spatial)
    stride = _each(t["stride"] or t["kernel_size"], spatial)
    padding = _each(t["padding"] or [0], spatial)
    t.made(
        ops.POOL,
        t.x,
        window=(1, 1, *kernel),
        strides=(1, 1, *stride),
        dilations=(1, 1, *_each(t["dilation"] or [1], spatial)),
        padding=(0, 0, *padding),
        channels=1,
    )


def _each(numbers: Any, count: int) -> tuple[int, ...]:
    numbers = list(np.atleast_1d(numbers))
    return tuple(int(number) for number in (numbers if len(numbers) == count else numbers * count))


def _adaptive_pool(t: Translation, op: str) -> None:
    spatial = t.x.dim() - (t.x.dim() - len(_each_output(t)))
    axes = tuple(range(t.x.dim() - spatial, t.x.dim()))
    sizes = [(t.x.shape[axis], t.out.shape[axis]) for axis in axes]
    if all(made == 1 for _, made in sizes):
        t.made(op, t.x, np.asarray(axes), axes=axes, keep_dims=True)
    elif all(size % made == 0 for size, made in sizes):
        steps = (1,) * (t.x.dim() - spatial) + tuple(size // made for size, made in sizes)
        t.made(ops.POOL, t.x, window=steps, strides=steps, padding=(0,) * t.x.dim(), channels=1)
    else:
        t.made(ops.POOL, t.x, channels=1)


def _each_output(t: Translation) -> list[int]:
    return list(np.atleast_1d(t["output_size"]))


def _resize(t: Translation) -> None:
    align = bool(t["align_corners"])
    t.made(ops.RESIZE, t.x, np.asarray(t.out.shape[2:], np.int64), align_corners=align, is_even=not align)


def _pad(t: Translation) -> None:
    pairs = np.reshape(t["pad"] if t["pad"] is not None else t["padding"], (-1, 2))[::-1]
    t.made(ops.PAD, t.x, np.pad(pairs, ((t.x.dim() - len(pairs), 0), (0, 0))))


def _recurrent(t: Translation) -> None:
    """A whole recurrent layer: steps and samples stay, features are new ones, as behind a kernel."""
    t.made(ops.CONV, t.x, t["weight0"], channels=2)


_POOLS = "avg_pool1d avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices"
_RESIZES = (
    "upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d "
    "upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa"
)
_PADS = "constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d"

SLIDING: dict[str, Rule] = {
    "convolution": _convolution,
    **dict.fromkeys(_POOLS.split(), _pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "_adaptive_avg_pool3d"), lambda t: _adaptive_pool(t, ops.MEAN)),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_max_pool3d"), lambda t: _adaptive_pool(t, ops.MAX)),
    **dict.fromkeys(_RESIZES.split(), _resize),
    **dict.fromkeys(_PADS.split(), _pad),
    "im2col": _columns,
    "unfold": _windows,
    "mkldnn_rnn_layer": _recurrent,
}
