"""Every view of every hard log of `benchmarks/hard_logs.py`: nothing is cut, nothing empty is said, the console is quiet."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.tab import Tab, opened
from tests.conftest import ROOT, TensorBoard

pytestmark = pytest.mark.browser

VIEWS = ("Overview", "Head", "Sample", "Samples", "Confusion", "Epochs", "Compare", "Runs")
RUNS = (
    "batches",
    "digits",
    "gates",
    "labels",
    "long_names_of_a_run_that_somebody_began_on_a_cluster_with_all_its_flags_in_the_name",
    "many_heads",
    "many_patches",
    "not_a_number",
    "one_score",
    "right_to_left",
    "sweep/lr=0.01,bs=128,seed=1",
    "thousand_classes",
    "thousand_steps",
    "two_classes",
)
MOST_ELEMENTS = 2_500
# What no sentence, label or tooltip may say, whatever the log holds.
EMPTY_WORDS = re.compile(r"undefined|\[object|\bnull\b|NaN %|class class|[+−-]0(\.0+)?(?![\d.])|\b0 tracked| of 0\b")

# Controls that a person cannot reach: they end outside what is seen of a box, and nothing scrolls there.
CUT = """() => {
    const cut = [];
    for (const control of document.querySelectorAll("button, select, input, a[href]")) {
        const box = control.getBoundingClientRect();
        if (!box.width || !box.height || getComputedStyle(control).visibility === "hidden") continue;
        const name = () => control.ariaLabel || control.textContent.trim() || control.name || control.outerHTML.slice(0, 80);
        let [left, right] = [0, innerWidth];
        let scrolls = false;
        for (let around = control.parentElement; around && !scrolls; around = around.parentElement) {
            const style = getComputedStyle(around);
            if (["auto", "scroll"].includes(style.overflowX)) scrolls = true;
            else if (["hidden", "clip"].includes(style.overflowX)) {
                const outer = around.getBoundingClientRect();
                [left, right] = [Math.max(left, outer.left), Math.min(right, outer.right)];
            }
            if (style.position === "fixed") break;
        }
        if (!scrolls && (box.left < left - 1 || box.right > right + 1)) cut.push(name());
    }
    return cut;
}"""
# The sentence must be whole on the screen.
SENTENCE_CUT = """() => [...document.querySelectorAll("p[aria-live]")].filter(
    p => p.scrollWidth > p.clientWidth + 1 || p.scrollHeight > p.clientHeight + 2).map(p => p.innerText)"""
SAID = """() => document.body.innerText + " " + [...document.querySelectorAll("[title], [aria-label], [aria-valuetext]")]
    .map(e => [e.title, e.ariaLabel, e.ariaValueText].join(" | ")).join(" | ")"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    logs = tmp_path_factory.mktemp("hard")
    for write in importlib.import_module("hard_logs").WRITERS:
        write(logs)
    return logs


def faults(tab: Tab, view: str) -> list[str]:
    """What a person would complain of in the view that is open."""
    said = [f"says {match.group()!r}" for match in EMPTY_WORDS.finditer(str(tab.frame.evaluate(SAID)))]
    cut = [f"cuts {name!r}" for name in tab.frame.evaluate(CUT)]
    sentence = [f"cuts its sentence {text!r}" for text in tab.frame.evaluate(SENTENCE_CUT)]
    elements = int(tab.frame.evaluate("document.querySelectorAll('*').length"))
    many = [f"has {elements} elements"] if elements > MOST_ELEMENTS else []
    return [f"{view} {fault}" for fault in {*said, *cut, *sentence, *many}]


@pytest.mark.parametrize("size", [(1280, 800), (640, 400)], ids=["1280", "640"])
@pytest.mark.parametrize("run", RUNS)
def test_views_of_a_hard_log_cut_nothing_and_say_nothing_empty(
    run: str, size: tuple[int, int], server: TensorBoard, chromium: Browser
) -> None:
    width, height = size
    address = f"&p.attention.run={quote(quote(run, safe=''), safe='')}"
    found = []
    with opened(chromium, server.address, address, viewport={"width": width, "height": height}) as tab:
        for view in VIEWS:
            choice = tab.frame.get_by_role("tab", name=view, exact=True)
            if choice.count() == 0:
                continue
            choice.click()
            expect(choice).to_have_attribute("aria-selected", "true")
            tab.page.wait_for_timeout(600)
            found += faults(tab, view)
    assert not found, "\n".join(found)


def test_the_list_of_runs_is_whole(logs: Path) -> None:
    written = {path.relative_to(logs).as_posix().split("/plugins")[0] for path in logs.rglob("plugins")}
    assert set(RUNS) <= written
    assert {run for run in written if not run.startswith("sweep/")} == {
        run for run in RUNS if not run.startswith("sweep/")
    }


def test_what_is_worth_a_look_is_seen_without_scrolling_and_opens_the_head(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, "&p.attention.run=many_heads&p.attention.view=overview") as tab:
        tab.wait_until_drawn("overview")
        title = tab.frame.get_by_role("heading", name="Worth a look")
        expect(title).to_be_in_viewport()
        assert tab.frame.locator(".toolbar").bounding_box()["height"] < 45  # type: ignore[index]
        first = title.locator("xpath=following-sibling::button[1]")
        head = first.locator("b").inner_text()
        first.click()
        drawn = tab.wait_until_drawn("head")
        assert head.endswith(f"head {drawn['head']}")
