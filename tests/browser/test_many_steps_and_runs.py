"""Over 10,000 steps and over 1,000 runs a page holds what is on the screen, and sums up the rest."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

import tb_attention
from tests.browser.tab import Tab, opened, without_opening
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

STEPS, RUNS, SHOWN = 10_000, 1_000, 2
MOST_ELEMENTS = 2_500
VIEWS = ("Overview", "Head", "Sample", "Samples", "Epochs", "Compare")
LINK = f"&p.attention.run=run&p.attention.step={SHOWN}"
ELEMENTS = "document.querySelectorAll('*').length"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of three steps: the others are made of it on their way to the page."""
    logs = tmp_path_factory.mktemp("many")
    weights = np.random.default_rng(0).dirichlet(np.ones(6), (2, 2, 6)).astype("f4")
    samples = tb_attention.Samples(np.zeros((2, 6), int), [0, 1], tokens=[list("abcdef"), list("fedcba")])
    with tb_attention.AttentionWriter(logs / "run", samples=samples) as writer:
        for step in range(SHOWN + 1):
            metrics = {"val_loss": 1 / (step + 1), "val_accuracy": 0.5 + step / 10}
            writer.write(step, {"attention": weights}, [(step % 2, 0.7), (1, 0.8)], metrics, epoch=step)
    return logs


def lengthen(page: Page) -> None:
    """Steps that follow the logged ones, each with metrics, predictions and measures, and without maps."""

    def series(route: Route) -> None:
        answer = route.fetch().json()
        first = answer["steps"]
        more = [
            {**first[step % 3], "step": step, "epoch": step, "sites": None, "predictions": wrong_at_thirds(first, step)}
            for step in range(len(first), STEPS)
        ]
        route.fulfill(json={**answer, "steps": first + more})

    def measures(route: Route) -> None:
        array = np.load(io.BytesIO(gzip.decompress(route.fetch().body())))
        body = io.BytesIO()
        np.save(body, np.resize(array, (STEPS, *array.shape[1:])))
        route.fulfill(body=gzip.compress(body.getvalue(), 1), content_type="application/octet-stream")

    without_opening(page)
    page.route("**/series?*", series)
    page.route("**/measures?*", measures)


def wrong_at_thirds(first: list[dict[str, object]], step: int) -> object:
    """Of the first sample, wrong at every third step after the first thousand."""
    predictions = json.loads(json.dumps(first[0]["predictions"]))
    predictions[0]["class"] = int(step >= 1000 and step % 3 == 0)
    return predictions


def multiply(page: Page) -> None:
    """The run under a thousand names, with a best value that falls with the number."""

    def runs(route: Route) -> None:
        answer = route.fetch().json()
        run = answer["runs"][0]
        text = json.dumps(run)
        others = []
        for number in range(RUNS):
            other = json.loads(text)
            other["run"] = f"lr={number % 10},seed={number:04d}"
            other["series"][0]["status"]["best"]["value"] = 2 - number / RUNS
            others.append(other)
        route.fulfill(json={**answer, "runs": [run, *others]})

    without_opening(page)
    page.route("**/attention/runs", runs)


def elements_of(tab: Tab, views: tuple[str, ...]) -> dict[str, int]:
    """How many elements the page has in each view."""
    counts = {}
    for view in views:
        tab.open(view)
        tab.page.wait_for_timeout(200)
        counts[view] = int(tab.frame.evaluate(ELEMENTS))
    return counts


