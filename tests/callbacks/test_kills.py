"""A log is whole, however its training ends."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tb_attention

from .endings import STOP_AT, End
from .trainings import build, callback, fit, logged, status, weights_now

KILLS = 4

no_fork = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL")


def run_endings(directory: Path, *ways: str, timeout: float = 120) -> list[int]:
    """Exit statuses of trainings that end in some ways, each in a directory of its own."""
    command = [sys.executable, "-m", "tests.callbacks.endings", str(directory), *ways]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=True)
    return [int(line) for line in ran.stdout.splitlines() if line.lstrip("-").isdigit()]


def check_whole(log_dir: Path) -> int:
    """Reads every step of a training that was killed; returns how many there are."""
    log = tb_attention.load(log_dir)
    assert log.damaged == []
    assert log.steps == list(range(1, len(log.steps) + 1))
    for step in log.steps:
        for sample in range(2):
            np.testing.assert_allclose(log.weights(step, sample, "attention").sum(-1), 1, atol=1e-5)
        assert log._steps.entry(step).manifest.batch == step
    assert len(log.samples) == 2
    return len(log.steps)


@no_fork
def test_a_killed_fit_leaves_whole_steps_without_a_gap(tmp_path: Path) -> None:
    rng = random.Random(0)
    run_endings(tmp_path, *[f"kill:{rng.uniform(0, 0.3):.4f}" for _ in range(KILLS)])
    assert sum(check_whole(tmp_path / str(index)) for index in range(KILLS)) > KILLS
    # The next start goes on, and tidies what the killed process was writing.
    fit(build(), [callback(tmp_path / "0")], epochs=1)
    assert tb_attention.load(tmp_path / "0").attempts == [1, 2]
    assert not list((tmp_path / "0").rglob(".tmp-*"))


@no_fork
def test_waiting_steps_are_written_however_a_training_ends(tmp_path: Path) -> None:
    between = ["between:sigterm", "between:exit", "between:interrupt"]
    codes = run_endings(tmp_path, "sigterm", "exit", "error", "interrupt", *between, timeout=300)
    assert codes == [-15, 3, 1, -2, -15, 3, -2]
    for index in range(len(codes)):
        log = tb_attention.load(tmp_path / str(index))
        assert (log.has_init, log.steps) == (True, list(range(STOP_AT)))
        assert status(tmp_path / str(index))["state"] == "stopped"


def wait_for(what: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert what()


class Interrupt(keras.callbacks.Callback):
    """The stop button of a notebook, in the middle of an epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch == 2 and batch == 1:
            raise KeyboardInterrupt


def test_an_interrupted_kernel_drains_by_itself_and_can_train_again(tmp_path: Path) -> None:
    model, ours = build(), callback(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(model, [Interrupt(), ours], epochs=5)
    # Nobody calls anything: steps, then the index.
    wait_for(lambda: tb_attention.load(tmp_path).steps == [0, 1])
    wait_for(lambda: list(tmp_path.rglob("index-*")))
    # The cell is run again, then the one that builds the model.
    fit(model, [ours], epochs=2)
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps) == ([1], [0, 1, 2, 3])
    np.testing.assert_allclose(logged(tmp_path, 3), weights_now(model), atol=1e-5)
    other = build()
    fit(other, [ours], epochs=1)
    assert tb_attention.load(tmp_path).attempts == [1, 2]
    np.testing.assert_allclose(logged(tmp_path, 0), weights_now(other), atol=1e-5)


def test_an_interrupted_callback_is_closed_by_its_next_fit_even_with_another_model(tmp_path: Path) -> None:
    ours = callback(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(build(), [Interrupt(), ours], epochs=5)
    fit(build(), [ours], epochs=1)
    assert status(tmp_path, attempt=1)["state"] == "stopped"
    assert status(tmp_path, attempt=2)["state"] == "finished"
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "tb_attention writer"])


def test_an_error_in_another_callback_reaches_the_user_and_the_log_is_whole(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="in another callback"):
        fit(build(), [End("error"), callback(tmp_path)], epochs=9)
    wait_for(lambda: tb_attention.load(tmp_path).steps == list(range(STOP_AT)))
