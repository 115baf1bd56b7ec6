"""Every view for everyone: axe-core without findings, by keyboard, at small sizes; and what leaves the tab."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened, save
from tests.browser.test_reading import write_pictures
from tests.conftest import ROOT, TensorBoard

pytestmark = pytest.mark.browser

AXE = ROOT / "plugin_frontend" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ("overview", "head", "sample", "samples", "confusion", "epochs", "compare", "runs")
WORDS = ["[CLS]", "dear", "sir", "the", "invoice", "is", "late", "[SEP]"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("everyone")
    write_small_logs(logs)
    return logs


def write_small_logs(logs: Path) -> None:
    """Of every kind a small run: two of texts, one of them with matrices, one of pictures, one of gates."""
    random = np.random.default_rng(0)
    size = len(WORDS)
    samples = tb_attention.Samples(
        np.zeros((3, size), int), [0, 1, 1], tokens=[WORDS] * 3, ids=["a", "b", "c"], class_names=["ham", "spam"]
    )
    with tb_attention.AttentionWriter(logs / "text", samples=samples) as writer:
        for step in range(3):
            weights = {
                f"layer_{layer}/attention": random.dirichlet(np.full(size, 0.4), (3, 2, size)).astype("float32")
                for layer in range(2)
            }
            writer.write(step, weights, random.dirichlet(np.ones(2), 3), {"val_loss": 1 / (1 + step)}, epoch=step)
    with tb_attention.AttentionWriter(logs / "text too", samples=samples) as writer:
        writer.write(0, weights, metrics={"val_loss": 2}, epoch=0)
    write_pictures(logs / "pictures")
    axes = {
        "channels": [Axis("heads", 1), Axis("key", 16, "channels")],
        "plane": [Axis("heads", 1), Axis("key", 4), Axis("key", 5)],
    }
    gated = tb_attention.Samples(np.zeros((1, 3)), axes=axes)
    with tb_attention.AttentionWriter(logs / "gates", samples=gated) as writer:
        for step in range(2):
            gates = {"channels": random.random((1, 1, 16)), "plane": random.random((1, 1, 4, 5))}
            writer.write(step, gates, kinds={"channels": "gate", "plane": "gate"}, epoch=step)
    matrices = SeriesWriter(logs / "text", "confusion", 1)
    for step in range(3):
        counts = random.integers(0, 9, (2, 2))
        matrices.submit(ConfusionRecord(step, {"validation": counts}, ("ham", "spam"), epoch=step))
    matrices.close()


def findings(tab: Tab) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA, as "rule: element"."""
    tab.frame.evaluate(AXE.read_text())
    found = tab.frame.evaluate(
        """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})).violations
            .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))"""
    )
    return [str(finding) for finding in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(view: str, theme: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(
        chromium, server.address, f"&p.attention.run=text&p.attention.runs=text%2520too&p.attention.view={view}"
    ) as tab:
        tab.wait_until_drawn(view)
        if theme == "dark":
            tab.page.evaluate("document.body.classList.add('dark-mode')")
            tab.frame.wait_for_selector("html.dark")
        assert findings(tab) == []


# What one sees of a head and of a sample, beyond what a view opens with.
STATES = [
    "run=text&view=head&mode=lines",
    "run=text&view=head&mode=rows",
    "run=text&view=head&hide=yes&norm=row&curve=log",
    "run=text&view=sample&heads=mean&words=looked&strip=heads",
    "run=text&view=samples&sort=loss&since=changed",
    "run=pictures&view=head",
    "run=pictures&view=sample&tint=smooth&strip=heads",
    "run=pictures&view=head&mode=lines",
    "run=gates&view=head&site=channels",
    "run=gates&view=sample&site=channels",
    "run=gates&view=head&site=plane",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_else_a_view_shows(theme: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text") as tab:
        tab.wait_until_drawn("overview")
        if theme == "dark":
            tab.page.evaluate("document.body.classList.add('dark-mode')")
            tab.frame.wait_for_selector("html.dark")
        for state in STATES:
            tab.page.evaluate("hash => (location.hash = hash)", "#attention" + link(state))
            shown = dict(part.split("=") for part in state.split("&"))
            tab.wait_until_drawn(shown["view"], run=shown["run"])
            for summary in tab.frame.get_by_text("The strongest weights as a table").all():
                summary.click()
            if shown["view"] == "samples":
                tab.frame.get_by_role("searchbox", name="Find a word").fill("late")
            assert (state, findings(tab)) == (state, [])


def link(state: str) -> str:
    return "".join(f"&p.attention.{part}" for part in state.split("&"))


@pytest.mark.parametrize("state", ["run=text&view=head", "run=pictures&view=sample", "run=text&view=samples"])
def test_tab_reaches_everything_and_the_focus_is_seen(state: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(state)) as tab:
        tab.wait_until_drawn(state.rpartition("=")[2])
        tab.frame.locator("body").evaluate(
            "e => [...e.querySelectorAll('input, button, select')].find(one => one.checkVisibility()).focus()"
        )
        for _ in range(500):
            focused = tab.frame.evaluate(FOCUSED)
            if focused is None:
                break
            assert focused["outlined"], focused
            assert focused["name"], focused
            tab.page.keyboard.press("Tab")
        assert tab.frame.locator(FOCUSABLE).evaluate_all(MISSED) == []


FOCUSABLE = "a[href], button:not([disabled]):not([tabindex='-1']), input, select, summary, [tabindex='0']"
FOCUSED = """() => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const style = getComputedStyle(e);
    // Marked, not counted: what has just been fetched comes between.
    e.dataset.reached = "";
    return {
        html: e.outerHTML.slice(0, 120),
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
        name: e.getAttribute("aria-label") || e.textContent.trim() || e.title || e.labels?.[0]?.textContent || "",
    };
}"""
MISSED = """all => all.filter(e => e.checkVisibility() && !e.disabled && !("reached" in e.dataset))
    .map(e => e.outerHTML.slice(0, 120))"""


# 200 % zoom of 1280 x 800 is a window of 640 x 400 CSS pixels.
@pytest.mark.parametrize(("width", "height"), [(1024, 700), (640, 400), (1920, 1080)])
def test_no_view_is_wider_than_its_window(width: int, height: int, server: TensorBoard, chromium: Browser) -> None:
    viewport = {"width": width, "height": height}
    with opened(chromium, server.address, "&p.attention.run=text", viewport=viewport) as tab:
        for number, view in enumerate(VIEWS, start=1):
            tab.slider.press(str(number))
            tab.wait_until_drawn(view)
            assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
            stage = tab.frame.locator("#view").bounding_box()
            assert stage is not None
            assert stage["width"] >= width / 2


@pytest.mark.parametrize("view", VIEWS)
def test_at_twice_the_size_all_controls_are_within_reach(view: str, server: TensorBoard, chromium: Browser) -> None:
    viewport = {"width": 640, "height": 400}
    with opened(chromium, server.address, link(f"run=text&view={view}"), viewport=viewport) as tab:
        tab.wait_until_drawn(view)
        for name in ("Play", "Latest", "Link", "Save", "Keys"):
            box = tab.frame.get_by_role("button", name=name, exact=True).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 640, name
            if name == "Play":
                assert box["width"] == box["height"]
        readout = tab.frame.locator(".readout")
        assert readout.evaluate("e => e.scrollWidth <= e.clientWidth")
        tab.frame.get_by_role("button", name="Keys").click()
        expect(tab.frame.get_by_role("dialog", name="Keys")).to_be_in_viewport()


def test_a_narrow_window_folds_the_rail_to_dots_and_pictures(server: TensorBoard, chromium: Browser) -> None:
    viewport = {"width": 1024, "height": 700}
    with opened(chromium, server.address, link("run=pictures&view=head"), viewport=viewport) as tab:
        tab.wait_until_drawn("head", run="pictures")
        rail = tab.frame.locator("aside.folded")
        box = rail.bounding_box()
        assert box is not None
        assert box["width"] <= 52
        expect(rail.locator("li i:visible")).to_have_count(4)
        expect(rail.locator("[role=option]")).to_have_count(2)
        for picture in rail.locator("[role=option] canvas").all():
            expect(picture).to_be_in_viewport()
        expect(rail.get_by_role("searchbox")).to_have_count(0)
        assert findings(tab) == []

        rail.locator("[role=option]").nth(1).click()
        samples = tab.frame.get_by_role("searchbox", name="Filter samples")
        expect(samples).to_be_visible()
        assert findings(tab) == []
        tab.page.keyboard.press("Escape")
        expect(samples).to_be_hidden()
        tab.page.keyboard.press("/")
        expect(samples).to_be_focused()
        tab.frame.get_by_role("tab", name="Overview").click(position={"x": 8, "y": 4}, force=True)
        expect(samples).to_be_visible()
        tab.frame.locator("[role=option]").nth(1).click()
        tab.slider.click()
        expect(samples).to_be_hidden()


def test_the_keys_are_listed_and_escape_closes_the_list(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text") as tab:
        tab.wait_until_drawn("overview")
        tab.slider.press("?")
        dialog = tab.frame.get_by_role("dialog", name="Keys")
        expect(dialog).to_contain_text("previous and next step")
        assert findings(tab) == []
        tab.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        tab.wait_until_drawn("overview")
        tab.slider.press("/")
        expect(tab.frame.get_by_role("searchbox", name="Filter samples")).to_be_focused()


def test_numbers_leave_as_csv_and_pictures_at_twice_the_size(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=head&p.attention.sample=a") as tab:
        tab.wait_until_drawn("head", step=2)
        with tab.page.expect_download() as download:
            save(tab, "CSV")
        rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
        weights = tb_attention.load(logs / "text").weights(step=2, sample="a", site="layer_0/attention")[0]
        assert rows[0] == ["query", "key", "weight"]
        np.testing.assert_allclose([float(row[2]) for row in rows[1:]], weights.ravel(), rtol=1e-6)
        with tab.page.expect_download() as download:
            save(tab, "PNG")
        assert re.fullmatch(
            r"attention-text-head-step2-layer_0_attention-head0-a\.png", download.value.suggested_filename
        )
        png = Path(download.value.path()).read_bytes()
        box = tab.frame.get_by_role("grid", name="Map of").bounding_box()
        assert box is not None
        assert int.from_bytes(png[16:20], "big") >= 2 * box["width"]
