"""Finds the sum in a divisor, however it is written and broadcast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of, is_product, rearrangement_of
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.ops import Span
from tb_attention.tracing.rules.operands import is_mask

_FLOATS = ("float", "bfloat", "half")
_MOVED = ops.LAYOUTS | {ops.ABS}
_COMBINED = frozenset({ops.ADD, ops.MAXIMUM, ops.MUL})


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


def nearest_behind(graph: Graph, value: Value, operations: frozenset[str] | set[str]) -> Node | None:
    """The nearest node of one of these operations behind moves, copies, masks and small additions."""
    return next((node for node in nodes_behind(graph, value) if node.op in operations), None)


def nodes_behind(graph: Graph, value: Value) -> Iterator[Node]:
    """The node of a value and those that it is made of by moves, copies, masks and small additions, nearest first."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, steps = todo.pop(0)
        yield value.node
        for item in _passed(graph, value.node) if steps < limits.SOME_STEPS else ():
            if item not in seen:
                seen.add(item)
                todo.append((item, steps + 1))


def adds_more(graph: Graph, value: Value, total: Total) -> bool:
    """Whether more than a mask or a small number is added to a sum on its way to a value."""
    for node in nodes_behind(graph, value):
        if node.op == ops.ADD:
            for one, other in (node.inputs, node.inputs[::-1]):
                behind = any(found.summed is total.summed for found in totals_behind(graph, one))
                if behind and not is_mask(other) and not _is_small(graph, other):
                    return True
    return False


def _is_small(graph: Graph, value: Value) -> bool:
    """Whether a tensor is a small number that only keeps a sum from being 0."""
    for _ in range(limits.SOME_STEPS):
        constant = graph.constant(value)
        if constant is not None:
            return bool(np.all(np.abs(constant) <= limits.SMALL_TERM))
        if value.node.op not in _MOVED or not value.node.inputs:
            return False
        value = value.node.inputs[0]
    return False


def is_ones(graph: Graph, value: Value) -> bool:
    """Whether a tensor holds nothing but ones, of whatever shape."""
    for _ in range(limits.SOME_STEPS):
        node, constant = value.node, graph.constant(value)
        if constant is not None:
            return constant.size > 0 and constant.flat[0] == 1 and bool(np.all(constant == 1))
        if node.op == ops.ONES_LIKE:
            return True
        if node.op == ops.DIV:
            return all(is_ones(graph, item) for item in node.inputs)
        if node.op == ops.FILL:
            value = node.inputs[1]
        elif node.op in _MOVED and node.op != ops.SELECT:
            value = node.inputs[0]
        else:
            return False
    return False


def _passed(graph: Graph, node: Node) -> list[Value]:
    """The operands that a node copies, moves, masks, or adds or multiplies something to."""
    numbers = [item for item in node.inputs if item.dtype.startswith(_FLOATS)]
    if node.op in _MOVED or node.op in _COMBINED or _adds_axes(node):
        return numbers
    if node.op == ops.POW:
        return numbers[:1] if is_ones(graph, node.inputs[1]) else []
    if node.op in ops.JOINS:
        return numbers[:1] if len(set(numbers)) == 1 else []
    rearranged = rearrangement_of(node)
    if rearranged is not None:
        return numbers if set(rearranged[0]) == set(rearranged[1]) else []
    summed = _times_ones(graph, node)
    if summed is not None:
        return [] if summed.axes else [summed.summed]
    return numbers if is_product(node) else []


def _adds_axes(node: Node) -> bool:
    """Whether a slice such as `x[:, None]` cuts nothing off."""
    index = node.attributes.index
    return index is not None and all(
        item is None or item is ... or (isinstance(item, Span) and item.is_whole) for item in index
    )


def _total(graph: Graph, node: Node) -> Total | None:
    if node.op == ops.SUM:
        axes = node.attributes.axes
        return None if axes is None else Total(node.inputs[0], axes)
    rearranged = rearrangement_of(node)
    if rearranged is not None:
        names, result = rearranged
        axes = tuple(axis for axis, name in enumerate(names) if name not in result)
        return Total(node.inputs[0], axes) if axes else None
    total = _times_ones(graph, node)
    return total if total is not None and total.axes else None


def _times_ones(graph: Graph, node: Node) -> Total | None:
    """A product with ones, which sums over the axes that both have and repeats the others."""
    contraction = contraction_of(node)
    if contraction is None:
        return None
    sizes = [
        dict(zip(names, value.shape or (), strict=False))
        for names, value in zip(contraction.operands, node.inputs, strict=True)
    ]
    for index, names in enumerate(contraction.operands):
        if is_ones(graph, node.inputs[1 - index]):
            summed = [name not in contraction.result and 1 not in (one.get(name) for one in sizes) for name in names]
            return Total(node.inputs[index], tuple(axis for axis, is_summed in enumerate(summed) if is_summed))
    return None
