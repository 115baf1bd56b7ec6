"""Translates TensorFlow's operations into the vocabulary of `ops.py`: names, attributes, and constants that are fed as inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Node, Value
from tb_attention.tracing.ops import Attributes, Index

_SEVERAL: dict[str, str] = {
    ops.IDENTITY: "IdentityN StopGradient PreventGradient CheckNumerics EnsureShape Snapshot OptimizationBarrier",
    ops.SHAPE: "ShapeN",
    ops.PAD: "PadV2 MirrorPad",
    ops.SELECT: "SelectV2",
    ops.REVERSE: "ReverseV2 ReverseSequence",
    ops.MATRIX_DIAG: "MatrixDiagV2 MatrixDiagV3",
    ops.TOP_K: "TopK ApproxTopK",
    ops.MULTINOMIAL: "StatelessMultinomial",
    ops.SEGMENT_SUM: "UnsortedSegmentSum",
    ops.SEGMENT_MAX: "UnsortedSegmentMax",
    ops.MATMUL: "BatchMatMul BatchMatMulV2 BatchMatMulV3",
    ops.CONV: "Conv2D Conv3D",
    ops.DEPTHWISE_CONV: "DepthwiseConv2dNative",
    ops.POOL: "MaxPool AvgPool MaxPoolV2 MaxPool3D AvgPool3D",
    ops.PATCHES: "ExtractImagePatches ExtractVolumePatches",
    ops.RESIZE: "ResizeBilinear ResizeNearestNeighbor ResizeBicubic",
    ops.RECIPROCAL: "Inv",
    ops.ROUND: "Rint",
    ops.ADD: "AddV2",
    ops.DIV: "DivNoNan",
    ops.COMPARE: "Equal Greater GreaterEqual LessEqual NotEqual",
    ops.LOGICAL: "LogicalAnd LogicalNot LogicalOr BitwiseAnd",
    ops.BATCH_NORM: "FusedBatchNormV2 FusedBatchNormV3",
    ops.LOOP: "StatelessWhile",
    ops.PRINT: "PrintV2",
}
_NAMES = {name: name for name in ops.OPERATIONS} | {
    name: known for known, names in _SEVERAL.items() for name in names.split()
}


class _Operation:
    """An operation as TensorFlow has it.

    Args:
        name: Its type.
        node: The node that is made of it.
        attribute: An attribute by TensorFlow's name; None if it has none of that name.
        constant: The array that a value always is, or None.
    """

    def __init__(
        self,
        name: str,
        node: Node,
        attribute: Callable[[str], Any],
        constant: Callable[[Value], npt.NDArray[Any] | None],
    ) -> None:
        self.name, self.node, self._attribute, self._constant = name, node, attribute, constant

    def number(self, name: str, default: int = 0) -> int:
        value = self._attribute(name)
        return default if value is None else int(value)

    def numbers(self, name: str) -> tuple[int, ...] | None:
        values = self._attribute(name)
        return tuple(map(int, values)) if values else None

    def text(self, name: str) -> str:
        value = self._attribute(name)
        return value.decode() if isinstance(value, bytes) else str(value or "")

    def array(self, index: int) -> npt.NDArray[Any] | None:
        """The input of an index as a constant; None where it is none, or there is no such input."""
        return self._constant(self.node.inputs[index]) if index < len(self.node.inputs) else None

    def axes(self, index: int, rank: int | None) -> tuple[int, ...] | None:
        """The axes in an input, in order, of a tensor of this rank."""
        array = self.array(index)
        return None if array is None or not rank else tuple(sorted(int(axis) % rank for axis in array.reshape(-1)))

    def axis(self, index: int, rank: int | None) -> int | None:
        axes = self.axes(index, rank)
        return axes[0] if axes is not None and len(axes) == 1 else None


def translate(
    name: str, node: Node, attribute: Callable[[str], Any], constant: Callable[[Value], npt.NDArray[Any] | None]
) -> None:
    """Gives a node its operation and attributes.

    Args:
        name: The type of TensorFlow's operation.
        node: With inputs and outputs.
        attribute: An attribute of the operation by TensorFlow's name; None if it has none of that name.
        constant: The array that a value always is, or None.
    """
    node.op = _NAMES.get(name, ops.OPAQUE)
    read = _ATTRIBUTES.get(node.op)
    if read is not None and node.inputs:
        node.attributes = read(_Operation(name, node, attribute, constant))


def _reduction(op: _Operation) -> Attributes:
    return Attributes(axes=op.axes(1, op.node.inputs[0].rank), keep_dims=bool(op.number("keep_dims")))


def _reverse(op: _Operation) -> Attributes:
    is_plain = op.name == "ReverseV2"
    return Attributes(axes=op.axes(1, op.node.inputs[0].rank) if is_plain else None)


def _concat(op: _Operation) -> Attributes:
    return Attributes(axis=op.axis(len(op.node.inputs) - 1, op.node.outputs[0].rank))


def _split(op: _Operation) -> Attributes:
    whole, axis = (1, 0) if op.node.op == ops.SPLIT else (0, 2)
    return Attributes(axis=op.axis(axis, op.node.inputs[whole].rank))


def _pack(op: _Operation) -> Attributes:
    """Of PACK the tensor with the axis is the result, of UNPACK what it reads."""
    whole = op.node.outputs[0] if op.node.op == ops.PACK else op.node.inputs[0]
    return Attributes(axis=op.number("axis") % whole.rank if whole.rank else None)


def _gather(op: _Operation) -> Attributes:
    return Attributes(axis=op.axis(2, op.node.inputs[0].rank), batch_dims=op.number("batch_dims"))


def _matmul(op: _Operation) -> Attributes:
    names = ("transpose_a", "transpose_b") if op.name == "MatMul" else ("adj_x", "adj_y")
    return Attributes(transposed=(bool(op.number(names[0])), bool(op.number(names[1]))))


def _einsum(op: _Operation) -> Attributes:
    return Attributes(equation=op.text("equation").replace(" ", ""))


def _strided_slice(op: _Operation) -> Attributes:
    return Attributes(index=_index(op))


def _index(op: _Operation) -> Index | None:
    shape = op.node.inputs[1].shape
    if not shape or shape[0] is None:
        return None
    masks = {name: op.number(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    begin, end, step = (op.array(index) for index in (1, 2, 3))
    items: list[Any] = []
    for entry in range(shape[0]):
        is_open, ends_open, is_ellipsis, is_new, is_dropped = (bool(mask >> entry & 1) for mask in masks.values())
        if is_ellipsis:
            items.append(...)
        elif is_new:
            items.append(None)
        elif is_dropped:
            items.append(ops.At(None if begin is None else int(begin[entry])))
        else:
            first = None if is_open or begin is None else int(begin[entry])
            last = None if ends_open or end is None else int(end[entry])
            is_known = (is_open or begin is not None) and (ends_open or end is not None) and step is not None
            items.append(ops.Span(first, last, 1 if step is None else int(step[entry]), is_known))
    return tuple(items)


def _sliding(op: _Operation) -> Attributes:
    rank = op.node.inputs[0].rank or 0
    channels = 1 if "NC" in op.text("data_format") else rank - 1
    block = op.number("block_size")
    if block:
        strides: tuple[int, ...] | None = tuple(1 if axis in (0, channels) else block for axis in range(rank))
        window: Sequence[int | None] | None = strides
    else:
        window, strides = _window(op, channels), op.numbers("strides")
    before = op.numbers("explicit_paddings") if op.text("padding") == "EXPLICIT" else None
    return Attributes(
        window=None if window is None else tuple(window),
        strides=strides,
        dilations=op.numbers("rates" if op.node.op == ops.PATCHES else "dilations"),
        padding=before[::2] if before else op.text("padding") or "VALID",
        channels=channels,
    )


def _window(op: _Operation, channels: int) -> Sequence[int | None] | None:
    """The size of the kernel, window or patch along each axis of the input."""
    if op.node.op == ops.POOL or op.node.op == ops.PATCHES:
        sizes = op.array(1) if op.name == "MaxPoolV2" else None
        return sizes.tolist() if sizes is not None else op.numbers("ksize") or op.numbers("ksizes")
    kernel = op.node.inputs[1].shape
    if kernel is None:
        return None
    sizes_of_space = kernel[:-2]
    return (1, 1, *sizes_of_space) if channels == 1 else (1, *sizes_of_space, 1)


def _resize(op: _Operation) -> Attributes:
    align = bool(op.number("align_corners"))
    is_even = bool(op.number("half_pixel_centers")) or (op.name == "ResizeNearestNeighbor" and not align)
    return Attributes(align_corners=align, is_even=is_even)


_ATTRIBUTES: dict[str, Callable[[_Operation], Attributes]] = {
    **dict.fromkeys(ops.REDUCTIONS, _reduction),
    **dict.fromkeys(ops.SLIDING, _sliding),
    ops.REVERSE: _reverse,
    ops.CONCAT: _concat,
    ops.SPLIT: _split,
    ops.SPLIT_V: _split,
    ops.PACK: _pack,
    ops.UNPACK: _pack,
    ops.GATHER: _gather,
    ops.MATMUL: _matmul,
    ops.EINSUM: _einsum,
    ops.STRIDED_SLICE: _strided_slice,
    ops.RESIZE: _resize,
}
