"""Pointers: a softmax over the positions of another sequence that is itself what the model gives out."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import Role
from tb_attention.tracing.atoms import Atom
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Graph
from tb_attention.tracing.rules.found import Found
from tb_attention.tracing.rules.maps import has_pair_scores, kind_of
from tb_attention.tracing.rules.pairs import POSITIONS, adds_pairs
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

NOTE = "These weights are an output of the model: they point at positions, and mix nothing."


def read_pointer(graph: Graph, reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | None:
    """The site of a pointer, or None. Probabilities of classes are none: their scores compare no positions with others.

    See Vinyals, Fortunato and Jaitly, "Pointer Networks", NeurIPS 2015.
    """
    if source.family != "softmax" or not any(use.how == "output" for use in uses):
        return None
    atoms = [atom for dim in reader.dims[source.value] or () for atom in dim]
    queries = [atom for atom in atoms if atom.origin in POSITIONS and atom not in source.axis]
    if not source.axis or not all(atom.origin in POSITIONS for atom in source.axis):
        return None
    # Rows that a loop puts together are of one query each.
    asked = any(atom in queries for dim in reader.dims[source.logits] or () for atom in dim)
    if not has_pair_scores(graph, reader, source.logits) and not adds_pairs(reader, source.logits, queries=asked):
        return None
    roles: dict[Atom, Role] = {}
    for atom in atoms:
        if atom in source.axis:
            roles[atom] = "key"
        else:
            roles[atom] = "samples" if atom.origin == "batch" else "query" if atom in queries else "heads"
    node = source.value.node
    return Found(source, node.layers, node.layers, source.value, kind_of(roles), roles, note=NOTE)
