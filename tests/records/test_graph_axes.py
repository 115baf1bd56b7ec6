"""Nodes of a graph: given by users with their edges, laid out, stored, and read back; weights of edges as maps."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.records.format import json_text
from tb_attention.records.format.digest import digest
from tb_attention.records.format.schema import manifest_from_json, manifest_to_json
from tb_attention.reduce.graph_layout import laid_out
from tb_attention.reduce.head_measures import MEASURES
from tb_attention.reduce.long_axes import shorten
from tb_attention.site import Axis, Site

from . import logs

EDGES = [(0, 1), (1, 2), (2, 3)]
POINTS = [(0.0, 0.5), (0.25, 0.5), (0.5, 0.5), (1.0, 0.5)]


def nodes(**facts: Any) -> list[Axis]:
    return [Axis(role, 4, "nodes", edges=EDGES, **facts) for role in ("query", "key")]


def test_lists_and_arrays_become_tuples() -> None:
    axis = Axis("key", 4, "nodes", edges=np.array(EDGES), points=np.array(POINTS))
    assert (axis.edges, axis.points) == ((tuple(EDGES),), (tuple(POINTS),))
    assert Axis("key", 4, "nodes", edges=[EDGES, []]).edges == (tuple(EDGES), ())
    assert Axis("key", 4, "nodes").edges == ((),)
    assert Axis("key", 4, edges=EDGES).kind == "nodes"


def test_points_in_any_unit_are_scaled_with_their_proportions() -> None:
    axis = Axis("key", 3, "nodes", points=[(-1, -1), (3, -1), (-1, 1)])
    assert axis.points == (((0.0, 0.25), (1.0, 0.25), (0.0, 0.75)),)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("features", {"edges": EDGES}, "Only an axis of kind 'nodes' has `edges`. Received: kind='features'"),
        ("nodes", {"edges": [(0, 4)]}, "nodes from 0 to below 4"),
        ("nodes", {"edges": [(0, -1)]}, "nodes from 0 to below 4"),
        ("nodes", {"edges": [(0, 0.5)]}, "must be pairs"),
        ("nodes", {"edges": np.array(EDGES).T}, r"`edge_index.T`"),
        ("nodes", {"edges": 5}, "must be pairs"),
        ("nodes", {"points": POINTS[:3]}, r"of shape \(4, 2\), or \(samples, 4, 2\)"),
        ("nodes", {"points": [(0, 0, 0)] * 4}, "must be"),
        ("objects", {"points": POINTS}, "Only an axis of kind 'nodes' has `points`"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(kind: Any, fields: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Axis("key", 4, kind, **fields)


def test_a_layout_is_the_same_each_time_and_puts_neighbours_next_to_each_other() -> None:
    chain = Axis("key", 16, "nodes", edges=[(node, node + 1) for node in range(15)])
    (points,) = laid_out(chain).points or ()
    assert (points,) == laid_out(Axis("query", 16, "nodes", edges=chain.edges)).points
    placed = np.array(points)
    assert placed.min() >= 0
    assert placed.max() <= 1
    apart = np.linalg.norm(placed[:, None] - placed, axis=2)
    steps = np.abs(np.subtract.outer(range(16), range(16)))
    assert apart[steps == 1].max() < apart[steps >= 5].min()


@pytest.mark.parametrize("size", [0, 1, 2, 40, 2000])
def test_graphs_of_any_size_and_without_edges_have_a_layout_in_which_no_two_nodes_meet(size: int) -> None:
    (points,) = laid_out(Axis("key", size, "nodes")).points or ()
    assert len(set(points)) == size
    assert all(0 <= number <= 1 for number in itertools.chain(*points))


def test_given_points_stay_and_samples_have_layouts_of_their_own() -> None:
    assert laid_out(nodes(points=POINTS)[0]).points == (tuple(POINTS),)
    star = [(0, 1), (0, 2), (0, 3)]
    first, second = laid_out(Axis("key", 4, "nodes", edges=[EDGES, star])).points or ()
    assert first != second
    assert first == (laid_out(nodes()[0]).points or ((),))[0]


def test_they_come_back_from_a_log_and_read_as_plain_positions_by_older_readers(tmp_path: Path) -> None:
    weights = logs.rows(2, 3, 4, 4)
    axes = nodes(names=["a", "b", "c", "d"], points=POINTS)
    with tb_attention.AttentionWriter(tmp_path) as writer:
        writer.write(0, {"gat": weights}, axes={"gat": axes})
    assert tb_attention.load(tmp_path).site("gat").axes[-2:] == tuple(axes)
    site = Site("gat", "self", (Axis("samples", 2), Axis("heads", 3), *axes), weights)
    manifest = digest(logs.record(0, sites=(site,)), "tag", 1).manifest
    stored = json.loads(json_text.dumps(manifest_to_json(manifest)))
    assert [axis.get("kind", "positions") for axis in stored["sites"][0]["axes"]] == ["positions"] * 3
    assert manifest_from_json(stored, "it") == manifest


def test_nodes_have_no_order_so_that_they_have_no_distance() -> None:
    site = Site("gat", "self", (Axis("samples", 1), Axis("heads", 1), *nodes()), logs.rows(1, 1, 4, 4))
    measures = digest(logs.record(0, sites=(site,)), "tag", 1).measures[0, 0]
    unknown = [name for name, value in zip(MEASURES, measures, strict=True) if np.isnan(value)]
    assert unknown == ["distance", "first", "previous"]


def test_pooled_nodes_are_no_nodes() -> None:
    site = Site("gat", "self", (Axis("samples", 1), Axis("heads", 1), *nodes()), logs.rows(1, 1, 4, 4))
    assert [axis.kind for axis in shorten(site, 2).axes[2:]] == ["positions", "positions"]


def test_weights_of_edges_become_maps_in_which_targets_look_at_sources(tmp_path: Path) -> None:
    weights = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    with tb_attention.AttentionWriter(tmp_path) as writer:
        writer.write(0, {"gat": weights}, axes={"gat": nodes()})
    log = tb_attention.load(tmp_path)
    for sample, head in itertools.product(range(2), range(2)):
        expected = np.zeros((4, 4), np.float32)
        for (source, target), weight in zip(EDGES, weights[sample, head], strict=True):
            expected[target, source] = weight
        np.testing.assert_array_equal(log.weights(0, sample, "gat")[head], expected)
