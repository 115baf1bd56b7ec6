"""Cost of the tab on a large log: first view, gestures, dragging, memory, bytes. Medians of five.

    python benchmarks/tab_views.py DIRECTORY     # the log of benchmarks/tab_log.py, written if missing

A real TensorBoard and a headless Chromium with software drawing. Times are those of the page's marks: from the start of the
iframe, or from a gesture, to the first frame in which the view's pixels are on the screen. Gestures come at a person's pace,
half a second apart; "far" is a layer that is not next to the open one and that no pointer rested on. Ssh is the browser's
emulation of 80 ms there and back and 20 Mbit/s. Beside each figure stand its bound and, in brackets, what the peers took for
the same on such a machine (BertViz 1.4.1, inspectus 0.2.0, CircuitsVis 1.43.3, attnview 0.5.1).
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Frame, Page, sync_playwright

import tb_attention

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tab_log import write_log  # noqa: E402

from tests.browser.tab import Tab  # noqa: E402
from tests.conftest import BROWSER_FLAGS, TensorBoard, find_browser  # noqa: E402

ROUNDS = 5
PACE_MS = 500
SSH = {"offline": False, "latency": 80, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8}
LARGE = "&p.attention.run=large"

FIRST_MARK = "performance.getEntriesByName('attention:drawn')[0]?.startTime"
# A gesture in the page, and the time until something new is drawn.
GESTURE = """gesture => new Promise(resolve => {
    const count = () => performance.getEntriesByName('attention:drawn').length;
    const [before, start] = [count(), performance.now()];
    const look = () => {
        const marks = performance.getEntriesByName('attention:drawn');
        if (marks.length > before) resolve(marks[before].startTime - start);
        else requestAnimationFrame(look);
    };
    if (gesture.site !== undefined) {
        const map = document.querySelector('[role=slider][aria-label=Head]');
        const box = map.getBoundingClientRect();
        const at = {clientX: box.left + 5, clientY: box.top + (gesture.site + 0.5) * box.height / 12};
        map.dispatchEvent(new MouseEvent('click', {bubbles: true, ...at}));
    } else if (gesture.key) dispatchEvent(new KeyboardEvent('keydown', {key: gesture.key, bubbles: true}));
    else document.querySelectorAll(gesture.click)[gesture.index ?? 0].click();
    look();
})"""
# One step per frame, there and back.
DRAG = """frames => new Promise(resolve => {
    const start = performance.now();
    let n = 0;
    const next = () => {
        if (n === frames) return resolve(1000 * frames / (performance.now() - start));
        dispatchEvent(new KeyboardEvent('keydown', {key: n++ < frames / 2 ? 'ArrowLeft' : 'ArrowRight'}));
        requestAnimationFrame(next);
    };
    next();
})"""
# Zooms in step by step around a moving point, one wheel event per frame.
ZOOM = """frames => new Promise(resolve => {
    const map = document.querySelector('[role=grid][aria-label^="Map of"]');
    const box = map.getBoundingClientRect();
    const start = performance.now();
    let n = 0;
    const next = () => {
        if (n === frames) return resolve(1000 * frames / (performance.now() - start));
        const at = {clientX: box.left + box.width * (n % 50) / 50, clientY: box.top + box.height / 2};
        map.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: n++ < frames / 2 ? -40 : 40, cancelable: true}));
        requestAnimationFrame(next);
    };
    next();
})"""


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


def open_tab(browser: Browser, address: str, choices: str, *, ssh: bool = False) -> Tab:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    if ssh:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SSH)
    return Tab(page, address, choices)


def first_view(browser: Browser, address: str, *, ssh: bool = False) -> float:
    """Seconds from the start of the iframe to the first picture."""
    tab = open_tab(browser, address, LARGE, ssh=ssh)
    tab.wait_until_drawn("overview")
    milliseconds = float(tab.frame.evaluate(FIRST_MARK))
    tab.page.close()
    return milliseconds / 1000


def report(what: str, value: float, unit: str, bound: float, peers: str = "", *, least: bool = False) -> None:
    """Prints a value, its bound, whether it is kept, and the values of the peers."""
    kept = value >= bound if least else value <= bound
    digits = 2 if value < 10 and unit != "" else 0
    word = "at least" if least else "at most"
    of_peers = f"  [{peers}]" if peers else ""
    print(f"{'ok  ' if kept else 'OVER'} {what}: {value:.{digits}f} {unit} ({word} {bound:g}){of_peers}")


def bytes_of_first_view(frame: Frame) -> float:
    """Megabytes until the first picture, the bundle and its fonts included."""
    found = frame.evaluate(
        f"""(() => {{
            const end = {FIRST_MARK};
            const own = performance.getEntriesByType('resource').filter(e => e.responseEnd <= end);
            return own.reduce((sum, e) => sum + e.transferSize, 0);
        }})()"""
    )
    return float(found) / 1e6


def requests_for_all_steps(frame: Frame) -> int:
    """Number of requests for overviews since the page was opened."""
    count = "performance.getEntriesByType('resource').filter(e => /\\/overviews?\\?/.test(e.name)).length"
    return int(frame.evaluate(count))


def gestures(browser: Browser, address: str) -> dict[str, float]:
    """Milliseconds from a gesture to its pixels, at 512 tokens."""
    tab = open_tab(browser, address, f"{LARGE}&p.attention.view=head")
    tab.wait_until_drawn("head")
    tab.page.wait_for_timeout(3000)

    def run(gesture: dict[str, Any]) -> float:
        tab.page.wait_for_timeout(PACE_MS)
        return float(tab.frame.evaluate(GESTURE, gesture))

    far = iter([6, 11, 3, 9, 1])
    found = {
        "another head": median(lambda: run({"key": "."})),
        "another layer": median(lambda: run({"key": "]"})),
        "a far layer": median(lambda: run({"site": next(far)})),
    }
    tab.open("Sample")
    tab.page.wait_for_timeout(3000)
    queries, samples = iter(range(20, 500, 40)), iter([1, 2, 3, 4, 5, 6])
    found["another query (Sample)"] = median(lambda: run({"click": ".text [role=option]", "index": next(queries)}))
    option = "[role=listbox][aria-label=Samples] [role=option]"
    found["another sample"] = median(lambda: run({"click": option, "index": next(samples)}))
    tab.page.close()
    return found


def thumbnails_over_ssh(browser: Browser, address: str) -> float:
    """Milliseconds from a jump to a step that is not fetched yet to its 144 thumbnails, right after the first view."""
    tab = open_tab(browser, address, LARGE, ssh=True)
    tab.wait_until_drawn("overview")
    milliseconds = float(tab.frame.evaluate(GESTURE, {"key": "Home"}))
    tab.page.close()
    return milliseconds


def heap(page: Page) -> float:
    """Megabytes of JavaScript heap, arrays included, of TensorBoard's page and the tab in it."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    return float(page.evaluate("performance.memory.usedJSHeapSize")) / 1e6


