"""Gates: numbers that multiply a feature map and are the same all over space, or over all channels."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import AxisKind, Role
from tb_attention.tracing.atoms import Atom, Dim, Dims
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Graph, Value, ancestors
from tb_attention.tracing.rules.branches import reads_apart
from tb_attention.tracing.rules.experts import is_of_chosen_experts, weighs_an_expert
from tb_attention.tracing.rules.features import with_features
from tb_attention.tracing.rules.found import Found, make_found
from tb_attention.tracing.rules.operands import VIEWS, product_dims
from tb_attention.tracing.rules.places import becomes_places
from tb_attention.tracing.rules.raw_inputs import computed_from, weighs_inputs
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

_POOLS = frozenset({"Mean", "Max", "Sum"})
_SCORES = frozenset({"Sigmoid", "Softmax"})
_STEPS = 6
NOTHING = "multiplies nothing"
NUMBER_BY_NUMBER = "multiplies activations number by number, as a gated unit does"


def read_gate(graph: Graph, reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | str:
    """The site of a sigmoid or softmax that multiplies a feature map, or why it is none."""
    result, reason = None, NOTHING
    if is_of_chosen_experts(reader, source.logits):
        return "weighs experts that were chosen"
    met = [use.other for use in uses if use.elementwise and use.other is not None]
    # A highway layer multiplies what it makes too.
    raw = all(weighs_inputs(graph, reader, source, other) for other in met)
    for use in uses:
        if not use.elementwise or use.other is None:
            continue
        if use.other.node.type in _SCORES:
            # What it multiplies elsewhere is then a score too: two distributions are mixed.
            return "multiplies another score"
        found = _read_product(graph, reader, source, use, use.other, raw=raw)
        if isinstance(found, Found) and becomes_places(use.node.outputs[0]):
            reason = "scales offsets, by which something is picked"
        elif isinstance(found, Found):
            result = result or with_features(graph, reader, found, use.other)
        else:
            reason = found
    return result or reason


def _read_product(graph: Graph, reader: DimReader, source: Source, use: Use, other: Value, *, raw: bool) -> Found | str:
    if reader.dims[use.operand] is None or reader.dims[other] is None:
        return "multiplies something of unknown shape"
    gate, features = product_dims(graph, reader, use.node, use.operand, other)
    own = [_solid(dim, reader.dims[use.weights] or ()) for dim in gate]
    positions = [atom for dim in own for atom in dim if use.origin_of(atom) in ("position", "unknown")]
    channels = [atom for dim in own for atom in dim if use.origin_of(atom) in ("feature", "stack")]
    broadcast = [dim for mine, dim in zip(own, features, strict=True) if not mine and dim]
    over_space = any(atom.origin in ("position", "unknown") for dim in broadcast for atom in dim)
    over_channels = any(atom.origin == "feature" for dim in broadcast for atom in dim)
    if use.contracted and set(use.contracted) <= set(channels) and over_space:
        # Branches of other kernels, weighed for each channel.
        return make_found(source, use, "gate", _roles(own, keys=use.contracted))
    if channels and over_space and _meets(own, features, channels):
        return make_found(
            source, use, "gate", _roles(own, keys=positions or channels), "positions" if positions else "channels"
        )
    # A map for each of several tokens that are learned from one feature map.
    aside = [atom for mine, theirs in zip(own, features, strict=True) if not theirs for atom in mine]
    if source.axis and source.axis <= set(aside):
        return "spreads activations over parts, such as experts"
    if not positions and over_channels and channels and reads_apart(graph, other):
        # Fields of a table, each made of an input of its own, side by side.
        return make_found(source, use, "gate", _roles(own, keys=channels), "features")
    if positions and over_channels and set(channels) <= set(aside):
        cut = bool(source.axis) and source.axis.isdisjoint(atom for dim in own for atom in dim)
        if weighs_an_expert(graph, reader, source.logits, other, layers=1 if cut else 2):
            return "weighs the output of an expert, position by position"
        return make_found(source, use, "gate", _roles(own, keys=positions))
    if source.family == "softmax" and any(use.origin_of(atom) == "position" for atom in source.axis):
        keys = [atom for atom in positions if atom in source.axis]
        return make_found(source, use, "gate", _roles(own, keys=keys or positions))
    if channels and not positions and not broadcast and _pooled(graph, other) and computed_from(source.logits, other):
        return make_found(source, use, "gate", _roles(own, keys=channels), "channels")
    own_axis = bool(channels) and not broadcast and source.axis <= set(channels) - set(use.contracted)
    if source.family == "softmax" and own_axis and _competes(graph, source, use, other, own, features):
        return make_found(source, use, "gate", _roles(own, keys=[*source.axis]), "channels")
    if raw:
        # What lies along the channels of an input is of channels, whatever made it.
        pairs = [(atom, dim) for mine, dim in zip(own, features, strict=True) for atom in mine]
        along = [atom for atom, dim in pairs if dim and {theirs.origin for theirs in dim} <= {"feature", "stack"}]
        positions = [atom for atom, _ in pairs if atom.origin != "batch" and atom not in along]
        if along and len(positions) > 1 and not broadcast:
            # Each channel of a sequence may have its weights over time, but a number for each pixel and channel is a mask.
            return NUMBER_BY_NUMBER
        keys = positions or along
        axis_kind: AxisKind = "positions" if positions else "channels"
        return make_found(source, use, "gate", _roles(own, keys=keys), axis_kind)
    return NUMBER_BY_NUMBER


def _competes(
    graph: Graph, source: Source, use: Use, other: Value, own: Sequence[Dim], features: Sequence[Dim]
) -> bool:
    """Whether features share one unit of weight, each multiplied by its part: what a gated unit never does."""
    if any(mine and not theirs for mine, theirs in zip(own, features, strict=True)):
        return False
    todo = [use.operand]
    while todo and source.value not in todo:
        todo = [item for value in todo if value.node.type in VIEWS for item in value.node.inputs]
    # Probabilities that were scaled, as by a confidence, are still an answer; those times their logarithm are an entropy.
    answer = use.node.outputs[0] in graph.outputs
    # What is fed from outside and has no part in the weights is a mask, as of the actions that are allowed.
    mask = other in graph.inputs and not computed_from(source.logits, other)
    return bool(todo) and not answer and not mask and source.value not in ancestors([other])


def _solid(dim: Dim, weights: Dims) -> Dim:
    """What is left of a dimension without copies of the weights, such as those that a projection makes of one map."""
    own = {atom for dim in weights for atom in dim}
    return tuple(atom for atom in dim if atom.origin != "repeat" and not own.isdisjoint(atom.line()))


def _meets(gate: Sequence[Dim], features: Sequence[Dim], channels: Sequence[Atom]) -> bool:
    """Whether the gate's channels run along the feature map's, not along a stack of other tensors."""
    for mine, theirs in zip(gate, features, strict=True):
        if any(atom in channels for atom in mine):
            return any(atom.origin == "feature" for atom in theirs)
    return False


def _roles(gate: Sequence[Dim], keys: Sequence[Atom]) -> dict[Atom, Role]:
    roles: dict[Atom, Role] = {}
    for dim in gate:
        for atom in dim:
            roles[atom] = "samples" if atom.origin == "batch" else "key" if atom in keys else "heads"
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
