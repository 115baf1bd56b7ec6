"""How a kernel, a pooling window or a patch lies over the positions that it slides along."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_rules import derived, dim_of, known
from tb_attention.tracing.graph import Graph, Node, Shape, Value, without_casts
from tb_attention.tracing.symbolic_dimensions import Covering, Dim, Dims, Factor, count_of, size_of


class Kernels:
    """The dimensions of results of kernels, pooling windows and patches.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._as_positions: dict[Factor, Factor] = {}

    def slid(self, node: Node, first: Dims, shape: Shape, made: Dim = ()) -> Dims | None:
        """The dimensions of what a kernel, a pooling window or the cutting of patches makes.

        Args:
            node: The operation, or the one that moves positions back out of the batch after a dilated convolution.
            first: The dimensions of what it slides over.
            shape: Of the result.
            made: The channels of the result, where they are known.
        """
        if len(first) != len(shape):
            return None
        channels = len(shape) - 1 if node.op == ops.BATCH_TO_SPACE else node.attributes.channels
        dims: list[Dim] = []
        for axis, (dim, size) in enumerate(zip(first, shape, strict=True)):
            if axis == 0:
                dims.append(dim)
            elif axis == channels and made:
                dims.append(made)
            elif axis == channels and node.op in (ops.CONV, ops.PATCHES, ops.SPACE_TO_DEPTH):
                dims.append(dim_of(Factor(known(size), "window" if node.op == ops.PATCHES else "feature")))
            elif axis == channels:
                # Pooling and depthwise convolution leave the channels what they are.
                dims.append(derived(dim, known(size)))
            else:
                dims.append(self._slid_along(node, axis, dim, size))
        cells = _cells_of_patches(self._graph, node)
        return tuple(dims) if cells is None else (*dims[:-1], (*cells, *first[-1]))

    def _slid_along(self, node: Node, axis: int, dim: Dim, size: int | None) -> Dim:
        """What a kernel, a pooling window or the cutting of patches makes of a dimension: `size` positions."""
        dim = self._positions(dim)
        return derived(dim, known(size), _covering(self._graph, node, axis, dim[0], size) if len(dim) == 1 else None)

    def resized(self, node: Node, first: Dims, shape: Shape) -> Dims | None:
        """The dimensions of a feature map that is resized."""
        if len(first) != len(shape):
            return None
        return tuple(
            derived(dim, known(size), _resizing(node, dim[0], size) if len(dim) == 1 else None)
            if size is not None
            else dim
            for dim, size in zip(first, shape, strict=True)
        )

    def _positions(self, dim: Dim) -> Dim:
        """A dimension along which a kernel slides is made of positions: features of an input too, as where time comes last."""
        if len(dim) == 2 and dim[0].origin == "position" and dim[1].origin == "repeat" and dim[1].size is not None:
            # Each position is repeated, as where a feature map is enlarged.
            part = 1 / dim[1].size[1]
            return (Factor(size_of(dim), "position", parent=dim[0], derivation=Covering(dim[0], 0, part, part)),)
        if len(dim) != 1 or dim[0].origin != "feature" or dim[0].root.input is None:
            return dim
        if dim[0] not in self._as_positions:
            made = Factor(dim[0].size, "position", parent=dim[0], derivation=Covering(dim[0]))
            self._as_positions[dim[0]] = made
        return (self._as_positions[dim[0]],)


def _covering(graph: Graph, node: Node, axis: int, factor: Factor, made: int | None) -> Covering | None:
    """Which of the positions of `factor` each of the `made` positions along an axis covers; None where it is not known."""
    if node.op == ops.BATCH_TO_SPACE:
        reach = _reach_of_dilation(graph, node, axis)
        return None if reach is None else Covering(factor, reach[0], 1, reach[1], slides=reach[1] > 1)
    attributes, count = node.attributes, count_of((factor,))
    kernel = attributes.window[axis] if attributes.window is not None and axis < len(attributes.window) else None
    if count is None or made is None or kernel is None or attributes.strides is None:
        return None
    stride, dilation = attributes.strides[axis], attributes.dilations[axis] if attributes.dilations else 1
    size = (kernel - 1) * dilation + 1
    if attributes.padding == "SAME":
        before = max((made - 1) * stride + size - count, 0) // 2
    else:
        before = 0 if isinstance(attributes.padding, str) else attributes.padding[axis]
    return Covering(factor, -before, stride, size, slides=size > 1)


