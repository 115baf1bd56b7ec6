"""Somebody watches a real training in the tab while it runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser
EPOCHS = 6
TRAIN = Path(__file__).with_name("train.py")


@pytest.mark.parametrize(
    ("flags", "scheme"),
    [((), "light"), (("--load_fast=false",), "dark")],
    ids=["data server, light", "python loader, dark"],
)
def test_a_training_is_watched_and_a_weight_is_the_models_own(
    tmp_path: Path,
    start_tensorboard: Callable[..., TensorBoard],
    chromium: Browser,
    scheme: Any,
    flags: tuple[str, ...],
) -> None:
    server = start_tensorboard(tmp_path / "logs", *flags)
    training = subprocess.Popen([sys.executable, str(TRAIN), str(tmp_path / "logs" / "run"), str(EPOCHS), "1.5"])
    try:
        with opened(chromium, server.address, color_scheme=scheme) as tab:
            watch_epochs_appear(tab)
            assert training.wait(timeout=120) == 0
            tab.expect_step(f"epoch {EPOCHS} (step {EPOCHS - 1})")
            check_background(tab, scheme)
            drag_through_the_timeline(tab)
            hover_a_weight(tab, np.load(tmp_path / "logs" / "scores.npy"))
            reload_and_be_where_it_was(tab)
    finally:
        training.kill()
    assert server.complaints == []


def watch_epochs_appear(tab: Tab) -> None:
    seen: list[str] = []
    end = time.monotonic() + 90
    while len(seen) < 4 and time.monotonic() < end:
        if tab.slider.count() and tab.step_text and tab.step_text not in seen:
            seen.append(tab.step_text)
        time.sleep(0.1)
    assert len(seen) == 4, f"only these steps appeared: {seen}"


def check_background(tab: Tab, scheme: str) -> None:
    color = tab.frame.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red = int(re.findall(r"\d+", color)[0])
    assert red > 200 if scheme == "light" else red < 80, color


def drag_through_the_timeline(tab: Tab) -> None:
    box = tab.slider.bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 60)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=8)
    middle = tab.step_text
    tab.page.mouse.move(box["x"] + 5, box["y"] + 60, steps=8)
    tab.page.mouse.up()
    assert re.match(r"epoch [234]", middle)
    tab.expect_step(re.compile("before training"))
    tab.slider.press("End")
    tab.expect_step(f"epoch {EPOCHS} (step {EPOCHS - 1})")


def hover_a_weight(tab: Tab, scores: np.ndarray) -> None:
    tab.wait_until_drawn("overview", step=EPOCHS - 1)
    tab.frame.get_by_role("gridcell", name="head 1").first.click()
    tab.wait_until_drawn("head", step=EPOCHS - 1, head=1)
    cells = tab.frame.get_by_role("grid", name="Map of")
    box = cells.bounding_box()
    assert box is not None
    # Row 6 and column 3 of 16 x 16: the patch in row 1, column 2, looks at the one in row 0, column 3.
    tab.page.mouse.move(box["x"] + 3.5 / 16 * box["width"], box["y"] + 6.5 / 16 * box["height"])
    shown = tab.frame.locator("#pointed-cell")
    expect(shown).to_contain_text("row 1, col 2")
    expect(shown).to_contain_text("row 0, col 3")
    value = float((shown.text_content() or "").rsplit(":", 1)[1])
    row = scores[1, 6].astype(float)
    assert value == pytest.approx(row[3], abs=4e-3 * float(row.max()))


def reload_and_be_where_it_was(tab: Tab) -> None:
    tab.slider.press("ArrowLeft")
    tab.expect_step(f"epoch {EPOCHS - 1} (step {EPOCHS - 2})")
    before = tab.wait_until_drawn("head", step=EPOCHS - 2, head=1)
    tab.expect_link(f"p.attention.step={EPOCHS - 2}")
    tab.page.reload()
    tab.wait_until_shown()
    assert tab.wait_until_drawn("head", step=EPOCHS - 2, head=1) == before
    tab.expect_step(f"epoch {EPOCHS - 1} (step {EPOCHS - 2})")
