"""Pointers: a softmax over the positions of another sequence that is itself what the model gives out."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import Role
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph
from tb_attention.tracing.rules.attention_maps import has_pair_scores, kind_of
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection
from tb_attention.tracing.rules.pairs import POSITIONS, adds_pairs
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor

NOTE = "These weights are an output of the model: they point at positions, and mix nothing."


def read_pointer(
    graph: Graph, tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]
) -> Detection | None:
    """The site of a pointer, or None. Probabilities of classes are none: their scores compare no positions with others.

    See Vinyals, Fortunato and Jaitly, "Pointer Networks", NeurIPS 2015.
    """
    if candidate.family != "softmax" or not any(use.how == "output" for use in uses):
        return None
    factors = [factor for dim in tracker.dims[candidate.value] or () for factor in dim]
    queries = [factor for factor in factors if factor.origin in POSITIONS and factor not in candidate.axis]
    if not candidate.axis or not all(factor.origin in POSITIONS for factor in candidate.axis):
        return None
    # Rows that a loop puts together are of one query each.
    asked = any(factor in queries for dim in tracker.dims[candidate.logits] or () for factor in dim)
    if not has_pair_scores(graph, tracker, candidate.logits) and not adds_pairs(
        tracker, candidate.logits, queries=asked
    ):
        return None
    roles: dict[Factor, Role] = {}
    for factor in factors:
        if factor in candidate.axis:
            roles[factor] = "key"
        else:
            roles[factor] = "samples" if factor.origin == "batch" else "query" if factor in queries else "heads"
    node = candidate.value.node
    return Detection(candidate, node.layers, node.layers, candidate.value, kind_of(roles), roles, note=NOTE)
