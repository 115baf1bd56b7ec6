"""A failing disk costs steps, which are named, but never the training or earlier steps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np
import pytest

import tb_attention
from tb_attention.callbacks import fit_logger
from tb_attention.errors import AttentionWarning, UnreachableError
from tb_attention.records.store.local_store import LocalStore
from tb_attention.records.store.store import Entry
from tb_attention.records.writing.series_writer import SeriesWriter

from .trainings import build, callback, fit, logged, status, weights_now


class At(keras.callbacks.Callback):
    """Does something before some epochs, when all earlier steps are on the disk."""

    def __init__(self, ours: Any, deeds: dict[int, Callable[[], object]]) -> None:
        super().__init__()
        self.ours = ours
        self.deeds = deeds

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch in self.deeds:
            self.ours.logger.drain(10)
            self.deeds[epoch]()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ours.logger.drain(10)


def train(log_dir: Path, deeds: dict[int, Callable[[], object]], epochs: int = 6) -> keras.Model:
    """Trains with faults; weights must be those of a training without a log, to the bit."""
    models = []
    for with_log in (False, True):
        keras.utils.set_random_seed(1)
        models.append(build())
        ours = callback(log_dir)
        fit(models[-1], [At(ours, deeds), ours] if with_log else [], epochs=epochs)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    return models[-1]


def warnings_of(caught: Any) -> list[str]:
    return [str(each.message) for each in caught if each.category is AttentionWarning]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 512 KiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    with open(disk / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def test_a_full_disk_loses_the_steps_it_has_no_room_for_and_logging_goes_on(small_disk: Path) -> None:
    run = small_disk / "run"
    with pytest.warns(AttentionWarning) as caught:
        model = train(run, {2: lambda: fill(small_disk), 4: (small_disk / "ballast").unlink})
    (said,) = warnings_of(caught)
    assert "Step 2 of 'attention' in" in said
    assert "could not be written at" in said
    assert "No space left on device" in said
    log = tb_attention.load(run)
    assert (log.steps, log.damaged) == ([0, 1, 4, 5], [])
    np.testing.assert_allclose(logged(run, 5), weights_now(model), atol=1e-5)
    assert [dropped["step"] for dropped in status(run)["dropped"]] == [2, 3]
    assert not list(run.rglob(".tmp-*"))


def test_the_status_names_dropped_steps_even_on_a_full_disk(small_disk: Path) -> None:
    run = small_disk / "run"
    with pytest.warns(AttentionWarning, match="No space left on device"):
        train(run, {2: lambda: fill(small_disk)}, epochs=4)
    assert tb_attention.load(run).steps == [0, 1]
    assert [dropped["step"] for dropped in status(run)["dropped"]] == [2, 3]
    assert status(run)["state"] == "finished"


def test_a_directory_that_is_read_only_for_a_while_is_written_again_afterwards(small_disk: Path) -> None:
    def remount(how: str) -> Callable[[], object]:
        return lambda: subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    run = small_disk / "run"
    with pytest.warns(AttentionWarning, match="Read-only file system") as caught:
        train(run, {2: remount("ro"), 4: remount("rw")})
    assert len(warnings_of(caught)) == 1
    assert tb_attention.load(run).steps == [0, 1, 4, 5]
    assert [dropped["step"] for dropped in status(run)["dropped"]] == [2, 3]


def test_a_directory_removed_while_training_is_made_again_with_the_samples(tmp_path: Path) -> None:
    train(tmp_path / "run", {3: lambda: shutil.rmtree(tmp_path / "run")})
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [3, 4, 5]
    assert len(log.samples) == 2
    assert len(log.samples.inputs[0][0]["tokens"]) == 6
    assert list((tmp_path / "run").glob("*tfevents*"))


def test_a_directory_that_cannot_be_made_at_first_is_tried_again_at_every_epoch(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("a file")
    run = tmp_path / "in the way" / "run"
    with pytest.warns(AttentionWarning) as caught:
        train(run, {2: (tmp_path / "in the way").unlink}, epochs=4)
    assert len(warnings_of(caught)) == 1
    log = tb_attention.load(run)
    assert (log.attempts, log.steps) == ([1], [2, 3])
    assert [log._steps.entry(step).manifest.batch for step in log.steps] == [9, 12]
    assert [dropped["step"] for dropped in status(run)["dropped"]] == ["init", 0, 1]


def test_a_place_that_takes_long_to_fail_is_not_tried_at_every_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def fail(*arguments: Any) -> None:
        tries.append(1)
        time.sleep(0.1)
        raise UnreachableError("s3://bucket cannot be reached (EndpointConnectionError).")

    monkeypatch.setattr(fit_logger, "_LONG_SECONDS", 0.05)
    monkeypatch.setattr(fit_logger, "_RESTS", 1000)
    monkeypatch.setattr(fit_logger, "begin_attempt", fail)
    with pytest.warns(AttentionWarning, match="s3://bucket cannot be reached") as caught:
        train(tmp_path / "run", {}, epochs=4)
    assert len(warnings_of(caught)) == 1
    assert len(tries) == 1


def replace_with(wait: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every write of a step wait."""
    replace = LocalStore.replace

    def slow(self: LocalStore, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
        if "step-" in path:
            wait()
        return replace(self, path, write)

    monkeypatch.setattr(LocalStore, "replace", slow)


def test_a_slow_disk_loses_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_with(lambda: time.sleep(0.15), monkeypatch)
    fit(build(), [callback(tmp_path)], epochs=8)
    assert tb_attention.load(tmp_path).steps == list(range(8))


def test_a_disk_that_hangs_holds_the_training_once_and_its_steps_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    waits: list[float] = []
    replace_with(gate.wait, monkeypatch)
    monkeypatch.setattr(fit_logger, "WAIT_SECONDS", 0.3)
    submit = SeriesWriter.submit

    def timed(self: Any, record: Any, timeout: float | None = None) -> bool:
        start = time.monotonic()
        try:
            return submit(self, record, timeout)
        finally:
            waits.append(time.monotonic() - start)

    monkeypatch.setattr(SeriesWriter, "submit", timed)
    with pytest.warns(AttentionWarning) as caught:
        fit(build(), [callback(tmp_path)], epochs=12)
    assert len([wait for wait in waits if wait > 0.25]) == 1
    said = warnings_of(caught)
    assert "the disk did not keep up" in said[0]
    assert "has not answered" in said[1]
    gate.set()
    deadline = time.monotonic() + 10
    while len(tb_attention.load(tmp_path).steps) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert tb_attention.load(tmp_path).steps == [0, 1, 2]
    while status(tmp_path)["state"] != "finished" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [dropped["step"] for dropped in status(tmp_path)["dropped"]] == list(range(3, 12))
