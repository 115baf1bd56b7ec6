"""Real `tensorboard` processes on a log that grows: both of its ways to read, and nothing printed about security."""

import gzip
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tb_attention import AttentionWriter
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tests.conftest import TensorBoard

from . import handmade
from .conftest import write_event_file

MAPS = {"run": "vit", "tag": "attention"}
WAYS = {"data server": [], "python": ["--load_fast=false"]}


class Wire:
    """Asks a running TensorBoard as the page does."""

    def __init__(self, board):
        self.board = board

    def get(self, path, method="GET", **query):
        """The body of an answer below `data/`."""
        url = f"{self.board.address}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as response:
            return response.read()

    def status(self, path, method="GET", **query):
        """The status code of an answer that must fail."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.get(path, method, **query)
        with refused.value as answer:
            return answer.code

    def json(self, route, **query):
        """The answer of one of the plugin's routes."""
        return json.loads(self.get(f"plugin/attention/{route}", **query))

    def lists(self, run, seconds=15):
        """Whether a run is listed before long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if run in [listed["run"] for listed in self.json("runs")["runs"]]:
                return True
            time.sleep(0.1)
        return False


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The log directory, and TensorBoard with its data server and without; at once, for each takes seconds to start."""
    logdir = tmp_path_factory.mktemp("logs")
    write_event_file(logdir / "vit")
    with ThreadPoolExecutor() as pool:
        starting = {way: pool.submit(TensorBoard, logdir, *flags) for way, flags in WAYS.items()}
    boards = {way: board.result() for way, board in starting.items()}
    yield logdir, {way: Wire(board) for way, board in boards.items()}
    for board in boards.values():
        board.stop()


@pytest.mark.parametrize("way", WAYS)
def test_a_log_that_grows_is_followed(started, way):
    logdir, wires = started
    wire, run = wires[way], f"run of {way}"
    write_event_file(logdir / run)
    assert wire.lists(run)
    series = logdir / run / "plugins" / "attention" / "attention"
    query = {"run": run, "tag": "attention"}
    for step in range(3):
        handmade.write(series, {f"step-{step:012d}.npz": handmade.step_file(step)})
        assert [known["step"] for known in wire.json("series", **query)["steps"]] == list(range(step + 1))
        body = wire.get("plugin/attention/weights", **query, step=step, sample=1, site=0)
        np.testing.assert_array_equal(np.load(io.BytesIO(gzip.decompress(body))), handmade.weights(step, 1))
    assert json.loads(wire.get("plugins_listing"))["attention"]["enabled"]


@pytest.mark.parametrize("way", WAYS)
def test_tensorboard_finds_nothing_wrong_with_our_answers(started, way):
    logdir, wires = started
    wire = wires[way]
    assert wire.lists("vit")
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
        assert wire.get(f"plugin/attention/{route}", **query)
    for route, code in {"series": 400, "nothing": 404}.items():
        assert wire.status(f"plugin/attention/{route}") == code
    assert wire.status("plugin/attention/runs", method="POST") == 405
    printed = "".join(wire.board.lines)
    assert "TensorBoard" in printed
    assert "will become an error" not in printed, printed
    assert "Traceback" not in printed, printed


@pytest.mark.parametrize("way", WAYS)
def test_a_run_whose_matrices_are_too_large_for_a_summary_is_listed(started, way):
    logdir, wires = started
    wire, run = wires[way], f"wide of {way}"
    writer = SeriesWriter(logdir / run, "confusion", 1)
    writer.submit(ConfusionRecord(0, {"validation": np.eye(101, dtype=int)}))
    assert writer.close(10)
    end = time.monotonic() + 15
    while run not in json.loads(wire.get("runs")) and time.monotonic() < end:
        time.sleep(0.1)
    assert run in json.loads(wire.get("runs"))  # TensorBoard's own list
    assert wire.lists(run)
    series = wire.json("series", run=run, tag="confusion")
    assert [(known["step"], known["classes"]) for known in series["steps"]] == [(0, 101)]


ODD_NAMES = (
    "lr=1e-3::bs=32",
    "a:b",
    "exp#3",
    "50%25",
    "a?b*[1]",
    "~user",
    "C:\\logs\\run",
    "two words+more",
    "a&run=b",
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("events", ["empty", "none"])
def test_copies_whose_event_file_is_empty_or_missing_are_served(started, way, events):
    logdir, wires = started
    wire = wires[way]
    runs = [f"{way} {events}/{name}" for name in ODD_NAMES]
    for run in runs:
        with AttentionWriter(logdir / run) as writer:
            writer.write(0, {"site": handmade.weights(0, 0)[None]})
        (event_file,) = (logdir / run).glob("*tfevents*")
        if events == "empty":
            event_file.write_bytes(b"")
        else:
            event_file.unlink()
    for run in runs:
        assert wire.lists(run), run
        query = {"run": run, "tag": "attention"}
        assert [known["step"] for known in wire.json("series", **query)["steps"]] == [0]
        body = wire.get("plugin/attention/weights", **query, step=0, sample=0, site=0)
        np.testing.assert_array_equal(np.load(io.BytesIO(gzip.decompress(body))), handmade.weights(0, 0))
    assert wire.status("plugin/attention/series", run="../secret", tag="attention") == 404