def _resizing(node: Node, factor: Factor, made: int) -> Covering | None:
    """The same for a feature map that is resized."""
    count = count_of((factor,))
    if count is None or made < 1:
        return None
    step = count / made
    if node.attributes.align_corners and made > 1:
        step = (count - 1) / (made - 1)
    # Each position lies around the point that it is read at: the middle of a pixel, or the middle of its share of them.
    return Covering(factor, 0 if node.attributes.is_even else 0.5 - step / 2, step, step)


def _cells_of_patches(graph: Graph, node: Node) -> Dim | None:
    """The cells of a patch, rows before columns, where an operation cuts patches out of a feature map, channels last.

    Keras cuts them by a convolution whose kernel is an identity matrix.
    """
    attributes = node.attributes
    if node.op != ops.PATCHES and not (
        node.op == ops.CONV and attributes.channels > 1 and _is_identity(graph, node.inputs[1])
    ):
        return None
    return tuple(
        Factor((0, size), "window") for size in (attributes.window or ())[1:-1] if size is not None and size > 1
    )


def _is_identity(graph: Graph, kernel: Value) -> bool:
    """Whether a kernel of shape (rows, columns, channels, rows * columns * channels) is an identity matrix."""
    shape = kernel.shape
    if shape is None or None in shape or math.prod(size or 0 for size in shape[:-1]) != shape[-1]:
        return False
    constant = graph.constant(kernel)
    if constant is not None:
        return bool((constant.reshape(-1, constant.shape[-1]) == np.eye(constant.shape[-1])).all())
    node = without_casts(kernel).node
    while node.op == ops.RESHAPE:
        node = without_casts(node.inputs[0]).node
    if node.op != ops.MATRIX_DIAG:
        return False
    ones = node.inputs[0]
    diagonal = graph.constant(ones.node.inputs[1] if ones.node.op == ops.FILL else ones)
    return diagonal is not None and bool((diagonal == 1).all())


def before_dilation(node: Node) -> Value | None:
    """The tensor before its positions were moved into the batch for a dilated convolution, which a node moves back; or None."""
    moved = next((value.node for value in _back_to_batch(node) if value.node.op == ops.SPACE_TO_BATCH), None)
    return None if moved is None else moved.inputs[0]


def _reach_of_dilation(graph: Graph, node: Node, axis: int) -> tuple[int, int] | None:
    """Where in what was moved into the batch the first position after a dilated convolution begins, and how many it covers."""
    nodes = {value.node.op: value.node for value in _back_to_batch(node)}
    slides = next((nodes[op] for op in (ops.CONV, ops.DEPTHWISE_CONV) if op in nodes), None)
    if slides is None or slides.attributes.window is None or ops.SPACE_TO_BATCH not in nodes:
        return None
    blocks, crops = map(graph.constant, node.inputs[1:3])
    paddings = graph.constant(nodes[ops.SPACE_TO_BATCH].inputs[2])
    is_plain = slides.attributes.padding == "VALID" and set(slides.attributes.strides or ()) == {1}
    if blocks is None or crops is None or paddings is None or not is_plain or not 1 <= axis <= len(blocks):
        return None
    # Rows and columns of the kernel; a kernel of a sequence has one row.
    kernel = [size for at, size in enumerate(slides.attributes.window) if at not in (0, slides.attributes.channels)]
    size = kernel[-len(blocks) :][axis - 1]
    if size is None:
        return None
    return int(crops[axis - 1][0] - paddings[axis - 1][0]), (size - 1) * int(blocks[axis - 1]) + 1


def _back_to_batch(node: Node) -> Iterator[Value]:
    """What a node was made from, one from the other, up to what was moved into the batch."""
    value = node.inputs[0]
    for _ in range(limits.FEW_STEPS):
        yield value
        if value.node.op == ops.SPACE_TO_BATCH or not value.node.inputs:
            return
        value = value.node.inputs[0]
