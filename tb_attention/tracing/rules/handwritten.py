"""Softmaxes and sigmoids that are written by hand, with exponentials and sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import is_product
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.rules.divisor_sums import Total, adds_more, nearest_behind, totals_behind

_POSITIVE = frozenset({ops.EXP, ops.SOFTPLUS, ops.SIGMOID, ops.SOFTMAX, ops.RELU, ops.POW})
_PICKED = ops.LAYOUTS | ops.CUTS | {ops.ADD, ops.GATHER, ops.MAXIMUM}
"""What is between the sum of a segment and the numbers that are divided by it."""

_ALIKE = (
    ops.LAYOUTS
    | _POSITIVE
    | {ops.ADD, ops.MUL, ops.SUB, ops.DIV, ops.NEG, ops.SQUARE, ops.ABS, ops.ELU, ops.SQRT, ops.MAXIMUM}
)


@dataclass(frozen=True, eq=False, slots=True)
class Normalised:
    """Numbers divided by their sum.

    Attributes:
        total: The sum.
        logits: What the numbers were computed from.
        positive: Whether they are known to be positive.
        leaks: Whether the divisor has further terms, so that the numbers sum to less than 1.
    """

    total: Total
    logits: Value
    positive: bool
    leaks: bool


def read_normalised(graph: Graph, node: Node) -> Normalised | None:
    """The numbers that a node divides by their sum, or None if it does not.

    Exponentials and the like are positive. Other numbers that are divided by their sum (squares, `elu + 1`) may be.
    """
    if node.op == ops.EXP and node.inputs[0].node.op == ops.SUB:
        logits, log = node.inputs[0].node.inputs
        inner = nearest_behind(graph, log, {ops.LOG})
        total = None if inner is None else next(totals_behind(graph, inner.inputs[0]), None)
        if inner is None or total is None:
            return None
        leaks = nearest_behind(graph, log, {ops.LOG1P, ops.SOFTPLUS}) is not None
        return Normalised(total, logits, True, leaks or adds_more(graph, inner.inputs[0], total))
    for numerator, divisor in _fractions(graph, node):
        positive = nearest_behind(graph, numerator, _POSITIVE)
        if positive is not None and positive.op == ops.POW and graph.constant(positive.inputs[0]) is None:
            # A power of the scores is no exponential.
            positive = None
        for total in totals_behind(graph, divisor):
            summed = None if positive is None else nearest_behind(graph, total.summed, {positive.op})
            if positive is not None and summed is not None and _are_alike(graph, positive, summed):
                return Normalised(total, positive.inputs[-1], True, adds_more(graph, divisor, total))
            if _are_alike(graph, numerator.node, total.summed.node):
                return Normalised(total, numerator, False, adds_more(graph, divisor, total))
    return None


def read_segmented(graph: Graph, node: Node) -> tuple[Node, Value] | None:
    """The sum over each segment that a node divides by, and the logits."""
    if node.op != ops.DIV:
        return None
    value = node.inputs[1]
    for _ in range(limits.SOME_STEPS):
        if value.node.op in ops.SEGMENTS or value.node.op not in _PICKED:
            break
        value = value.node.inputs[0]
    positive = nearest_behind(graph, node.inputs[0], {ops.EXP}) if value.node.op in ops.SEGMENTS else None
    if positive is None or nearest_behind(graph, value.node.inputs[0], {ops.EXP}) is not positive:
        return None
    return value.node, positive.inputs[0]


def read_sigmoid(graph: Graph, node: Node) -> Value | None:
    """The logits of a sigmoid that is written as 1 / (1 + exp(-x)), or as (1 + tanh(x)) / 2."""
    divisor = _inverse(graph, node)
    if divisor is not None:
        exponent = _without(graph, divisor.node, ops.ADD, 1.0)
        return exponent.node.inputs[0] if exponent is not None and exponent.node.op == ops.EXP else None
    doubled = _without(graph, node, ops.MUL, 0.5) or _without(graph, node, ops.DIV, 2.0)
    tanh = None if doubled is None else _without(graph, doubled.node, ops.ADD, 1.0)
    if tanh is None:
        halved = _without(graph, node, ops.ADD, 0.5)
        tanh = None if halved is None else _without(graph, halved.node, ops.MUL, 0.5)
    return tanh.node.inputs[0] if tanh is not None and tanh.node.op == ops.TANH else None


def is_number(graph: Graph, value: Value, number: float) -> bool:
    constant = graph.constant(value)
    return constant is not None and constant.size == 1 and float(constant.reshape(-1)[0]) == number


def _fractions(graph: Graph, node: Node) -> Iterator[tuple[Value, Value]]:
    """A node as (numerator, divisor), where it divides or multiplies by a reciprocal."""
    if node.op == ops.DIV:
        yield node.inputs[0], node.inputs[1]
    elif node.op == ops.MUL or is_product(node):
        for numerator, factor in (node.inputs, node.inputs[::-1]):
            inverted = factor.node
            while inverted.op in ops.LAYOUTS and inverted.inputs:
                inverted = inverted.inputs[0].node
            divisor = _inverse(graph, inverted)
            if divisor is not None:
                yield numerator, divisor


def _inverse(graph: Graph, node: Node) -> Value | None:
    """The divisor of a reciprocal; None for other nodes."""
    if node.op == ops.RECIPROCAL:
        return node.inputs[0]
    if node.op == ops.DIV and is_number(graph, node.inputs[0], 1.0):
        return node.inputs[1]
    return node.inputs[0] if node.op == ops.POW and is_number(graph, node.inputs[1], -1.0) else None


def _without(graph: Graph, node: Node, op: str, number: float) -> Value | None:
    """The other operand of an operation with a number."""
    if node.op != op:
        return None
    if is_number(graph, node.inputs[1], number):
        return node.inputs[0]
    return node.inputs[1] if op != ops.DIV and is_number(graph, node.inputs[0], number) else None


def _are_alike(graph: Graph, one: Node, other: Node, depth: int = limits.SOME_STEPS) -> bool:
    """Whether two nodes compute the same, since people write the same expression twice."""
    if one is other:
        return True
    if depth == 0 or one.op != other.op or len(one.inputs) != len(other.inputs):
        return False
    if one.op == ops.CONST:
        return np.array_equal(graph.constant(one.outputs[0]), graph.constant(other.outputs[0]))  # type: ignore[arg-type]
    if one.op not in _ALIKE:
        return False
    pairs = zip(one.inputs, other.inputs, strict=True)
    return all(a.index == b.index and _are_alike(graph, a.node, b.node, depth - 1) for a, b in pairs)
