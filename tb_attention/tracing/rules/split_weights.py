"""Weights that are cut before they meet values: into parts that multiply different tensors, or without the column of a sink."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import islice

from tb_attention.site import Role
from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.detections import Detection
from tb_attention.tracing.rules.map_roles import kind_of
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor, Size, multiply, size_of

_SINK = "A sink takes a share of each row, which multiplies no value. The weights of a row and the share of the sink sum to 1."
_SCALED_MOVES = ops.MOVES | {ops.MUL, ops.DIV}


def with_all_parts(tracker: DimensionTracker, uses: Sequence[Use], detection: Detection) -> Detection:
    """The site with all of its weights, where what was found of it is one of several parts.

    Rows and columns of criss-cross attention are such parts, the near and the far keys of sparse attention, heads that
    were split into a list, and the branches of split attention.
    """
    made, met = detection.candidate.value, [use for use in uses if use.how in ("mix", "scale")]
    are_parts = all(_is_part(tracker, use.weights, made) for use in met)
    if detection.weights is made or not are_parts or len({use.weights for use in met}) < 2:
        return detection
    whole = _before_it_is_cut(tracker, made, [use.operand for use in met])
    roles = {factor: _role(factor, detection) for factor in tracker.factors(whole)}
    # Rows of weights that were used one by one have no queries, all of them together have.
    kind = kind_of(roles) if detection.kind == "cross" else detection.kind
    return dataclasses.replace(detection, weights=whole, kind=kind, roles=roles, axis_kind="positions", features=None)


def _before_it_is_cut(tracker: DimensionTracker, value: Value, ends: Sequence[Value]) -> Value:
    """The last tensor that holds all weights, masked as they are when they are cut into the parts at these ends."""
    behind = set(ancestors(ends))
    for _ in range(limits.SOME_STEPS):
        users = [node for node in value.users if node.op not in ops.TOTALS and not behind.isdisjoint(node.outputs)]
        after = users[0].outputs[0] if len(users) == 1 and users[0].op in _SCALED_MOVES else value
        if after is value or set(tracker.factors(after)) != set(tracker.factors(value)):
            return value
        value = after
    return value


def _role(factor: Factor, detection: Detection) -> Role:
    if factor.origin == "batch":
        return "samples"
    if factor in detection.candidate.axis:
        return "key"
    role = detection.roles.get(factor, "heads" if factor.origin in ("feature", "stack", "repeat") else "query")
    if detection.kind == "gate":
        # Keys of the part that are none of a softmax are channels, each with its own distribution.
        return "heads" if detection.candidate.axis or role != "key" else "key"
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


def with_sink(tracker: DimensionTracker, detection: Detection) -> Detection:
    """The site marked as one with a sink, if it has one.

    See OpenAI, "gpt-oss-120b & gpt-oss-20b Model Card", 2025 (a learned score for each head beside those of the keys), and
    Miller, "Attention Is Off By One", 2023 (1 added to the sum).
    """
    if detection.candidate.family != "softmax" or detection.kind not in ("self", "cross", "local"):
        return detection
    if not detection.candidate.leaks and not _is_cut(tracker, detection):
        return detection
    note = _SINK if detection.note is None else f"{detection.note} {_SINK}"
    return dataclasses.replace(detection, sink=True, note=note)


def _is_cut(tracker: DimensionTracker, detection: Detection) -> bool:
    """Whether keys that the softmax is over were cut off before the weights meet the values."""
    made, weights, roles = detection.candidate.value, detection.weights, detection.roles
    keys = multiply(factor.size for factor in tracker.factors(weights) if roles.get(factor) == "key")
    whole = multiply(factor.size for factor in detection.candidate.axis)
    if keys is None or whole is None or keys[0] != whole[0] or keys[1] >= whole[1]:
        return False
    value, cut = weights, False
    for _ in range(limits.SINK_STEPS):
        if value is made:
            return cut
        if value.node.op not in _SCALED_MOVES - ops.GATHERS:
            return False
        cut = cut or value.node.op in ops.CUTS
        before = _towards(made, value)
        if before is None:
            return False
        value = before
    return False


def _towards(made: Value, value: Value) -> Value | None:
    """The operand of a value that was computed from the softmax."""
    operands = value.node.inputs
    return next((item for item in operands if made in islice(ancestors([item]), limits.SINK_VALUES)), None)
