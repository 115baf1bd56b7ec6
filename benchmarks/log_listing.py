"""How long the server takes to list 20 runs of 1,000 steps with all curves, first and again; how long `load` takes.

python benchmarks/log_listing.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
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


def write_runs(logdir: Path) -> None:
    """One run of 1,000 steps of 4 sites with 4 heads, 20 times."""
    rng = np.random.default_rng(0)
    weights = {f"block_{place}": rng.dirichlet(np.ones(16), (2, 4, 16)).astype(np.float32) for place in range(4)}
    with tb_attention.AttentionWriter(logdir / "run00") as writer:
        for step in range(STEPS):
            writer.write(step, weights, metrics={"loss": 1 / (step + 1), "val_loss": 2 / (step + 1)}, epoch=step)
    for run in range(1, RUNS):
        # Hard links: times stay, by which the index knows its files.
        shutil.copytree(logdir / "run00", logdir / f"run{run:02}", copy_function=os.link)


def client(logdir: Path) -> Client:
    """TensorBoard's own WSGI application with our plugin."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    flags = argparse.Namespace(logdir=str(logdir), logdir_spec="", path_prefix="")
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(logdir))
    context = base_plugin.TBContext(logdir=str(logdir), flags=flags, data_provider=provider, multiplexer=multiplexer)
    return Client(application.TensorBoardWSGI([AttentionLoader().load(context)]))


def list_all(asks: Client) -> float:
    """Seconds for the list of runs and, of each run, all steps with their curves and the measures of a sample."""
    start = time.perf_counter()
    assert len(asks.get(f"{ROUTES}/runs").json["runs"]) == RUNS
    for run in range(RUNS):
        told = asks.get(f"{ROUTES}/series", query_string={"run": f"run{run:02}", "tag": "attention"}).json
        assert len(told["steps"]) == STEPS
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        write_runs(logdir)
        asks = client(logdir)
        first = list_all(asks)
        again = min(list_all(asks) for _ in range(3))
        start = time.perf_counter()
        asks.get(f"{ROUTES}/runs")
        poll = time.perf_counter() - start
        start = time.perf_counter()
        assert len(tb_attention.load(logdir / "run00").steps) == STEPS
        load = time.perf_counter() - start
    print(
        f"{RUNS} runs of {STEPS} steps listed with all curves: first {first:.2f} s (at most 1 s), again {1000 * again:.0f} ms"
    )
    print(f"the poll for changes, with all of them known: {1000 * poll:.0f} ms (at most 50 ms)")
    print(f"load() of one: {1000 * load:.0f} ms")


if __name__ == "__main__":
    main()
