"""Ten thousand tracked samples: few of them are in the page, and filtering and sorting stay quick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

MANY, CLASSES = 10_000, ["ham", "spam", "eggs"]
LINK = "&p.attention.view=samples"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("many")
    random = np.random.default_rng(0)
    tokens = [["dear", "sir", "late", f"word{place}"] for place in range(MANY)]
    labels = random.integers(0, len(CLASSES), MANY)
    samples = tb_attention.Samples(np.zeros((MANY, 4)), labels, tokens=tokens, class_names=CLASSES)
    weights = {"attention": np.full((MANY, 1, 4, 4), 0.25, "float32")}
    with tb_attention.AttentionWriter(logs / "run", samples=samples) as writer:
        for step in range(2):
            writer.write(step, weights, random.dirichlet(np.ones(3), MANY), epoch=step)
    return logs


def rows(tab: Tab) -> Locator:
    return tab.frame.get_by_role("region", name="Table of samples").locator("tbody tr[aria-rowindex]")


def test_only_the_samples_in_sight_are_in_the_page(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, LINK) as tab:
        expect(rows(tab).first).to_contain_text("word0", timeout=30_000)
        table = tab.frame.get_by_role("table")
        expect(table).to_have_attribute("aria-rowcount", str(MANY + 1))
        assert rows(tab).count() < 60
        assert tab.frame.evaluate("document.querySelectorAll('*').length") < 2_000
        tab.frame.get_by_role("region", name="Table of samples").evaluate("e => e.scrollTo(0, e.scrollHeight)")
        expect(rows(tab).last).to_contain_text(f"word{MANY - 1}")
        assert rows(tab).count() < 60


def test_samples_are_filtered_by_label_and_prediction_and_sorted_by_loss(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    log = tb_attention.load(logs / "run")
    made = [prediction for prediction in log.predictions(1) if prediction is not None]
    chosen = [i for i, label in enumerate(log.samples.labels) if label == 2 and made[i].class_index == 0]
    losses = {i: -np.log(made[i].label_probability or 0) for i in chosen}
    worst = max(chosen, key=lambda i: losses[i])
    with opened(chromium, server.address, LINK) as tab:
        tab.frame.get_by_role("combobox", name="Label").select_option("eggs", timeout=30_000)
        tab.frame.get_by_role("combobox", name="Prediction").select_option("ham")
        expect(tab.frame.get_by_role("table")).to_have_attribute("aria-rowcount", str(len(chosen) + 1))
        tab.frame.get_by_role("columnheader", name="loss").get_by_role("button").click()
        expect(rows(tab).first).to_contain_text(f"word{worst}")
        expect(rows(tab).first).to_contain_text(f"{losses[worst]:.3f}")
        tab.frame.get_by_role("button", name="Show all", exact=True).click()
        expect(tab.frame.get_by_role("table")).to_have_attribute("aria-rowcount", str(MANY + 1))
        tab.expect_link("p.attention.sort=loss")


def test_arrows_go_from_row_to_row_beyond_what_is_in_sight(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, LINK) as tab:
        expect(rows(tab).first).to_contain_text("word0", timeout=30_000)
        rows(tab).first.get_by_role("button").focus()
        for _ in range(30):
            tab.page.keyboard.press("ArrowDown")
        focused = rows(tab).get_by_role("button", name="word30")
        expect(focused).to_be_focused()
        expect(focused).to_be_in_viewport()
        tab.page.keyboard.press("Enter")
        tab.wait_until_drawn("sample")


def test_a_word_is_asked_about_where_it_is_seen(server: TensorBoard, chromium: Browser) -> None:
    asked: list[str] = []
    with opened(chromium, server.address, LINK) as tab:
        expect(rows(tab).first).to_contain_text("word0", timeout=30_000)
        tab.page.on("request", lambda request: asked.append(request.url) if "/rows?" in request.url else None)
        tab.frame.get_by_role("searchbox", name="Find a word").fill("word7")
        expect(rows(tab)).to_have_count(1)
        expect(rows(tab).first).to_contain_text("0.250 at 3")
        assert 1 <= len(asked) <= 2