def test_ten_thousand_steps_are_summed_up(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, LINK, prepare=lengthen) as tab:
        tab.wait_until_drawn("overview")
        expect(tab.slider).to_have_attribute("aria-valuemax", str(STEPS - 1))
        counts = elements_of(tab, VIEWS)
        assert max(counts.values()) <= MOST_ELEMENTS, counts
        marks = tab.frame.locator(".lane .segment")
        assert marks.count() <= tab.slider.bounding_box()["width"] / 3 + 1  # type: ignore[index]
        # One logged step is wrong, the first thousand after it are right; of the later ones two thirds are, in every mark.
        tenths = 0.1 * tab.slider.bounding_box()["width"]  # type: ignore[index]
        first = marks.nth(1)
        assert first.bounding_box()["width"] > 0.9 * tenths  # type: ignore[index]
        expect(first).to_contain_text("✓")
        said = [str(marks.nth(at).get_attribute("title")) for at in (5, 50, 100)]
        for right, of in (text.removesuffix(" right").split(" of ") for text in said):
            assert abs(int(right) - 2 / 3 * int(of)) <= 1


def test_a_menu_of_steps_has_a_choice_that_can_be_read(server: TensorBoard, chromium: Browser) -> None:
    with opened(
        chromium, server.address, f"{LINK}&p.attention.view=compare&p.attention.versus=1", prepare=lengthen
    ) as tab:
        tab.wait_until_drawn("compare")
        menu = tab.frame.get_by_role("combobox", name="Step of A")
        options = menu.locator("option")
        assert 100 < options.count() <= 201
        expect(menu).to_have_value("1")
        expect(menu).to_have_attribute("title", "Every 50th step and the current one. A on the timeline reaches all.")


def test_of_a_thousand_runs_only_those_in_sight_are_in_the_page(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, LINK, prepare=multiply) as tab:
        tab.wait_until_drawn("overview")
        rail = tab.frame.get_by_role("radiogroup", name="Run in focus")
        # The run in focus comes last by its name, and is in sight.
        expect(rail.get_by_role("radio", name="run", exact=True)).to_be_in_viewport()
        counts = elements_of(tab, (*VIEWS, "Runs"))
        assert max(counts.values()) <= MOST_ELEMENTS, counts
        table = tab.frame.get_by_role("region", name="Table of runs")
        expect(table.get_by_role("table")).to_have_attribute("aria-rowcount", str(RUNS + 2))
        best = table.get_by_role("button", name="best val_loss")
        best.click()
        rows = table.get_by_role("row")
        expect(rows.nth(1)).to_contain_text("0.333")
        assert rows.count() <= 100
        table.evaluate("table => table.scrollTo(0, table.scrollHeight)")
        last = rows.last
        expect(last).to_contain_text("2.000")
        expect(last).to_have_attribute("aria-rowindex", str(RUNS + 2))
        expect(last).to_be_in_viewport()
        # As high as what is not in the page would be.
        height = int(table.evaluate("table => table.scrollHeight"))
        pitch = rows.last.bounding_box()["height"]  # type: ignore[index]
        assert abs(height - (RUNS + 1) * pitch) < 60


def test_groups_of_many_runs_fold_and_scroll(server: TensorBoard, chromium: Browser) -> None:
    with opened(
        chromium, server.address, f"{LINK}&p.attention.view=runs&p.attention.groupRuns=%3Dlr", prepare=multiply
    ) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        headings = table.get_by_role("rowheader")
        expect(headings.first).to_contain_text("lr=0")
        expect(headings).to_have_count(1)
        headings.first.get_by_role("button").click()
        expect(headings).to_have_count(2)
        expect(table.get_by_role("table")).to_have_attribute("aria-rowcount", str(1 + 11 + RUNS + 1 - RUNS // 10))
        table.evaluate("table => table.scrollTo(0, table.scrollHeight)")
        expect(headings.last).to_contain_text("without lr")
        expect(table.get_by_role("row").last).to_contain_text("run")
        heights = table.get_by_role("row").evaluate_all(
            "rows => rows.slice(1).map(row => row.getBoundingClientRect().height)"
        )
        assert set(heights) == {24}


def test_a_lane_of_few_steps_is_as_it_was(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, LINK) as tab:
        tab.wait_until_drawn("overview")
        segments = tab.frame.locator(".lane .segment")
        expect(segments).to_have_count(3)
        assert [text.strip()[0] for text in segments.all_inner_texts()] == ["✓", "✗", "✓"]
