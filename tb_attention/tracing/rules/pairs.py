"""Whether scores compare positions with others by adding activations of both, as additive attention does."""

from __future__ import annotations

from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value
from tb_attention.tracing.rules.operands import VIEWS
from tb_attention.tracing.symbolic_dimensions import Dims

POSITIONS = ("position", "unknown")
_BETWEEN = VIEWS | {"AddV2", "BiasAdd", "Mul", "RealDiv", "Sub", "Tanh", "Relu", "MatMul", "BatchMatMulV2", "Einsum"}
_STEPS = 40
_NEAR = 8


def adds_pairs(tracker: DimensionTracker, logits: Value, *, queries: bool) -> bool:
    """Whether scores add activations of some positions to those of others, each to each, as additive attention does.

    Where there is one query, it is added to all positions.
    """
    todo, seen = [(logits, 0)], {logits}
    while todo:
        value, steps = todo.pop(0)
        node = value.node
        if node.type not in _BETWEEN or steps > _STEPS:
            continue
        inputs = [item for item in node.inputs if item in tracker.dependent]
        if node.type == "AddV2" and len(inputs) == 2:
            one, other = tracker.dims[inputs[0]], tracker.dims[inputs[1]]
            asked = not queries and steps <= _NEAR and (_asks(one, other) or _asks(other, one))
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
