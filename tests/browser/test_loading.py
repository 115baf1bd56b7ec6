"""While answers are on their way nothing is said about what they will hold; what was looked for comes back with the link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.tab import opened, without_opening
from tests.browser.test_for_everyone import write_small_logs
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("loading")
    write_small_logs(logs)
    return logs


UNTRUE = re.compile("0 tracked|No attention here yet|no step yet|No samples|has not finished|No sample of")


@pytest.mark.parametrize("route", ["runs", "series", "samples"])
def test_nothing_is_said_of_what_has_not_come(route: str, server: TensorBoard, chromium: Browser) -> None:
    held: list[Route] = []
    released = False

    def hold(request: Route) -> None:
        if released:
            request.continue_()
        else:
            held.append(request)

    with opened(chromium, "about:blank#", wait=False, prepare=without_opening) as tab:
        tab.page.route(re.compile(rf"/data/plugin/attention/{route}(\?|$)"), hold)
        tab.page.goto(f"{server.address}/#attention&p.attention.run=text&p.attention.view=samples")
        body = tab.page.frame_locator("iframe").locator("body")
        tab.page.wait_for_timeout(1500)
        assert held
        expect(body).to_contain_text(re.compile("Reading the log|loading|Fetching"))
        expect(body).not_to_contain_text(UNTRUE)
        released = True
        for request in held:
            request.continue_()
        expect(body).to_contain_text("3 tracked", timeout=20_000)


def test_the_word_that_is_looked_for_is_in_the_link(server: TensorBoard, chromium: Browser) -> None:
    with opened(
        chromium, server.address, "&p.attention.run=text&p.attention.view=samples&p.attention.word=late"
    ) as tab:
        word = tab.frame.get_by_role("searchbox", name="Find a word")
        expect(word).to_have_value("late")
        expect(tab.frame.get_by_role("columnheader", name="as key: gets on average")).to_be_visible()
        word.fill("two words")
        tab.expect_link("p.attention.word=two%20words")
        word.fill("")
        expect(tab.page).not_to_have_url(re.compile("word"))
