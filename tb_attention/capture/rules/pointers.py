"""Pointers: a softmax over the positions of another sequence that is itself what the model gives out."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.capture.atoms import Atom, Dims
from tb_attention.capture.dims import DimReader
from tb_attention.capture.graph import Graph, Value
from tb_attention.capture.rules.found import Found
from tb_attention.capture.rules.maps import has_pair_scores, kind_of
from tb_attention.capture.rules.operands import VIEWS
from tb_attention.capture.rules.sources import Source
from tb_attention.capture.rules.uses import Use
from tb_attention.site import Role

_BETWEEN = VIEWS | {"AddV2", "BiasAdd", "Mul", "RealDiv", "Sub", "Tanh", "Relu", "MatMul", "BatchMatMulV2", "Einsum"}
_POSITIONS = ("position", "unknown")
_STEPS = 40
_NEAR = 8
NOTE = "These weights are an output of the model: they point at positions, and mix nothing."


def read_pointer(graph: Graph, reader: DimReader, source: Source, uses: Sequence[Use]) -> Found | None:
    """The site of a pointer, or None. Probabilities of classes are none: their scores compare no positions with others.

    See Vinyals, Fortunato and Jaitly, "Pointer Networks", NeurIPS 2015.
    """
    if source.family != "softmax" or not any(use.how == "output" for use in uses):
        return None
    atoms = [atom for dim in reader.dims[source.value] or () for atom in dim]
    queries = [atom for atom in atoms if atom.origin in _POSITIONS and atom not in source.axis]
    if not source.axis or not all(atom.origin in _POSITIONS for atom in source.axis):
        return None
    if not has_pair_scores(graph, reader, source.logits) and not _adds_pairs(reader, source.logits, bool(queries)):
        return None
    roles: dict[Atom, Role] = {}
    for atom in atoms:
        if atom in source.axis:
            roles[atom] = "key"
        else:
            roles[atom] = "samples" if atom.origin == "batch" else "query" if atom in queries else "heads"
    node = source.value.node
    return Found(source, node.layers, node.layers, source.value, kind_of(roles), roles, note=NOTE)


def _adds_pairs(reader: DimReader, logits: Value, queries: bool) -> bool:
    """Whether scores add activations of some positions to those of others, each to each, as additive attention does.

    Where there is one query, it is added to all positions.
    """
    todo, seen = [(logits, 0)], {logits}
    while todo:
        value, steps = todo.pop(0)
        node = value.node
        if node.type not in _BETWEEN or steps > _STEPS:
            continue
        inputs = [item for item in node.inputs if item in reader.dependent]
        if node.type == "AddV2" and len(inputs) == 2:
            one, other = reader.dims[inputs[0]], reader.dims[inputs[1]]
            asked = not queries and steps <= _NEAR and (_asks(one, other) or _asks(other, one))
            if asked or (_differs(one, other) and _differs(other, one)):
                return True
        for item in inputs:
            if item not in seen:
                seen.add(item)
                todo.append((item, steps + 1))
    return False


def _differs(one: Dims | None, other: Dims | None) -> bool:
    """Whether a tensor has positions along a dimension that is 1 in the other."""
    if one is None or other is None or len(one) != len(other):
        return False
    return any(
        not there and any(atom.origin in _POSITIONS for atom in here) for here, there in zip(one, other, strict=True)
    )


def _asks(query: Dims | None, keys: Dims | None) -> bool:
    """Whether a tensor has features of the sample, but none of the positions of the other."""
    if query is None or not _differs(keys, query):
        return False
    origins = {atom.origin for dim in query for atom in dim}
    return {"batch", "feature"} <= origins and origins.isdisjoint(_POSITIONS)
