"""The keys do what the list under "?" says, from the first moment and wherever the focus is; Escape closes one thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.tab import Tab, opened
from tests.browser.test_for_everyone import write_small_logs
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("keys")
    write_small_logs(logs)
    return logs


def press(tab: Tab, *keys: str) -> None:
    for key in keys:
        tab.page.keyboard.press(key)


def in_the_map(tab: Tab) -> Locator:
    press(tab, "2")
    tab.wait_until_drawn("head", head=0)
    grid = tab.frame.get_by_role("grid", name="Map of")
    grid.focus()
    return grid


def steps(tab: Tab) -> None:
    press(tab, "ArrowLeft")
    tab.expect_step(re.compile("epoch 2"))
    press(tab, "ArrowRight")
    tab.expect_step(re.compile("epoch 3"))


def ends(tab: Tab) -> None:
    press(tab, "Home")
    tab.expect_step(re.compile("epoch 1"))
    press(tab, "End")
    tab.expect_step(re.compile("epoch 3"))
    expect(tab.frame.get_by_role("button", name="Latest")).to_have_attribute("aria-pressed", "true")
    press(tab, "Home", "b")
    tab.expect_step(re.compile("epoch 3"))


def plays(tab: Tab) -> None:
    for keys in ("Space", "Shift+Space"):
        press(tab, keys)
        expect(tab.frame.get_by_role("button", name="Pause")).to_be_visible()
        tab.expect_step(re.compile("epoch 3"))
        expect(tab.frame.get_by_role("button", name="Play")).to_be_visible()


def heads(tab: Tab) -> None:
    press(tab, "2", ".")
    tab.wait_until_drawn("head", head=1, site="layer_0/attention")
    press(tab, "]")
    tab.wait_until_drawn("head", head=1, site="layer_1/attention")
    press(tab, ",", "[")
    tab.wait_until_drawn("head", head=0, site="layer_0/attention")


def views(tab: Tab) -> None:
    names = ["overview", "head", "sample", "samples", "confusion", "epochs", "compare", "runs"]
    for number, view in enumerate(names, start=1):
        press(tab, str(number))
        tab.wait_until_drawn(view)


def moves(tab: Tab) -> None:
    in_the_map(tab)
    press(tab, "ArrowRight", "ArrowDown")
    expect(tab.frame.locator("#pointed-cell")).to_contain_text("dear")
    tab.expect_step(re.compile("epoch 3"))
    samples = tab.frame.get_by_role("listbox", name="Samples")
    samples.focus()
    press(tab, "ArrowDown")
    tab.wait_until_drawn("head", sample="b")
    tab.frame.get_by_role("tab", name="Head", exact=True).focus()
    press(tab, "ArrowRight")
    tab.wait_until_drawn("sample")


def opens_and_keeps(tab: Tab) -> None:
    press(tab, "Enter")
    tab.wait_until_drawn("head")
    in_the_map(tab)
    press(tab, "ArrowDown", "Enter")
    tab.expect_link("p.attention.query=1")


def zooms(tab: Tab) -> None:
    grid = in_the_map(tab)
    words = tab.frame.get_by_text("[SEP]", exact=True)
    before = words.count()
    press(tab, "+", "+", "+")
    expect(grid.locator("xpath=../..").get_by_text("[SEP]", exact=True)).not_to_have_count(before)
    press(tab, "Shift+ArrowRight", "-")


def shows_all(tab: Tab) -> None:
    in_the_map(tab)
    words = tab.frame.get_by_text("[SEP]", exact=True)
    before = words.count()
    press(tab, "+", "+", "+", "0")
    expect(words).to_have_count(before)


def filters(tab: Tab) -> None:
    press(tab, "/")
    expect(tab.frame.get_by_role("searchbox", name="Filter samples")).to_be_focused()


def copies(tab: Tab) -> None:
    press(tab, "l")
    expect(tab.frame.get_by_text("Link copied.")).to_be_visible()
    assert tab.page.evaluate("navigator.clipboard.readText()") == tab.page.url


def closes(tab: Tab) -> None:
    tab.frame.get_by_role("button", name="✗ wrong").click()
    press(tab, "Escape")
    expect(tab.frame.get_by_role("button", name="all", exact=True)).to_have_attribute("aria-pressed", "true")


def lists(tab: Tab) -> None:
    press(tab, "?")
    expect(tab.frame.get_by_role("dialog", name="Keys")).to_be_visible()


DOES: dict[str, Callable[[Tab], None]] = {
    "← →": steps,
    "Home, End, B": ends,
    "Space": plays,
    "[ ] and , .": heads,
    "1 … 8": views,
    "arrows": moves,
    "Enter": opens_and_keeps,
    "+ −, Shift arrows": zooms,
    "0, double click": shows_all,
    "/": filters,
    "L": copies,
    "Escape": closes,
    "?": lists,
}


@pytest.mark.parametrize("key", DOES)
def test_what_the_list_says_is_so_from_the_first_moment(key: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(
        chromium, server.address, "&p.attention.run=text", permissions=["clipboard-read", "clipboard-write"]
    ) as tab:
        # Nothing was clicked: the keys are the tab's as soon as it is shown.
        tab.wait_until_drawn("overview", step=2)
        DOES[key](tab)


def test_the_list_names_no_other_keys(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text") as tab:
        tab.wait_until_drawn("overview")
        press(tab, "?")
        assert tab.frame.get_by_role("dialog", name="Keys").locator("dt").all_inner_texts() == list(DOES)


# Wherever one clicked last, unless it takes the arrows itself.
CLICKED: list[tuple[str, str]] = [("tab", "Compare"), ("tab", "Sample"), ("radio", "text"), ("button", "✗ wrong")]


@pytest.mark.parametrize(("role", "name"), CLICKED)
def test_arrows_step_the_timeline_after_a_click(role: str, name: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=2)
        tab.frame.locator(f"[role={role}], {role}").get_by_text(name, exact=True).first.click()
        steps(tab)


@pytest.mark.parametrize("field", ["Filter samples", "Filter runs"])
def test_arrows_in_a_field_are_the_fields(field: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text") as tab:
        tab.wait_until_drawn("overview", step=2)
        tab.frame.get_by_role("searchbox", name=field).fill("t")
        press(tab, "ArrowLeft", "e")
        expect(tab.frame.get_by_role("searchbox", name=field)).to_have_value("et")
        tab.expect_step(re.compile("epoch 3"))


def test_escape_closes_what_is_on_top_and_nothing_else(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=confusion") as tab:
        tab.wait_until_drawn("confusion")
        grid = tab.frame.get_by_role("grid", name="Confusion matrix")
        grid.focus()
        press(tab, "ArrowRight", "Enter")
        tab.expect_link("p.attention.cell=0.1")
        wrong = tab.frame.get_by_role("button", name="✗ wrong", exact=True)
        wrong.click()
        kept = tab.frame.get_by_role("button", name="ham → spam ×")
        panel = tab.frame.get_by_role("group", name="Save")
        tab.frame.get_by_role("button", name="Save", exact=True).click()
        expect(panel).to_be_visible()
        press(tab, "Escape")
        expect(panel).to_be_hidden()
        expect(kept).to_be_visible()
        press(tab, "?")
        dialog = tab.frame.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        press(tab, "Escape")
        expect(dialog).to_be_hidden()
        expect(kept).to_be_visible()
        press(tab, "Escape")
        expect(kept).to_be_hidden()
        expect(wrong).to_have_attribute("aria-pressed", "true")
        press(tab, "Escape")
        expect(wrong).to_have_attribute("aria-pressed", "false")
        press(tab, "Escape")
        tab.page.wait_for_timeout(300)
        expect(tab.frame.get_by_role("tab", name="Confusion")).to_have_attribute("aria-selected", "true")
