"""Memory that closed runs in an object store leave in the process that wrote them.

python benchmarks/log_buffers.py [runs]
"""

from __future__ import annotations

import gc
import sys
import tracemalloc

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


def held() -> int:
    """Bytes that Python holds. What the system says of the process includes what the allocator keeps for later."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    tracemalloc.start()
    write_run("memory://first")
    before = held()
    for run in range(runs):
        write_run(f"memory://run{run}")
    print(f"{runs} closed remote runs: {(held() - before) / 1e3 / runs:+.0f} KB each (at most +100 KB)")


if __name__ == "__main__":
    main()
