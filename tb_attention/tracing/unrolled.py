"""Loops that were unrolled: a dimension is taken apart, something made of each part, and the results put side by side."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from tb_attention.tracing.dimension_rules import dim_of
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.symbolic_dimensions import ONE, Dim, Dims, Factor, size_of

_FAR = 300
"""Values looked at behind each part; a step of a recurrent layer has some dozens, and reads its part near its end."""

_LIST_STEPS = frozenset({"TensorListSetItem", "TensorListResize", "Identity"})

Part = tuple[Value, int, int]
"""What was taken apart, along which axis, and which part of it this is."""


def dimension_of_rounds(graph: Graph, node: Node, dims: Mapping[Value, Dims | None]) -> Dim | None:
    """The dimension that was taken apart where a node packs what was made of its parts, one by one and in order."""
    rounds = len(node.inputs)
    if rounds < 2:
        return None
    for whole, axis, place in _parts_behind(graph, node.inputs[0]):
        taken = dims.get(whole)
        if place != 0 or taken is None or not -len(taken) <= axis < len(taken) or size_of(taken[axis]) != (0, rounds):
            continue
        if all((whole, axis, at) in _parts_behind(graph, node.inputs[at]) for at in {1, rounds - 1}):
            return taken[axis]
    return None


def element_dims(node: Node, dims: Mapping[Value, Dims | None]) -> Dims | None:
    """The dimensions of what a round of a loop takes from a list, where the list is a tensor that was taken apart."""
    sequence = _sequence(node)
    whole = None if sequence is None else dims.get(sequence)
    return None if whole is None else whole[1:]


def list_items(node: Node) -> list[Value]:
    """What the rounds of an unrolled loop put into the list that a node makes a tensor of, in order; nothing for other nodes."""
    items: list[Value] = []
    made = node.inputs[0].node if node.type == "TensorListStack" else None
    while made is not None and made.type in _LIST_STEPS:
        if made.type == "TensorListSetItem":
            items.append(made.inputs[2])
        made = made.inputs[0].node
    return items[::-1] if made is not None and made.type == "TensorListReserve" else []


def dimension_of_items(items: list[Value], dims: Mapping[Value, Dims | None]) -> Dim:
    """The dimension of the sequence of which each round took a part to make its item; a new one where there is none."""
    taken = [_taken(item) for item in (items[0], items[-1])]
    for sequence, part in taken[0].items():
        whole = dims.get(sequence)
        again = taken[1].get(sequence)
        if whole and again is not None and (again is not part or len(items) == 1) and size_of(whole[0]) != ONE:
            return whole[0]
    return dim_of(Factor((0, len(items)), "position"))


def _taken(value: Value) -> dict[Value, Value]:
    """The sequences of which parts were taken to make a value, nearest first, with these parts."""
    found: dict[Value, Value] = {}
    for item in islice(ancestors([value]), _FAR):
        sequence = _sequence(item.node)
        if sequence is not None:
            found.setdefault(sequence, item)
    return found


def rounds_are_samples(value: Value, batch: Factor, dims: Mapping[Value, Dims | None]) -> bool:
    """Whether a value of one round of a loop is of one sample, because the loop goes over the samples."""
    if any(batch in dim for dim in dims.get(value) or ()):
        return False
    sequences = (_sequence(item.node) for item in islice(ancestors([value]), _FAR))
    return any(sequence is not None and (dims.get(sequence) or ((),))[0] == (batch,) for sequence in sequences)


def _sequence(node: Node) -> Value | None:
    """The tensor of whose parts a list is made, for a node that takes one of them."""
    made = node.inputs[0].node if node.type == "TensorListGetItem" else None
    return made.inputs[0] if made is not None and made.type == "TensorListFromTensor" else None


def _parts_behind(graph: Graph, value: Value) -> list[Part]:
    """The parts that a value is made of, nearest first."""
    parts = (_as_part(graph, item) for item in islice(ancestors([value]), _FAR))
    return [part for part in parts if part is not None]


def _as_part(graph: Graph, value: Value) -> Part | None:
    node = value.node
    if node.type == "Unpack":
        return node.inputs[0], int(graph.attribute(node, "axis")), value.place
    if node.type == "StridedSlice":
        shrink = int(graph.attribute(node, "shrink_axis_mask") or 0)
        begin = graph.constant(node.inputs[1])
        moved = graph.attribute(node, "ellipsis_mask") or graph.attribute(node, "new_axis_mask")
        if begin is None or moved or shrink.bit_count() != 1:
            return None
        axis = shrink.bit_length() - 1
        return node.inputs[0], axis, int(begin[axis])
    return None
