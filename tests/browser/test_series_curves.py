"""Epochs: a measure of the chosen head in each series of a run, such as training and validation samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import opened
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

KEYS, STEPS = 8, 4


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On training samples head 1 looks at fewer and fewer keys; on others, which are twice as many, it does so later."""
    logs = tmp_path_factory.mktemp("series")
    looked_at = {"training": [8, 4, 2, 1], "validation": [8, 8, 8, 4]}
    for tag, keys in looked_at.items():
        samples = tb_attention.Samples(np.zeros((2 + 2 * (tag == "validation"), 3)))
        with tb_attention.AttentionWriter(logs / "run", tag=tag, samples=samples) as writer:
            for step, count in enumerate(keys):
                weights = np.full((len(samples), 2, KEYS, KEYS), 1 / KEYS, "float32")
                weights[:, 1] = 0
                weights[:, 1, :, :count] = 1 / count
                writer.write(step, {"attention": weights}, epoch=step)
    with tb_attention.AttentionWriter(logs / "alone") as writer:
        writer.write(0, {"attention": np.full((1, 1, KEYS, KEYS), 1 / KEYS)}, epoch=0)
    return logs


def test_series_of_one_model_are_drawn_together(server: TensorBoard, chromium: Browser) -> None:
    link = choices(run="run", tag="training", view="epochs", head=1)
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("epochs")
        # Of uniform attention to n keys the entropy is log2(n) bits: 1 and 3 bits at the third epoch, 0 and 2 at the fourth.
        expect(tab.frame.get_by_role("img", name="Farthest apart")).to_have_accessible_name(
            "Farthest apart at epoch 3: training 1.00, validation 3.00."
        )
        expect(tab.frame.get_by_text("mean of 2", exact=True)).to_be_visible()
        expect(tab.frame.get_by_text("mean of 4", exact=True)).to_be_visible()
        tab.frame.get_by_role("slider", name="over time").press("ArrowUp")
        expect(tab.frame.get_by_role("img", name="The same at every step.")).to_be_visible()


def test_a_series_on_its_own_has_no_such_curves(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="alone", view="epochs")) as tab:
        tab.wait_until_drawn("epochs")
        expect(tab.frame.get_by_text("in each series")).to_have_count(0)
