"""Dimensions of unrolled loops, which take a dimension apart, compute something of each part, and stack the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_rules import dim_of
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.ops import At
from tb_attention.tracing.symbolic_dimensions import ONE, Dim, Dims, Factor, size_of

Part = tuple[Value, int, int]
"""What was taken apart, along which axis, and which part of it this is."""

_MADE_OF_A_LIST = (ops.LIST_WITH_ITEM, ops.LIST_RESIZED, ops.IDENTITY)


def dimension_of_rounds(node: Node, dims: Mapping[Value, Dims | None]) -> Dim | None:
    """The dimension that was taken apart where a node packs what was made of its parts, one by one and in order."""
    rounds = len(node.inputs)
    if rounds < 2:
        return None
    for whole, axis, index in _parts_behind(node.inputs[0]):
        taken = dims.get(whole)
        if index != 0 or taken is None or axis >= len(taken) or size_of(taken[axis]) != (0, rounds):
            continue
        if all((whole, axis, at) in _parts_behind(node.inputs[at]) for at in {1, rounds - 1}):
            return taken[axis]
    return None


def element_dims(node: Node, dims: Mapping[Value, Dims | None]) -> Dims | None:
    """The dimensions of what a round of a loop takes from a list, where the list is a tensor that was taken apart."""
    sequence = _sequence(node)
    whole = None if sequence is None else dims.get(sequence)
    return None if whole is None else whole[1:]


def item_set_at(node: Node, graph: Graph) -> Value | None:
    """What was put last into a list at the index that a node reads; None where that is not known."""
    wanted = graph.constant(node.inputs[1])
    made = node.inputs[0].node
    while wanted is not None and made.op in _MADE_OF_A_LIST:
        if made.op == ops.LIST_WITH_ITEM:
            index = graph.constant(made.inputs[1])
            if index is None or index == wanted:
                return None if index is None else made.inputs[2]
        made = made.inputs[0].node
    return None


def list_items(node: Node) -> list[Value]:
    """What the rounds of an unrolled loop put into the list that a node makes a tensor of, in order; nothing for other nodes."""
    items: list[Value] = []
    made = node.inputs[0].node if node.op == ops.LIST_STACK else None
    while made is not None and made.op in _MADE_OF_A_LIST:
        if made.op == ops.LIST_WITH_ITEM:
            items.append(made.inputs[2])
        made = made.inputs[0].node
    return items[::-1] if made is not None and made.op == ops.LIST_NEW else []


def dimension_of_items(items: list[Value], dims: Mapping[Value, Dims | None]) -> Dim:
    """The dimension of the sequence of which each round took a part to make its item; a new one where there is none."""
    taken = [_taken(item) for item in (items[0], items[-1])]
    for sequence, part in taken[0].items():
        whole = dims.get(sequence)
        again = taken[1].get(sequence)
        if whole and again is not None and (again is not part or len(items) == 1) and size_of(whole[0]) != ONE:
            return whole[0]
    return dim_of(Factor((0, len(items)), "position"))


def dimension_along(made: Sequence[Value], dims: Mapping[Value, Dims | None]) -> Dim | None:
    """The positions of an input along which a loop went, one a round; None where it did not go along any.

    Args:
        made: What each round made, in order. A round may make it before it takes its own part, as a decoder does that chooses
            where to look by its state.
        dims: The dimensions of all values.
    """
    last = _parts_of(made[-1])
    for round_ in (0, 1):
        for key, part in _parts_of(made[round_]).items():
            whole, axis = key
            taken = dims.get(whole)
            if key not in last or last[key] == part or taken is None or axis >= len(taken):
                continue
            if size_of(taken[axis]) == (0, len(made)) and all(_lies_in_an_input(factor) for factor in taken[axis]):
                return taken[axis]
    return None


def _parts_of(value: Value) -> dict[tuple[Value, int], object]:
    """What was taken apart, and along which axis, to make a value; with the part of it that lies nearest."""
    found: dict[tuple[Value, int], object] = {}
    for item in islice(ancestors([value]), limits.ROUND_VALUES):
        sequence = _sequence(item.node)
        if sequence is not None:
            found.setdefault((sequence, 0), item)
        elif (part := _as_part(item)) is not None:
            whole, axis, index = part
            found.setdefault((whole, axis), index)
    return found


def _lies_in_an_input(factor: Factor) -> bool:
    return factor.root.origin == "position" and factor.root.input is not None


def _taken(value: Value) -> dict[Value, Value]:
    """The sequences of which parts were taken to make a value, nearest first, with these parts."""
    found: dict[Value, Value] = {}
    for item in islice(ancestors([value]), limits.ROUND_VALUES):
        sequence = _sequence(item.node)
        if sequence is not None:
            found.setdefault(sequence, item)
    return found


def rounds_are_samples(value: Value, batch: Factor, dims: Mapping[Value, Dims | None]) -> bool:
    """Whether a value of one round of a loop is of one sample, because the loop goes over the samples."""
    if any(batch in dim for dim in dims.get(value) or ()):
        return False
    sequences = (_sequence(item.node) for item in islice(ancestors([value]), limits.ROUND_VALUES))
    return any(sequence is not None and (dims.get(sequence) or ((),))[0] == (batch,) for sequence in sequences)


def sequences_of(node: Node) -> Iterator[Value]:
    """The sequences, positions first, that were taken apart for the loop that made the list which a node puts together."""
    loop = node.inputs[0].node
    if loop.op == ops.LOOP:
        yield from (item.node.inputs[0] for item in loop.inputs if item.node.op == ops.LIST_OF)


def _sequence(node: Node) -> Value | None:
    """The tensor of whose parts a list is made, for a node that takes one of them."""
    made = node.inputs[0].node if node.op == ops.LIST_ITEM else None
    return made.inputs[0] if made is not None and made.op == ops.LIST_OF else None


def _parts_behind(value: Value) -> list[Part]:
    """The parts that a value is made of, nearest first."""
    parts = (_as_part(item) for item in islice(ancestors([value]), limits.ROUND_VALUES))
    return [part for part in parts if part is not None]


def _as_part(value: Value) -> Part | None:
    node = value.node
    if node.op == ops.UNPACK:
        axis = node.attributes.axis
        return None if axis is None else (node.inputs[0], axis, value.index)
    if node.op == ops.STRIDED_SLICE:
        index = node.attributes.index or ()
        picks = [(axis, item.position) for axis, item in enumerate(index) if isinstance(item, At)]
        if len(picks) == 1 and picks[0][1] is not None and None not in index and ... not in index:
            return node.inputs[0], picks[0][0], picks[0][1]
    return None
