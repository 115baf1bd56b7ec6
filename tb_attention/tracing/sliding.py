"""How a kernel, a pooling window or a patch lies over the positions that it slides along."""

from __future__ import annotations

from typing import Any

from tb_attention.tracing.detours import reach_of_dilation
from tb_attention.tracing.dimension_rules import derived, known, resized
from tb_attention.tracing.graph import Graph, Node, Shape
from tb_attention.tracing.symbolic_dimensions import Covering, Dim, Dims, Factor, count_of, size_of

_POOLS_BY_INPUT = frozenset({"MaxPoolV2"})


class Kernels:
    """What becomes of dimensions along which something slides.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._as_positions: dict[Factor, Factor] = {}

    def slid(self, node: Node, place: int, dim: Dim, size: int | None) -> Dim:
        """What a kernel, a pooling window or the cutting of patches makes of a dimension: `size` positions."""
        dim = self._positions(dim)
        made = derived(dim, known(size))
        if made is not dim and len(dim) == len(made) == 1:
            made[0].derivation = covering(self._graph, node, place, dim[0], size)
        return made

    def resized(self, node: Node, first: Dims, shape: Shape) -> Dims | None:
        """The dimensions of a picture that is made larger or smaller."""
        dims = resized(first, shape)
        for dim, made, size in zip(first, dims or (), shape, strict=True):
            if made is not dim and len(dim) == len(made) == 1 and size is not None:
                made[0].derivation = resizing(self._graph, node, dim[0], size)
        return dims

    def _positions(self, dim: Dim) -> Dim:
        """A dimension along which a kernel slides is made of positions: features of an input too, as where time comes last."""
        if len(dim) == 2 and dim[0].origin == "position" and dim[1].origin == "repeat" and dim[1].size is not None:
            # Each repeated so often, as where a feature map is made larger.
            part = 1 / dim[1].size[1]
            return (Factor(size_of(dim), "position", parent=dim[0], derivation=Covering(dim[0], 0, part, part)),)
        if len(dim) != 1 or dim[0].origin != "feature" or dim[0].root.input is None:
            return dim
        if dim[0] not in self._as_positions:
            self._as_positions[dim[0]] = Factor(dim[0].size, "position", parent=dim[0], derivation=Covering(dim[0]))
        return (self._as_positions[dim[0]],)


def covering(graph: Graph, node: Node, axis: int, factor: Factor, made: int | None) -> Covering | None:
    """Which of the positions of `factor` each of the `made` positions along an axis covers; None where it is not known.

    Args:
        graph, node: The graph and its convolution, pooling, or extraction of patches.
        axis: Of the tensor that it reads.
        factor: What that axis is made of.
        made: How many positions it makes.
    """
    count = count_of((factor,))
    block = graph.attribute(node, "block_size")
    if block and count is not None:
        return Covering(factor, 0, int(block), int(block), slides=True)
    if node.type == "BatchToSpaceND":
        reach = reach_of_dilation(graph, node, axis)
        return None if reach is None else Covering(factor, reach[0], 1, reach[1], slides=reach[1] > 1)
    kernel = _kernel(graph, node, axis)
    stride = _along(graph.attribute(node, "strides"), axis)
    dilation = _along(graph.attribute(node, "rates" if node.type.startswith("Extract") else "dilations"), axis) or 1
    if count is None or made is None or kernel is None or stride is None:
        return None
    size = (kernel - 1) * dilation + 1
    padding = _text(graph.attribute(node, "padding"))
    if padding == "SAME":
        before = max((made - 1) * stride + size - count, 0) // 2
    elif padding == "EXPLICIT":
        before = int(graph.attribute(node, "explicit_paddings")[2 * axis])
    else:
        before = 0
    return Covering(factor, -before, stride, size, slides=size > 1)


def resizing(graph: Graph, node: Node, factor: Factor, made: int) -> Covering | None:
    """The same for a picture that is made larger or smaller."""
    count = count_of((factor,))
    if count is None or made < 1:
        return None
    step = count / made
    if graph.attribute(node, "align_corners") and made > 1:
        step = (count - 1) / (made - 1)
    # Each position lies around the point that it is read at: the middle of a pixel, or with half pixels of its own part.
    is_even = graph.attribute(node, "half_pixel_centers") or (
        node.type == "ResizeNearestNeighbor" and not graph.attribute(node, "align_corners")
    )
    return Covering(factor, 0 if is_even else 0.5 - step / 2, step, step)


def _kernel(graph: Graph, node: Node, axis: int) -> int | None:
    if node.type in _POOLS_BY_INPUT:
        sizes = graph.constant(node.inputs[1])
        return None if sizes is None else int(sizes[axis])
    for name in ("ksize", "ksizes"):
        sizes = graph.attribute(node, name)
        if sizes is not None:
            return _along(sizes, axis)
    shape = node.inputs[1].shape if len(node.inputs) > 1 else None
    first = 2 if _text(graph.attribute(node, "data_format")).startswith("NC") else 1
    return None if shape is None or not 0 <= axis - first < len(shape) - 2 else shape[axis - first]


def _along(values: Any, axis: int) -> int | None:
    return None if values is None or len(values) <= axis else int(values[axis])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
