"""Whatever a log holds appears as text: markup, scripts, right-to-left, CJK, emoji, tokens of 200 characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

SCRIPT = "<img src=x onerror='parent.pwned=window.pwned=1'>"
TOKENS = [
    SCRIPT,
    "<script>parent.pwned=1</script>",
    "&lt;b&gt;",
    "\u202eright-to-left",
    "שלום",
    "مرحبا",
    "注意力機構",
    "👩‍👩‍👧‍👦",
    "x" * 200,
    "{{7*7}}",
    "'\"`",
    "",
]
CLASSES = [SCRIPT, "</script><b>bold", "類"]
RUN = "run <b>&amp; more"
SITE = f"block/{SCRIPT}"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("hostile")
    random = np.random.default_rng(0)
    count = len(TOKENS)
    samples = tb_attention.Samples(
        np.zeros((3, count), int),
        [0, 1, 2],
        tokens=[TOKENS, TOKENS[::-1], TOKENS],
        masks=[[1] * count, [1] * count, [1] * 8 + [0] * (count - 8)],
        texts=[" ".join(TOKENS)] * 3,
        class_names=CLASSES,
    )
    with tb_attention.AttentionWriter(logs / RUN, tag=f"tag {SCRIPT}", samples=samples) as writer:
        for step in range(3):
            weights = {SITE: random.dirichlet(np.ones(count), (3, 2, count)), "gate": random.random((3, 1, 16))}
            writer.write(step, weights, predictions=random.dirichlet(np.ones(3), 3), metrics={"loss": 1.0}, epoch=step)
    matrices = SeriesWriter(logs / RUN, "confusion", 1)
    for step in range(3):
        counts = random.integers(0, 9, (3, 3))
        matrices.submit(ConfusionRecord(step, {"validation": counts}, tuple(CLASSES), epoch=step))
    matrices.close()
    return logs


@pytest.mark.parametrize("view", ["Overview", "Head", "Sample", "Samples", "Confusion", "Epochs", "Compare"])
def test_every_view_shows_it_as_text(view: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address) as tab:
        tab.wait_until_drawn("overview")
        tab.open(view)
        tab.page.wait_for_timeout(500)
        assert_nothing_ran(tab)
        body = tab.frame.locator("body")
        expect(body).to_contain_text("run <b>&amp; more")
        expect(body).to_contain_text("onerror=")
        if view == "Head":
            for token in ("&lt;b&gt;", "注意力機構", "{{7*7}}"):
                expect(body).to_contain_text(token)
            walk_over_the_map(tab)
            assert_nothing_ran(tab)
        if view == "Confusion":
            expect(body).to_contain_text("類")


def walk_over_the_map(tab: Tab) -> None:
    box = tab.frame.get_by_role("grid", name="Map of").bounding_box()
    assert box is not None
    for place in range(len(TOKENS)):
        part = (place + 0.5) / len(TOKENS)
        tab.page.mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])


def assert_nothing_ran(tab: Tab) -> None:
    assert tab.page.evaluate("window.pwned") is None
    assert tab.frame.evaluate("window.pwned") is None
    # No element came out of the log: the only images are the page's own canvases.
    assert tab.frame.locator("img[src=x], b:text-is('bold')").count() == 0
