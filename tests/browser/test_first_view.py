"""What the tab loads before its first picture, and what only when it is opened."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tb_attention.plugin.static_files import STATIC
from tests.browser import confusion_logs
from tests.browser.tab import Tab
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

RARER = ("Compare", "Confusion", "Epochs", "Runs", "SampleNote", "Samples")
MOST_BYTES = 170_000


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("first")
    confusion_logs.write_digits(logs / "digits")
    return logs


def test_the_first_view_is_small_and_the_rarer_views_are_files_of_their_own() -> None:
    first = [STATIC / "index.js", STATIC / "index.css", *STATIC.glob("tab/tab-*.js")]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in first) < MOST_BYTES
    others = {path.name.split("-")[0] for path in STATIC.glob("tab/*.js")} - {"tab"}
    assert others == set(RARER)


def test_the_script_the_styles_and_the_list_of_runs_are_asked_for_together(
    server: TensorBoard, chromium: Browser
) -> None:
    """The entry alone comes before them, and each comes once."""
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tab = Tab(page, server.address, "&p.attention.run=digits&p.attention.view=overview")
    tab.wait_until_drawn("overview")
    ours = [url.split("/data/plugin/attention/")[1] for url in asked if "/data/plugin/attention/" in url]
    names = [re.sub(r"-[A-Za-z0-9_-]{8}(?=\.js)", "", name.split("?")[0]) for name in ours]
    entry = next(at for at, name in enumerate(names) if name.endswith("index.js"))
    together = [name.removeprefix("plugin/attention/") for name in names[entry + 1 : entry + 4]]
    assert sorted(together) == ["index.css", "runs", "tab/tab.js"]
    assert names.count("runs") == 1
    assert not [name for name in names if name.startswith("plugin/attention/tab/") and not name.endswith("tab/tab.js")]
    assert tab.problems == []
    page.close()


def test_a_view_whose_script_is_slow_leaves_the_old_picture_and_then_opens(
    server: TensorBoard, chromium: Browser
) -> None:
    page = chromium.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/tab/Confusion-*.js", hold)
    tab = Tab(page, server.address, "&p.attention.run=digits&p.attention.view=overview")
    tab.wait_until_drawn("overview")
    tab.frame.get_by_role("tab", name="Confusion", exact=True).click()
    page.wait_for_timeout(300)
    expect(tab.frame.get_by_role("grid", name="Heads").first).to_be_visible()
    held[0].continue_()
    tab.wait_until_drawn("confusion")
    page.close()


def test_a_view_whose_script_does_not_come_says_so(server: TensorBoard, chromium: Browser) -> None:
    page = chromium.new_page()
    page.route("**/tab/Epochs-*.js", lambda route: route.abort())
    tab = Tab(page, server.address, "&p.attention.run=digits&p.attention.view=epochs")
    expect(tab.frame.get_by_role("alert")).to_have_text(re.compile("could not be fetched. Reload the page"))
    tab.open("Head")
    page.close()
