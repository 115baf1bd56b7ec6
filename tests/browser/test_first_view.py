"""What the tab loads before its first picture, and what only when it is opened."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Route, expect

from tb_attention.plugin.static_files import STATIC
from tests.browser import confusion_logs
from tests.browser.tab import Tab, opened, without_opening
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

RARER = (
    "ChannelFeature",
    "Compare",
    "Confusion",
    "Epochs",
    "HeadGraph",
    "HeadLines",
    "HeadRows",
    "QueryStepper",
    "Runs",
    "SampleNote",
    "Samples",
    "WindowInPicture",
)
ODD = "digits & more~(1)*"
MOST_BYTES = 170_000


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("first")
    confusion_logs.write_digits(logs / ODD, epochs=2)
    confusion_logs.write_digits(logs / "digits")
    return logs


def test_the_first_view_is_small_and_the_rarer_views_are_files_of_their_own() -> None:
    first = [STATIC / "index.js", STATIC / "index.css", *STATIC.glob("tab/tab-*.js")]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in first) < MOST_BYTES
    others = {path.name.split("-")[0] for path in STATIC.glob("tab/*.js")} - {"tab"}
    assert others == set(RARER)


def requests_of(chromium: Browser, address: str, choices: str, view: str) -> list[str]:
    """Which files and routes of the plugin were asked for until there was something to read, without hashes and parameters."""
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Of no other run is anything asked for.
    tab = Tab(page, address, f"{choices}&p.attention.runs=")
    tab.wait_until_drawn(view)
    assert tab.problems == []
    page.close()
    ours = [url.split("/data/plugin/attention/")[1] for url in asked if "/data/plugin/attention/" in url]
    # Of the step before, weights come for the difference to it.
    ours = [url for url in ours if not ("weights?" in url and f"step={confusion_logs.EPOCHS - 1}&" not in url)]
    names = [re.sub(r"-[A-Za-z0-9_-]{8}(?=\.js)", "", url.split("?")[0]) for url in ours]
    # The first font comes when the page is first laid out; what is fetched ahead comes later.
    until = next(at for at, name in enumerate(names) if name.startswith("roboto"))
    return [name.removeprefix("plugin/attention/") for name in names[:until]]


def test_all_that_the_first_picture_needs_is_asked_for_together(server: TensorBoard, chromium: Browser) -> None:
    """The entry alone comes before it. What waited for each other's answers comes in one, and is not asked for again."""
    names = requests_of(chromium, server.address, "&p.attention.run=digits&p.attention.view=overview", "overview")
    entry = names.index("index.js")
    assert sorted(names[entry + 1 : entry + 4]) == ["index.css", "opening", "tab/tab.js"]
    assert not {"runs", "series", "samples", "overview"} & set(names)
    assert not [name for name in names if name.startswith("tab/") and name != "tab/tab.js"]


@pytest.mark.parametrize(
    "choices",
    [
        f"&p.attention.run={quote(ODD)}",
        "",
        "&p.attention.run=digits&p.attention.step=1&p.attention.sample=second",
        "&p.attention.run=digits&p.attention.view=head&p.attention.site=block_1%2Fattention&p.attention.head=1",
    ],
)
def test_what_a_link_chooses_comes_in_the_first_answer(choices: str, server: TensorBoard, chromium: Browser) -> None:
    names = requests_of(chromium, server.address, choices, "head" if "view=head" in choices else "overview")
    assert not {"runs", "series", "samples", "overview", "weights"} & set(names)
    assert "measures" in names


def test_the_tab_opens_without_the_first_answer(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=digits", prepare=without_opening) as tab:
        tab.wait_until_drawn("overview", run="digits")


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
