"""The gap in a series: axes with dates, curves beside the map, and days beside the hidden one that are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained
from tools.run_examples import QuickRun

__all__ = ["server"]

HIDDEN = 30


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def run(logs: Path) -> QuickRun:
    return trained("time_series", logs / "time_series")


@pytest.fixture(scope="module")
def log(run: QuickRun) -> tb_attention.Log:
    return tb_attention.load(run.logdir)


def test_every_epoch_is_logged_with_frames_that_have_dates(log: tb_attention.Log) -> None:
    assert log.steps == list(range(10))
    assert facts(log) == dict.fromkeys(("block_1", "block_2"), ("self", "frames", "frames"))
    for (given,) in log.samples.inputs:
        days = np.array(given["dates"], "datetime64[D]")
        assert (np.diff(days) == np.timedelta64(1, "D")).all()
        assert days[0] >= np.datetime64("2015-01-01")
        assert given["values"][HIDDEN] == [None] * 4
        assert None not in given["values"][HIDDEN + 1]


def test_days_beside_the_hidden_one_are_read_more_than_others(log: tb_attention.Log) -> None:
    rows = np.stack([log.weights(9, sample, path)[:, HIDDEN] for sample in range(16) for path in log.sites])
    near = rows[..., [HIDDEN - 2, HIDDEN - 1, HIDDEN + 1, HIDDEN + 2]].mean(axis=(0, 2))
    assert near.max() > 2 / 60
    assert near.max() > 2 * np.delete(rows, range(HIDDEN - 4, HIDDEN + 5), axis=2).mean(axis=(0, 2)).min()


def test_the_tab_shows_dates_and_the_series(log: tb_attention.Log, server: TensorBoard, chromium: Browser) -> None:
    choices = f"&p.attention.run=time_series&p.attention.view=head&p.attention.site=block_1&p.attention.query={HIDDEN}"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("head")
        day = np.datetime64(log.samples.inputs[0][0]["dates"][HIDDEN]).item()
        assert tab.sentence.startswith(f"{day.day} {day:%b %Y} looks at ")
        drawn = pixels(tab.frame.get_by_role("slider", name="In the series").locator("canvas")).astype(int)
        assert (drawn[..., 2] - drawn[..., 0]).max() > 80
        assert drawn.max(axis=2).min() < 140, "there are curves"
