"""A softmax or sigmoid that is cut into parts, each of which multiplies something else: one site, not its first part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_attention.site import Role
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.attention_maps import kind_of
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection
from tb_attention.tracing.rules.operands import REDUCTIONS, VIEWS
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor, Size, multiply, size_of

_WHOLE = VIEWS | {"Mul", "RealDiv", "DivNoNan"}
_STEPS = 12


def with_all_parts(
    tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use], detection: Detection
) -> Detection:
    """The site with all of its weights, where what was found of it is one of several parts.

    Rows and columns of criss-cross attention are such parts, the near and the far keys of sparse attention, heads that
    were split into a list, and the branches of split attention.
    """
    met = [use for use in uses if use.how in ("mix", "scale")]
    if (
        detection.weights is candidate.value
        or not met
        or not all(_is_part(tracker, use.weights, candidate.value) for use in met)
    ):
        return detection
    if len({use.weights for use in met}) < 2:
        return detection
    whole = _before_it_is_cut(tracker, candidate.value, [use.operand for use in met])
    roles: dict[Factor, Role] = {}
    for dim in tracker.dims[whole] or ():
        for factor in dim:
            roles[factor] = _role(factor, candidate, detection)
    # Rows of weights that were used one by one have no queries, all of them together have.
    kind = kind_of(roles) if detection.kind == "cross" else detection.kind
    return dataclasses.replace(detection, weights=whole, kind=kind, roles=roles, axis_kind="positions", features=None)


def _before_it_is_cut(tracker: DimensionTracker, value: Value, ends: Sequence[Value]) -> Value:
    """The last tensor that holds all weights, masked as they are when they are cut into the parts at these ends."""
    behind = set(ancestors(ends))
    for _ in range(_STEPS):
        users = [node for node in value.users if node.type not in REDUCTIONS and not behind.isdisjoint(node.outputs)]
        after = users[0].outputs[0] if len(users) == 1 and users[0].type in _WHOLE else value
        if after is value or _factors(tracker, after) != _factors(tracker, value):
            return value
        value = after
    return value


def _factors(tracker: DimensionTracker, value: Value) -> set[Factor]:
    return {factor for dim in tracker.dims[value] or () for factor in dim}


def _role(factor: Factor, candidate: Candidate, detection: Detection) -> Role:
    if factor.origin == "batch":
        return "samples"
    if factor in candidate.axis:
        return "key"
    role = detection.roles.get(factor, "heads" if factor.origin in ("feature", "stack", "repeat") else "query")
    if detection.kind == "gate":
        # Keys of the part that are none of a softmax are channels, each with a distribution of its own.
        return "heads" if candidate.axis or role != "key" else "key"
    # What the rows of one part have in common are queries of the others.
    return "query" if role in ("windows", "key") else role


def _is_part(tracker: DimensionTracker, value: Value, whole: Value) -> bool:
    size, all_of_it = _size(tracker, value), _size(tracker, whole)
    if size is None or all_of_it is None:
        # How many rounds a loop makes may be known only at run time.
        return len(tracker.dims[value] or ()) < len(tracker.dims[whole] or ())
    return size != all_of_it and size[0] <= all_of_it[0] and size[1] <= all_of_it[1]


def _size(tracker: DimensionTracker, value: Value) -> Size | None:
    dims = tracker.dims[value]
    return None if dims is None else multiply(size_of(dim) for dim in dims)
