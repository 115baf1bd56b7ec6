"""Candidates for attention: softmaxes and sigmoids, also those that are written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Literal

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.rules.handwritten import is_number, read_normalised, read_segmented, read_sigmoid
from tb_attention.tracing.symbolic_dimensions import Factor


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """Numbers between 0 and 1 that may be attention.

    Attributes:
        value: The tensor.
        family: "softmax" where a sum is 1, "sigmoid" where each number is on its own, "positive" for numbers cut off at 0, which
            are attention only if they compare positions with one another (sparsemax, squared ReLU, squares over their sum).
        axis: The factors over which a softmax sums to 1; empty for a sigmoid.
        logits: What it was computed from.
        segments: Where sums over some of the numbers are 1, as over the edges to a node, the number of its sum for each.
            None where whole axes sum to 1.
        leaks: Whether something more than these numbers is in the sum that they are divided by.
    """

    value: Value
    family: Literal["softmax", "sigmoid", "positive"]
    axis: frozenset[Factor]
    logits: Value
    segments: Value | None = None
    leaks: bool = False


def find_candidates(tracker: DimensionTracker, *, dead: bool = False) -> list[Candidate]:
    """All softmaxes and sigmoids between inputs and outputs, in the order of the model; those that reach no output if `dead`."""
    candidates = []
    live = tracker.graph.leading_to_outputs()
    for node in tracker.graph.nodes:
        if not node.outputs or node.outputs[0] not in tracker.dependent or (node.outputs[0] in live) is dead:
            continue
        if tracker.dims[node.outputs[0]] is None:
            continue
        candidate = _softmax(tracker, node) or _sigmoid(tracker.graph, node) or _positive(tracker, node)
        if candidate is not None:
            candidates.append(candidate)
    return candidates


def _softmax(tracker: DimensionTracker, node: Node) -> Candidate | None:
    value = node.outputs[0]
    dims = tracker.dims[value] or ()
    if node.op == ops.SOFTMAX:
        return Candidate(value, "softmax", frozenset(dims[-1]) if dims else frozenset(), node.inputs[0])
    if node.op == ops.EXP and node.inputs[0].node.op == ops.LOG_SOFTMAX:
        return Candidate(value, "softmax", frozenset(dims[-1]), node.inputs[0].node.inputs[0])
    segmented = read_segmented(tracker.graph, node)
    if segmented is not None:
        segments, logits = segmented
        parts = (tracker.dims[segments.inputs[0]] or ())[: segments.inputs[1].rank]
        return Candidate(
            value, "softmax", frozenset(factor for dim in parts for factor in dim), logits, segments.inputs[1]
        )
    normalised = read_normalised(tracker.graph, node)
    if normalised is None:
        return None
    summed = tracker.dims[normalised.total.summed]
    if summed is None:
        return None
    family: Literal["softmax", "positive"] = "softmax" if normalised.positive else "positive"
    axis = frozenset(factor for axis in normalised.total.axes for factor in summed[axis])
    return Candidate(value, family, axis, normalised.logits, leaks=normalised.leaks)


def _sigmoid(graph: Graph, node: Node) -> Candidate | None:
    if node.op in (ops.SIGMOID, ops.RELU6):
        return Candidate(node.outputs[0], "sigmoid", frozenset(), node.inputs[0])
    if node.op == ops.CLIP and is_number(graph, node.inputs[1], 0.0) and is_number(graph, node.inputs[2], 1.0):
        return Candidate(node.outputs[0], "sigmoid", frozenset(), node.inputs[0])
    if node.op in (ops.MINIMUM, ops.MAXIMUM):
        other = {ops.MINIMUM: ops.MAXIMUM, ops.MAXIMUM: ops.MINIMUM}[node.op]
        ends = {ops.MINIMUM: 1.0, ops.MAXIMUM: 0.0}
        for inner, limit in (node.inputs, node.inputs[::-1]):
            if inner.node.op == other and is_number(graph, limit, ends[node.op]):
                for logits, inner_limit in (inner.node.inputs, inner.node.inputs[::-1]):
                    if is_number(graph, inner_limit, ends[other]):
                        return Candidate(node.outputs[0], "sigmoid", frozenset(), logits)
    written = read_sigmoid(graph, node)
    return None if written is None else Candidate(node.outputs[0], "sigmoid", frozenset(), written)


def _positive(tracker: DimensionTracker, node: Node) -> Candidate | None:
    value, kept = node.outputs[0], None
    if node.op == ops.RELU:
        kept = node.inputs[0]
    elif node.op == ops.MAXIMUM:
        kept = next(
            (one for one, limit in (node.inputs, node.inputs[::-1]) if is_number(tracker.graph, limit, 0.0)), None
        )
    if kept is None:
        return None
    logits = kept.node.inputs[0] if kept.node.op == ops.SUB else None
    if logits is not None and _is_threshold(kept.node.inputs[1], logits):
        return Candidate(value, "softmax", frozenset((tracker.dims[value] or ((),))[-1]), logits)
    return Candidate(value, "positive", frozenset(), kept)


def _is_threshold(value: Value, logits: Value) -> bool:
    """Whether scores above this sum to 1: it was found by sorting them all, as sparsemax and entmax do.

    See Martins and Astudillo, "From softmax to sparsemax", ICML 2016.
    """
    sizes = (logits.shape or (None,))[-1]
    for item in islice(ancestors([value]), limits.THRESHOLD_VALUES):
        whole = item.node.op == ops.TOP_K and item.node.outputs[0].shape is not None and sizes is not None
        if whole and (item.node.outputs[0].shape or (None,))[-1] == sizes:
            return logits in islice(ancestors([item.node.inputs[0]]), limits.SOME_STEPS)
    return False
