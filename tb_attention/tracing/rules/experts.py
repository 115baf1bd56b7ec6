"""Distinguishes the weight of an expert from a gate over positions: nothing in it reads more than one position."""

from __future__ import annotations

from collections.abc import Iterator

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Node, Value
from tb_attention.tracing.rules.operands import activations_behind

_POINTWISE = (
    ops.MOVES
    | ops.ADDITIONS
    | {ops.MUL, ops.DIV, ops.POW, ops.MAXIMUM, ops.MINIMUM, ops.NEG, ops.SQUARE, ops.SQUARED_DIFFERENCE, ops.RSQRT}
    | {ops.RELU, ops.RELU6, ops.LEAKY_RELU, ops.ELU, ops.SELU, ops.ERF, ops.ERFC, ops.SIGMOID, ops.SOFTPLUS, ops.TANH}
)


def weighs_an_expert(tracker: DimensionTracker, logits: Value, features: Value, *, layers: int) -> bool:
    """Whether a score is one projection of a tensor of which a separate network, such as a shared expert, makes the features.

    A gate over space is made of the features that it multiplies, or reads neighbours.

    Args:
        tracker: The dimensions of the values of the graph.
        logits: What the score is the softmax or sigmoid of.
        features: What it multiplies.
        layers: How many projections make an expert: one, where the scores of several sum to 1; more for one on its own, whose
            scores could as well be those of a gated unit.
    """
    scored = {value: steps for value, steps in _position_by_position(tracker, logits)}
    if features in scored:
        return False
    return any(
        value in scored and scored[value] <= 1 and steps >= layers
        for value, steps in _position_by_position(tracker, features)
    )


def is_of_chosen_experts(tracker: DimensionTracker, logits: Value) -> bool:
    """Whether scores are the largest of those that a projection made, such as those of the experts for a token.

    Where positions are chosen, as pooled graphs do with their nodes, the scores are of the positions.
    """
    for value in activations_behind(
        tracker, logits, lambda node: node.op in _POINTWISE | {ops.SUM}, limits.PROJECTION_STEPS
    ):
        if value.node.op == ops.TOP_K:
            dims = tracker.dims[value.node.inputs[0]]
            scored = dims[-1] if dims else ()
            return bool(scored) and all(factor.origin == "feature" for factor in scored)
    return False


def _position_by_position(tracker: DimensionTracker, value: Value) -> Iterator[tuple[Value, int]]:
    """What a tensor is a function of at each position alone, with the number of projections between."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, steps = todo.pop(0)
        yield value, steps
        projection = _is_projection(tracker, value.node)
        if not projection and value.node.op not in _POINTWISE:
            continue
        for item in value.node.inputs:
            if item in tracker.dependent and item not in seen:
                seen.add(item)
                todo.append((item, steps + projection))


def _is_projection(tracker: DimensionTracker, node: Node) -> bool:
    if contraction_of(node) is None:
        return False
    return sum(item in tracker.dependent for item in node.inputs) == 1
