"""The documents: every Python block runs, every name in `__all__` is in the reference, and the site builds strictly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tb_attention
from tests.conftest import ROOT
from tests.test_rooms import ALLOWED, FLOORS

PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "tb_attention" / "tracing" / "README.md"])
DOCUMENTS = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "plugin_frontend/README.md"))]
FOLDERS = ("tb_attention", "tests", "tools", "docs", "examples", "benchmarks")
FILES = [f"/{path.name}" for path in ROOT.glob("*")] + [
    f"/{path.relative_to(ROOT).as_posix()}" for folder in FOLDERS for path in (ROOT / folder).rglob("*")
]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.S | re.M)


def run_blocks(page: Path, names: dict[str, Any]) -> None:
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        lines_before = text.count("\n", 0, block.start(1))
        exec(compile("\n" * lines_before + block.group(1), str(page), "exec"), names)


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The directory and the names after the blocks of the README. The blocks of the other pages continue from there."""
    directory, names = tmp_path_factory.mktemp("readme"), {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        run_blocks(ROOT / "README.md", names)
    return directory, names


def test_the_readmes_training_is_logged(readme: tuple[Path, dict[str, Any]]) -> None:
    log = tb_attention.load(readme[0] / "logs" / "run1")
    assert (log.steps, log.tags) == ([0, 1, 2, 3, 4], ["attention", "confusion"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_python_block_runs(
    page: Path, readme: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, names = readme
    monkeypatch.chdir(directory)
    run_blocks(page, dict(names))


def test_the_reference_holds_the_public_names() -> None:
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^::: tb_attention\.(\w+)$", reference, re.M))
    assert documented == set(tb_attention.__all__) - {"__version__"}


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`([\w./]+\.(?:py|md))`", page.read_text(encoding="utf-8"))
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in FILES)]
    assert missing == []


def test_the_architecture_lists_the_imports_of_rooms_and_floors() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([\w, ]*)\|$", text, re.M)
    assert {room: set(filter(None, re.split(r"[, ]+", imports))) for room, imports in rows} == ALLOWED | FLOORS


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|link)\b[^>]*(?:src|href)=\"?(?:https?:)?//[^>]*", page.read_text("utf-8"))
        assert not loaded, page
