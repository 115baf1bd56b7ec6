"""What the tab costs on a large log: first view, gestures, dragging, memory, bytes. Medians of five.

    python benchmarks/tab_views.py DIRECTORY     # with the log of benchmarks/tab_log.py, written if it is not there

A real TensorBoard and a headless Chromium with software drawing. Times are of the page's own marks: from the start of the
iframe, or from a gesture, to the first frame in which the view's pixels are on the screen.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Frame, Page, sync_playwright

import tb_attention

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tab_log import write_log  # noqa: E402

from tests.browser.tab import Tab  # noqa: E402
from tests.conftest import BROWSER_FLAGS, TensorBoard, find_browser  # noqa: E402

ROUNDS = 5
SSH = {"offline": False, "latency": 80, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8}
LARGE = "&p.attention.run=large"

FIRST_MARK = "performance.getEntriesByName('attention:drawn')[0]?.startTime"
# A gesture in the page, and the time until something new has been drawn.
GESTURE = """gesture => new Promise(resolve => {
    const count = () => performance.getEntriesByName('attention:drawn').length;
    const [before, start] = [count(), performance.now()];
    const look = () => {
        const marks = performance.getEntriesByName('attention:drawn');
        if (marks.length > before) resolve(marks[before].startTime - start);
        else requestAnimationFrame(look);
    };
    if (gesture.key) dispatchEvent(new KeyboardEvent('keydown', {key: gesture.key, bubbles: true}));
    else document.querySelectorAll(gesture.click)[gesture.place ?? 0].click();
    look();
})"""
# A step a frame, there and back.
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
# Zoomed in step by step about a moving point, a wheel event a frame.
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


def bytes_of_first_view(page: Page, frame: Frame) -> tuple[int, int]:
    """Bytes and requests to the plugin's routes until the first picture."""
    found = frame.evaluate(
        f"""(() => {{
            const end = {FIRST_MARK};
            const own = performance.getEntriesByType('resource').filter(e => e.responseEnd <= end);
            return [own.reduce((sum, e) => sum + e.transferSize, 0), own.length];
        }})()"""
    )
    return int(found[0]), int(found[1])


def gestures(browser: Browser, address: str) -> dict[str, float]:
    """Milliseconds from a gesture to its pixels, at 512 tokens."""
    tab = open_tab(browser, address, f"{LARGE}&p.attention.view=head")
    tab.wait_until_drawn("head")
    tab.page.wait_for_timeout(1000)
    run = lambda gesture: median(lambda: float(tab.frame.evaluate(GESTURE, gesture)))  # noqa: E731
    found = {
        "another head": run({"key": "."}),
        "another layer (3 MB to fetch)": run({"key": "]"}),
        "another layer (fetched before)": run({"key": "["}),
    }
    tab.open("Sample")
    tab.page.wait_for_timeout(1500)
    places = iter(range(20, 500, 40))
    word = lambda: float(tab.frame.evaluate(GESTURE, {"click": ".text [role=option]", "place": next(places)}))  # noqa: E731
    found["another query (Sample)"] = median(word)
    samples = iter([1, 2, 3, 4, 5, 6])
    other = lambda: float(  # noqa: E731
        tab.frame.evaluate(
            GESTURE, {"click": "[role=listbox][aria-label=Samples] [role=option]", "place": next(samples)}
        )
    )
    found["another sample (3 MB to fetch)"] = median(other)
    tab.page.close()
    return found


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
    print(f"first view: {median(lambda: first_view(browser, address)):.2f} s")
    print(f"first view over ssh: {median(lambda: first_view(browser, address, ssh=True)):.2f} s")
    for name, milliseconds in gestures(browser, address).items():
        print(f"{name}: {milliseconds:.0f} ms")
    tab = open_tab(browser, address, LARGE)
    tab.wait_until_drawn("overview")
    size, requests = bytes_of_first_view(tab.page, tab.frame)
    print(f"first view: {size / 1e6:.2f} MB in {requests} requests, the bundle and its fonts included")
    tab.page.wait_for_timeout(6000)
    print(f"a step a frame over 144 thumbnails: {median(lambda: float(tab.frame.evaluate(DRAG, 60))):.0f} frames/s")
    for view in ("Head", "Sample", "Samples", "Epochs", "Compare", "Overview"):
        tab.open(view)
        tab.page.wait_for_timeout(800)
        nodes = tab.frame.evaluate("document.querySelectorAll('*').length")
        print(f"{view}: {nodes} elements")
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("HeapProfiler.collectGarbage")
    heap = tab.frame.evaluate("performance.memory.usedJSHeapSize")
    print(f"JS heap after every view, TensorBoard's page included: {heap / 1e6:.0f} MB")
    tab.page.close()
    tab = open_tab(browser, address, "&p.attention.run=long&p.attention.view=head")
    tab.wait_until_drawn("head")
    tab.page.wait_for_timeout(1000)
    print(f"zoom of {tab.frame.locator('[role=grid]').get_attribute('aria-rowcount')} rows: ", end="")
    print(f"{median(lambda: float(tab.frame.evaluate(ZOOM, 120))):.0f} frames/s")
    bundle = ROOT / "tb_attention" / "plugin" / "static" / "index.js"
    print(f"bundle: {len(gzip.compress(bundle.read_bytes())) / 1e3:.0f} KB gzipped")


if __name__ == "__main__":
    main()
