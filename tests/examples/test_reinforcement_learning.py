"""examples/reinforcement_learning.py: the scene of each turn beside the map of what the agent looks at."""

from __future__ import annotations

from pathlib import Path

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

BLUE = (70, 130, 220)
"""The agent in the scene."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("agent")
    trained("reinforcement_learning", logs / "agent")
    return logs


def test_every_step_is_logged_with_turns_as_iterations_over_entities(logs: Path) -> None:
    log = tb_attention.load(logs / "agent")
    assert list(log.steps) == list(range(11))
    assert facts(log) == {"attention": ("cross", "objects", "objects")}
    _, turns, _, entities = log.site("attention").axes
    assert (turns.role, turns.size) == ("iteration", 12)
    assert entities.names == ("agent", "coin 1", "coin 2", "coin 3", "ghost 1", "ghost 2")


def test_boxes_lie_around_the_agent_in_the_scene_of_each_turn(logs: Path) -> None:
    log = tb_attention.load(logs / "agent")
    for step in (0, 10):
        tracks = np.array(log.site("attention", step=step).axes[-1].tracks)
        for sample in range(8):
            scenes = log.pictures(step, sample)
            assert scenes is not None
            for turn, scene in enumerate(scenes):
                rows, columns = np.nonzero((scene == BLUE).all(axis=-1))
                box = np.array([columns.min() - 2, rows.min() - 2, columns.max() + 3, rows.max() + 3]) / len(scene)
                np.testing.assert_allclose(tracks[sample, turn, 0], box, atol=1e-4)


def test_what_is_gone_gets_no_attention(logs: Path) -> None:
    log = tb_attention.load(logs / "agent")
    tracks = np.array(log.site("attention", step=10).axes[-1].tracks)
    for sample in range(8):
        weights = log.weights(10, sample, "attention")
        gone = tracks[sample, :, :, 2] == 0
        assert weights[:, :, 0][:, gone].max(initial=0) < 1e-6
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.browser
def test_the_slider_goes_through_the_scenes(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    scenes = tb_attention.load(logs / "agent").pictures(10, 0)
    assert scenes is not None
    with opened(chromium, server.address, "&p.attention.view=sample&p.attention.sample=start-0") as tab:
        tab.wait_until_drawn("sample")
        slider = tab.frame.get_by_role("slider", name="iteration")
        slider.focus()
        slider.press("End")
        tab.expect_link("p.attention.iteration=11")
        expect(slider).to_have_attribute("aria-valuetext", "iteration 11 of 12")
        # The agent hardly looks at itself: its colour has next to no tint, and only its outline lies around it.
        assert tb_attention.load(logs / "agent").weights(10, 0, "attention")[0, 11, 0, 0] < 0.02
        drawn = pixels(tab.frame.get_by_role("group", name="The picture", exact=True).locator("canvas")).astype(int)
        rows, columns = np.nonzero((scenes[11] == BLUE).all(axis=-1))
        row, column = (int((middle.mean() + 0.5) / 84 * len(drawn)) for middle in (rows, columns))
        np.testing.assert_allclose(drawn[row, column, :3], BLUE, atol=12)
        assert tab.frame.get_by_role("button", name="over epochs").count() == 0
