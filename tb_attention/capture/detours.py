"""Ways through a graph on which dimensions cannot be followed one by one, but of which the two ends are known.

A recurrent layer takes a sequence apart, goes round a loop and puts it together again; a dilated convolution moves
every other position into the batch and back.
"""

from __future__ import annotations

from collections.abc import Iterator

from tb_attention.capture.graph import Node, Value

_LOOPS = frozenset({"While", "StatelessWhile"})
_FROM_SEQUENCE = "TensorListFromTensor"
_TO_BATCH = "SpaceToBatchND"
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
    value = node.inputs[0]
    for _ in range(_STEPS):
        if value.node.type == _TO_BATCH:
            return value.node.inputs[0]
        if not value.node.inputs:
            return None
        value = value.node.inputs[0]
    return None
