"""Gates: numbers that multiply a feature map and are the same all over space, or over all channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import islice

from tb_attention.site import AxisKind
from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Value, ancestors, nearest_first
from tb_attention.tracing.rules.branches import reads_apart
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, FeatureMap, make_detection, roles_of
from tb_attention.tracing.rules.operands import product_dims
from tb_attention.tracing.rules.scores import computed_from, is_of_chosen_experts, weighs_an_expert, weighs_inputs
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor

_POOLS = frozenset({ops.MEAN, ops.MAX, ops.SUM})
# Moves that keep each channel where it is, so that channel 3 of the mean is the mean of channel 3.
_KEEPING = ops.RESHAPES | {ops.CAST, ops.IDENTITY}
_ROUNDED = (
    (ops.MOVES - ops.GATHERS)
    | ops.ADDITIONS
    | {ops.MUL, ops.DIV, ops.MAXIMUM, ops.MINIMUM, ops.CLIP, ops.FLOOR, ops.ROUND, ops.FLOOR_MOD}
)
NOTHING = "multiplies nothing"
ELEMENTWISE = "multiplies activations element by element, as a gated unit does"


def read_gate(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | str:
    """The site of a sigmoid or softmax that multiplies a feature map, or the reason why it is no site."""
    result, reason = None, NOTHING
    if is_of_chosen_experts(tracker, candidate.logits):
        return "weights the outputs of experts that were chosen"
    met = [use.other for use in uses if use.elementwise and use.other is not None]
    # A highway layer multiplies what it makes too.
    raw = all(weighs_inputs(tracker, candidate, other) for other in met)
    for use in uses:
        if not use.elementwise or use.other is None:
            continue
        if use.other.node.op in ops.SCORES:
            # Two distributions are mixed.
            return "multiplies another softmax or sigmoid"
        found = _read_product(tracker, candidate, use, use.other, raw=raw)
        if isinstance(found, Detection) and becomes_indices(use.node.outputs[0]):
            reason = "scales offsets, which say where features are sampled"
        elif isinstance(found, Detection):
            result = result or with_features(tracker, found, use.other)
        else:
            reason = found
    return result or reason


def _read_product(
    tracker: DimensionTracker, candidate: Candidate, use: Use, other: Value, *, raw: bool
) -> Detection | str:
    if tracker.dims[use.operand] is None or tracker.dims[other] is None:
        return "multiplies a tensor of unknown shape"
    gate, features = product_dims(tracker, use.node, use.operand, other)
    own = [_solid(dim, tracker.dims[use.weights] or ()) for dim in gate]
    factors = [factor for dim in own for factor in dim]
    positions = [factor for factor in factors if use.origin_of(factor) in ("position", "unknown")]
    channels = [factor for factor in factors if use.origin_of(factor) in ("feature", "stack")]
    broadcast = [dim for mine, dim in zip(own, features, strict=True) if not mine and dim]
    over_space = any(factor.origin in ("position", "unknown") for dim in broadcast for factor in dim)
    over_channels = any(factor.origin == "feature" for dim in broadcast for factor in dim)
    if use.contracted and set(use.contracted) <= set(channels) and over_space:
        # Branches with different kernels, weighted for each channel.
        return make_detection(candidate, use, "gate", roles_of(factors, use.contracted))
    if channels and over_space and _meets(own, features, channels):
        return make_detection(
            candidate, use, "gate", roles_of(factors, positions or channels), "positions" if positions else "channels"
        )
    # A map for each of several tokens that are learned from one feature map.
    aside = [factor for mine, theirs in zip(own, features, strict=True) if not theirs for factor in mine]
    if candidate.axis and candidate.axis <= set(aside):
        return "distributes activations to parts, such as experts"
    if not positions and over_channels and channels and reads_apart(tracker.graph, other):
        # Fields of a table side by side, each made of its own input.
        return make_detection(candidate, use, "gate", roles_of(factors, channels), "features")
    if positions and over_channels and set(channels) <= set(aside):
        cut = bool(candidate.axis) and candidate.axis.isdisjoint(factors)
        if weighs_an_expert(tracker, candidate.logits, other, layers=1 if cut else 2):
            return "weights the output of an expert at each position"
        return make_detection(candidate, use, "gate", roles_of(factors, positions))
    if candidate.family == "softmax" and any(use.origin_of(factor) == "position" for factor in candidate.axis):
        keys = [factor for factor in positions if factor in candidate.axis]
        return make_detection(candidate, use, "gate", roles_of(factors, keys or positions))
    if channels and not positions and not broadcast and _is_pooled(other) and computed_from(candidate.logits, other):
        return make_detection(candidate, use, "gate", roles_of(factors, channels), "channels")
    own_axis = bool(channels) and not broadcast and candidate.axis <= set(channels) - set(use.contracted)
    if candidate.family == "softmax" and own_axis and _competes(tracker.graph, candidate, use, other, own, features):
        return make_detection(candidate, use, "gate", roles_of(factors, [*candidate.axis]), "channels")
    if raw:
        # Weights along the channels of an input are those of channels, whatever they were computed from.
        pairs = [(factor, dim) for mine, dim in zip(own, features, strict=True) for factor in mine]
        along = [factor for factor, dim in pairs if dim and {theirs.origin for theirs in dim} <= {"feature", "stack"}]
        positions = [factor for factor, _ in pairs if factor.origin != "batch" and factor not in along]
        if along and len(positions) > 1 and not broadcast:
            # Each channel of a sequence may have its weights over time, but a number for each pixel and channel is a mask.
            return ELEMENTWISE
        keys = positions or along
        axis_kind: AxisKind = "positions" if positions else "channels"
        return make_detection(candidate, use, "gate", roles_of(factors, keys), axis_kind)
    return ELEMENTWISE


def _competes(
    graph: Graph, candidate: Candidate, use: Use, other: Value, own: Sequence[Dim], features: Sequence[Dim]
) -> bool:
    """Whether the weights of the features sum to 1 and each multiplies its feature, unlike in a gated unit."""
    if any(mine and not theirs for mine, theirs in zip(own, features, strict=True)):
        return False
    todo = [use.operand]
    while todo and candidate.value not in todo:
        todo = [item for value in todo if value.node.op in ops.MOVES for item in value.node.inputs]
    # Probabilities that were scaled, as by a confidence, are still an answer; those times their logarithm are an entropy.
    answer = use.node.outputs[0] in graph.outputs
    # An input that the weights do not depend on is a mask, such as that of allowed actions.
    mask = other in graph.inputs and not computed_from(candidate.logits, other)
    return bool(todo) and not answer and not mask and candidate.value not in ancestors([other])


def _solid(dim: Dim, weights: Dims) -> Dim:
    """A dimension without copies of the weights, such as those that a projection makes of one map."""
    own = {factor for dim in weights for factor in dim}
    return tuple(factor for factor in dim if factor.origin != "repeat" and not own.isdisjoint(factor.line()))


def _meets(gate: Sequence[Dim], features: Sequence[Dim], channels: Sequence[Factor]) -> bool:
    """Whether the gate's channels run along the feature map's, not along a stack of other tensors."""
    for mine, theirs in zip(gate, features, strict=True):
        if any(factor in channels for factor in mine):
            return any(factor.origin == "feature" for factor in theirs)
    return False


def _is_pooled(value: Value) -> bool:
    """Whether a tensor is a feature map pooled over all its positions."""
    for _ in range(limits.POOL_STEPS):
        node = value.node
        if node.op in _POOLS:
            rank = node.inputs[0].rank or 0
            return rank >= 3 and (value.rank or 0) <= rank
        if node.op not in ops.MOVES or not node.inputs:
            return False
        value = node.inputs[0]
    return False


def with_features(tracker: DimensionTracker, detection: Detection, multiplied: Value) -> Detection:
    """The site of a gate with the feature map behind it, if it is one over channels and there is one.

    Args:
        tracker: The dimensions of the values of the graph.
        detection: The site.
        multiplied: What the gate multiplies or, where it multiplies nothing, what it is a function of, channel by channel.
    """
    if detection.axis_kind != "channels":
        return detection
    features = _direct(tracker, multiplied) or _averaged(multiplied)
    return dataclasses.replace(detection, features=features)


def _direct(tracker: DimensionTracker, value: Value) -> FeatureMap | None:
    """The value itself, if it has samples, two dimensions of space and channels."""
    dims = tracker.dims[value]
    if dims is None or len(dims) != 4 or {factor.origin for factor in dims[0]} != {"batch"}:
        return None
    channels = [axis for axis in (3, 1) if any(factor.origin in ("feature", "stack") for factor in dims[axis])]
    if len(channels) != 1:
        return None
    space = [dims[axis] for axis in (1, 2, 3) if axis != channels[0]]
    return FeatureMap(value, channels[0]) if any(space) else None


def _averaged(value: Value) -> FeatureMap | None:
    """The feature map of which the value is the mean over space."""
    for _ in range(limits.FEW_STEPS):
        node = value.node
        if node.op == ops.MEAN:
            pooled = node.inputs[0]
            axes = node.attributes.axes
            if pooled.rank != 4 or axes not in ((1, 2), (2, 3)):
                return None
            return FeatureMap(pooled, 3 if axes == (1, 2) else 1)
        if node.op not in _KEEPING or not node.inputs:
            return None
        value = node.inputs[0]
    return None


def becomes_indices(value: Value) -> bool:
    """Whether numbers are scaled and rounded to indices of a gather."""
    scaled = nearest_first(
        [value], lambda item: (made for node in item.users if node.op in _ROUNDED for made in node.outputs)
    )
    return any(
        node.op in ops.GATHERS and item in node.inputs[1:]
        for item in islice(scaled, limits.OFFSET_VALUES)
        for node in item.users
    )
