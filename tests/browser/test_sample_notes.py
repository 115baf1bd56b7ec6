"""Tags and notes on samples: kept by the browser, filtered by, exported, imported, and in the CSV of the list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

LINK = "&p.attention.run=mails&p.attention.view=samples"
MARKUP = "<img src=x onerror=alert(1)> why?"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("notes")
    random = np.random.default_rng(0)
    samples = tb_attention.Samples(
        np.zeros((3, 2)), [0, 1, 1], tokens=[["dear", "sir"], ["win", "money"], ["see", "you"]], ids=["m0", "m1", "m2"]
    )
    with tb_attention.AttentionWriter(logs / "mails", samples=samples) as writer:
        for step in range(2):
            writer.write(step, {"a": random.dirichlet(np.ones(2), (3, 1, 2))}, random.dirichlet(np.ones(2), 3))
    return logs


def details(tab: Tab) -> Locator:
    return tab.frame.get_by_role("complementary", name="Details")


def annotate(tab: Tab, row: str, tag: str, note: str = "") -> None:
    tab.frame.get_by_role("button", name=f"Tags and note of {row}").click()
    box = details(tab).get_by_role("combobox", name="New tag")
    box.fill(tag)
    box.press("Enter")
    if note:
        details(tab).get_by_role("textbox", name="Note").fill(note)


def listed(tab: Tab) -> list[str]:
    return [row.inner_text().split("\t")[0].strip() for row in tab.frame.locator("tbody tr[aria-rowindex]").all()]


def test_tags_and_notes_are_kept_filter_and_go_into_the_csv(
    tmp_path: Path, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, LINK) as tab:
        tab.wait_until_drawn("samples")
        tab.frame.get_by_role("button", name="Notes", exact=True).click()
        annotate(tab, "win money", " hard ", MARKUP)
        annotate(tab, "see you", "hard")
        annotate(tab, "dear sir", "easy")
        tab.page.reload()
        tab.wait_until_shown()
        tab.wait_until_drawn("samples")
        tab.frame.get_by_role("combobox", name="Tag", exact=True).select_option("hard")
        expect(tab.frame.locator("tbody tr[aria-rowindex]")).to_have_count(2)
        assert listed(tab) == ["win money", "see you"]
        assert tab.frame.locator("img[src=x]").count() == 0
        expect(tab.frame.get_by_role("button", name="tag hard ×")).to_be_visible()
        tab.frame.get_by_role("button", name="Notes", exact=True).click()
        with tab.page.expect_download() as download:
            tab.frame.get_by_role("button", name="2 listed samples as CSV").click()
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
        assert [(row["sample"], row["tags"], row["note"]) for row in rows] == [
            ("m1", "hard", MARKUP),
            ("m2", "hard", ""),
        ]
        tab.open("Sample")
        rail = tab.frame.get_by_role("listbox", name="Samples", exact=True).get_by_role("option")
        expect(rail).to_have_count(2)
        expect(details(tab).get_by_role("button", name="Remove tag")).to_be_visible()
        tab.frame.get_by_role("button", name="tag hard ×").click()
        expect(rail).to_have_count(3)


def test_notes_go_to_another_browser_as_a_file_that_is_checked(
    tmp_path: Path, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, LINK) as tab:
        tab.wait_until_drawn("samples")
        tab.frame.get_by_role("button", name="Notes", exact=True).click()
        annotate(tab, "win money", "hard", MARKUP)
        with tab.page.expect_download() as download:
            details(tab).get_by_role("button", name="Export notes").click()
        text = Path(download.value.path()).read_text("utf-8")
    assert json.loads(text)["runs"] == {"mails": {"m1": {"tags": ["hard"], "note": MARKUP}}}
    with opened(chromium, server.address, LINK) as tab:
        tab.wait_until_drawn("samples")
        tab.frame.get_by_role("button", name="Notes", exact=True).click()
        for name, content in (("bad.json", '{"runs": {}}'), ("notes.json", text)):
            (tmp_path / name).write_text(content, "utf-8")
            with tab.page.expect_file_chooser() as chooser:
                details(tab).get_by_role("button", name="Import notes").click()
            chooser.value.set_files(tmp_path / name)
            if name == "bad.json":
                expect(details(tab).get_by_role("alert")).to_have_text("The file holds no notes of samples.")
                assert tab.frame.get_by_role("button", name="Tags and note of win money: none").count() == 1
        expect(details(tab).get_by_role("status")).to_have_text("Notes of 1 sample were read.")
        expect(tab.frame.get_by_role("button", name="Tags and note of win money: hard, with a note")).to_be_visible()
        assert tab.frame.locator("img[src=x]").count() == 0


def test_a_browser_that_keeps_nothing_says_so_and_breaks_nothing(server: TensorBoard, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page = context.new_page()
    tab = Tab(page, server.address, LINK)
    tab.wait_until_drawn("samples")
    tab.frame.get_by_role("button", name="Notes", exact=True).click()
    annotate(tab, "win money", "hard")
    expect(details(tab).get_by_role("alert")).to_contain_text("The browser keeps no notes")
    tab.frame.get_by_role("combobox", name="Tag", exact=True).select_option("hard")
    expect(tab.frame.locator("tbody tr[aria-rowindex]")).to_have_count(1)
    context.close()
