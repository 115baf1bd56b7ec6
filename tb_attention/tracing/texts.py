"""Texts that the model itself splits into tokens: these have positions, which the input does not have."""

from __future__ import annotations

from tb_attention.tracing.graph import Graph, Node, ancestors

TOKENS_AXIS = 1
"""The axis that the tokens of an input of texts would have, counted with that of the samples as 0."""


def text_input(graph: Graph, node: Node) -> int | None:
    """The index of the input of texts, `(samples,)` or `(samples, 1)`, whose pieces an operation puts into rows; else None.

    Args:
        graph: The graph.
        node: An operation that makes rows of ragged values.
    """
    before = set(ancestors(node.inputs))
    found = [place for place, value in enumerate(graph.inputs) if value in before]
    if len(found) != 1:
        return None
    value = graph.inputs[found[0]]
    is_text = value.dtype == "string" and value.shape is not None and all(size == 1 for size in value.shape[1:])
    return found[0] if is_text else None
