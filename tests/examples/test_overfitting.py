"""A model that overfits: its attention on training and on validation pictures, and where both are farthest apart."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

pytestmark = pytest.mark.browser

TAGS = ("training", "validation")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("overfitting")
    trained("overfitting", logs)
    return logs


@pytest.mark.parametrize("run", ["plain", "dropout"])
def test_both_series_of_both_runs_have_every_epoch(logs: Path, run: str) -> None:
    for tag in TAGS:
        log = tb_attention.load(logs / run, tag=tag)
        assert (log.has_init, log.steps) == (True, list(range(len(log.steps))))
        assert facts(log) == {f"block_{block}_attention": ("self", "grid", "grid") for block in range(2)}
        assert len(log.samples) == 64
    assert set(tb_attention.load(logs / run, tag=TAGS[0]).samples.ids).isdisjoint(log.samples.ids)


def test_dropout_keeps_the_losses_together_for_longer(logs: Path) -> None:
    gaps = {}
    for run in ("plain", "dropout"):
        log = tb_attention.load(logs / run, tag="training")
        last = log.logs(log.steps[-1])
        gaps[run] = last["val_loss"] - last["loss"]
    assert gaps["plain"] > 1 + gaps["dropout"]


def test_the_heads_part_without_dropout_and_not_with_it(logs: Path) -> None:
    """The mean entropy of the heads in the last third of the training, on training and on validation pictures."""
    gaps = {}
    for run in ("plain", "dropout"):
        series = [tb_attention.load(logs / run, tag=tag) for tag in TAGS]
        last = series[0].steps[-10:]
        means = [np.stack([log.measures(step)[..., 0].mean(0) for step in last]) for log in series]
        gaps[run] = float(np.abs(means[0] - means[1]).max(axis=1).mean())
    assert gaps["plain"] > 1.5 * gaps["dropout"]


def entropies(log: tb_attention.Log) -> npt.NDArray[np.float64]:
    """Of head 1 of the last block at every epoch, in bits, from the weights: the mean over queries and samples."""
    found = []
    for step in log.steps:
        weights = np.stack([log.weights(step, sample, "block_1_attention")[1] for sample in range(len(log.samples))])
        shares = weights / weights.sum(-1, keepdims=True)
        found.append(float(-(shares * np.log2(np.maximum(shares, 1e-12))).sum(-1).mean()))
    return np.array(found)


def test_the_tab_says_where_training_and_validation_are_farthest_apart(
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
    logs: Path,
) -> None:
    series = [entropies(tb_attention.load(logs / "plain", tag=tag)) for tag in TAGS]
    gaps = np.abs(series[0] - series[1])
    link = choices(run="plain", tag="training", view="epochs", site="block_1_attention", head="1")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("epochs")
        chart = tab.frame.get_by_role("img", name="Farthest apart")
        expect(chart).to_be_visible()
        said = re.search(
            r"at epoch (\d+): training ([\d.]+), validation ([\d.]+\d)", chart.get_attribute("aria-label") or ""
        )
        assert said is not None
        epoch = int(said[1]) - 1
        assert gaps[epoch] == pytest.approx(gaps.max(), abs=0.02)
        assert [float(said[2]), float(said[3])] == pytest.approx([each[epoch] for each in series], abs=0.02)
