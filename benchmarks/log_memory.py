"""Memory that a log of 10 GB adds to TensorBoard and its data server, over an empty log, after 1,000 requests.

python benchmarks/log_memory.py
"""

from __future__ import annotations

import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

import tb_attention

STEPS = 50
SITES = 12
HEADS = 12
# Runs of slightly more than 1 GB, as `max_bytes` allows. TensorBoard holds ten overviews of each run, whatever its size.
KEYS = 512
BYTES = 10_000_000_000
REQUESTS = 1000


def write_runs(logdir: Path) -> int:
    """Runs of 10 GB in all, hard links to the files of one; returns their number."""
    rng = np.random.default_rng(0)
    with tb_attention.AttentionWriter(logdir / "run000", max_bytes=None) as writer:
        for step in range(STEPS):
            weights = np.exp(3 * rng.standard_normal((1, HEADS, KEYS, KEYS), dtype=np.float32))
            weights /= weights.sum(-1, keepdims=True)
            writer.write(step, {f"block_{number}": weights for number in range(SITES)}, epoch=step)
    size = sum(path.stat().st_size for path in logdir.rglob("*") if path.is_file())
    runs = -(-BYTES // size)
    for run in range(1, runs):
        shutil.copytree(logdir / "run000", logdir / f"run{run:03}", copy_function=os.link)
    return runs


def resident(process: int) -> int:
    """Memory of a process and of its children, in bytes."""
    total = 0
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            status = (directory / "status").read_text()
        except OSError:
            continue
        parent = re.search(r"^PPid:\s+(\d+)", status, re.MULTILINE)
        held = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if held and (int(directory.name) == process or (parent and int(parent[1]) == process)):
            total += int(held[1]) * 1024
    return total


def memory(logdir: Path, runs: int, sites: int = SITES, options: Sequence[str] = ()) -> int:
    """Bytes after 1,000 random requests for maps, lists of steps and measures; for an empty log, for the list of runs."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        port = next(int(found[1]) for line in process.stderr if (found := re.search(r"http://localhost:(\d+)/", line)))
        connection = http.client.HTTPConnection("localhost", port)
        rng = random.Random(0)
        time.sleep(10)  # the first load of all runs
        for _ in range(REQUESTS):
            run = f"run{rng.randrange(max(1, runs)):03}"
            query: dict[str, object] = {"run": run, "tag": "attention"}
            route = rng.choice(["weights"] * 7 + ["series", "measures", "runs"]) if runs else "runs"
            if route == "weights":
                query |= {"step": rng.randrange(STEPS), "sample": 0, "site": rng.randrange(sites)}
            if route == "measures":
                query["sample"] = 0
            connection.request("GET", f"/data/plugin/attention/{route}?{urlencode(query)}")
            response = connection.getresponse()
            response.read()
            assert response.status == 200
        return resident(process.pid)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    if sys.platform != "linux":
        print("needs /proc")
        return
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        (logdir / "empty").mkdir()
        empty = memory(logdir / "empty", 0)
        runs = write_runs(logdir / "full")
        full = memory(logdir / "full", runs)
    print(f"TensorBoard and its data server, empty log: {empty / 1e6:.0f} MB")
    print(
        f"10 GB in {runs} runs of {STEPS} steps, after {REQUESTS} requests: {(full - empty) / 1e6:+.0f} MB (at most +50 MB)"
    )


if __name__ == "__main__":
    main()
