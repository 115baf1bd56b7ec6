"""Time to list 20 runs of 1,000 steps with all curves, the first time and again; time of `load`.

python benchmarks/log_listing.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tensorboard.backend import application
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from werkzeug.test import Client

import tb_attention
from tb_attention.plugin.loader import AttentionLoader

STEPS = 1000
RUNS = 20
ROUTES = "/data/plugin/attention"
ONE_RUN = {"run": "run00", "tag": "attention"}


def write_runs(logdir: Path) -> None:
    """One run of 1,000 steps of 4 sites with 4 heads, 20 times."""
    rng = np.random.default_rng(0)
    weights = {f"block_{number}": rng.dirichlet(np.ones(16), (2, 4, 16)).astype(np.float32) for number in range(4)}
    with tb_attention.AttentionWriter(logdir / "run00") as writer:
        for step in range(STEPS):
            writer.write(step, weights, metrics={"loss": 1 / (step + 1), "val_loss": 2 / (step + 1)}, epoch=step)
    for run in range(1, RUNS):
        # Hard links keep the times, by which the index knows its files.
        shutil.copytree(logdir / "run00", logdir / f"run{run:02}", copy_function=os.link)


def client(logdir: Path) -> Client:
    """TensorBoard's WSGI application with our plugin."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    flags = argparse.Namespace(logdir=str(logdir), logdir_spec="", path_prefix="")
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(logdir))
    context = base_plugin.TBContext(logdir=str(logdir), flags=flags, data_provider=provider, multiplexer=multiplexer)
    return Client(application.TensorBoardWSGI([AttentionLoader().load(context)]))


def list_all(asks: Client) -> float:
    """Seconds for the list of runs and, for each run, all steps with their metrics and predictions."""
    start = time.perf_counter()
    runs = asks.get(f"{ROUTES}/runs")
    series = [
        asks.get(f"{ROUTES}/series", query_string={"run": f"run{run:02}", "tag": "attention"}) for run in range(RUNS)
    ]
    took = time.perf_counter() - start
    assert len(runs.json["runs"]) == RUNS
    assert all(len(answer.json["steps"]) == STEPS for answer in series)
    return took


def seconds(action: Callable[[], object]) -> float:
    """The time of an action."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        write_runs(logdir)
        asks = client(logdir)
        first = list_all(asks)
        again = min(list_all(asks) for _ in range(3))
        poll = seconds(lambda: asks.get(f"{ROUTES}/runs"))
        measures = seconds(lambda: asks.get(f"{ROUTES}/measures", query_string=ONE_RUN | {"sample": 0}))
        load = seconds(lambda: tb_attention.load(logdir / "run00").steps)
    print(
        f"{RUNS} runs of {STEPS} steps listed with all curves: first {first:.2f} s (at most 1 s), "
        f"again {1000 * again:.0f} ms (at most 50 ms)"
    )
    print(f"the poll for changes: {1000 * poll:.0f} ms")
    print(f"measures of all heads at all steps of one run, when they are looked at: {1000 * measures:.0f} ms")
    print(f"load() of one: {1000 * load:.0f} ms")


if __name__ == "__main__":
    main()
