"""The Attention tab in a real Chromium, driven through what a person sees: roles and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Frame, Locator, Page, expect


class Tab:
    """The tab on one page of a browser.

    Attributes:
        page: TensorBoard's page.
        frame: The plugin's frame in it.
        problems: What the page complained about in the console, but for TensorBoard's own.
    """

    def __init__(self, page: Page, address: str, choices: str = "", *, wait: bool = True) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{address}/#attention{choices}")
        self.plugin = page.frame_locator("iframe")
        if wait:
            self.wait_until_shown()

    def wait_until_shown(self) -> None:
        self.page.wait_for_selector("iframe")
        self.page.wait_for_function("document.querySelector('iframe').contentDocument.querySelector('[role=tab]')")
        frame = next(frame for frame in self.page.frames if "plugin_entry" in frame.url)
        self.frame: Frame = frame

    def _note(self, message: ConsoleMessage) -> None:
        # "Multiple instances of Three.js" is TensorBoard's own.
        if message.type in ("error", "warning") and "Three.js" not in message.text:
            self.problems.append(message.text)

    @property
    def slider(self) -> Locator:
        return self.frame.get_by_role("slider", name="Step")

    @property
    def step_text(self) -> str:
        return self.slider.get_attribute("aria-valuetext") or ""

    @property
    def sentence(self) -> str:
        return self.frame.locator("p[aria-live]").first.inner_text()

    def open(self, view: str) -> None:
        self.frame.get_by_role("tab", name=view, exact=True).click()
        self.wait_until_drawn(view.lower())

    def wait_until_drawn(self, view: str, **details: Any) -> dict[str, Any]:
        """Waits until the view's pixels are on the screen, with these details; returns what was drawn last."""
        handle = self.frame.wait_for_function(
            """([view, details]) => {
                const last = performance.getEntriesByName("attention:drawn").at(-1)?.detail;
                return last?.view === view && Object.entries(details).every(([k, v]) => last[k] === v) && last;
            }""",
            arg=[view, details],
        )
        return dict(handle.json_value())

    def expect_link(self, part: str) -> None:
        """The address says so, soon: it is not written for every frame."""
        expect(self.page).to_have_url(re.compile(re.escape(part)))

    def expect_step(self, text: str | re.Pattern[str]) -> None:
        expect(self.slider).to_have_attribute("aria-valuetext", text, timeout=20_000)


def without_opening(page: Page) -> None:
    """Each request of the page is sent by itself, so that a test can hold it or answer it."""
    page.route("**/attention/opening?*", lambda route: route.fulfill(body=b""))


@contextmanager
def opened(
    browser: Browser,
    address: str,
    choices: str = "",
    *,
    wait: bool = True,
    prepare: Callable[[Page], None] | None = None,
    **options: Any,
) -> Iterator[Tab]:
    """Opens the tab on a new page, prepared before it loads; the console must have been quiet when it closes."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
    if prepare is not None:
        prepare(page)
    tab = Tab(page, address, choices, wait=wait)
    try:
        yield tab
        assert tab.problems == []
    finally:
        page.close()


def save(tab: Tab, kind: str) -> None:
    """Asks for this view as a file: opens the panel under "Save" and clicks."""
    tab.frame.get_by_role("button", name="Save", exact=True).click()
    tab.frame.get_by_role("group", name="Save").get_by_role("button", name=kind, exact=True).click()
