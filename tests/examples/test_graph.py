"""examples/graph.py: attention along the friendships of a club."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

__all__ = ["server"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("graph")
    trained("graph", logs / "graph")
    return logs


def test_every_epoch_is_logged_with_nodes_that_have_names_and_edges(logs: Path) -> None:
    log = tb_attention.load(logs / "graph")
    assert list(log.steps) == list(range(30))
    assert facts(log) == dict.fromkeys(("friends", "friends_of_friends"), ("self", "nodes", "nodes"))
    key = log.site("friends").axes[-1]
    assert key.names is not None
    assert (key.names[0], key.names[33], len(key.names)) == ("Mr. Hi", "Officer", 34)
    assert set((key.edges or ((),))[0]) == set(nx.karate_club_graph().edges)


def test_members_attend_to_themselves_and_their_friends_only(logs: Path) -> None:
    club = nx.karate_club_graph()
    log = tb_attention.load(logs / "graph")
    for site in log.sites:
        weights = log.weights(log.steps[-1], 0, site)
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
        for member in club:
            assert set(np.flatnonzero(weights[:, member].max(axis=0) > 0)) == {member, *club[member]}


@pytest.mark.browser
def test_its_tab_draws_the_club(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=head&p.attention.query=33") as tab:
        tab.wait_until_drawn("head")
        assert tab.sentence.startswith("“Officer” looks at")
        tab.frame.get_by_role("button", name="Lines", exact=True).click()
        graph = tab.frame.get_by_role("slider", name="Graph of friends")
        expect(graph).to_have_attribute("aria-valuetext", "“Officer”")
        drawn = pixels(graph.locator("canvas")).astype(int)
        assert ((drawn[..., 2] - drawn[..., 0]) > 60).mean() > 0.005
        tab.open("Sample")
        expect(tab.frame.get_by_role("slider", name="Node of the graph")).to_be_visible()
