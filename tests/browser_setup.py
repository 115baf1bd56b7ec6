"""Finds the Chromium or Chrome that the browser tests drive, or installs one and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import find_browser


def main() -> None:
    if find_browser() or playwright_has_one():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update")
        run("apt-get", "install", "--yes", "chromium")
        if find_browser():
            return
    run(sys.executable, "-m", "playwright", "install", "--with-deps", "chromium")


def playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def run(*command: str) -> None:
    print("No Chromium or Chrome found. Installing one:", " ".join(command), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"That failed; trying the next way.\n{done.stderr[-2000:]}", flush=True)


if __name__ == "__main__":
    main()
