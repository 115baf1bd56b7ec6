"""Screenshots of the tab over a directory of logs, for the pictures of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.tab import Tab
from tests.conftest import BROWSER_FLAGS, TensorBoard, find_browser


@contextmanager
def screenshots(logdir: Path) -> Iterator[Callable[[str, str, bool], bytes]]:
    """A function that returns a PNG: of the choices in the address, the view to wait for, and whether the colours are dark."""
    server = TensorBoard(logdir)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=[*BROWSER_FLAGS, "--no-sandbox"])

            def screenshot(choices: str, view: str, dark: bool) -> bytes:
                page = browser.new_page(
                    viewport={"width": 1280, "height": 800},
                    color_scheme="dark" if dark else "light",
                    device_scale_factor=1.5,
                )
                Tab(page, server.address, choices).wait_until_drawn(view)
                page.wait_for_timeout(3000)  # the film strip and the examples of a cell come later
                shown = page.screenshot()
                page.close()
                return shown

            yield screenshot
            browser.close()
    finally:
        server.stop()
