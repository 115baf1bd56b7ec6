"""Makes the pictures of the documents from the logs of the demo and of `examples/confused.py`: `make pictures`."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT
from tools.screenshots import screenshots

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
    with screenshots(LOGS) as screenshot:
        for name, (choices, view, scheme) in SHOTS.items():
            (PICTURES / f"{name}.png").write_bytes(screenshot(choices, view, scheme == "dark"))
            print(f"docs/pictures/{name}.png")


if __name__ == "__main__":
    main()
