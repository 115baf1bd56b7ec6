"""Attention proper: weights that mix other activations of the sample, or choose among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from tb_attention.site import AxisKind, Kind, Role
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.rules.branches import read_sampling, read_selection
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection
from tb_attention.tracing.rules.edges import read_edges
from tb_attention.tracing.rules.operands import VIEWS, activations_behind
from tb_attention.tracing.rules.pairs import adds_pairs
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Dim, Factor, is_cut_across, mixes_features

_POINTWISE = VIEWS | {
    "AddV2",
    "Sub",
    "Mul",
    "RealDiv",
    "Tanh",
    "Neg",
    "Maximum",
    "Minimum",
    "BiasAdd",
    "Softplus",
    "Relu",
    "Elu",
    "Square",
    "Sqrt",
    "Abs",
}
_STEPS = 30
_CUT_ACROSS = (
    "Positions mix tokens and features, so none is a word or a cell: a reshape cut across both, "
    "as where heads are split without a transposition."
)
OWN_FEATURES = "weighs the features of an activation by what they are and adds them up: they are channels, not experts"
_LEARNED = "Keys and values are learned: they are the same for every sample."


def read_map(graph: Graph, tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | str:
    """The site of a softmax (or of a sigmoid that is summed), or why it is none."""
    if any(use.how == "choose" for use in uses) and not any(_mixes_positions(use) for use in uses):
        return _router(tracker, candidate)
    beside = _read_side_by_side(tracker, candidate, uses)
    if beside is not None:
        return beside
    paired = has_pair_scores(graph, tracker, candidate.logits) or (
        candidate.family == "sigmoid" and adds_pairs(tracker, candidate.logits, queries=True)
    )
    for use in uses:
        if use.how != "mix" or (candidate.family != "softmax" and use.elementwise):
            continue
        if _weighs_probabilities(candidate, use) and not (paired and candidate.family == "softmax"):
            # A product of two maps compares positions; classes of queries and their masks are probabilities alone.
            continue
        if candidate.family == "sigmoid" and not (paired or _all(use, "position")):
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
        if _all(use, "feature") and not paired:
            # Weights over channels or experts that were not compared with one another.
            selection = read_selection(graph, tracker, candidate, use)
            if selection is not None:
                return selection
            if candidate.family == "softmax" and _weighs_its_own(tracker, candidate, use):
                return OWN_FEATURES
            if candidate.family == "softmax" and _made_of(use, ("stack", "feature", "unknown", "window"), tracker):
                return _router(tracker, candidate)
            continue
        return read_edges(tracker, candidate, use) or _mixing(tracker, candidate, use, paired=paired)
    return "no product with other activations of the sample"


def has_pair_scores(graph: Graph, tracker: DimensionTracker, logits: Value) -> bool:
    """Whether the logits compare activations with activations: a product of two tensors that both depend on the inputs."""

    def through(node: Node) -> bool:
        return node.type in _POINTWISE and contraction_of(graph, node) is None

    return any(
        contraction_of(graph, value.node) is not None and tracker.dependent.issuperset(value.node.inputs)
        for value in activations_behind(tracker, logits, through, _STEPS)
    )


def read_learned_memory(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """A softmax over a learned memory, as in external attention: maps of positions, heads and memory times a variable."""
    if candidate.family != "softmax" or not {use.how for use in uses} <= {"project", "other"}:
        return None
    use = next((use for use in uses if use.how == "project"), None)
    if use is None:
        return None
    factors = _factors(tracker, use.weights)
    positions = [factor for factor in factors if factor.origin == "position"]
    heads = [factor for factor in factors if factor.origin == "feature" and factor not in use.contracted]
    if not _all(use, "feature") or not positions or not (heads or candidate.axis & set(positions)):
        return None
    roles: dict[Factor, Role] = {}
    for factor in factors:
        if factor in use.contracted:
            roles[factor] = "key"
        else:
            roles[factor] = "heads" if factor.origin == "feature" else _plain_role(factor, "query")
    return make_detection(candidate, use, "cross", roles, note=_LEARNED)


def _mixing(tracker: DimensionTracker, candidate: Candidate, use: Use, *, paired: bool) -> Detection:
    keys = set(use.contracted)
    if candidate.axis <= set(_factors(tracker, use.weights)) - keys and _is_map(use.other):
        # Two maps are multiplied, and the other one is summed over its keys.
        keys = set(candidate.axis)
    if any(_mixes_features(use, dim) for dim in tracker.dims[use.weights] or () if not keys.isdisjoint(dim)):
        return _mixing_across(tracker, candidate, use, keys)
    over_features = _all(use, "feature")
    local_values = not over_features and not any(use.origin_of(factor) in ("position", "weight") for factor in keys)
    factors = _factors(tracker, use.weights)
    free = {
        factor for factor in factors if factor not in keys and factor not in use.shared and factor.origin != "batch"
    }
    # Scores of all pairs of places in a window, made by one projection: what is none of the values' are queries.
    projected = any(use.origin_of(factor) != factor.origin for factor in keys) and all(
        factor.origin == "feature" for factor in free
    )
    in_windows = not local_values or (projected and bool(free))
    roles: dict[Factor, Role] = {}
    for factor in factors:
        shared = factor in use.shared
        if factor in keys:
            roles[factor] = "key"
        elif factor.origin == "batch":
            roles[factor] = "samples"
        elif over_features:
            roles[factor] = "query" if not shared else "heads" if factor.origin == "feature" else "windows"
        elif projected and factor in free and any(other.origin == "position" for other in use.shared):
            roles[factor] = "query"
        elif factor.origin in ("feature", "repeat") or (factor.origin == "stack" and shared):
            roles[factor] = "heads"
        elif shared and in_windows and factor.origin in ("position", "window"):
            roles[factor] = "windows"
        elif shared and in_windows:
            roles[factor] = "heads"
        elif shared and factor.whole is not None and any(key.root is factor.root for key in keys):
            # Windows, and positions in them, of something of which no more is known.
            roles[factor] = "windows"
        else:
            roles[factor] = "query"
    if candidate.family == "sigmoid" and not paired:
        gate: dict[Factor, Role] = {factor: "heads" if role == "query" else role for factor, role in roles.items()}
        return make_detection(candidate, use, "gate", gate)
    # Positions that look at regions, which a projection made, are not channels that look at channels.
    channels = over_features and not any(
        role == "query" and factor.origin == "position" for factor, role in roles.items()
    )
    axis_kind: AxisKind = "channels" if channels else "positions"
    kind = kind_of(roles, channels, local_values, use)
    if "query" not in roles.values() and kind != "local":
        # Groups, each pooled to one: sentences look at their words.
        roles = {factor: "query" if role == "windows" else role for factor, role in roles.items()}
    return make_detection(candidate, use, kind, roles, axis_kind)


def _mixing_across(tracker: DimensionTracker, candidate: Candidate, use: Use, keys: set[Factor]) -> Detection:
    """A map of which each position is a token (or several) together with some of the features."""
    dims = tracker.dims[use.weights] or ()
    roles: dict[Factor, Role] = {}
    for factor in _factors(tracker, use.weights):
        if factor in keys:
            roles[factor] = "key"
        elif factor in use.shared or factor.origin == "repeat":
            roles[factor] = _plain_role(factor, "windows" if factor.mixed and factor.whole is not None else "heads")
        else:
            roles[factor] = _plain_role(factor, "query")
    note = _CUT_ACROSS if any(is_cut_across(dim) for dim in dims if not keys.isdisjoint(dim)) else None
    return make_detection(candidate, use, kind_of(roles), roles, note=note)


def _mixes_features(use: Use, dim: Dim) -> bool:
    """Whether a dimension runs over positions and features; scores of positions that a projection made are positions."""
    return mixes_features(dim) and any(factor.mixed or use.origin_of(factor) == "feature" for factor in dim)


def kind_of(
    roles: dict[Factor, Role], channels: bool = False, local_values: bool = False, use: Use | None = None
) -> Kind:
    """The kind of a map: whether queries and keys are of one sequence, and whether keys are those of a window."""
    queries = {factor for factor, role in roles.items() if role == "query"}
    keys = {factor for factor, role in roles.items() if role == "key"}
    windows = {factor for factor, role in roles.items() if role == "windows"}
    if use is not None:
        keys = {place for factor in keys for place in use.places_of(factor)}
        windows |= {other for factor in windows for other in use.met.get(factor, ())}
    if channels:
        return "self"
    key_roots = {factor.root for factor in keys}
    if any(factor.whole is not None and factor.root in key_roots for factor in windows):
        return "local"
    if local_values and any(factor.origin == "window" for factor in keys):
        return "local"
    query_roots = {factor.root for factor in queries}
    return "self" if query_roots and not query_roots.isdisjoint(key_roots) else "cross"


def _is_map(value: Value | None) -> bool:
    """Whether a tensor is itself what a softmax gave."""
    while value is not None and value.node.type in VIEWS and value.node.inputs:
        value = value.node.inputs[0]
    return value is not None and value.node.type == "Softmax"


def _router(tracker: DimensionTracker, candidate: Candidate) -> Detection | str:
    if not candidate.axis:
        return "picked from, multiplies nothing"
    roles: dict[Factor, Role] = {}
    for factor in _factors(tracker, candidate.value):
        roles[factor] = "key" if factor in candidate.axis else _plain_role(factor, "query")
    node = candidate.value.node
    return Detection(candidate, node.layers, node.layers, candidate.value, "router", roles)


def _plain_role(factor: Factor, other: Role) -> Role:
    return "samples" if factor.origin == "batch" else other


def _factors(tracker: DimensionTracker, value: Value) -> list[Factor]:
    return [factor for dim in tracker.dims[value] or () for factor in dim]


def _all(use: Use, origin: str) -> bool:
    """Whether all that is summed over has this origin."""
    return bool(use.contracted) and all(use.origin_of(factor) == origin for factor in use.contracted)


def _mixes_positions(use: Use) -> bool:
    return use.how == "mix" and _holds_positions(use)


def _holds_positions(use: Use) -> bool:
    return any(use.origin_of(factor) == "position" for factor in use.contracted)


def _weighs_probabilities(candidate: Candidate, use: Use) -> bool:
    """Whether numbers that are no weights of what they are summed over meet probabilities, as classes of queries meet masks."""
    value = use.other
    while value is not None and value.node.type in VIEWS and value.node.inputs:
        value = value.node.inputs[0]
    if value is None or value.node.type not in ("Sigmoid", "Softmax"):
        return False
    return candidate.family == "sigmoid" or candidate.axis.isdisjoint(use.contracted)


def _differs_by_channel(tracker: DimensionTracker, use: Use) -> bool:
    """Whether each channel has weights of its own that are the same all over space, as with selective kernels."""
    channels = [factor for factor in use.shared if factor.origin == "feature" and factor not in use.contracted]
    others = (tracker.dims[use.other] if use.other is not None else None) or ()
    if not use.elementwise or not channels or not any(factor.origin == "position" for dim in others for factor in dim):
        return False
    # Where other features than these meet the same weights, these are heads.
    own = (tracker.dims[use.operand] or ())[::-1]
    met = (theirs for mine, theirs in zip_longest(own, others[::-1], fillvalue=()) if not mine)
    return not any(factor.origin == "feature" for dim in met for factor in dim)


def _shares_out_features(tracker: DimensionTracker, candidate: Candidate, use: Use) -> bool:
    """Whether the features of each position share one unit of weight, and only what comes of them is pooled over positions."""
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
    """Whether weights go from positions to positions."""
    free = [
        factor for factor in _factors(tracker, use.weights) if factor not in use.contracted and factor not in use.shared
    ]
    return not _all(use, "feature") and any(factor.origin in ("position", "unknown", "weight") for factor in free)


def _read_side_by_side(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """A softmax over tensors that lie side by side, each of which is then multiplied with its own part of it."""
    scales = [use for use in uses if use.how == "scale"]
    factors = _factors(tracker, candidate.value)
    axis = candidate.axis
    if candidate.family == "sigmoid" and all(factor.origin in ("batch", "position") for factor in factors):
        # One number for each position, which a loop takes in step by step.
        axis = frozenset(factor for factor in factors if factor.origin == "position")
    if candidate.family == "positive" or not axis or len(scales) < 2:
        return None
    stacked = all(factor.origin in ("stack", "position") for factor in axis)
    if not stacked and not _are_pieces(tracker, scales):
        return None
    if any(axis & set(_factors(tracker, use.operand)) for use in scales):
        return None
    # Feature maps of several kernels, weighed for each channel, are gated; tensors weighed as a whole are looked at.
    gated = candidate.family == "sigmoid" or all(_differs_by_channel(tracker, use) for use in scales)
    kind: Kind = "gate" if gated else "cross"
    roles: dict[Factor, Role] = {}
    for factor in factors:
        roles[factor] = "key" if factor in axis else _plain_role(factor, "heads")
    node = candidate.value.node
    return Detection(candidate, node.layers, scales[0].node.layers, candidate.value, kind, roles)


def _are_pieces(tracker: DimensionTracker, uses: Sequence[Use]) -> bool:
    """Whether what is multiplied one by one are positions of one tensor: `a[:, 0] * x[:, 0] + a[:, 1] * x[:, 1]`."""
    wholes = {None if use.other is None else _whole(use.other) for use in uses}
    whole = wholes.pop()
    if wholes or whole is None:
        return False
    positions = {factor for factor in _factors(tracker, whole) if factor.origin == "position"}
    return all(positions - set(_factors(tracker, use.other)) for use in uses if use.other is not None)


def _whole(value: Value) -> Value:
    """What a tensor was cut, picked or rolled from."""
    while value.node.type in VIEWS and value.node.inputs:
        joined = {"Pack": value.node.inputs, "ConcatV2": value.node.inputs[:-1]}.get(value.node.type, ())
        if len(set(joined)) > 1:
            break
        value = value.node.inputs[0]
    return value


def _weighs_its_own(tracker: DimensionTracker, candidate: Candidate, use: Use) -> bool:
    """Whether weights were computed from the very features that they weigh; those of experts are computed beside them."""
    if use.other is None or any(factor.origin == "stack" for factor in _factors(tracker, use.other)):
        return False
    return _whole(use.other) in ancestors([candidate.logits])


def _made_of(use: Use, origins: tuple[str, ...], tracker: DimensionTracker) -> bool:
    """Whether what is summed over are tensors side by side, such as the outputs of experts, for each position."""
    positions = [factor for factor in _factors(tracker, use.operand) if factor.origin == "position"]
    if any(factor not in use.shared for factor in positions):
        return False
    dims = tracker.dims[use.other] if use.other is not None else None
    return dims is not None and any(factor.origin in origins for dim in dims for factor in dim)
