"""Kills 500 writers and 50 trainings at random moments, and reads their logs.

python benchmarks/log_kills.py [writers] [trainings]
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import tb_attention
from tests.callbacks.test_kills import check_whole, run_endings
from tests.records.test_killed_writer import SCRIPT, whole_steps


def kill_writers(directory: Path, count: int, rng: random.Random) -> int:
    """Number of steps that are listed and complete."""
    moments = [f"{rng.uniform(0, 0.12):.6f}" for _ in range(count)]
    subprocess.run([sys.executable, "-c", SCRIPT, str(directory), *moments], check=True)
    return sum(whole_steps(directory, attempt) for attempt in tb_attention.load(directory).attempts)


def kill_trainings(directory: Path, count: int, rng: random.Random) -> int:
    """Number of steps that are listed and complete."""
    run_endings(directory, *[f"kill:{rng.uniform(0, 0.5):.4f}" for _ in range(count)], timeout=60 * count)
    return sum(check_whole(directory / str(number)) for number in range(count))


def main() -> None:
    writers, trainings = (int(given) for given in (sys.argv[1:] + ["500", "50"][len(sys.argv) - 1 :])[:2])
    rng = random.Random()
    with tempfile.TemporaryDirectory() as directory:
        steps = kill_writers(Path(directory) / "writers", writers, rng)
        print(f"{writers} writers killed: {steps} steps listed, every one whole and right, no gap", flush=True)
        steps = kill_trainings(Path(directory) / "fits", trainings, rng)
        print(f"{trainings} trainings killed: {steps} steps listed, every one whole and right, no gap")


if __name__ == "__main__":
    main()
