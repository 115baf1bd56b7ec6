"""Makes the pictures of the documents from the logs of the demo and of `examples/confused.py`: `make pictures`."""

from __future__ import annotations

import subprocess
import sys

from playwright.sync_api import sync_playwright

from tests.browser.tab import Tab
from tests.conftest import BROWSER_FLAGS, ROOT, TensorBoard, find_browser

LOGS = ROOT / "logs"
PICTURES = ROOT / "docs" / "pictures"

# Name of the picture: the choices in the address, the view to wait for, and the colour scheme.
SHOTS = {
    "head": ("&p.attention.run=vit&p.attention.view=head&p.attention.site=block_2_attention", "head", "light"),
    "article": ("&p.attention.run=article&p.attention.tag=attention&p.attention.view=head", "head", "light"),
    "overview": ("&p.attention.run=vit&p.attention.view=overview", "overview", "dark"),
    "text": ("&p.attention.run=text&p.attention.view=head", "head", "light"),
    # Shirts that are classified as T-shirts.
    "confusion": ("&p.attention.run=confused&p.attention.view=confusion&p.attention.cell=6.0", "confusion", "light"),
}


def main() -> None:
    demo = [sys.executable, str(ROOT / "examples" / "demo.py"), "--logdir", str(LOGS), "--no-serve"]
    subprocess.run(demo, check=True)
    if not (LOGS / "confused").exists():
        confused = [sys.executable, str(ROOT / "examples" / "confused.py"), "--logdir", str(LOGS / "confused")]
        subprocess.run([*confused, "--epochs", "8"], check=True)
    PICTURES.mkdir(exist_ok=True)
    server = TensorBoard(LOGS)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=[*BROWSER_FLAGS, "--no-sandbox"])
            for name, (choices, view, scheme) in SHOTS.items():
                page = browser.new_page(
                    viewport={"width": 1280, "height": 800},
                    color_scheme="dark" if scheme == "dark" else "light",
                    device_scale_factor=1.5,
                )
                tab = Tab(page, server.address, choices)
                tab.wait_until_drawn(view)
                page.wait_for_timeout(3000)  # the film strip and the examples of a cell come later
                page.screenshot(path=PICTURES / f"{name}.png")
                page.close()
                print(f"docs/pictures/{name}.png")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
