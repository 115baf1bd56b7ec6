"""Weights of edges, one for each, as maps from node to node. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_attention.site import Axis


def are_edges(shape: Sequence[int], axes: Sequence[Axis]) -> bool:
    """Whether weights have an entry for each edge, where `axes` are nodes: `(..., edges)` in place of `(..., nodes, nodes)`."""
    if [(axis.role, axis.kind) for axis in axes] != [("query", "nodes"), ("key", "nodes")]:
        return False
    (queries, keys), edges = (axis.size for axis in axes), axes[1].edges or ()
    return tuple(shape[-2:]) != (queries, keys) and {len(each) for each in edges} == {shape[-1]}


def as_maps(weights: npt.NDArray[np.float32], axes: Sequence[Axis]) -> npt.NDArray[np.float32]:
    """Maps in which the target of an edge looks at its source, and at no other node.

    Args:
        weights: `(samples, heads, edges)`, in the order of `edges`. Of edges between the same nodes the weights are added.
        axes: Query and key axes, of nodes.

    Returns:
        `(samples, heads, queries, keys)`.
    """
    queries, keys = axes
    maps = np.zeros((*weights.shape[:2], queries.size, keys.size), np.float32)
    edges = keys.edges or ((),)
    for sample, heads in enumerate(weights):
        for edge, (source, target) in enumerate(edges[sample if len(edges) > 1 else 0]):
            maps[sample, :, target, source] += heads[:, edge]
    return maps
