"""Reads the parameters of JAX's convolutions and windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Shape
from tb_attention.tracing.ops import Attributes


def read_convolution(params: Mapping[str, Any], shape: Shape, kernel: Shape) -> tuple[str, Attributes]:
    """What a convolution is, and how its kernel lies over the positions.

    Args:
        params: The parameters of `conv_general_dilated`.
        shape, kernel: The shapes of what it slides over and of its kernel.
    """
    numbers = params["dimension_numbers"]
    samples, channels, *space = numbers.lhs_spec
    if numbers.lhs_spec != numbers.out_spec or samples != 0 or any(size != 1 for size in params["lhs_dilation"]):
        return ops.OPAQUE, ops.NO_ATTRIBUTES
    groups = params["feature_group_count"]

    def along(sizes: Sequence[Any], default: int = 1) -> tuple[Any, ...]:
        return _along(len(shape), space, sizes, default)

    attributes = Attributes(
        window=along([kernel[axis] for axis in numbers.rhs_spec[2:]]),
        strides=along(params["window_strides"]),
        dilations=along(params["rhs_dilation"]),
        padding=along([before for before, _ in params["padding"]], 0),
        channels=channels,
    )
    return ops.DEPTHWISE_CONV if 1 < groups == shape[channels] else ops.CONV, attributes


def read_window(params: Mapping[str, Any]) -> Attributes:
    """How the window of a pooling lies over the positions, channels last where that cannot be told."""
    window = tuple(params["window_dimensions"])
    return Attributes(
        window=window,
        strides=tuple(params["window_strides"]),
        dilations=tuple(params["window_dilation"]),
        padding=tuple(before for before, _ in params["padding"]),
        channels=1 if window[-1] != 1 and window[1:2] == (1,) else len(window) - 1,
    )


def _along(rank: int, space: Sequence[int], sizes: Sequence[Any], default: int) -> tuple[Any, ...]:
    named = dict(zip(space, sizes, strict=True))
    return tuple(named.get(axis, default) for axis in range(rank))
