"""`make gallery`: a picture and a stand-alone page of each example of docs/gallery.md, from its quick run.

The pictures go into docs/pictures/gallery/, the pages into .build/gallery/, from where `make docs` takes them into the site.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import tb_attention
from tests.browser.tab import Tab
from tests.conftest import BROWSER_FLAGS, ROOT, TensorBoard, find_browser
from tools.run_examples import quick_run

LOGS = ROOT / "logs" / "gallery"
PICTURES = ROOT / "docs" / "pictures" / "gallery"
PAGES = ROOT / ".build" / "gallery"
_MOST_PAGE_BYTES = 30_000_000
_MOST_STEPS = 6


@dataclass(frozen=True)
class Shot:
    """How an example is shown.

    Attributes:
        run: Its run below `logs/gallery`.
        view: The view to wait for.
        choices: Further choices in the address, as `&key=value` without the prefix `p.attention.`.
        dark: The colour scheme.
        series: Whose maps the stand-alone page has.
    """

    run: str
    view: str
    choices: dict[str, str]
    dark: bool = False
    series: str | None = None


SHOTS: dict[str, Shot] = {}


def make_picture(browser: Browser, address: str, name: str, shot: Shot) -> None:
    page = browser.new_page(
        viewport={"width": 1280, "height": 800}, color_scheme="dark" if shot.dark else "light", device_scale_factor=1.5
    )
    given = {"run": shot.run, "view": shot.view, **shot.choices}
    tab = Tab(page, address, "".join(f"&p.attention.{key}={value}" for key, value in given.items()))
    tab.wait_until_drawn(shot.view)
    page.wait_for_timeout(3000)  # the film strip and the examples of a cell come later
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


def make_page(name: str, shot: Shot) -> None:
    """A page with the first, the last and some steps between them."""
    run = LOGS / shot.run
    steps = tb_attention.load(run, tag=shot.series).steps
    shown = sorted({steps[round(at * (len(steps) - 1) / (_MOST_STEPS - 1))] for at in range(_MOST_STEPS)})
    tb_attention.export_html(
        run, PAGES / f"{name}.html", steps=shown, tag=shot.series, title=name, max_bytes=_MOST_PAGE_BYTES
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SHOTS), help="only these examples")
    names = parser.parse_args().names
    for name in names:
        if not (LOGS / SHOTS[name].run).exists():
            print(f"{name}: reached {quick_run(name, LOGS / name).reached:.3f}", flush=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    PAGES.mkdir(parents=True, exist_ok=True)
    server = TensorBoard(LOGS)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=[*BROWSER_FLAGS, "--no-sandbox"])
            for name in names:
                make_picture(browser, server.address, name, SHOTS[name])
                make_page(name, SHOTS[name])
                size = Path(PAGES / f"{name}.html").stat().st_size
                print(f"{name}: docs/pictures/gallery/{name}.png, .build/gallery/{name}.html ({size / 1e6:.1f} MB)")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
