"""Gates: numbers that multiply a feature map and are the same all over space, or over all channels."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import AxisKind, Role
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Value, ancestors
from tb_attention.tracing.rules.branches import reads_apart
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection
from tb_attention.tracing.rules.experts import is_of_chosen_experts, weighs_an_expert
from tb_attention.tracing.rules.features import with_features
from tb_attention.tracing.rules.operands import VIEWS, product_dims
from tb_attention.tracing.rules.places import becomes_places
from tb_attention.tracing.rules.raw_inputs import computed_from, weighs_inputs
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor

_POOLS = frozenset({"Mean", "Max", "Sum"})
_SCORES = frozenset({"Sigmoid", "Softmax"})
_STEPS = 6
NOTHING = "multiplies nothing"
NUMBER_BY_NUMBER = "multiplies activations number by number, as a gated unit does"


def read_gate(graph: Graph, tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | str:
    """The site of a sigmoid or softmax that multiplies a feature map, or why it is none."""
    result, reason = None, NOTHING
    if is_of_chosen_experts(tracker, candidate.logits):
        return "weighs experts that were chosen"
    met = [use.other for use in uses if use.elementwise and use.other is not None]
    # A highway layer multiplies what it makes too.
    raw = all(weighs_inputs(graph, tracker, candidate, other) for other in met)
    for use in uses:
        if not use.elementwise or use.other is None:
            continue
        if use.other.node.type in _SCORES:
            # What it multiplies elsewhere is then a score too: two distributions are mixed.
            return "multiplies another score"
        found = _read_product(graph, tracker, candidate, use, use.other, raw=raw)
        if isinstance(found, Detection) and becomes_places(use.node.outputs[0]):
            reason = "scales offsets, by which something is picked"
        elif isinstance(found, Detection):
            result = result or with_features(graph, tracker, found, use.other)
        else:
            reason = found
    return result or reason


def _read_product(
    graph: Graph, tracker: DimensionTracker, candidate: Candidate, use: Use, other: Value, *, raw: bool
) -> Detection | str:
    if tracker.dims[use.operand] is None or tracker.dims[other] is None:
        return "multiplies something of unknown shape"
    gate, features = product_dims(graph, tracker, use.node, use.operand, other)
    own = [_solid(dim, tracker.dims[use.weights] or ()) for dim in gate]
    positions = [factor for dim in own for factor in dim if use.origin_of(factor) in ("position", "unknown")]
    channels = [factor for dim in own for factor in dim if use.origin_of(factor) in ("feature", "stack")]
    broadcast = [dim for mine, dim in zip(own, features, strict=True) if not mine and dim]
    over_space = any(factor.origin in ("position", "unknown") for dim in broadcast for factor in dim)
    over_channels = any(factor.origin == "feature" for dim in broadcast for factor in dim)
    if use.contracted and set(use.contracted) <= set(channels) and over_space:
        # Branches of other kernels, weighed for each channel.
        return make_detection(candidate, use, "gate", _roles(own, keys=use.contracted))
    if channels and over_space and _meets(own, features, channels):
        return make_detection(
            candidate, use, "gate", _roles(own, keys=positions or channels), "positions" if positions else "channels"
        )
    # A map for each of several tokens that are learned from one feature map.
    aside = [factor for mine, theirs in zip(own, features, strict=True) if not theirs for factor in mine]
    if candidate.axis and candidate.axis <= set(aside):
        return "spreads activations over parts, such as experts"
    if not positions and over_channels and channels and reads_apart(graph, other):
        # Fields of a table, each made of an input of its own, side by side.
        return make_detection(candidate, use, "gate", _roles(own, keys=channels), "features")
    if positions and over_channels and set(channels) <= set(aside):
        cut = bool(candidate.axis) and candidate.axis.isdisjoint(factor for dim in own for factor in dim)
        if weighs_an_expert(graph, tracker, candidate.logits, other, layers=1 if cut else 2):
            return "weighs the output of an expert, position by position"
        return make_detection(candidate, use, "gate", _roles(own, keys=positions))
    if candidate.family == "softmax" and any(use.origin_of(factor) == "position" for factor in candidate.axis):
        keys = [factor for factor in positions if factor in candidate.axis]
        return make_detection(candidate, use, "gate", _roles(own, keys=keys or positions))
    if (
        channels
        and not positions
        and not broadcast
        and _pooled(graph, other)
        and computed_from(candidate.logits, other)
    ):
        return make_detection(candidate, use, "gate", _roles(own, keys=channels), "channels")
    own_axis = bool(channels) and not broadcast and candidate.axis <= set(channels) - set(use.contracted)
    if candidate.family == "softmax" and own_axis and _competes(graph, candidate, use, other, own, features):
        return make_detection(candidate, use, "gate", _roles(own, keys=[*candidate.axis]), "channels")
    if raw:
        # What lies along the channels of an input is of channels, whatever made it.
        pairs = [(factor, dim) for mine, dim in zip(own, features, strict=True) for factor in mine]
        along = [factor for factor, dim in pairs if dim and {theirs.origin for theirs in dim} <= {"feature", "stack"}]
        positions = [factor for factor, _ in pairs if factor.origin != "batch" and factor not in along]
        if along and len(positions) > 1 and not broadcast:
            # Each channel of a sequence may have its weights over time, but a number for each pixel and channel is a mask.
            return NUMBER_BY_NUMBER
        keys = positions or along
        axis_kind: AxisKind = "positions" if positions else "channels"
        return make_detection(candidate, use, "gate", _roles(own, keys=keys), axis_kind)
    return NUMBER_BY_NUMBER


def _competes(
    graph: Graph, candidate: Candidate, use: Use, other: Value, own: Sequence[Dim], features: Sequence[Dim]
) -> bool:
    """Whether features share one unit of weight, each multiplied by its part: what a gated unit never does."""
    if any(mine and not theirs for mine, theirs in zip(own, features, strict=True)):
        return False
    todo = [use.operand]
    while todo and candidate.value not in todo:
        todo = [item for value in todo if value.node.type in VIEWS for item in value.node.inputs]
    # Probabilities that were scaled, as by a confidence, are still an answer; those times their logarithm are an entropy.
    answer = use.node.outputs[0] in graph.outputs
    # What is fed from outside and has no part in the weights is a mask, as of the actions that are allowed.
    mask = other in graph.inputs and not computed_from(candidate.logits, other)
    return bool(todo) and not answer and not mask and candidate.value not in ancestors([other])


def _solid(dim: Dim, weights: Dims) -> Dim:
    """What is left of a dimension without copies of the weights, such as those that a projection makes of one map."""
    own = {factor for dim in weights for factor in dim}
    return tuple(factor for factor in dim if factor.origin != "repeat" and not own.isdisjoint(factor.line()))


def _meets(gate: Sequence[Dim], features: Sequence[Dim], channels: Sequence[Factor]) -> bool:
    """Whether the gate's channels run along the feature map's, not along a stack of other tensors."""
    for mine, theirs in zip(gate, features, strict=True):
        if any(factor in channels for factor in mine):
            return any(factor.origin == "feature" for factor in theirs)
    return False


def _roles(gate: Sequence[Dim], keys: Sequence[Factor]) -> dict[Factor, Role]:
    roles: dict[Factor, Role] = {}
    for dim in gate:
        for factor in dim:
            roles[factor] = "samples" if factor.origin == "batch" else "key" if factor in keys else "heads"
    return roles


def _pooled(graph: Graph, value: Value) -> bool:
    """Whether a tensor is a feature map pooled over all its positions."""
    for _ in range(_STEPS):
        node = value.node
        if node.type in _POOLS:
            rank = node.inputs[0].rank or 0
            return rank >= 3 and (value.rank or 0) <= rank
        if node.type not in VIEWS or not node.inputs:
            return False
        value = node.inputs[0]
    return False
