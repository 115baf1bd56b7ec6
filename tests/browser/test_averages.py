"""Averages over samples in a real browser: what the tab says and shows is what NumPy computes from the weights."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.browser.test_export import from_disk
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

SAMPLES, STEPS, HEADS, SIZE = 4, 3, 2, 10
LABELS = [0, 0, 1, 1]
# At each step, the class that each sample is taken for.
GUESSES = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]]
WORDS = [["a", "b", "c"], ["a", "b", "d"]]


def weights(step: int, size: int = SIZE, samples: int = SAMPLES) -> np.ndarray:
    return np.random.default_rng([step, size]).dirichlet(np.full(size, 0.4), (samples, HEADS, size)).astype("f4")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("averages")
    pictures = np.random.default_rng(0).integers(0, 255, (SAMPLES, 9, 9, 3)).astype("u1")
    along = {"kind": "grid", "grid": (3, 3), "extra": ("CLS",), "input": 0}
    axes = [Axis("query", SIZE, **along), Axis("key", SIZE, **along)]
    samples = tb_attention.Samples(pictures, LABELS, images=pictures, class_names=["cat", "dog"], ids=list("pqrs"))
    with tb_attention.AttentionWriter(logs / "pictures", samples=samples) as writer:
        for step in range(STEPS):
            guesses = 0.1 + 0.8 * np.eye(2)[GUESSES[step]]
            writer.write(step, {"block/attention": weights(step)}, guesses, epoch=step, axes={"block/attention": axes})
    texts = tb_attention.Samples(np.zeros((2, 3), int), [0, 1], tokens=WORDS, ids=["t", "u"])
    with tb_attention.AttentionWriter(logs / "texts", samples=texts) as writer:
        for step in range(STEPS):
            writer.write(step, {"block/attention": weights(step, 3, 2)}, epoch=step)
    return logs


def sentence(tab: Tab, pattern: str) -> None:
    expect(tab.frame.locator("p[aria-live]").first).to_have_text(re.compile(pattern))


def number(value: float) -> str:
    """As the tab writes weights: three digits."""
    return re.escape(f"{value:#.3g}".rstrip("."))


def test_head_shows_the_mean_map_and_its_deviation(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=pictures&p.attention.view=head&p.attention.head=1") as tab:
        tab.wait_until_drawn("head", sample="p")
        tab.frame.get_by_label("Average").select_option("all 4")
        row, spread = weights(2)[:, 1, 0].mean(0), weights(2)[:, 1, 0].std(0)
        best = int(row.argmax())
        name = "CLS" if best == 0 else f"row {(best - 1) // 3}, col {(best - 1) % 3}"
        sentence(tab, f"^Mean of 4 samples · CLS looks at {name}: {number(row[best])} ± {number(spread[best])}, rank 1")
        tab.expect_link("p.attention.average=all")
        expect(tab.frame.get_by_text("Over the patches")).to_be_visible()
        expect(tab.frame.get_by_text("In the picture")).to_have_count(0)
        tab.frame.get_by_label("Colour relative to").select_option("standard deviation")
        expect(tab.frame.get_by_title(re.compile("^standard deviation"))).to_be_visible()
        tab.expect_link("p.attention.norm=deviation")
        # Which are right differs from step to step.
        tab.frame.get_by_label("Average").select_option("✗ wrong (1)")
        sentence(tab, "^Mean of 1 sample wrong at epoch 3")
        tab.frame.get_by_role("button", name="Previous step").click()
        sentence(tab, f"^Mean of 2 samples wrong at epoch 2 .* {number(weights(1)[[1, 3], 1, 0].mean(0).max())} ±")
        tab.frame.get_by_role("option", name=re.compile("#q")).click()
        tab.wait_until_drawn("head", sample="q")
        expect(tab.frame.locator("p[aria-live]").first).not_to_have_text(re.compile("Mean"))


def test_overview_and_epochs_show_mean_measures(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=pictures&p.attention.average=all") as tab:
        tab.wait_until_drawn("overview", sample=None)
        sentence(tab, "^Mean of 4 samples · ")
        rows = weights(2)[:, 0].astype("f8")
        entropies = -(rows * np.log2(rows)).sum(-1).mean(-1)
        tab.frame.get_by_role("grid").first.hover(position={"x": 20, "y": 40})
        entropy = tab.frame.locator("dl", has_text="entropy (bits)").locator("dd").first
        expect(entropy).to_have_text(re.compile(f"{number(entropies.mean())}\\s± {number(entropies.std())}"))
        # The band around the curve: a standard deviation on either side, where 1 is no entropy and 0 that of even weights.
        chart = tab.frame.get_by_role("img", name="in block/attention over the steps")
        height = float(chart.get_attribute("height") or 0)
        shares = 1 - (entropies.mean() + entropies.std() * np.array([-1, 1])) / np.log2(SIZE)
        band = chart.locator("path.band").get_attribute("d") or ""
        points = np.array(re.findall(r"([\d.]+),([\d.]+)", band), "f8")
        last = sorted(points[points[:, 0] == points[:, 0].max(), 1])
        assert len(points) == 2 * STEPS
        np.testing.assert_allclose(last, height - 2 - shares * (height - 4), atol=0.02)
        tab.open("Epochs")
        sentence(tab, "^Mean of 4 samples · ")
        tab.frame.get_by_label("Average").select_option("✗ wrong (1)")
        sentence(tab, "^Mean of 1 sample wrong at epoch 3")
        # All were wrong at first, so no step is without a number.
        expect(tab.frame.locator("p[aria-live]").first).not_to_have_text(re.compile("not a number"))


def test_views_of_one_sample_say_that_they_show_one(server: TensorBoard, chromium: Browser) -> None:
    choices = "&p.attention.run=pictures&p.attention.average=label&p.attention.view=sample&p.attention.sample=r"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("sample", sample="r")
        sentence(tab, "^This view shows one sample, the one chosen last")
        tab.open("Samples")
        expect(tab.frame.locator("p[aria-live]").first).not_to_have_text(re.compile("one sample|Mean of"))


def test_texts_of_other_words_have_no_mean_map_and_say_why(server: TensorBoard, chromium: Browser) -> None:
    choices = "&p.attention.run=texts&p.attention.average=all"
    with opened(chromium, server.address, f"{choices}&p.attention.view=head&p.attention.sample=u") as tab:
        tab.wait_until_drawn("head", sample="u")
        sentence(tab, "^No mean map of 2 samples: their words differ.*the sample chosen last is shown")
        best = weights(2, 3, 2)[1, 0, 0].max()
        sentence(tab, f"{number(best)}, rank 1 of 3")
        tab.open("Epochs")
        sentence(tab, "their measures are averaged")


def test_compare_shows_the_difference_of_two_means(server: TensorBoard, chromium: Browser) -> None:
    choices = "&p.attention.run=pictures&p.attention.average=all&p.attention.view=compare&p.attention.versus=0"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("compare")
        sentence(tab, "^Mean of 4 samples · ")
        rows = [weights(step)[:, 0].mean(0, dtype="f8") for step in (0, 2)]
        by = rows[1] - rows[0]
        largest = by.flat[np.abs(by).argmax()]
        sign = "+" if largest > 0 else "−"
        sentence(tab, f"{re.escape(sign)}{number(abs(largest))}")


def test_a_stand_alone_page_computes_the_means_itself(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "pictures", tmp_path / "page.html")
    with from_disk(
        chromium, tmp_path / "page.html", "&p.attention.view=head&p.attention.head=1&p.attention.average=all"
    ) as tab:
        said = tab.locator("p[aria-live]").first
        row, spread = weights(2)[:, 1, 0].mean(0), weights(2)[:, 1, 0].std(0)
        best = int(row.argmax())
        expect(said).to_have_text(re.compile(f"^Mean of 4 samples .*{number(row[best])} ± {number(spread[best])}"))
        tab.get_by_role("tab", name="Overview").click()
        rows = weights(2)[:, 1].astype("f8")
        entropies = -(rows * np.log2(rows)).sum(-1).mean(-1)
        entropy = tab.locator("dl", has_text="entropy (bits)").locator("dd").first
        expect(entropy).to_have_text(re.compile(f"{number(entropies.mean())}\\s± {number(entropies.std())}"))
        expect(tab.get_by_text("samples right")).to_be_visible()
