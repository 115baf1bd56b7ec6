"""Whether scores compare positions with others: by a product of both, or by adding them, as additive attention does."""

from __future__ import annotations

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Node, Value
from tb_attention.tracing.rules.operands import activations_behind
from tb_attention.tracing.symbolic_dimensions import Dims

POSITIONS = ("position", "unknown")
_POINTWISE = (
    ops.MOVES
    | ops.ADDITIONS
    | {ops.MUL, ops.DIV, ops.MAXIMUM, ops.MINIMUM, ops.NEG, ops.ABS, ops.SQUARE, ops.SQRT}
    | {ops.TANH, ops.SOFTPLUS, ops.RELU, ops.ELU}
)
_BETWEEN = ops.MOVES | ops.ADDITIONS | ops.PRODUCTS | {ops.MUL, ops.DIV, ops.TANH, ops.RELU}


def has_pair_scores(tracker: DimensionTracker, logits: Value) -> bool:
    """Whether the logits compare activations with activations: a product of two tensors that both depend on the inputs."""

    def through(node: Node) -> bool:
        return node.op in _POINTWISE and contraction_of(node) is None

    return any(
        contraction_of(value.node) is not None and tracker.dependent.issuperset(value.node.inputs)
        for value in activations_behind(tracker, logits, through, limits.SCORE_STEPS)
    )


def adds_pairs(tracker: DimensionTracker, logits: Value, *, queries: bool) -> bool:
    """Whether scores add activations of some positions to those of others, each to each, as additive attention does.

    Where there is one query, it is added to all positions.
    """
    todo, seen = [(logits, 0)], {logits}
    while todo:
        value, steps = todo.pop(0)
        node = value.node
        if node.op not in _BETWEEN or steps > limits.MANY_STEPS:
            continue
        inputs = [item for item in node.inputs if item in tracker.dependent]
        if node.op == ops.ADD and len(inputs) == 2:
            one, other = tracker.dims[inputs[0]], tracker.dims[inputs[1]]
            asked = not queries and steps <= limits.QUERY_STEPS and (_asks(one, other) or _asks(other, one))
            if asked or (_differs(one, other) and _differs(other, one)):
                return True
        for item in inputs:
            if item not in seen:
                seen.add(item)
                todo.append((item, steps + 1))
    return False


def _differs(one: Dims | None, other: Dims | None) -> bool:
    """Whether a tensor has positions along a dimension that is 1 in the other."""
    if one is None or other is None or len(one) != len(other):
        return False
    return any(
        not there and any(factor.origin in POSITIONS for factor in here) for here, there in zip(one, other, strict=True)
    )


def _asks(query: Dims | None, keys: Dims | None) -> bool:
    """Whether a tensor has features of the sample, but none of the positions of the other."""
    if query is None or not _differs(keys, query):
        return False
    origins = {factor.origin for dim in query for factor in dim}
    return {"batch", "feature"} <= origins and origins.isdisjoint(POSITIONS)
