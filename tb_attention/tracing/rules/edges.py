"""Attention along the edges of a graph: the weights of all edges to a node sum to 1."""

from __future__ import annotations

from tb_attention.site import Kind, Role
from tb_attention.tracing.atoms import Atom
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.found import Found, make_found
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

NOTE = "Keys are the edges of a graph, or the parts of groups: those that belong together sum to 1, not the whole row."
_PICKS = frozenset({"GatherV2", "GatherNd"})


def read_edges(reader: DimReader, source: Source, use: Use) -> Found | None:
    """The site of weights of edges, which pick the nodes that they compare; of parts that are pooled group by group.

    See Velickovic et al., "Graph Attention Networks", ICLR 2018.
    """
    if source.segments is None:
        return None
    roles: dict[Atom, Role] = {}
    for dim in reader.dims[use.weights] or ():
        for atom in dim:
            roles[atom] = "key" if atom in source.axis else "samples" if atom.origin == "batch" else "heads"
    kind: Kind = "self" if _compares_nodes(source.logits, source.segments) else "cross"
    return make_found(source, use, kind, roles, note=NOTE)


def _compares_nodes(logits: Value, segments: Value) -> bool:
    """Whether the nodes that the edges lead to were picked for the scores, by the numbers that make the sums."""
    told = {value for value in ancestors([segments]) if value.rank}
    return any(
        value.node.type in _PICKS and not told.isdisjoint(ancestors([value.node.inputs[1]]))
        for value in ancestors([logits])
    )
