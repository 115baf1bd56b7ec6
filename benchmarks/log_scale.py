"""How the cost of a log grows with its runs and steps: the answers of the server, and the memory of a TensorBoard.

python benchmarks/log_scale.py [--runs 1 10 100 1000] [--steps 100 1000 10000 100000] [--memory] [--shapes]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from log_listing import ROUTES, client
from log_memory import memory

import tb_attention
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

RUNS = (1, 10, 100)
STEPS = (100, 1000, 10_000)
SHAPES = ((4, 4, 64, 2), (16, 4, 64, 2), (4, 16, 64, 2), (4, 4, 256, 2), (4, 4, 64, 8), (12, 12, 512, 1))
_GROWING_SECONDS = 61
"""For a minute after its last change a directory may be one that is being copied, and is listed again."""
STEPS_OF_RUNS = 600
"""Steps of each run where their number varies."""


def write_run(directory: Path, steps: int) -> None:
    """A run of 4 sites with 4 heads of 16 x 16, 2 samples. Nothing is synced to the disk: a power cut may take this log."""
    os.fsync = lambda _: None
    rng = np.random.default_rng(0)
    weights = {f"block_{number}": rng.dirichlet(np.ones(16), (2, 4, 16)).astype(np.float32) for number in range(4)}
    with tb_attention.AttentionWriter(directory, max_bytes=None) as writer:
        for step in range(steps):
            writer.write(step, weights, metrics={"loss": 1 / (step + 1), "val_loss": 2 / (step + 1)}, epoch=step)


def write_runs(logdir: Path, runs: int) -> None:
    """Runs of 600 steps. Hard links keep the times, by which the index knows its files."""
    write_run(logdir / "run000", STEPS_OF_RUNS)
    for run in range(1, runs):
        shutil.copytree(logdir / "run000", logdir / f"run{run:03}", copy_function=os.link)


def step_cost(sites: int, heads: int, positions: int, samples: int) -> str:
    """What a step costs: bytes of its files, CPU of the writer, and the bytes of an answer of `weights`."""
    axes = (Axis("samples", samples), Axis("heads", heads), Axis("query", positions), Axis("key", positions))
    rng = np.random.default_rng(0)
    weights = np.exp(3 * rng.standard_normal((samples, heads, positions, positions), dtype=np.float32))
    site = Site("block", "self", axes, weights / weights.sum(-1, keepdims=True))
    every = tuple(site.replace(path=f"block_{number}") for number in range(sites))
    with tempfile.TemporaryDirectory() as directory:
        writer = SeriesWriter(directory, "attention", 1)
        start = time.process_time()
        for step in range(5):
            writer._write(StepRecord(step, epoch=step, sites=every))
        cpu = 1000 * (time.process_time() - start) / 5
        writer._flush()
        writer.close()
        [index] = Path(directory).rglob("index-*.npz")
        file = next(Path(directory).rglob("step-*.npz")).stat().st_size
        counted = sites * heads * positions**2 * samples
        return (
            f"step file {file / 1e3:.0f} KB ({file / counted:.2f} bytes a weight), index {index.stat().st_size / 5e3:.1f} KB, "
            f"{cpu:.0f} ms of CPU"
        )


def milliseconds(action: Callable[[], object], times: int = 1) -> str:
    """The median time of an action."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        took.append(1000 * (time.perf_counter() - start))
    return f"{statistics.median(took):.0f} ms"


def answers(logdir: Path) -> str:
    """Times of the answers that a view of the first run needs, first and again, and of a poll after the first list of runs."""
    asks = client(logdir)
    one = {"run": "run000", "tag": "attention"}

    def ask(route: str, **query: object) -> Callable[[], None]:
        def answer() -> None:
            assert asks.get(f"{ROUTES}/{route}", query_string=query).status_code == 200

        return answer

    parts = [f"runs {milliseconds(ask('runs'))}"]
    for route, query in (("series", one), ("measures", one | {"sample": 0}), ("page_size", one)):
        first = milliseconds(ask(route, **query))
        parts.append(f"{route} {first}, again {milliseconds(ask(route, **query), 5)}")
    rows = ask("rows", **one, sample=0, site=0, queries=0)
    parts.append(f"rows {milliseconds(rows)}")
    time.sleep(_GROWING_SECONDS)
    for _ in range(2):
        ask("runs")()
        time.sleep(2.1)  # a poll within two seconds is answered from memory
    parts.append(f"poll {milliseconds(ask('runs'))}")
    return "; ".join(parts)


def report(what: str, write: Callable[[Path], None], with_memory: bool, empty: int) -> None:
    """Writes a log, and prints a line about it."""
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        write(logdir)
        line = answers(logdir)
        if with_memory:
            runs = len(list(logdir.iterdir()))
            line += f"; TensorBoard {(memory(logdir, runs, sites=4) - empty) / 1e6:+.0f} MB"
    print(f"{what}: {line}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", nargs="*", type=int, default=RUNS)
    parser.add_argument("--steps", nargs="*", type=int, default=STEPS)
    parser.add_argument("--memory", action="store_true", help="start a TensorBoard over each log too (Linux)")
    parser.add_argument(
        "--shapes", action="store_true", help="what a step costs by sites, heads, positions and samples"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        empty = memory(Path(directory), 0) if given.memory else 0
    for shape in SHAPES if given.shapes else ():
        sites, heads, positions, samples = shape
        print(
            f"{sites} sites, {heads} heads, {positions} positions, {samples} samples: {step_cost(*shape)}", flush=True
        )
    for steps in given.steps:
        report(
            f"1 run of {steps} steps",
            lambda logdir, steps=steps: write_run(logdir / "run000", steps),
            given.memory,
            empty,
        )
    for runs in given.runs:
        report(f"{runs} runs of 600 steps", lambda logdir, runs=runs: write_runs(logdir, runs), given.memory, empty)


if __name__ == "__main__":
    main()
