"""A real TensorBoard application around the plugin, and a client that talks to it."""

import dataclasses
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend import application
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from werkzeug.test import Client

from tb_attention.plugin.loader import AttentionLoader
from tb_attention.wire.structs import ANSWERS
from tests.wire.conforming import assert_conforms

from . import handmade


@dataclasses.dataclass
class Tab:
    """The Attention tab's side of the wire, on TensorBoard's own WSGI application."""

    client: Client
    multiplexer: plugin_event_multiplexer.EventMultiplexer
    logdir: Path

    def get(self, route, method="GET", **query):
        """The response to a request below `data/plugin/attention/`."""
        return self.client.open(f"/data/plugin/attention/{route}", method=method, query_string=query)

    def json(self, route, **query):
        """The body of an answer that must succeed and be what its struct says."""
        response = self.get(route, **query)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert_conforms(response.get_data(), ANSWERS[route])
        return json.loads(response.get_data())

    def array(self, route, **query):
        """The array of a binary answer, opened as the page opens it."""
        response = self.get(route, **query)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.mimetype == "application/octet-stream"
        assert "Content-Encoding" not in response.headers
        return np.load(io.BytesIO(gzip.decompress(response.get_data())), allow_pickle=False)

    def refusal(self, route, code, **query):
        """The sentence of an answer that must fail with `code`."""
        response = self.get(route, **query)
        assert response.status_code == code, response.get_data()
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        sentence = json.loads(response.get_data())["error"]
        assert sentence.endswith(".")
        return sentence

    def active(self):
        """Whether TensorBoard's listing says that the tab is active."""
        return json.loads(self.client.get("/data/plugins_listing").get_data())["attention"]["enabled"]


def open_tab(logdir, spec=None, url=None, runs=None):
    """Starts the application.

    Args:
        logdir: The log directory.
        spec: `{name: directory}` instead, as with `--logdir_spec`.
        url: The log directory as typed, if it is not `logdir`.
        runs: Runs that are listed, where TensorBoard is not to look for them itself.
    """
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    for name, directory in (spec or {None: str(logdir)}).items():
        multiplexer.AddRunsFromDirectory(directory, name)
    for run in runs or []:
        write_event_file(logdir / run)
        multiplexer.AddRun(str(logdir / run), run)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(logdir))
    context = base_plugin.TBContext(
        data_provider=provider, logdir="" if spec else url or str(logdir), multiplexer=multiplexer if spec else None
    )
    plugin = AttentionLoader().load(context)
    return Tab(Client(application.TensorBoardWSGI([plugin], data_provider=provider)), multiplexer, Path(logdir))


def write_event_file(directory):
    """Makes a directory a run for TensorBoard."""
    writer = EventFileWriter(str(directory))
    writer.flush()
    writer.close()


@pytest.fixture
def tab(tmp_path):
    """The tab on an empty run named "vit"."""
    write_event_file(tmp_path / "vit")
    return open_tab(tmp_path)


@pytest.fixture
def two_steps(tmp_path):
    """The directory of a series with two whole steps, in the run "vit"; a secret is next to the log directory."""
    logdir = tmp_path / "logs"
    write_event_file(logdir / "vit")
    secret = tmp_path / "secret" / "plugins" / "attention" / "attention"
    handmade.write(
        secret, {"step-000000000000.npz": handmade.step_file(0), "step-000000000007.npz": handmade.step_file(7)}
    )
    ours = logdir / "vit" / "plugins" / "attention" / "attention"
    steps = {f"step-{step:012d}.npz": handmade.step_file(step) for step in (0, 1)}
    return handmade.write(ours, steps)
