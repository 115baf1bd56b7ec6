"""Tells the weight of an expert from a gate over positions: it was chosen, or nothing in it looks at more than one position."""

from __future__ import annotations

from collections.abc import Iterator

from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.rules.operands import VIEWS, activations_behind

_ARITHMETIC = "AddV2 BiasAdd LeakyRelu Maximum Minimum Mul Neg Pow RealDiv Rsqrt Square SquaredDifference Sub"
_ACTIVATIONS = "Elu Erf Erfc Relu Relu6 Selu Sigmoid Softplus Tanh"
_POINTWISE = VIEWS | {*_ARITHMETIC.split(), *_ACTIVATIONS.split()}
_CHOICES = frozenset({"TopKV2", "TopK", "ApproxTopK"})
_STEPS = 16


def weighs_an_expert(graph: Graph, tracker: DimensionTracker, logits: Value, features: Value, *, layers: int) -> bool:
    """Whether a score is one projection of what a network of its own, such as a shared expert, makes the features of.

    A gate over space is made of the features that it multiplies, or looks at neighbours.

    Args:
        graph, tracker: The graph and the dimensions of its values.
        logits: What the score is the softmax or sigmoid of.
        features: What it multiplies.
        layers: How many projections make an expert: one, where the scores of several sum to 1; more for one on its own, whose
            scores could as well be those of a gated unit.
    """
    scored = {value: steps for value, steps in _position_by_position(graph, tracker, logits)}
    if features in scored:
        return False
    return any(
        value in scored and scored[value] <= 1 and steps >= layers
        for value, steps in _position_by_position(graph, tracker, features)
    )


def is_of_chosen_experts(tracker: DimensionTracker, logits: Value) -> bool:
    """Whether scores are the largest of those that a projection made, such as those of the experts for a token.

    Where positions are chosen, as pooled graphs do with their nodes, the scores are of the positions.
    """
    for value in activations_behind(tracker, logits, lambda node: node.type in _POINTWISE | {"Sum"}, _STEPS):
        if value.node.type in _CHOICES:
            dims = tracker.dims[value.node.inputs[0]]
            scored = dims[-1] if dims else ()
            return bool(scored) and all(factor.origin == "feature" for factor in scored)
    return False


def _position_by_position(graph: Graph, tracker: DimensionTracker, value: Value) -> Iterator[tuple[Value, int]]:
    """What a tensor is a function of at each position alone, with the number of projections between."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, steps = todo.pop(0)
        yield value, steps
        projection = _is_projection(graph, tracker, value.node)
        if not projection and value.node.type not in _POINTWISE:
            continue
        for item in value.node.inputs:
            if item in tracker.dependent and item not in seen:
                seen.add(item)
                todo.append((item, steps + projection))


def _is_projection(graph: Graph, tracker: DimensionTracker, node: Node) -> bool:
    if contraction_of(graph, node) is None:
        return False
    return sum(item in tracker.dependent for item in node.inputs) == 1
