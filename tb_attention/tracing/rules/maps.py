"""Attention proper: weights that mix other activations of the sample, or choose among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from tb_attention.site import AxisKind, Kind, Role
from tb_attention.tracing.atoms import Atom, Dim, is_cut_across, mixes_features
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.rules.branches import read_sampling, read_selection
from tb_attention.tracing.rules.edges import read_edges
from tb_attention.tracing.rules.found import Found, make_found
from tb_attention.tracing.rules.operands import VIEWS, activations_behind
from tb_attention.tracing.rules.pairs import adds_pairs
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

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


def read_map(graph: Graph, reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | str:
    """The site of a softmax (or of a sigmoid that is summed), or why it is none."""
    if any(use.how == "choose" for use in uses) and not any(_mixes_positions(use) for use in uses):
        return _router(reader, source)
    beside = _read_side_by_side(reader, source, uses)
    if beside is not None:
        return beside
    paired = has_pair_scores(graph, reader, source.logits) or (
        source.family == "sigmoid" and adds_pairs(reader, source.logits, queries=True)
    )
    for use in uses:
        if use.how != "mix" or (source.family != "softmax" and use.elementwise):
            continue
        if _weighs_probabilities(source, use) and not (paired and source.family == "softmax"):
            # A product of two maps compares positions; classes of queries and their masks are probabilities alone.
            continue
        if source.family == "sigmoid" and not (paired or _all(use, "position")):
            continue
        if source.family == "positive" and not (paired and _joins_positions(reader, use)):
            continue
        if not paired and _differs_by_channel(reader, use) and not _holds_positions(use):
            continue
        if not paired and _shares_out_features(reader, source, use):
            continue
        if not paired and all(atom.origin == "feature" for atom in use.contracted):
            sampling = read_sampling(reader, source, use)
            if sampling is not None:
                return sampling
        if _all(use, "feature") and not paired:
            # Weights over channels or experts that were not compared with one another.
            selection = read_selection(graph, reader, source, use)
            if selection is not None:
                return selection
            if source.family == "softmax" and _weighs_its_own(reader, source, use):
                return OWN_FEATURES
            if source.family == "softmax" and _made_of(use, ("stack", "feature", "unknown", "window"), reader):
                return _router(reader, source)
            continue
        return read_edges(reader, source, use) or _mixing(reader, source, use, paired=paired)
    return "no product with other activations of the sample"


def has_pair_scores(graph: Graph, reader: DimReader, logits: Value) -> bool:
    """Whether the logits compare activations with activations: a product of two tensors that both depend on the inputs."""

    def through(node: Node) -> bool:
        return node.type in _POINTWISE and contraction_of(graph, node) is None

    return any(
        contraction_of(graph, value.node) is not None and reader.dependent.issuperset(value.node.inputs)
        for value in activations_behind(reader, logits, through, _STEPS)
    )


def read_learned_memory(reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | None:
    """A softmax over a learned memory, as in external attention: maps of positions, heads and memory times a variable."""
    if source.family != "softmax" or not {use.how for use in uses} <= {"project", "other"}:
        return None
    use = next((use for use in uses if use.how == "project"), None)
    if use is None:
        return None
    atoms = _atoms(reader, use.weights)
    positions = [atom for atom in atoms if atom.origin == "position"]
    heads = [atom for atom in atoms if atom.origin == "feature" and atom not in use.contracted]
    if not _all(use, "feature") or not positions or not (heads or source.axis & set(positions)):
        return None
    roles: dict[Atom, Role] = {}
    for atom in atoms:
        if atom in use.contracted:
            roles[atom] = "key"
        else:
            roles[atom] = "heads" if atom.origin == "feature" else _plain_role(atom, "query")
    return make_found(source, use, "cross", roles, note=_LEARNED)


def _mixing(reader: DimReader, source: Source, use: Use, *, paired: bool) -> Found:
    keys = set(use.contracted)
    if source.axis <= set(_atoms(reader, use.weights)) - keys and _is_map(use.other):
        # Two maps are multiplied, and the other one is summed over its keys.
        keys = set(source.axis)
    if any(_mixes_features(use, dim) for dim in reader.dims[use.weights] or () if not keys.isdisjoint(dim)):
        return _mixing_across(reader, source, use, keys)
    over_features = _all(use, "feature")
    local_values = not over_features and not any(use.origin_of(atom) in ("position", "weight") for atom in keys)
    atoms = _atoms(reader, use.weights)
    free = {atom for atom in atoms if atom not in keys and atom not in use.shared and atom.origin != "batch"}
    # Scores of all pairs of places in a window, made by one projection: what is none of the values' are queries.
    projected = any(use.origin_of(atom) != atom.origin for atom in keys) and all(
        atom.origin == "feature" for atom in free
    )
    in_windows = not local_values or (projected and bool(free))
    roles: dict[Atom, Role] = {}
    for atom in atoms:
        shared = atom in use.shared
        if atom in keys:
            roles[atom] = "key"
        elif atom.origin == "batch":
            roles[atom] = "samples"
        elif over_features:
            roles[atom] = "query" if not shared else "heads" if atom.origin == "feature" else "windows"
        elif projected and atom in free and any(other.origin == "position" for other in use.shared):
            roles[atom] = "query"
        elif atom.origin in ("feature", "repeat") or (atom.origin == "stack" and shared):
            roles[atom] = "heads"
        elif shared and in_windows and atom.origin in ("position", "window"):
            roles[atom] = "windows"
        elif shared and in_windows:
            roles[atom] = "heads"
        elif shared and atom.whole is not None and any(key.root is atom.root for key in keys):
            # Windows, and positions in them, of something of which no more is known.
            roles[atom] = "windows"
        else:
            roles[atom] = "query"
    if source.family == "sigmoid" and not paired:
        gate: dict[Atom, Role] = {atom: "heads" if role == "query" else role for atom, role in roles.items()}
        return make_found(source, use, "gate", gate)
    # Positions that look at regions, which a projection made, are not channels that look at channels.
    channels = over_features and not any(role == "query" and atom.origin == "position" for atom, role in roles.items())
    axis_kind: AxisKind = "channels" if channels else "positions"
    kind = kind_of(roles, channels, local_values, use)
    if "query" not in roles.values() and kind != "local":
        # Groups, each pooled to one: sentences look at their words.
        roles = {atom: "query" if role == "windows" else role for atom, role in roles.items()}
    return make_found(source, use, kind, roles, axis_kind)


def _mixing_across(reader: DimReader, source: Source, use: Use, keys: set[Atom]) -> Found:
    """A map of which each position is a token (or several) together with some of the features."""
    dims = reader.dims[use.weights] or ()
    roles: dict[Atom, Role] = {}
    for atom in _atoms(reader, use.weights):
        if atom in keys:
            roles[atom] = "key"
        elif atom in use.shared or atom.origin == "repeat":
            roles[atom] = _plain_role(atom, "windows" if atom.mixed and atom.whole is not None else "heads")
        else:
            roles[atom] = _plain_role(atom, "query")
    note = _CUT_ACROSS if any(is_cut_across(dim) for dim in dims if not keys.isdisjoint(dim)) else None
    return make_found(source, use, kind_of(roles), roles, note=note)


def _mixes_features(use: Use, dim: Dim) -> bool:
    """Whether a dimension runs over positions and features; scores of positions that a projection made are positions."""
    return mixes_features(dim) and any(atom.mixed or use.origin_of(atom) == "feature" for atom in dim)


def kind_of(
    roles: dict[Atom, Role], channels: bool = False, local_values: bool = False, use: Use | None = None
) -> Kind:
    """The kind of a map: whether queries and keys are of one sequence, and whether keys are those of a window."""
    queries = {atom for atom, role in roles.items() if role == "query"}
    keys = {atom for atom, role in roles.items() if role == "key"}
    windows = {atom for atom, role in roles.items() if role == "windows"}
    if use is not None:
        keys = {place for atom in keys for place in use.places_of(atom)}
        windows |= {other for atom in windows for other in use.met.get(atom, ())}
    if channels:
        return "self"
    key_roots = {atom.root for atom in keys}
    if any(atom.whole is not None and atom.root in key_roots for atom in windows):
        return "local"
    if local_values and any(atom.origin == "window" for atom in keys):
        return "local"
    query_roots = {atom.root for atom in queries}
    return "self" if query_roots and not query_roots.isdisjoint(key_roots) else "cross"


def _is_map(value: Value | None) -> bool:
    """Whether a tensor is itself what a softmax gave."""
    while value is not None and value.node.type in VIEWS and value.node.inputs:
        value = value.node.inputs[0]
    return value is not None and value.node.type == "Softmax"


def _router(reader: DimReader, source: Source) -> Found | str:
    if not source.axis:
        return "picked from, multiplies nothing"
    roles: dict[Atom, Role] = {}
    for atom in _atoms(reader, source.value):
        roles[atom] = "key" if atom in source.axis else _plain_role(atom, "query")
    node = source.value.node
    return Found(source, node.layers, node.layers, source.value, "router", roles)


def _plain_role(atom: Atom, other: Role) -> Role:
    return "samples" if atom.origin == "batch" else other


def _atoms(reader: DimReader, value: Value) -> list[Atom]:
    return [atom for dim in reader.dims[value] or () for atom in dim]


def _all(use: Use, origin: str) -> bool:
    """Whether all that is summed over has this origin."""
    return bool(use.contracted) and all(use.origin_of(atom) == origin for atom in use.contracted)


def _mixes_positions(use: Use) -> bool:
    return use.how == "mix" and _holds_positions(use)


def _holds_positions(use: Use) -> bool:
    return any(use.origin_of(atom) == "position" for atom in use.contracted)


def _weighs_probabilities(source: Source, use: Use) -> bool:
    """Whether numbers that are no weights of what they are summed over meet probabilities, as classes of queries meet masks."""
    value = use.other
    while value is not None and value.node.type in VIEWS and value.node.inputs:
        value = value.node.inputs[0]
    if value is None or value.node.type not in ("Sigmoid", "Softmax"):
        return False
    return source.family == "sigmoid" or source.axis.isdisjoint(use.contracted)


def _differs_by_channel(reader: DimReader, use: Use) -> bool:
    """Whether each channel has weights of its own that are the same all over space, as with selective kernels."""
    channels = [atom for atom in use.shared if atom.origin == "feature" and atom not in use.contracted]
    others = (reader.dims[use.other] if use.other is not None else None) or ()
    if not use.elementwise or not channels or not any(atom.origin == "position" for dim in others for atom in dim):
        return False
    # Where other features than these meet the same weights, these are heads.
    own = (reader.dims[use.operand] or ())[::-1]
    met = (theirs for mine, theirs in zip_longest(own, others[::-1], fillvalue=()) if not mine)
    return not any(atom.origin == "feature" for dim in met for atom in dim)


def _shares_out_features(reader: DimReader, source: Source, use: Use) -> bool:
    """Whether the features of each position share one unit of weight, and only what comes of them is pooled over positions."""
    if source.family != "softmax" or not use.elementwise or not source.axis <= set(use.shared) - set(use.contracted):
        return False
    if not source.axis or not all(atom.origin == "feature" for atom in source.axis):
        return False
    own = (reader.dims[use.operand] or ())[::-1]
    others = ((reader.dims[use.other] if use.other is not None else None) or ())[::-1]
    return all(mine or not theirs for mine, theirs in zip_longest(own, others, fillvalue=()))


def _joins_positions(reader: DimReader, use: Use) -> bool:
    """Whether weights go from positions to positions."""
    free = [atom for atom in _atoms(reader, use.weights) if atom not in use.contracted and atom not in use.shared]
    return not _all(use, "feature") and any(atom.origin in ("position", "unknown", "weight") for atom in free)


def _read_side_by_side(reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | None:
    """A softmax over tensors that lie side by side, each of which is then multiplied with its own part of it."""
    scales = [use for use in uses if use.how == "scale"]
    atoms = _atoms(reader, source.value)
    axis = source.axis
    if source.family == "sigmoid" and all(atom.origin in ("batch", "position") for atom in atoms):
        # One number for each position, which a loop takes in step by step.
        axis = frozenset(atom for atom in atoms if atom.origin == "position")
    if source.family == "positive" or not axis or len(scales) < 2:
        return None
    stacked = all(atom.origin in ("stack", "position") for atom in axis)
    if not stacked and not _are_pieces(reader, scales):
        return None
    if any(axis & set(_atoms(reader, use.operand)) for use in scales):
        return None
    # Feature maps of several kernels, weighed for each channel, are gated; tensors weighed as a whole are looked at.
    gated = source.family == "sigmoid" or all(_differs_by_channel(reader, use) for use in scales)
    kind: Kind = "gate" if gated else "cross"
    roles: dict[Atom, Role] = {}
    for atom in atoms:
        roles[atom] = "key" if atom in axis else _plain_role(atom, "heads")
    node = source.value.node
    return Found(source, node.layers, scales[0].node.layers, source.value, kind, roles)


def _are_pieces(reader: DimReader, uses: Sequence[Use]) -> bool:
    """Whether what is multiplied one by one are positions of one tensor: `a[:, 0] * x[:, 0] + a[:, 1] * x[:, 1]`."""
    wholes = {None if use.other is None else _whole(use.other) for use in uses}
    whole = wholes.pop()
    if wholes or whole is None:
        return False
    positions = {atom for atom in _atoms(reader, whole) if atom.origin == "position"}
    return all(positions - set(_atoms(reader, use.other)) for use in uses if use.other is not None)


def _whole(value: Value) -> Value:
    """What a tensor was cut, picked or rolled from."""
    while value.node.type in VIEWS and value.node.inputs:
        joined = {"Pack": value.node.inputs, "ConcatV2": value.node.inputs[:-1]}.get(value.node.type, ())
        if len(set(joined)) > 1:
            break
        value = value.node.inputs[0]
    return value


def _weighs_its_own(reader: DimReader, source: Source, use: Use) -> bool:
    """Whether weights were computed from the very features that they weigh; those of experts are computed beside them."""
    if use.other is None or any(atom.origin == "stack" for atom in _atoms(reader, use.other)):
        return False
    return _whole(use.other) in ancestors([source.logits])


def _made_of(use: Use, origins: tuple[str, ...], reader: DimReader) -> bool:
    """Whether what is summed over are tensors side by side, such as the outputs of experts, for each position."""
    positions = [atom for atom in _atoms(reader, use.operand) if atom.origin == "position"]
    if any(atom not in use.shared for atom in positions):
        return False
    dims = reader.dims[use.other] if use.other is not None else None
    return dims is not None and any(atom.origin in origins for dim in dims for atom in dim)