def heap_without_the_tab(browser: Browser, address: str) -> float:
    """The same for TensorBoard's page alone, with another dashboard chosen."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/#timeseries")
    page.wait_for_timeout(5000)
    megabytes = heap(page)
    page.close()
    return megabytes


def write_long(run: Path) -> None:
    """One head of 4096 x 4096."""
    if run.exists():
        return
    weights = np.random.default_rng(0).random((1, 1, 4096, 4096), np.float32) ** 8
    with tb_attention.AttentionWriter(run) as writer:
        writer.write(0, {"attention": weights / weights.sum(-1, keepdims=True)}, epoch=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    write_log(directory / "large")
    write_long(directory / "long")
    server = TensorBoard(directory)
    try:
        with sync_playwright() as playwright:
            sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            flags = [*BROWSER_FLAGS, *sandbox, "--enable-precise-memory-info"]
            measure(playwright.chromium.launch(executable_path=find_browser(), args=flags), server.address)
    finally:
        server.stop()


def measure(browser: Browser, address: str) -> None:
    first_view(browser, address)  # the server reads its index once
    first = "BertViz, CircuitsVis, attnview: never; inspectus 9.9 s"
    report("first view", median(lambda: first_view(browser, address)), "s", 0.3, first)
    report("first view over ssh", median(lambda: first_view(browser, address, ssh=True)), "s", 0.7)
    for name, milliseconds in gestures(browser, address).items():
        report(name, milliseconds, "ms to pixels", 33, "inspectus 3100 ms; the others never draw 512")
    tab = open_tab(browser, address, LARGE)
    tab.wait_until_drawn("overview")
    report("first view, bundle and fonts included", bytes_of_first_view(tab.frame), "MB", 1, "inspectus 202 MB")
    tab.page.wait_for_timeout(6000)
    report("overview of all 50 steps", requests_for_all_steps(tab.frame), "requests", 4)
    drag = median(lambda: float(tab.frame.evaluate(DRAG, 60)))
    report("a step a frame over 144 thumbnails", drag, "frames/s", 30, "none has steps", least=True)
    report("144 thumbnails of a far step over ssh", median(lambda: thumbnails_over_ssh(browser, address)), "ms", 150)
    most = 0
    for view in ("Head", "Sample", "Samples", "Epochs", "Compare", "Head", "Overview"):
        tab.open(view)
        for key in ("]", ".", "ArrowLeft", "]"):
            tab.slider.press(key)
            tab.page.wait_for_timeout(400)
        most = max(most, int(tab.frame.evaluate("document.querySelectorAll('*').length")))
    report("elements, of the view that has most", most, "elements", 2000, "inspectus 527405")
    alone = heap_without_the_tab(browser, address)
    both = heap(tab.page)
    print(f"JS heap: {both:.0f} MB with TensorBoard's page, of which that alone has {alone:.0f} MB")
    report("JS heap of the tab after every view", both - alone, "MB", 50, "inspectus 2395 MB of browser memory")
    tab.page.close()
    tab = open_tab(browser, address, "&p.attention.run=long&p.attention.view=head")
    tab.wait_until_drawn("head")
    tab.page.wait_for_timeout(1000)
    zoom = median(lambda: float(tab.frame.evaluate(ZOOM, 120)))
    report("zoom of 4096 x 4096", zoom, "frames/s", 60, "none draws it", least=True)
    static = ROOT / "tb_attention" / "plugin" / "static"
    first = [static / "index.js", static / "index.css", *static.glob("tab/tab-*.js")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in first)
    report("script and styles of the first view, gzipped", size / 1e3, "KB", 170)


if __name__ == "__main__":
    main()
