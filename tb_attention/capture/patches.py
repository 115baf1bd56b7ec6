"""Patches that are cut out of a feature map, one for each place of a kernel: overlapping windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tb_attention.capture.atoms import Atom, Dim, Dims, Window
from tb_attention.capture.graph import Graph, Node, Value

_IDENTITIES = frozenset({"MatrixDiag", "MatrixDiagV2", "MatrixDiagV3"})
_MOVES = frozenset({"Reshape", "Cast", "Identity"})


@dataclass(frozen=True)
class Patches:
    """How patches are cut, a number for each dimension of space.

    Attributes:
        sizes: Cells of a patch.
        strides: Cells from one patch to the next.
        rates: Cells from one cell of a patch to the next.
        padded: Whether patches stand out over the edges, so that none is missing ("SAME").
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    rates: tuple[int, ...]
    padded: bool

    def channels(self, before: Dims, after: Dims) -> Dim:
        """What the last dimension of the patches is made of: the cells of a patch, and the channels of each cell.

        Args:
            before: The dimensions of the feature map: samples, space, channels.
            after: Those of the patches, but for the last: samples, space.
        """
        cells = []
        for place, size in enumerate(self.sizes):
            if size > 1:
                window = self._window(place, before[place + 1], after[place + 1])
                cells.append(Atom((0, size), "window", window=window))
        return (*cells, *before[-1])

    def _window(self, place: int, before: Dim, after: Dim) -> Window | None:
        sizes = [dim[0].size if len(dim) == 1 else (0, 1) if not dim else None for dim in (before, after)]
        if not before or before[0].origin != "position" or any(size is None or size[0] for size in sizes):
            return None
        count, patches = (size[1] for size in sizes if size is not None)
        size, stride, rate = self.sizes[place], self.strides[place], self.rates[place]
        missing = max(0, (patches - 1) * stride + (size - 1) * rate + 1 - count) if self.padded else 0
        cells = np.arange(patches)[:, None] * stride + np.arange(size) * rate - missing // 2
        cells = np.where((cells < 0) | (cells >= count), -1, cells)
        return Window(before[0], after[0] if after else None, tuple(map(tuple, cells.tolist())))


def read_patches(graph: Graph, node: Node) -> Patches | None:
    """How an operation cuts patches out of a feature map of which channels come last; None if it does not.

    Keras cuts them by a convolution whose kernel is an identity matrix.
    """
    if node.type == "ExtractImagePatches":
        sizes, strides, rates = (_inner(graph.attribute(node, name)) for name in ("ksizes", "strides", "rates"))
    elif node.type == "Conv2D" and _text(graph, node, "data_format") == "NHWC" and _is_identity(graph, node.inputs[1]):
        sizes = tuple(size for size in (node.inputs[1].shape or ())[:2] if size is not None)
        strides, rates = (_inner(graph.attribute(node, name)) for name in ("strides", "dilations"))
    else:
        return None
    padding = _text(graph, node, "padding")
    if padding not in ("SAME", "VALID") or len(sizes) != 2:
        return None
    return Patches(sizes, strides, rates, padding == "SAME")


def _text(graph: Graph, node: Node, name: str) -> str:
    value = graph.attribute(node, name)
    return value.decode() if isinstance(value, bytes) else str(value)


def _inner(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(number) for number in list(numbers)[1:-1])


def _is_identity(graph: Graph, kernel: Value) -> bool:
    """Whether a kernel of shape (rows, columns, channels, rows * columns * channels) is an identity matrix."""
    shape = kernel.shape
    if shape is None or None in shape or math.prod(size or 0 for size in shape[:-1]) != shape[-1]:
        return False
    constant = graph.constant(kernel)
    if constant is not None:
        return bool((constant.reshape(-1, constant.shape[-1]) == np.eye(constant.shape[-1])).all())
    node = kernel.node
    while node.type in _MOVES:
        node = node.inputs[0].node
    if node.type not in _IDENTITIES:
        return False
    ones = node.inputs[0]
    diagonal = graph.constant(ones.node.inputs[1] if ones.node.type == "Fill" else ones)
    return diagonal is not None and bool((diagonal == 1).all())
