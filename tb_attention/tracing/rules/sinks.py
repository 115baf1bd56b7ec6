"""Sinks: what a softmax gives to no key, by a column that is dropped or a number that is added to the sum."""

from __future__ import annotations

import dataclasses
from itertools import islice

from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection
from tb_attention.tracing.rules.operands import VIEWS
from tb_attention.tracing.symbolic_dimensions import multiply

NOTE = "A sink takes a share of each row that multiplies no value: the weights of a row and the share of the sink sum to 1."
_CUTS = frozenset({"Slice", "StridedSlice", "Split", "SplitV"})
_PASSED = (VIEWS - {"GatherV2"}) | {"Mul", "RealDiv"}
_STEPS = 20
_FAR = 200


def with_sink(tracker: DimensionTracker, candidate: Candidate, detection: Detection) -> Detection:
    """The site marked as one with a sink, if it has one.

    See OpenAI, "gpt-oss-120b & gpt-oss-20b Model Card", 2025 (a learned score for each head beside those of the keys), and
    Miller, "Attention Is Off By One", 2023 (1 added to the sum).
    """
    if candidate.family != "softmax" or detection.kind not in ("self", "cross", "local"):
        return detection
    if not candidate.leaks and not _is_cut(tracker, candidate, detection):
        return detection
    return dataclasses.replace(
        detection, sink=True, note=NOTE if detection.note is None else f"{detection.note} {NOTE}"
    )


def _is_cut(tracker: DimensionTracker, candidate: Candidate, detection: Detection) -> bool:
    """Whether keys that the softmax is over were cut off before the weights meet the values."""
    keys = multiply(
        factor.size
        for dim in tracker.dims[detection.weights] or ()
        for factor in dim
        if detection.roles.get(factor) == "key"
    )
    whole = multiply(factor.size for factor in candidate.axis)
    if keys is None or whole is None or keys[0] != whole[0] or keys[1] >= whole[1]:
        return False
    value, cut = detection.weights, False
    for _ in range(_STEPS):
        if value is candidate.value:
            return cut
        if value.node.type not in _PASSED:
            return False
        cut = cut or value.node.type in _CUTS
        before = _towards(candidate.value, value)
        if before is None:
            return False
        value = before
    return False


def _towards(candidate: Value, value: Value) -> Value | None:
    """The operand that a value has from the candidate."""
    return next((item for item in value.node.inputs if candidate in islice(ancestors([item]), _FAR)), None)
