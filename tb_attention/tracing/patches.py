"""Patches that are cut out of a feature map, one for each place of a kernel: overlapping windows."""

from __future__ import annotations

import math

import numpy as np

from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.symbolic_dimensions import Dim, Factor

_IDENTITIES = frozenset({"MatrixDiag", "MatrixDiagV2", "MatrixDiagV3"})
_MOVES = frozenset({"Reshape", "Cast", "Identity"})


def cells_of_patches(graph: Graph, node: Node) -> Dim | None:
    """The cells of a patch, rows before columns, where an operation cuts patches out of a feature map, channels last.

    Keras cuts them by a convolution whose kernel is an identity matrix.
    """
    if node.type == "ExtractImagePatches":
        sizes = [int(size) for size in graph.attribute(node, "ksizes")[1:-1]]
    elif node.type == "Conv2D" and _text(graph, node, "data_format") == "NHWC" and _is_identity(graph, node.inputs[1]):
        sizes = [size for size in (node.inputs[1].shape or ())[:2] if size is not None]
    else:
        return None
    return tuple(Factor((0, size), "window") for size in sizes if size > 1)


def _text(graph: Graph, node: Node, name: str) -> str:
    value = graph.attribute(node, name)
    return value.decode() if isinstance(value, bytes) else str(value)


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
