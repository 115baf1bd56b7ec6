"""What leaves the tab, in a real browser: a page of its own that opens from the disk with the network switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import tb_attention
from tests.export.pages import WORDS, write_run

pytestmark = pytest.mark.browser

FIRST = "layer_0/attention"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("export")
    write_run(logs / "text")
    return logs


@contextmanager
def from_disk(browser: Browser, path: Path, choices: str = "") -> Iterator[Page]:
    """Opens a page from the disk, offline; it must ask for nothing and its console must be quiet."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or problems.append(request.url)
    )
    page.goto(f"{path.as_uri()}#attention{choices}")
    page.wait_for_selector("[role=tab]")
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def drawn(page: Page, view: str) -> None:
    page.wait_for_function(
        "view => performance.getEntriesByName('attention:drawn').at(-1)?.detail.view === view", arg=view
    )


def test_a_page_of_its_own_shows_the_weights_of_the_log(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "text", tmp_path / "page.html")
    weights = tb_attention.load(logs / "text").weights(1, 0, FIRST)[2, 1]
    key = int(weights.argmax())
    choices = (
        f"&p.attention.view=head&p.attention.step=1&p.attention.head=2&p.attention.query=1&p.attention.site={FIRST}"
    )
    with from_disk(chromium, tmp_path / "page.html", choices) as page:
        drawn(page, "head")
        sentence = page.locator("p[aria-live]").first.inner_text()
        assert f"“{WORDS[1]}” looks at" in sentence
        told = re.search(r": (0\.\d+), rank 1", sentence)
        assert told is not None, sentence
        assert float(told[1]) == pytest.approx(float(weights[key]), rel=0.005)


def test_every_view_works_in_a_page_of_its_own(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "text", tmp_path / "page.html")
    with from_disk(chromium, tmp_path / "page.html") as page:
        for view in ("Head", "Sample", "Samples", "Confusion", "Epochs", "Compare", "Overview"):
            page.get_by_role("tab", name=view, exact=True).click()
            drawn(page, view.lower())
            assert f"p.attention.view={view.lower()}" in page.url
            expect(page.locator("#view [role=alert]")).to_have_count(0)
        page.get_by_role("tab", name="Sample", exact=True).click()
        page.get_by_text("over layers", exact=True).click()
        drawn(page, "sample")
        page.reload()
        expect(page.get_by_role("tab", name="Sample", exact=True)).to_have_attribute("aria-selected", "true")
        assert page.evaluate("document.querySelectorAll('script').length") == 1


def test_a_redacted_page_of_one_head_opens(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(
        logs / "text", tmp_path / "page.html", steps=[1, 2], samples=["b"], sites=FIRST, heads=1, redact=True
    )
    with from_disk(chromium, tmp_path / "page.html", "&p.attention.view=head&p.attention.head=1") as page:
        drawn(page, "head")
        text = page.locator("body").inner_text()
        assert "dear" not in text
        assert "#b" in text
        assert np.isfinite(tb_attention.load(logs / "text").weights(2, "b", FIRST)[1]).all()
