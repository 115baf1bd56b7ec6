"""Finds the sum behind a divisor, whichever way it was written and laid out again beside the numbers that it is the sum of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tb_attention.tracing.contractions import contraction_of, is_product, rearrangement_of
from tb_attention.tracing.dimension_rules import reduced_axes
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.rules.operands import is_mask

_FLOATS = ("float", "bfloat", "half")
_MOVE_NAMES = "Abs BroadcastTo Cast ExpandDims Identity Reshape Select SelectV2 Squeeze StopGradient Tile Transpose"
_MOVED = frozenset(_MOVE_NAMES.split())
_JOINED = frozenset({"Pack", "ConcatV2"})
_COMBINED = frozenset({"AddV2", "Add", "Maximum", "Mul"})
_STEPS = 12
_SMALL = 1e-2


@dataclass(frozen=True, eq=False, slots=True)
class Total:
    """A sum over whole axes.

    Attributes:
        summed: What is summed.
        axes: Over which of its axes.
    """

    summed: Value
    axes: tuple[int, ...]


def totals_behind(graph: Graph, value: Value) -> Iterator[Total]:
    """The sums that a value is made of by moves, copies, masks and small additions, nearest first."""
    for node in nodes_behind(graph, value):
        total = _total(graph, node)
        if total is not None:
            yield total


def nearest_behind(graph: Graph, value: Value, types: frozenset[str] | set[str]) -> Node | None:
    """The nearest node of one of these types behind moves, copies, masks and small additions."""
    return next((node for node in nodes_behind(graph, value) if node.type in types), None)


def nodes_behind(graph: Graph, value: Value) -> Iterator[Node]:
    """The node of a value and those that it is made of by moves, copies, masks and small additions, nearest first."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, steps = todo.pop(0)
        yield value.node
        for item in _passed(graph, value.node) if steps < _STEPS else ():
            if item not in seen:
                seen.add(item)
                todo.append((item, steps + 1))


def adds_more(graph: Graph, value: Value, total: Total) -> bool:
    """Whether more than a mask or a small number is added to a sum on its way to a value."""
    for node in nodes_behind(graph, value):
        if node.type in ("AddV2", "Add"):
            for one, other in (node.inputs, node.inputs[::-1]):
                behind = any(found.summed is total.summed for found in totals_behind(graph, one))
                if behind and not is_mask(other) and not _is_small(graph, other):
                    return True
    return False


def _is_small(graph: Graph, value: Value) -> bool:
    """Whether a tensor is a small number that only keeps a sum from being 0."""
    for _ in range(_STEPS):
        constant = graph.constant(value)
        if constant is not None:
            return bool(np.all(np.abs(constant) <= _SMALL))
        if value.node.type not in _MOVED or not value.node.inputs:
            return False
        value = value.node.inputs[0]
    return False


def is_ones(graph: Graph, value: Value) -> bool:
    """Whether a tensor holds nothing but ones, of whatever shape."""
    for _ in range(_STEPS):
        node, constant = value.node, graph.constant(value)
        if constant is not None:
            return constant.size > 0 and constant.flat[0] == 1 and bool(np.all(constant == 1))
        if node.type == "OnesLike":
            return True
        if node.type == "RealDiv":
            return all(is_ones(graph, item) for item in node.inputs)
        if node.type == "Fill":
            value = node.inputs[1]
        elif node.type in _MOVED and not node.type.startswith("Select"):
            value = node.inputs[0]
        else:
            return False
    return False


def _passed(graph: Graph, node: Node) -> list[Value]:
    """The operands of which a node is a copy, moved about, masked, or with something added or multiplied."""
    numbers = [item for item in node.inputs if item.dtype.startswith(_FLOATS)]
    if node.type in _MOVED or node.type in _COMBINED or _adds_axes(graph, node):
        return numbers
    if node.type == "Pow":
        return numbers[:1] if is_ones(graph, node.inputs[1]) else []
    if node.type in _JOINED:
        return numbers[:1] if len(set(numbers)) == 1 else []
    rearranged = rearrangement_of(graph, node)
    if rearranged is not None:
        return numbers if set(rearranged[0]) == set(rearranged[1]) else []
    summed = _times_ones(graph, node)
    if summed is not None:
        return [] if summed.axes else [summed.summed]
    return numbers if is_product(graph, node) else []


def _adds_axes(graph: Graph, node: Node) -> bool:
    """Whether a slice such as `x[:, None]` cuts nothing off."""
    if node.type != "StridedSlice" or graph.attribute(node, "shrink_axis_mask"):
        return False
    kept = graph.attribute(node, "begin_mask") & graph.attribute(node, "end_mask")
    kept |= graph.attribute(node, "new_axis_mask") | graph.attribute(node, "ellipsis_mask")
    count = (node.inputs[1].shape or (None,))[0]
    return count is not None and kept.bit_count() == count


def _total(graph: Graph, node: Node) -> Total | None:
    if node.type == "Sum":
        axes = reduced_axes(graph, node, node.inputs[0].rank or 0)
        return None if axes is None else Total(node.inputs[0], axes)
    rearranged = rearrangement_of(graph, node)
    if rearranged is not None:
        names, result = rearranged
        axes = tuple(place for place, name in enumerate(names) if name not in result)
        return Total(node.inputs[0], axes) if axes else None
    total = _times_ones(graph, node)
    return total if total is not None and total.axes else None


def _times_ones(graph: Graph, node: Node) -> Total | None:
    """A product with ones, which sums over what the two have in common and repeats the rest."""
    contraction = contraction_of(graph, node)
    if contraction is None:
        return None
    sizes = [
        dict(zip(names, value.shape or (), strict=False))
        for names, value in zip(contraction.operands, node.inputs, strict=True)
    ]
    for place, names in enumerate(contraction.operands):
        if is_ones(graph, node.inputs[1 - place]):
            summed = [name not in contraction.result and 1 not in (one.get(name) for one in sizes) for name in names]
            return Total(node.inputs[place], tuple(axis for axis, is_summed in enumerate(summed) if is_summed))
    return None
