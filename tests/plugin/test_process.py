"""Real `tensorboard` processes on a log that grows: both of its ways to read, and nothing printed about security."""

import contextlib
import gzip
import io
import json

import numpy as np
import pytest

from . import handmade
from .conftest import write_event_file
from .process import running

MAPS = {"run": "vit", "tag": "attention"}


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """TensorBoard with its data server and without, on one empty log; started together, for each takes seconds."""
    logdir = tmp_path_factory.mktemp("logs")
    write_event_file(logdir / "vit")
    with contextlib.ExitStack() as stack:
        started = {
            name: stack.enter_context(running(logdir, tmp_path_factory.mktemp(name), *options))
            for name, options in {"data server": [], "python": ["--load_fast=false"]}.items()
        }
        for process in started.values():
            process.wait_until_ready()
        yield logdir, started


@pytest.mark.parametrize("reader", ["data server", "python"])
def test_a_log_that_grows_is_followed(processes, reader, tmp_path):
    logdir, started = processes
    board = started[reader]
    run = f"run of {reader}"
    write_event_file(logdir / run)
    assert board.until(lambda: run in [listed["run"] for listed in board.json("runs")["runs"]])
    series = logdir / run / "plugins" / "attention" / "attention"
    query = {"run": run, "tag": "attention"}
    for step in range(3):
        handmade.write(series, {f"step-{step:012d}.npz": handmade.step_file(step)})
        assert [known["step"] for known in board.json("series", **query)["steps"]] == list(range(step + 1))
        body = board.get("plugin/attention/weights", **query, step=step, sample=1, site=0)
        np.testing.assert_array_equal(np.load(io.BytesIO(gzip.decompress(body))), handmade.weights(step, 1))
    assert json.loads(board.get("plugins_listing"))["attention"]["enabled"]


@pytest.mark.parametrize("reader", ["data server", "python"])
def test_tensorboard_finds_nothing_wrong_with_our_answers(processes, reader):
    logdir, started = processes
    board = started[reader]
    series = logdir / "vit" / "plugins" / "attention" / "attention"
    handmade.write(
        series, {"step-000000000000.npz": handmade.step_file(0), "samples-0f3a5c9e1b2d.npz": handmade.samples_file()}
    )
    samples = {**MAPS, "set": "samples-0f3a5c9e1b2d", "v": "1-2"}
    for route, query in {
        "index.js": {},
        "plugin/attention/index.js": {},
        "runs": {},
        "series": MAPS,
        "samples": samples,
        "thumbnails": samples,
        "image": {**samples, "sample": 0, "input": 0},
        "weights": {**MAPS, "step": 0, "sample": 0, "site": 0, "v": "1-2"},
        "measures": {**MAPS, "sample": 0},
    }.items():
        assert board.get(f"plugin/attention/{route}", **query)
    for route, code in {"series": 400, "nothing": 404}.items():
        assert board.status(f"plugin/attention/{route}") == code
    assert board.status("plugin/attention/runs", method="POST") == 405
    printed = board.printed()
    assert "will become an error" not in printed, printed
    assert "Traceback" not in printed, printed
