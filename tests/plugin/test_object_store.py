"""Logs in a real S3: written by a training, read by `load` and by the tab, with few requests, and when S3 fails."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import threading
import time
import warnings
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec
import numpy as np
import pytest

import tb_attention
from tb_attention import AttentionWriter, load, sync
from tb_attention.plugin import found_runs, places, remote_directories
from tb_attention.plugin.file_systems import choose_file_systems
from tb_attention.records.store import remote_store
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store
from tests.conftest import TensorBoard
from tests.forwarder import Answer, Forwarder
from tests.object_store import BUCKET, s3_environment, s3_server
from tests.records import logs
from tests.records.test_lease import check_two_writers

from .conftest import open_tab
from .test_process import Wire

ROOT = "plugins/attention"
SITE = "block/attention"
SECRETS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI", "VERYSECRET")


@pytest.fixture(scope="module")
def server() -> Iterator[Forwarder]:
    with s3_server() as forwarder:
        yield forwarder


@pytest.fixture
def s3(server: Forwarder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    """The server in good health; libraries try twice, and no place is remembered as failing."""
    for name, value in s3_environment(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setattr(remote_store, "_RETRY_SECONDS", (0.1, 0.2, 0.4))
    monkeypatch.setattr(places, "_places", {})
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.fault = None
    server.forget()
    yield server
    server.fault = None


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    return f"s3://{BUCKET}/{request.node.name.partition('[')[0]}"


def write(run: str, steps: range | list[int], writer: AttentionWriter | None = None) -> None:
    with AttentionWriter(run, samples=logs.digits()) as writer:
        for step in steps:
            writer.write(step, {SITE: logs.rows(2, 2, 5, 5, seed=step)}, epoch=step)


def what(forwarder: Forwarder) -> list[str]:
    """What was asked for: "GET step-000000000001.npz", "LIST run1/plugins/attention/"."""
    found = []
    for request in forwarder.requests:
        path, _, query = request.path.partition("?")
        prefix = [part[7:] for part in query.split("&") if part.startswith("prefix=")]
        found.append(f"LIST {unquote(prefix[0])}" if prefix else f"{request.method} {path.rpartition('/')[2]}")
    return found


def test_a_training_writes_to_s3_and_load_reads_it(s3: Forwarder, url: str) -> None:
    import keras

    keras.utils.set_random_seed(0)
    given = keras.Input((6, 4))
    attended = keras.layers.MultiHeadAttention(2, 4, name="attention")(given, given)
    model = keras.Model(given, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(attended)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.random.default_rng(0).random((12, 6, 4)), np.arange(12) % 3
    callbacks = [
        tb_attention.AttentionCallback(f"{url}/run", (x[:2], y[:2])),
        tb_attention.ConfusionMatrixCallback(f"{url}/run", (x, y)),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error", tb_attention.errors.AttentionWarning)
        model.fit(x, y, epochs=2, verbose=0, callbacks=callbacks)
    log = load(f"{url}/run")
    assert (log.tags, log.steps) == (["attention", "confusion"], [0, 1])
    expected = tb_attention.capture(model, x[:2])["attention"].weights
    np.testing.assert_allclose(log.weights(1, 1, "attention"), expected[1], atol=1e-5)
    assert log.confusion_matrix(1).sum() == 12


def test_of_a_step_only_the_directory_and_the_member_are_fetched(s3: Forwarder, url: str) -> None:
    weights = {f"layer_{at}": logs.rows(4, 8, 128, 128, seed=at) for at in range(6)}
    with AttentionWriter(url) as writer:
        writer.write(0, weights)
    log = load(url)
    step = open_store(url).entries(f"{ROOT}/attention/1")[-1]
    size = max(entry.size for entry in open_store(url).entries(f"{ROOT}/attention/1"))
    member = 4 * 128 * 8 + 8 * 128 * 128
    s3.forget()
    read = log.weights(0, 2, "layer_3")
    np.testing.assert_allclose(read, weights["layer_3"][2], atol=5e-3)
    gets = [request for request in s3.requests if request.method == "GET"]
    assert len(gets) <= 3
    assert all(request.status == 206 and request.asked_range for request in gets)
    fetched = sum(request.size for request in gets)
    assert fetched < member + 3 * 65_536 < size / 5, (fetched, size, step)


def test_the_first_look_at_a_log_takes_few_requests(s3: Forwarder, url: str) -> None:
    write(url, range(10))
    s3.forget()
    log = load(url)
    assert len(log.steps) == 10
    assert len(s3.requests) <= 6, what(s3)
    s3.forget()
    log.weights(3, 0, SITE)
    assert what(s3) in (["GET step-000000000003.npz"], ["HEAD step-000000000003.npz", "GET step-000000000003.npz"])


def test_a_step_is_one_upload(s3: Forwarder, url: str) -> None:
    with AttentionWriter(url, samples=logs.digits()) as writer:
        writer.write(0, {SITE: logs.rows(2, 2, 5, 5)})
        assert writer is not None
        deadline = time.monotonic() + 20
        while "PUT status.json" not in what(s3) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        s3.forget()
        writer.write(1, {SITE: logs.rows(2, 2, 5, 5)})
    puts = [each for each in what(s3) if each.startswith("PUT")]
    assert puts.count("PUT step-000000000001.npz") == 1
    assert [name for name in puts if "samples" in name] == []
    assert not [each for each in what(s3) if each == f"HEAD {BUCKET}"]


def test_a_tree_is_listed_at_once_and_is_what_a_walk_finds(s3: Forwarder, url: str) -> None:
    write(f"{url}/run", range(3))
    write(f"{url}/run", [0])
    store = open_store(f"{url}/run")
    walked = Store.tree(store, ROOT)
    s3.forget()
    listed = store.tree(ROOT)
    assert len(s3.requests) == 1
    assert listed == walked
    assert list(store.tree("nowhere")) == []


class Clock:
    """The time of the modules that list directories."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1e6
        for module in (remote_directories, found_runs):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time()


