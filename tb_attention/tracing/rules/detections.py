"""The results of the rules: a site that was detected, or the reason why a candidate is no site."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from tb_attention.site import AxisKind, Kind, Role
from tb_attention.tracing.graph import LayerCall, Value
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor, Origin


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """A feature map, one picture a channel.

    Attributes:
        value: Of four dimensions: the samples first, then two of space and the channels.
        channels: Which dimension the channels are, 1 or 3.
    """

    value: Value
    channels: int


@dataclass(frozen=True, eq=False)
class Detection:
    """A site in a graph.

    Attributes:
        candidate: The softmax or sigmoid.
        layers: The layers around it, outermost first.
        use_layers: The layers around the product, outermost first.
        weights: The tensor to fetch.
        kind: What it is.
        roles: For each factor of the tensor's dimensions what it stands for.
        axis_kind: What the positions along query and key are, if not plain positions.
        note: As `Site.note`.
        features: The feature map behind a gate over channels, or None.
        sink: Whether a share of each row goes to no key.
    """

    candidate: Candidate
    layers: tuple[LayerCall, ...]
    use_layers: tuple[LayerCall, ...]
    weights: Value
    kind: Kind
    roles: Mapping[Factor, Role]
    axis_kind: AxisKind = "positions"
    note: str | None = None
    features: FeatureMap | None = None
    sink: bool = False


@dataclass(frozen=True, eq=False)
class Rejection:
    """A softmax or sigmoid that is no site, and why.

    Attributes:
        candidate: The softmax or sigmoid.
        layers: The layers around it, outermost first.
        reason: Why, in a few words.
        is_fault: As `LeftOut.is_fault`.
    """

    candidate: Candidate
    layers: tuple[LayerCall, ...]
    reason: str
    is_fault: bool = False


def roles_of(
    factors: Iterable[Factor],
    keys: Container[Factor],
    others: Role = "heads",
    by_origin: Mapping[Origin, Role] | None = None,
) -> dict[Factor, Role]:
    """What each factor stands for: keys, samples, what its origin says, or else `others`."""
    named: dict[Origin, Role] = {"batch": "samples", **(by_origin or {})}
    return {factor: "key" if factor in keys else named.get(factor.origin, others) for factor in factors}


def make_detection(
    candidate: Candidate,
    use: Use | None,
    kind: Kind,
    roles: Mapping[Factor, Role],
    axis_kind: AxisKind = "positions",
    note: str | None = None,
) -> Detection:
    """A site whose weights are those that meet the values at a use, or what the softmax itself gives."""
    layers = candidate.value.node.layers
    used, weights = (layers, candidate.value) if use is None else (use.node.layers, use.weights)
    return Detection(candidate, layers, used, weights, kind, roles, axis_kind, note)
