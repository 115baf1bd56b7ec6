"""Ways through a graph on which dimensions cannot be followed one by one, but of which the two ends are known.

A recurrent layer takes a sequence apart, goes round a loop and puts it together again; a dilated convolution moves
every other position into the batch and back.
"""

from __future__ import annotations

from collections.abc import Iterator

from tb_attention.tracing.graph import Graph, Node, Value

_LOOPS = frozenset({"While", "StatelessWhile"})
_FROM_SEQUENCE = "TensorListFromTensor"
_TO_BATCH = "SpaceToBatchND"
_SLIDES = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")
_STEPS = 8


def sequences_of(node: Node) -> Iterator[Value]:
    """The sequences, positions first, that were taken apart for the loop that made the list which a node puts together."""
    loop = node.inputs[0].node
    if loop.type in _LOOPS:
        for item in loop.inputs:
            if item.node.type == _FROM_SEQUENCE:
                yield item.node.inputs[0]


def before_dilation(node: Node) -> Value | None:
    """What was moved into the batch before a node moves it back; None where that is not told."""
    moved = next((value.node for value in _before(node) if value.node.type == _TO_BATCH), None)
    return None if moved is None else moved.inputs[0]


def reach_of_dilation(graph: Graph, node: Node, axis: int) -> tuple[int, int] | None:
    """Where in what was moved into the batch the first position after a dilated convolution begins, and how many it covers.

    Args:
        graph, node: The graph and its node that moves positions back.
        axis: Of them. None is returned where it is not known.
    """
    nodes = {value.node.type: value.node for value in _before(node)}
    slides = next((nodes[kind] for kind in _SLIDES if kind in nodes), None)
    shape = None if slides is None else slides.inputs[1].shape
    if shape is None or slides is None or _TO_BATCH not in nodes:
        return None
    blocks, crops = map(graph.constant, node.inputs[1:3])
    paddings = graph.constant(nodes[_TO_BATCH].inputs[2])
    is_plain = graph.attribute(slides, "padding") in (b"VALID", "VALID") and set(
        graph.attribute(slides, "strides")
    ) == {1}
    if blocks is None or crops is None or paddings is None or not is_plain or not 1 <= axis <= len(blocks):
        return None
    kernel = shape[:-2][-len(blocks) :][axis - 1]
    if kernel is None:
        return None
    return int(crops[axis - 1][0] - paddings[axis - 1][0]), (kernel - 1) * int(blocks[axis - 1]) + 1


def _before(node: Node) -> Iterator[Value]:
    """What a node was made from, one from the other, up to what was moved into the batch."""
    value = node.inputs[0]
    for _ in range(_STEPS):
        yield value
        if value.node.type == _TO_BATCH or not value.node.inputs:
            return
        value = value.node.inputs[0]
