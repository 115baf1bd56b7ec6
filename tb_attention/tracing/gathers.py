"""Dimensions after picks by index: rows of an embedding, positions that were chosen, nodes along edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from tb_attention.tracing.dimension_rules import dim_of, known
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.shifts_and_pads import picked_by
from tb_attention.tracing.slices import picked
from tb_attention.tracing.symbolic_dimensions import Dims, Factor, size_of


def gathered(graph: Graph, node: Node, inputs: Sequence[Dims | None], batch: Factor, *, dependent: bool) -> Dims | None:
    """Dimensions of what is picked along one axis.

    Args:
        graph, node: The graph and its operation that picks.
        inputs: The dimensions of what it reads: what is picked from, by which places.
        batch: The factor of the samples.
        dependent: Whether what is picked from changes with the inputs, as rows of a table do not.
    """
    data, places = inputs[0], inputs[1]
    if places is None or node.outputs[0].shape is None:
        return None
    if data is None or node.type != "GatherV2":
        # Rows of a table; a variable's handle has no dimensions.
        rest = node.outputs[0].shape[len(places) :]
        return (*places, *(dim_of(Factor(known(size), "feature")) for size in rest))
    constant = graph.constant(node.inputs[2])
    if constant is None:
        return None
    axis = int(constant) % len(data)
    batched = int(graph.attribute(node, "batch_dims") or 0)
    # Along these each sample has places of its own.
    places = places[batched:]
    if batched and len(places) == 1:
        return (*data[:axis], picked(data[axis], places[0]), *data[axis + 1 :])
    if not dependent:
        rows = tuple(dim_of(Factor(size_of(dim), "feature")) for dim in data[axis + 1 :])
        return (*data[:axis], *places, *rows)
    # Nodes of a graph, which lie where samples do, are picked for each edge: the edges are no samples.
    edges = batch in data[axis] and any(factor.origin == "position" for dim in places for factor in dim)
    if len(places) == 1 and data[axis] and not edges:
        index = None if batch in data[axis] else _constant_index(graph, node.inputs[1])
        return (*data[:axis], picked_by(data[axis], index, size_of(places[0])), *data[axis + 1 :])
    return (*data[:axis], *places, *data[axis + 1 :])


def _constant_index(graph: Graph, value: Value) -> npt.NDArray[Any] | None:
    """Indices that are always the same; None for others. Keras adds the size to those below 0, by a choice between the two."""
    constant = graph.constant(value)
    if constant is None and value.node.type == "SelectV2" and value.node.inputs[0].node.type == "Less":
        return graph.constant(value.node.inputs[2])
    return constant
