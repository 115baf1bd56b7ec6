"""Cost of the Confusion view with many classes: first drawing, dragging the slider, zooming. Medians of five.

    python benchmarks/tab_confusion.py [DIRECTORY]     # a temporary one by default; missing logs are written

A real TensorBoard and a headless Chromium with software drawing. The first drawing lasts from the click on the run, of which the
page knows only the name, to the first frame with the pixels on the screen: series, matrix and drawing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Frame, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tests.browser import confusion_logs  # noqa: E402
from tests.browser.tab import Tab  # noqa: E402
from tests.conftest import BROWSER_FLAGS, TensorBoard, find_browser  # noqa: E402

ROUNDS = 5
FRAMES = 120

# A click on a run, and the time until its matrix is drawn.
CHOOSE = """run => new Promise(resolve => {
    const row = [...document.querySelectorAll('[aria-label="Runs"] button')].find(b => b.textContent.trim() === run);
    const start = performance.now();
    const look = () => {
        const mark = performance.getEntriesByName('attention:drawn').find(mark => mark.detail.run === run);
        if (mark) resolve(mark.startTime - start);
        else requestAnimationFrame(look);
    };
    row.click();
    look();
})"""
# One step per frame, there and back, between the frames as with a person. Counts the frames and the drawn steps.
DRAG = """frames => new Promise(resolve => {
    const drawn = () => performance.getEntriesByName('attention:drawn').length;
    const [start, before] = [performance.now(), drawn()];
    let n = 0;
    const next = () => {
        if (n === frames) {
            const seconds = (performance.now() - start) / 1000;
            return resolve([frames / seconds, (drawn() - before) / seconds]);
        }
        dispatchEvent(new KeyboardEvent('keydown', {key: n++ < frames / 2 ? 'ArrowLeft' : 'ArrowRight'}));
        requestAnimationFrame(() => setTimeout(next));
    };
    next();
})"""
# Zooms in around a moving point and out again, one wheel event per frame; or zooms in and drags.
ZOOM = """frames => new Promise(resolve => {
    const grid = document.querySelector('[role=grid][aria-label="Confusion matrix"]');
    const box = grid.getBoundingClientRect();
    const start = performance.now();
    let n = 0;
    const next = () => {
        if (n === frames) return resolve(1000 * frames / (performance.now() - start));
        const at = {clientX: box.left + box.width * (n % 50) / 50, clientY: box.top + box.height / 2};
        grid.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: n++ < frames / 2 ? -60 : 60, cancelable: true}));
        requestAnimationFrame(next);
    };
    next();
})"""
PAN = """frames => new Promise(resolve => {
    const grid = document.querySelector('[role=grid][aria-label="Confusion matrix"]');
    const box = grid.getBoundingClientRect();
    const at = n => ({
        clientX: box.left + box.width * (0.5 + 0.4 * Math.sin(n / 9)), clientY: box.top + box.height / 2,
        pointerId: 1, button: 0, bubbles: true,
    });
    grid.setPointerCapture = () => undefined;
    for (let i = 0; i < 12; i++)
        grid.dispatchEvent(new WheelEvent('wheel', {...at(0), deltaY: -60, cancelable: true}));
    grid.dispatchEvent(new PointerEvent('pointerdown', at(0)));
    const start = performance.now();
    let n = 0;
    const next = () => {
        if (n === frames) {
            const rate = 1000 * frames / (performance.now() - start);
            grid.dispatchEvent(new PointerEvent('pointerup', at(n)));
            return resolve(rate);
        }
        grid.dispatchEvent(new PointerEvent('pointermove', at(++n)));
        requestAnimationFrame(next);
    };
    next();
})"""


def open_tab(browser: Browser, address: str, run: str) -> Tab:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    tab = Tab(page, address, f"&p.attention.run={run}&p.attention.view=confusion")
    tab.wait_until_drawn("confusion")
    return tab


def first_drawing(browser: Browser, address: str, run: str) -> float:
    """Milliseconds from the click on the run to its pixels, on a page that showed another run."""
    tab = open_tab(browser, address, "small")
    tab.page.wait_for_timeout(500)
    milliseconds = float(tab.frame.evaluate(CHOOSE, run))
    tab.page.close()
    return milliseconds


def rate(frame: Frame, script: str) -> float:
    return statistics.median(float(frame.evaluate(script, FRAMES)) for _ in range(ROUNDS))


def measure(browser: Browser, address: str) -> None:
    first_drawing(browser, address, "thousand")  # the server reads its index once
    milliseconds = statistics.median(first_drawing(browser, address, "thousand") for _ in range(ROUNDS))
    print(f"first drawing of 1,000 x 1,000: {milliseconds / 1000:.2f} s (bound 0.5)")
    tab = open_tab(browser, address, "hundred")
    tab.page.wait_for_timeout(4000)
    rates = [tab.frame.evaluate(DRAG, FRAMES) for _ in range(ROUNDS)]
    frames, drawn = (statistics.median(float(each[i]) for each in rates) for i in (0, 1))
    print(f"slider over 100 epochs of 100 classes: {frames:.0f} frames/s, {drawn:.0f} matrices drawn/s (bound 30)")
    tab.page.close()
    tab = open_tab(browser, address, "thousand")
    tab.page.wait_for_timeout(2000)
    print(f"zooming 1,000 classes: {rate(tab.frame, ZOOM):.0f} frames/s (bound 60)")
    print(f"panning 1,000 classes: {rate(tab.frame, PAN):.0f} frames/s (bound 60)")
    tab.page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    given = parser.parse_args().directory
    with tempfile.TemporaryDirectory() as temporary:
        run_on(given or Path(temporary))


def run_on(directory: Path) -> None:
    for run, classes, epochs in (("small", 10, 2), ("hundred", 100, 100), ("thousand", 1000, 5)):
        if not (directory / run).exists():
            confusion_logs.write_many(directory / run, classes, epochs)
    server = TensorBoard(directory)
    try:
        with sync_playwright() as playwright:
            sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            measure(
                playwright.chromium.launch(executable_path=find_browser(), args=[*BROWSER_FLAGS, *sandbox]),
                server.address,
            )
    finally:
        server.stop()


if __name__ == "__main__":
    main()