def test_a_poll_of_two_runs_in_which_nothing_changed_is_two_requests_at_most_each_half_minute(
    s3: Forwarder, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in ("one", "two"):
        write(f"{url}/{run}", range(3))
    clock = Clock(monkeypatch)
    tab = open_tab(tmp_path, url=url)

    def poll() -> Any:
        return tab.json("runs")["runs"]

    assert [run["series"][0]["steps"] for run in poll()] == [3, 3]
    asked: list[int] = []
    for _ in range(400):  # twenty minutes of polls, one in 3 s
        clock.now += 3
        s3.forget()
        poll()
        tab.active()
        asked.append(len(s3.requests))
    assert set(asked) <= {0, 2, 5, 7}  # nothing; a listing of each run; a walk that looks for new runs; both
    assert sum(asked) < 120, sum(asked)  # 80 listings at the slowest pace, the first ones, and 4 walks
    times = [3 * at for at, count in enumerate(asked) if count in (2, 7)]
    assert all(later - earlier <= 33 for earlier, later in itertools.pairwise(times))
    assert times[-1] - times[-2] >= 30
    # A new step is seen after half a minute, and then the next ones soon.
    write(f"{url}/two", range(4))
    clock.now += 30
    assert [run["series"][0]["attempts"] for run in poll()] == [[1], [1, 2]]
    s3.forget()
    clock.now += 3.1
    poll()
    assert what(s3) == [f"LIST {url.partition(BUCKET)[2][1:]}/two/{ROOT}/"]


def say(status: int, code: str) -> Answer:
    """An error as S3 spells it, with a secret in it."""
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>VERYSECRET {SECRETS[0]}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, text.encode()


def hang_up(method: str, path: str) -> Answer | None:
    raise ConnectionResetError


FAULTS = {
    "503": lambda method, path: say(503, "SlowDown"),
    "gone": hang_up,
    "expired": lambda method, path: say(400, "ExpiredToken"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_steps_that_are_written_while_s3_fails_for_a_moment_are_all_there(s3: Forwarder, url: str, fault: str) -> None:
    left = threading.Semaphore(3)

    def for_a_moment(method: str, path: str) -> Answer | None:
        return FAULTS[fault](method, path) if method == "PUT" and left.acquire(blocking=False) else None

    run = f"{url}/{fault}"
    with AttentionWriter(run) as writer:
        writer.write(0, {SITE: logs.rows(1, 2, 5, 5, seed=0)})
        s3.fault = for_a_moment
        for step in range(1, 4):
            writer.write(step, {SITE: logs.rows(1, 2, 5, 5, seed=step)})
    assert not left.acquire(blocking=False)  # it did fail
    log = load(run)
    assert log.steps == [0, 1, 2, 3]
    for step in log.steps:
        np.testing.assert_array_equal(log.weights(step, 0, SITE), logs.rows(1, 2, 5, 5, seed=step)[0])


@pytest.mark.parametrize("fault", FAULTS)
def test_where_s3_is_gone_for_long_the_training_goes_on_and_the_log_after_it(
    s3: Forwarder, url: str, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import keras

    from tests.callbacks.trainings import build, callback, fit

    remote_store._RETRY_SECONDS = ()  # the fixture puts it back
    model, run = build(), f"{url}/{fault}"

    class Trouble(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            s3.fault = FAULTS[fault] if epoch in (1, 2) else None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """Expired credentials stay so until the first step is given up; whatever else fails, for a second."""
            deadline = time.monotonic() + (20 if fault == "expired" and epoch == 1 else 1)
            while epoch < 3 and time.monotonic() < deadline and not (epoch == 1 and told()):
                time.sleep(0.02)

    ours = callback(run)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")

        def told() -> list[str]:
            return [
                str(each.message) for each in caught if issubclass(each.category, tb_attention.errors.AttentionWarning)
            ]

        fit(model, [ours, Trouble()], epochs=5)
    s3.fault = None
    log = load(run)
    assert {0, 4} <= set(log.steps)
    assert not log.damaged
    lost = {1, 2, 3} - set(log.steps)
    assert lost or fault != "expired"  # the others are tried again by the library for as long
    assert bool(lost) == bool(told())
    assert len(told()) <= 3
    assert all(f"s3://{BUCKET}" in each for each in told()[:1])
    output = capfd.readouterr()
    everything = " ".join([*told(), caplog.text, output.out, output.err])
    assert not [secret for secret in SECRETS if secret in everything]


def test_a_slow_s3_gives_the_right_answer_late(s3: Forwarder, url: str, tmp_path: Path) -> None:
    write(f"{url}/run", range(2))
    tab = open_tab(tmp_path, url=url)

    def slowly(method: str, path: str) -> Answer | None:
        time.sleep(0.3)
        return None

    s3.fault = slowly
    query = {"run": "run", "tag": "attention", "step": 1, "sample": 0, "site": 0}
    deadline = time.monotonic() + 20
    while not tab.json("runs")["runs"] and time.monotonic() < deadline:
        time.sleep(0.1)
    np.testing.assert_array_equal(tab.array("weights", **query), logs.rows(2, 2, 5, 5, seed=1)[0])


def test_credentials_that_are_renewed_are_used(s3: Forwarder, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewed in the environment or in a file: what is asked after a failure is asked with what is there then."""
    write(f"{url}/run", range(1))
    s3.fault = FAULTS["expired"]
    store = open_store(f"{url}/run")
    with pytest.raises(tb_attention.errors.UnreachableError, match=r"expired \(ExpiredToken\)"):
        store.entries(ROOT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "RENEWED")
    s3.fault = None
    s3.forget()
    assert [entry.name for entry in store.entries(ROOT)] == ["attention"]
    assert all("RENEWED" in request.authorization for request in s3.requests)


def test_a_bucket_that_does_not_exist_is_not_made(s3: Forwarder) -> None:
    with pytest.raises((tb_attention.errors.LogError, OSError)), AttentionWriter("s3://nowhere/run") as writer:
        writer.write(0, {SITE: logs.rows(1, 1, 3, 3)})
    assert not [request for request in s3.requests if request.method == "PUT" and request.status == 200]


def test_a_log_is_copied_to_s3_and_back(s3: Forwarder, url: str, tmp_path: Path) -> None:
    logs.write_log(tmp_path / "run")
    assert len(sync(tmp_path / "run", url).steps) == 3
    s3.forget()
    assert not sync(tmp_path / "run", url)
    assert len(s3.requests) <= 8, what(s3)
    sync(url, tmp_path / "back")
    for step in range(3):
        np.testing.assert_array_equal(
            load(tmp_path / "back").weights(step, 0, SITE), load(tmp_path / "run").weights(step, 0, SITE)
        )


def test_a_tensorboard_process_shows_what_a_training_writes_to_s3(s3: Forwarder, url: str) -> None:
    """A real one, while the log grows. TensorFlow is installed, and cannot read S3: TensorBoard alone would end at once."""
    write(f"{url}/run", range(2))
    board = TensorBoard(url)
    try:
        wire = Wire(board)
        assert wire.lists("run", seconds=60)
        series = {"run": "run", "tag": "attention"}
        assert len(wire.json("series", **series)["steps"]) == 2
        with AttentionWriter(f"{url}/run", attempt=1) as writer:
            writer.write(2, {SITE: logs.rows(2, 2, 5, 5, seed=2)}, epoch=2)
        deadline = time.monotonic() + 60
        while len(wire.json("series", **series)["steps"]) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)
        body = wire.get("plugin/attention/weights", **series, step=2, sample=0, site=0)
        shown = np.load(io.BytesIO(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
        np.testing.assert_array_equal(shown, logs.rows(2, 2, 5, 5, seed=2)[0])
        deadline = time.monotonic() + 60
        while json.loads(wire.get("runs")) != ["run"] and time.monotonic() < deadline:
            time.sleep(0.2)  # TensorBoard's own reading of the event file
        assert json.loads(wire.get("runs")) == ["run"]
    finally:
        board.stop()
    printed = "".join(board.lines)
    assert "Traceback" not in printed
    assert not [secret for secret in SECRETS if secret in printed]


@pytest.mark.parametrize("logdir", ["logs", "/logs/run", "gs://bucket/logs"])
def test_where_tensorflow_can_read_tensorboard_keeps_it(logdir: str) -> None:
    assert choose_file_systems(Namespace(logdir=logdir, logdir_spec="")) is None
    assert choose_file_systems(Namespace(logdir="", logdir_spec=f"name:{logdir},/other")) is None


def test_two_processes_write_two_attempts_in_s3_and_one_warning_names_the_other(s3: Forwarder, url: str) -> None:
    check_two_writers(url)
