"""Back and forward go through what the user chose, and bring it back; how it was drawn, and what came by itself, is no entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.tab import Tab, opened
from tests.browser.test_for_everyone import write_small_logs
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("history")
    write_small_logs(logs)
    return logs


def entries(tab: Tab) -> int:
    return int(tab.page.evaluate("history.length"))


def test_back_and_forward_go_through_views_runs_heads_samples_and_steps(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text") as tab:
        tab.wait_until_drawn("overview", step=2)
        before = entries(tab)
        places: list[tuple[str, dict[str, object]]] = [("overview", {"step": 2, "sample": "a", "head": None})]

        def chose(view: str, **shown: object) -> None:
            tab.wait_until_drawn(view, **shown)
            places.append((view, shown))
            expect_entries(tab, before + len(places) - 1)

        tab.frame.get_by_role("tab", name="Head", exact=True).click()
        chose("head", head=0, sample="a")
        tab.frame.get_by_role("button", name="Next head").click()
        chose("head", head=1, sample="a")
        tab.frame.get_by_role("listbox", name="Samples").get_by_role("option").nth(1).click()
        chose("head", head=1, sample="b", step=2)
        tab.page.wait_for_timeout(1100)
        tab.page.keyboard.press("ArrowLeft")
        chose("head", sample="b", step=1)
        tab.frame.get_by_role("tab", name="Sample", exact=True).click()
        chose("sample", sample="b", step=1)
        tab.frame.get_by_role("radio", name="text too").click()
        chose("sample", run="text too")

        places[0] = ("overview", {"step": 2, "run": "text"})
        for view, shown in places[-2::-1]:
            tab.page.go_back()
            tab.wait_until_drawn(view, **shown)
        for view, shown in places[1:]:
            tab.page.go_forward()
            tab.wait_until_drawn(view, **shown)
        assert entries(tab) == before + len(places) - 1


def expect_entries(tab: Tab, count: int) -> None:
    tab.page.wait_for_function("count => history.length === count", arg=count)


def test_a_drag_of_the_timeline_is_one_entry_and_playing_another(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=2)
        before = entries(tab)
        box = tab.slider.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        tab.page.mouse.move(box["x"] + 0.9 * box["width"], y)
        tab.page.mouse.down()
        for share in (0.5, 0.1, 0.5, 0.9, 0.5, 0.1):
            tab.page.mouse.move(box["x"] + share * box["width"], y)
            tab.page.wait_for_timeout(500)
        tab.page.mouse.up()
        tab.expect_link("p.attention.step=0")
        expect_entries(tab, before + 1)
        tab.page.wait_for_timeout(1100)
        tab.frame.get_by_role("button", name="Play").click()
        tab.wait_until_drawn("head", step=2)
        expect(tab.frame.get_by_role("button", name="Play")).to_be_visible()
        expect_entries(tab, before + 2)
        tab.page.go_back()
        tab.wait_until_drawn("head", step=0)
        tab.page.go_back()
        tab.wait_until_drawn("head", step=2)


def test_how_a_view_is_drawn_is_no_entry_but_comes_back_with_it(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=2)
        before = entries(tab)
        tab.frame.get_by_role("button", name="Lines", exact=True).click()
        tab.expect_link("p.attention.mode=lines")
        assert entries(tab) == before
        tab.open("Compare")
        expect_entries(tab, before + 1)
        tab.page.go_back()
        tab.wait_until_drawn("head")
        expect(tab.frame.get_by_role("button", name="Lines", exact=True)).to_have_attribute("aria-pressed", "true")


def test_back_to_a_matrix_keeps_its_cell(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=confusion") as tab:
        tab.wait_until_drawn("confusion")
        grid = tab.frame.get_by_role("grid", name="Confusion matrix")
        grid.focus()
        grid.press("ArrowRight")
        grid.press("Enter")
        tab.expect_link("p.attention.cell=0.1")
        tab.open("Sample")
        expect(tab.frame.get_by_role("button", name="ham → spam ×")).to_be_hidden()
        tab.open("Samples")
        tab.page.go_back()
        tab.page.go_back()
        tab.wait_until_drawn("confusion")
        tab.expect_link("p.attention.cell=0.1")
        expect(tab.frame.get_by_role("button", name="ham → spam ×")).to_be_visible()


def test_the_tab_of_another_plugin_and_back(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=text&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        tab.open("Compare")
        tab.page.evaluate("location.hash = '#timeseries&p.attention.run=text&p.attention.view=compare'")
        tab.page.go_back()
        tab.wait_until_drawn("compare")
        tab.page.go_back()
        tab.wait_until_drawn("head")
