"""What the tab costs over 10,000 steps and over 200 runs of 21 steps: first picture, main thread, elements. Medians of five.

    python benchmarks/tab_scale.py DIRECTORY     # the logs are written if missing: 270 MB, three minutes

A real TensorBoard and a headless Chromium with software drawing. The main thread is busy in what the browser reports as long
tasks (50 ms and more), from the start of the iframe to the first frame in which the view's pixels are on the screen; those of
TensorBoard's own page in this time count too, as both share the thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import tb_attention

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from hard_logs import WORDS, maps, metrics  # noqa: E402
from tab_views import FIRST_MARK, ROUNDS, report  # noqa: E402

from tests.browser.tab import Tab  # noqa: E402
from tests.conftest import BROWSER_FLAGS, TensorBoard, find_browser  # noqa: E402

STEPS, RUNS, STEPS_OF_RUNS = 10_000, 200, 21
VIEWS = ("overview", "head", "epochs", "runs")
OBSERVE = """if (window !== parent) {
    window.longTasks = [];
    const note = list => window.longTasks.push(...list.getEntries());
    new PerformanceObserver(note).observe({type: 'longtask', buffered: true});
}"""
BUSY = f"""(() => {{
    const end = {FIRST_MARK};
    return window.longTasks.filter(task => task.startTime < end).reduce((sum, task) => sum + task.duration, 0);
}})()"""


def write_run(run: Path, steps: int, seed: int) -> None:
    """Two layers of four heads and four samples of eight words."""
    if (run / "complete").exists():
        return
    tokens = [["[CLS]", *WORDS[i : i + 6], "[SEP]"] for i in range(4)]
    samples = tb_attention.Samples(np.zeros((4, 8)), [0, 1, 0, 1], tokens=tokens, class_names=["ham", "spam"])
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(steps):
            weights = {f"block_{i}/attention": maps([seed, i, step], 4, 4, 8, 1 + step / steps) for i in range(2)}
            writer.write(step, weights, np.array([[0.4, 0.6]] * 4), metrics(step, steps), epoch=step)
            if step % 100 == 99:
                writer.flush()
    (run / "complete").touch()


def measure(browser: Browser, address: str, view: str) -> tuple[float, float, float]:
    """Seconds to the first picture, seconds of long tasks until then, elements of the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(OBSERVE)
    tab = Tab(page, address, f"&p.attention.view={view}")
    tab.wait_until_drawn(view)
    page.wait_for_timeout(500)
    found = (
        float(tab.frame.evaluate(FIRST_MARK)) / 1000,
        float(tab.frame.evaluate(BUSY)) / 1000,
        float(tab.frame.evaluate("document.querySelectorAll('*').length")),
    )
    page.close()
    return found


def measure_log(browser: Browser, logs: Path, name: str) -> None:
    server = TensorBoard(logs)
    try:
        for view in VIEWS:
            measure(browser, server.address, view)  # the server reads what it keeps
            found = zip(*(measure(browser, server.address, view) for _ in range(ROUNDS)), strict=True)
            first, busy, elements = map(statistics.median, found)
            report(f"{name}, {view}: first picture", first, "s", 1)
            report(f"{name}, {view}: main thread until then", busy, "s", 1)
            report(f"{name}, {view}: elements", elements, "", 2500)
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    write_run(directory / "steps" / "long", STEPS, 0)
    for index in range(RUNS):
        write_run(directory / "runs" / f"lr={(0.1, 0.03, 0.01)[index % 3]},seed={index:03d}", STEPS_OF_RUNS, index)
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*BROWSER_FLAGS, *sandbox])
        measure_log(browser, directory / "steps", f"{STEPS} steps")
        measure_log(browser, directory / "runs", f"{RUNS} runs of {STEPS_OF_RUNS} steps")


if __name__ == "__main__":
    main()
