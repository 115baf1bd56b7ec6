"""Cost of a write past `max_bytes`, against one below it. The steps are small, so that what keeps the budget weighs most.

python benchmarks/log_budget.py [steps that are kept ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

KEPT = (100, 1000, 5000)
COMPARED = 600

AXES = (Axis("samples", 2), Axis("heads", 2), Axis("query", 8), Axis("key", 8))
SITE = Site("block", "self", AXES, np.random.default_rng(0).dirichlet(np.ones(8), (2, 2, 8)).astype(np.float32))


def write(writer: SeriesWriter, step: int) -> float:
    """Seconds of CPU to write a step. In this thread: what is measured is the work, not the handing over."""
    start = time.process_time()
    writer._write(StepRecord(step, epoch=step, sites=(SITE,)))
    return time.process_time() - start


def ratio(directory: Path, kept: int) -> tuple[float, float]:
    """CPU of a write past a budget for `kept` steps / CPU of one without a budget, which take turns; and the first in ms."""
    first = SeriesWriter(directory / "first", "attention", 1)
    write(first, 0)
    assert first.first_step is not None
    free = SeriesWriter(directory / "free", "attention", 1)
    full = SeriesWriter(directory / "full", "attention", 1, max_bytes=first.first_step.file * kept)
    for writer in (free, full):
        for step in range(kept + COMPARED):
            write(writer, step)
    below, past = 0.0, 0.0
    for step in range(kept + COMPARED, kept + 2 * COMPARED):
        below += write(free, step)
        past += write(full, step)
    assert full.failures == []
    return past / below, 1000 * past / COMPARED


def main() -> None:
    for kept in [int(given) for given in sys.argv[1:]] or KEPT:
        with tempfile.TemporaryDirectory() as directory:
            times, milliseconds = ratio(Path(directory), kept)
        print(
            f"{kept} steps kept: a write past max_bytes / one below: {times:.2f} (at most 1.5); {milliseconds:.2f} ms of CPU"
        )


if __name__ == "__main__":
    main()
