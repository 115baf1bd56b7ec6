"""Maps of attention: weights that mix other activations of the sample, or choose among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from tb_attention.site import Kind
from tb_attention.tracing import ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors, before_moves
from tb_attention.tracing.rules.branches import read_sampling, read_selection
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection, roles_of
from tb_attention.tracing.rules.map_roles import read_edges, read_mixing, sums_over
from tb_attention.tracing.rules.scores import adds_pairs, has_pair_scores
from tb_attention.tracing.rules.weight_uses import Use

OWN_FEATURES = (
    "weights the features of an activation by their own values and adds them up: these are channels, not experts"
)
_LEARNED = "Keys and values are learned: they are the same for every sample."


def read_map(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | str:
    """The site of a softmax (or of a sigmoid that is summed), or the reason why it is no site."""
    if any(use.how == "choose" for use in uses) and not any(_mixes_positions(use) for use in uses):
        return _router(tracker, candidate)
    beside = _read_side_by_side(tracker, candidate, uses)
    if beside is not None:
        return beside
    paired = has_pair_scores(tracker, candidate.logits) or (
        candidate.family == "sigmoid" and adds_pairs(tracker, candidate.logits, queries=True)
    )
    for use in uses:
        if use.how != "mix" or (candidate.family != "softmax" and use.elementwise):
            continue
        if _weighs_probabilities(candidate, use) and not (paired and candidate.family == "softmax"):
            # A product of two maps compares positions; classes of queries and their masks are probabilities alone.
            continue
        if candidate.family == "sigmoid" and not (paired or sums_over(use, "position")):
            continue
        if candidate.family == "positive" and not (paired and _joins_positions(tracker, use)):
            continue
        if not paired and _differs_by_channel(tracker, use) and not _holds_positions(use):
            continue
        if not paired and _shares_out_features(tracker, candidate, use):
            continue
        if not paired and all(factor.origin == "feature" for factor in use.contracted):
            sampling = read_sampling(tracker, candidate, use)
            if sampling is not None:
                return sampling
        if sums_over(use, "feature") and not paired:
            # Weights over channels or experts that were not compared with one another.
            selection = read_selection(tracker, candidate, use)
            if selection is not None:
                return selection
            if candidate.family == "softmax" and _weighs_its_own(tracker, candidate, use):
                return OWN_FEATURES
            if candidate.family == "softmax" and _made_of(use, ("stack", "feature", "unknown", "window"), tracker):
                return _router(tracker, candidate)
            continue
        return read_edges(tracker, candidate, use) or read_mixing(tracker, candidate, use, paired=paired)
    return "multiplies no other activations of the sample"


def read_learned_memory(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """A softmax over a learned memory, as in external attention: maps of positions, heads and memory times a variable."""
    if candidate.family != "softmax" or not {use.how for use in uses} <= {"project", "other"}:
        return None
    use = next((use for use in uses if use.how == "project"), None)
    if use is None:
        return None
    factors = tracker.factors(use.weights)
    positions = [factor for factor in factors if factor.origin == "position"]
    heads = [factor for factor in factors if factor.origin == "feature" and factor not in use.contracted]
    if not sums_over(use, "feature") or not positions or not (heads or candidate.axis & set(positions)):
        return None
    roles = roles_of(factors, use.contracted, "query", {"feature": "heads"})
    return make_detection(candidate, use, "cross", roles, note=_LEARNED)


def _router(tracker: DimensionTracker, candidate: Candidate) -> Detection | str:
    if not candidate.axis:
        return "only chosen from, multiplies nothing"
    roles = roles_of(tracker.factors(candidate.value), candidate.axis, "query")
    return make_detection(candidate, None, "router", roles)


def _mixes_positions(use: Use) -> bool:
    return use.how == "mix" and _holds_positions(use)


def _holds_positions(use: Use) -> bool:
    return any(use.origin_of(factor) == "position" for factor in use.contracted)


def _weighs_probabilities(candidate: Candidate, use: Use) -> bool:
    """Whether probabilities are multiplied by other probabilities, as the classes of queries by their masks."""
    if use.other is None or before_moves(use.other).node.op not in ops.SCORES:
        return False
    return candidate.family == "sigmoid" or candidate.axis.isdisjoint(use.contracted)


def _differs_by_channel(tracker: DimensionTracker, use: Use) -> bool:
    """Whether each channel has its own weights, the same all over space, as with selective kernels."""
    channels = [factor for factor in use.shared if factor.origin == "feature" and factor not in use.contracted]
    positions = any(factor.origin == "position" for factor in tracker.factors(use.other))
    if use.other is None or not use.elementwise or not channels or not positions:
        return False
    # Where the same weights multiply other features too, these are heads.
    own, others = (tracker.dims[use.operand] or ())[::-1], tracker.dims[use.other] or ()
    met = (theirs for mine, theirs in zip_longest(own, others[::-1], fillvalue=()) if not mine)
    return not any(factor.origin == "feature" for dim in met for factor in dim)


def _shares_out_features(tracker: DimensionTracker, candidate: Candidate, use: Use) -> bool:
    """Whether the weights of the features of each position sum to 1, and their product is then pooled over positions."""
    if (
        candidate.family != "softmax"
        or not use.elementwise
        or not candidate.axis <= set(use.shared) - set(use.contracted)
    ):
        return False
    if not candidate.axis or not all(factor.origin == "feature" for factor in candidate.axis):
        return False
    own = (tracker.dims[use.operand] or ())[::-1]
    others = ((tracker.dims[use.other] if use.other is not None else None) or ())[::-1]
    return all(mine or not theirs for mine, theirs in zip_longest(own, others, fillvalue=()))


def _joins_positions(tracker: DimensionTracker, use: Use) -> bool:
    """Whether the weights relate positions to positions."""
    free = [
        factor for factor in tracker.factors(use.weights) if factor not in use.contracted and factor not in use.shared
    ]
    return not sums_over(use, "feature") and any(factor.origin in ("position", "unknown", "weight") for factor in free)


def _read_side_by_side(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """A softmax over tensors side by side, each of which is multiplied by its part of the softmax."""
    scales = [use for use in uses if use.how == "scale"]
    factors = tracker.factors(candidate.value)
    axis = candidate.axis
    if candidate.family == "sigmoid" and all(factor.origin in ("batch", "position") for factor in factors):
        # One number for each position, which a loop takes in step by step.
        axis = frozenset(factor for factor in factors if factor.origin == "position")
    if candidate.family == "positive" or not axis or len(scales) < 2:
        return None
    stacked = all(factor.origin in ("stack", "position") for factor in axis)
    if not stacked and not _are_pieces(tracker, scales):
        return None
    if any(axis & set(tracker.factors(use.operand)) for use in scales):
        return None
    # Feature maps of several kernels, weighted for each channel, are gated; tensors weighted as a whole are attended to.
    gated = candidate.family == "sigmoid" or all(_differs_by_channel(tracker, use) for use in scales)
    kind: Kind = "gate" if gated else "cross"
    layers = candidate.value.node.layers
    return Detection(candidate, layers, scales[0].node.layers, candidate.value, kind, roles_of(factors, axis))


def _are_pieces(tracker: DimensionTracker, uses: Sequence[Use]) -> bool:
    """Whether positions of one tensor are multiplied one by one: `a[:, 0] * x[:, 0] + a[:, 1] * x[:, 1]`."""
    wholes = {None if use.other is None else _whole(use.other) for use in uses}
    whole = wholes.pop()
    if wholes or whole is None:
        return False
    positions = {factor for factor in tracker.factors(whole) if factor.origin == "position"}
    return all(positions - set(tracker.factors(use.other)) for use in uses if use.other is not None)


def _whole(value: Value) -> Value:
    """What a tensor was cut, picked or rolled from."""
    while value.node.op in ops.MOVES and value.node.inputs:
        joined = {ops.PACK: value.node.inputs, ops.CONCAT: value.node.inputs[:-1]}.get(value.node.op, ())
        if len(set(joined)) > 1:
            break
        value = value.node.inputs[0]
    return value


def _weighs_its_own(tracker: DimensionTracker, candidate: Candidate, use: Use) -> bool:
    """Whether weights were computed from the very features that they multiply; those of experts are computed beside them."""
    if use.other is None or any(factor.origin == "stack" for factor in tracker.factors(use.other)):
        return False
    return _whole(use.other) in ancestors([candidate.logits])


def _made_of(use: Use, origins: tuple[str, ...], tracker: DimensionTracker) -> bool:
    """Whether tensors side by side are summed at each position, such as the outputs of experts."""
    positions = [factor for factor in tracker.factors(use.operand) if factor.origin == "position"]
    if any(factor not in use.shared for factor in positions):
        return False
    return any(factor.origin in origins for factor in tracker.factors(use.other))
