"""`make examples`: runs every example with --quick, and prints a table of what it took, reached and logged.

An example takes part if it names what its quick run reaches: `REACHES = 0.9`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_REACHES = re.compile(r"^REACHES = ([\d.]+)$", re.MULTILINE)


@dataclass(frozen=True)
class QuickRun:
    """What a quick run of an example gave.

    Attributes:
        logdir: Its directory.
        seconds: Wall time, start of Python included.
        reached: The quality that it printed, 0 to 1.
        claimed: The quality that its script says it reaches.
    """

    logdir: Path
    seconds: float
    reached: float
    claimed: float


def names() -> list[str]:
    """The examples that have a quick run, in the order of the alphabet."""
    return sorted(path.stem for path in EXAMPLES.glob("*.py") if _REACHES.search(path.read_text()))


def quick_run(name: str, logdir: Path) -> QuickRun:
    """Runs an example as a reader does, in a process of its own.

    Raises:
        RuntimeError: The script failed; with the end of what it printed.
    """
    script = EXAMPLES / f"{name}.py"
    claimed = _REACHES.search(script.read_text())
    assert claimed is not None
    start = time.monotonic()
    command = [sys.executable, str(script), "--logdir", str(logdir), "--quick"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.monotonic() - start
    reached = re.search(r"^reached ([\d.]+)$", done.stdout, re.MULTILINE)
    if done.returncode or reached is None:
        raise RuntimeError(f"{name} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}")
    return QuickRun(logdir, seconds, float(reached[1]), float(claimed[1]))


def logged(logdir: Path) -> tuple[int, int]:
    """The sites of all series of maps in a directory, and the bytes of a step, on average."""
    sites = 0
    files = sorted(logdir.rglob("step-*.npz"))
    for series in {file.parent for file in files}:
        newest = max(series.glob("step-*.npz"))
        with np.load(newest) as step:
            sites += len(json.loads(bytes(step["manifest"])).get("sites", []))
    return sites, sum(file.stat().st_size for file in files) // max(1, len(files))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=names(), help="only these examples")
    parser.add_argument("--logdir", help="where the logs stay; by default nowhere")
    given = parser.parse_args()
    failed = 0
    print(f"{'example':24} {'seconds':>8} {'reached':>8} {'claimed':>8} {'sites':>6} {'KB a step':>10}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.names:
            try:
                run = quick_run(name, Path(given.logdir or temporary) / name)
            except RuntimeError as error:
                print(error)
                failed += 1
                continue
            sites, size = logged(run.logdir)
            failed += run.reached < run.claimed
            print(
                f"{name:24} {run.seconds:8.0f} {run.reached:8.3f} {run.claimed:8.3f} {sites:6} {size / 1000:10.1f}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
