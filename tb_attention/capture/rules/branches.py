"""A softmax over parts of the sample that came in by inputs of their own, such as the columns of a table."""

from __future__ import annotations

from tb_attention.capture.atoms import Atom
from tb_attention.capture.dims import DimReader
from tb_attention.capture.graph import Graph, Value, ancestors
from tb_attention.capture.rules.found import Found, make_found
from tb_attention.capture.rules.sources import Source
from tb_attention.capture.rules.uses import VIEWS, Use
from tb_attention.site import Role

_STEPS = 12


def read_selection(graph: Graph, reader: DimReader, source: Source, use: Use) -> Found | None:
    """The site of a softmax that weighs parts side by side that read different inputs; experts, which read the same, are none.

    See Lim et al., "Temporal Fusion Transformers for interpretable multi-horizon time series forecasting", 2021.
    """
    if source.family != "softmax" or use.other is None:
        return None
    branches = _side_by_side(use.other)
    fed = set(graph.inputs)
    reads = [fed.intersection(ancestors([branch])) for branch in branches]
    if len(branches) < 2 or any(one & other for place, one in enumerate(reads) for other in reads[:place]):
        return None
    roles: dict[Atom, Role] = {}
    for atom in (atom for dim in reader.dims[use.weights] or () for atom in dim):
        if atom in use.contracted:
            roles[atom] = "key"
        else:
            roles[atom] = {"batch": "samples", "position": "query"}.get(atom.origin, "heads")  # type: ignore[assignment]
    return make_found(source, use, "cross", roles, "features")


def _side_by_side(value: Value) -> tuple[Value, ...]:
    """The tensors that were put side by side to make a tensor."""
    for _ in range(_STEPS):
        node = value.node
        if node.type == "Pack":
            return node.inputs
        if node.type == "ConcatV2":
            return node.inputs[:-1]
        if node.type not in VIEWS or not node.inputs:
            return ()
        value = node.inputs[0]
    return ()
