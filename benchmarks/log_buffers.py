"""Memory that closed runs in an object store leave in the process that wrote them.

python benchmarks/log_buffers.py [runs]
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import fsspec
import numpy as np

import tb_attention

RUNS = 8
STEPS = 25
"""With overviews of 256 KiB each, as large as they become: an event file of 6 MB."""


def write_run(url: str) -> None:
    """A run, which is removed again from the memory where its store is."""
    weights = np.random.default_rng(0).dirichlet(np.ones(32), (8, 12, 32)).astype(np.float32)
    with tb_attention.AttentionWriter(url) as writer:
        for step in range(STEPS):
            writer.write(step, {f"block_{number}": weights for number in range(6)})
    fsspec.filesystem("memory").store.clear()


def resident() -> int:
    """Memory of this process in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    if sys.platform != "linux":
        print("needs /proc")
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    write_run("memory://first")
    before = resident()
    for run in range(runs):
        write_run(f"memory://run{run}")
    print(f"{runs} closed remote runs: {(resident() - before) / 1e6 / runs:+.1f} MB each (at most +2 MB)")


if __name__ == "__main__":
    main()
