"""Attention along the edges of a graph: the weights of all edges to a node sum to 1."""

from __future__ import annotations

from tb_attention.site import Kind, Role
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor

NOTE = "Keys are the edges of a graph, or the parts of groups: those that belong together sum to 1, not the whole row."
_PICKS = frozenset({"GatherV2", "GatherNd"})


def read_edges(tracker: DimensionTracker, candidate: Candidate, use: Use) -> Detection | None:
    """The site of weights of edges, which pick the nodes that they compare; of parts that are pooled group by group.

    See Velickovic et al., "Graph Attention Networks", ICLR 2018.
    """
    if candidate.segments is None:
        return None
    roles: dict[Factor, Role] = {}
    for dim in tracker.dims[use.weights] or ():
        for factor in dim:
            roles[factor] = "key" if factor in candidate.axis else "samples" if factor.origin == "batch" else "heads"
    kind: Kind = "self" if _compares_nodes(candidate.logits, candidate.segments) else "cross"
    return make_detection(candidate, use, kind, roles, note=NOTE)


def _compares_nodes(logits: Value, segments: Value) -> bool:
    """Whether the nodes that the edges lead to were picked for the scores, by the numbers that make the sums."""
    told = {value for value in ancestors([segments]) if value.rank}
    return any(
        value.node.type in _PICKS and not told.isdisjoint(ancestors([value.node.inputs[1]]))
        for value in ancestors([logits])
    )
