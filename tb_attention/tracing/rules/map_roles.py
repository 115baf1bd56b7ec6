"""What each dimension of a map of attention stands for: heads, windows, queries or keys, and whether it is self attention."""

from __future__ import annotations

from tb_attention.site import AxisKind, Kind, Role
from tb_attention.tracing import ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors, before_moves
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection, roles_of
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Dim, Factor, is_cut_across, mixes_features

_CUT_ACROSS = (
    "Positions mix tokens and features, so none is a word or a cell: a reshape cut across both. This happens "
    "where heads are split without a transposition."
)
_EDGES = "Keys are the edges of a graph, or the members of groups. The weights of each node or group sum to 1, not the whole row."


def read_mixing(tracker: DimensionTracker, candidate: Candidate, use: Use, *, paired: bool) -> Detection:
    keys = set(use.contracted)
    if (
        candidate.axis <= set(tracker.factors(use.weights)) - keys
        and use.other is not None
        and before_moves(use.other).node.op == ops.SOFTMAX
    ):
        # Two maps are multiplied, and the other one is summed over its keys.
        keys = set(candidate.axis)
    if any(_mixes_features(use, dim) for dim in tracker.dims[use.weights] or () if not keys.isdisjoint(dim)):
        return _read_across(tracker, candidate, use, keys)
    over_features = sums_over(use, "feature")
    local_values = not over_features and not any(use.origin_of(factor) in ("position", "weight") for factor in keys)
    factors = tracker.factors(use.weights)
    free = {
        factor for factor in factors if factor not in keys and factor not in use.shared and factor.origin != "batch"
    }
    # Scores of all pairs of cells in a window, made by one projection: what is none of the values' are queries.
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
            # Windows, and positions in them, of an axis of unknown origin.
            roles[factor] = "windows"
        else:
            roles[factor] = "query"
    if candidate.family == "sigmoid" and not paired:
        gate: dict[Factor, Role] = {factor: "heads" if role == "query" else role for factor, role in roles.items()}
        return make_detection(candidate, use, "gate", gate)
    # Positions that attend to regions, which a projection made, are not channels that attend to channels.
    channels = over_features and not any(
        role == "query" and factor.origin == "position" for factor, role in roles.items()
    )
    axis_kind: AxisKind = "channels" if channels else "positions"
    kind = kind_of(roles, channels, local_values, use)
    if "query" not in roles.values() and kind != "local":
        # Groups, each pooled to one: sentences attend to their words.
        roles = {factor: "query" if role == "windows" else role for factor, role in roles.items()}
    return make_detection(candidate, use, kind, roles, axis_kind)


def _read_across(tracker: DimensionTracker, candidate: Candidate, use: Use, keys: set[Factor]) -> Detection:
    """A map whose positions each mix tokens with some of their features."""
    dims = tracker.dims[use.weights] or ()
    roles = roles_of(tracker.factors(use.weights), keys, "query")
    for factor, role in roles.items():
        if role == "query" and (factor in use.shared or factor.origin == "repeat"):
            roles[factor] = "windows" if factor.mixed and factor.whole is not None else "heads"
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
        keys = {scored for factor in keys for scored in use.scored_by(factor)}
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


def read_edges(tracker: DimensionTracker, candidate: Candidate, use: Use) -> Detection | None:
    """The site of weights of edges, which pick the nodes that they compare, or of members of groups that are pooled.

    See Velickovic et al., "Graph Attention Networks", ICLR 2018.
    """
    if candidate.segments is None:
        return None
    roles = roles_of(tracker.factors(use.weights), candidate.axis)
    kind: Kind = "self" if _compares_nodes(candidate.logits, candidate.segments) else "cross"
    return make_detection(candidate, use, kind, roles, note=_EDGES)


def _compares_nodes(logits: Value, segments: Value) -> bool:
    """Whether the nodes that the edges lead to were picked for the scores, by the numbers that make the sums."""
    numbers = {value for value in ancestors([segments]) if value.rank}
    return any(
        value.node.op in ops.GATHERS and not numbers.isdisjoint(ancestors([value.node.inputs[1]]))
        for value in ancestors([logits])
    )


def sums_over(use: Use, origin: str) -> bool:
    """Whether all that is summed over has this origin."""
    return bool(use.contracted) and all(use.origin_of(factor) == origin for factor in use.contracted)
