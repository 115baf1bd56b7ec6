"""Shared by the tests: a real TensorBoard, a real Chromium, and the examples as modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# Nothing here is a timed test: a busy machine may take its time over an example.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
BROWSER_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class TensorBoard:
    """A TensorBoard process: its address, and every line that it prints."""

    def __init__(self, logdir: Path | str, *flags: str, python: Path | str = sys.executable) -> None:
        command = [str(python), "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--reload_interval", "1", *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self.address = ""
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(timeout=120) or not self.address:
            self.stop()
            raise RuntimeError("TensorBoard did not start:\n" + "".join(self.lines))

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.lines.append(line)
                found = re.search(r"TensorBoard \S+ at (http://\S+?)/? ", line)
                if found:
                    self.address = found.group(1)
                    self._ready.set()
        self._ready.set()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:  # on a busy machine
            self.process.kill()
            self.process.wait(timeout=20)

    @property
    def complaints(self) -> list[str]:
        """The warnings of its security validator and of werkzeug."""
        words = ("security", "X-Content-Type", "Content-Type is required", "Traceback", "Error")
        return [line for line in self.lines if any(word in line for word in words)]


@pytest.fixture
def start_tensorboard() -> Iterator[Callable[..., TensorBoard]]:
    """Starts TensorBoards on log directories; they stop with the test."""
    started: list[TensorBoard] = []

    def start(logdir: Path, *flags: str) -> TensorBoard:
        started.append(TensorBoard(logdir, *flags))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def find_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine; None for the one that Playwright may have installed."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    return next((path for path in MAC_BROWSERS if Path(path).exists()), None)


@pytest.fixture(scope="session")
def chromium():  # type: ignore[no-untyped-def]
    """A real, headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = [*BROWSER_FLAGS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def examples_are_modules() -> None:
    sys.path.insert(0, str(ROOT / "examples"))
