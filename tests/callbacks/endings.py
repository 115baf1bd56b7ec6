"""Trainings that end in every possible way. A script, because they end their process.

    python -m tests.callbacks.endings <directory> <way> [<way> ...]

Each way is a process of its own, forked before TensorFlow starts anything: kill:<seconds after the first step>, or one of
sigterm, exit, error, interrupt. With "between:" before it, a `fit` is left by an exception first, and the process ends so between
that and the next, while steps still wait. Prints how each process ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras

from .trainings import build, callback, fit

STOP_AT = 3


class End(keras.callbacks.Callback):
    """Ends the training in the middle of an epoch, in its own way; `kill` is up to others."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch == STOP_AT and batch == 1:
            end_by(self.way)


def end_by(way: str) -> None:
    """Ends the process in a way."""
    if way == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
    elif way == "exit":
        sys.exit(3)
    elif way == "error":
        raise ZeroDivisionError("in another callback")
    elif way == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)


def slow_down() -> None:
    """Makes the disk so slow that steps wait when the training ends."""
    from tb_attention.records.store.local_store import LocalStore

    replace = LocalStore.replace

    def slow(self: Any, path: str, write: Any) -> Any:
        time.sleep(0.05)
        return replace(self, path, write)

    LocalStore.replace = slow  # type: ignore[method-assign]


def train(log_dir: Path, way: str) -> None:
    """Trains until it is ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if way.startswith("kill"):
        fit(build(), [callback(log_dir, update_freq=1)], epochs=1_000_000)
    slow_down()
    if way.startswith("between:"):
        with contextlib.suppress(ZeroDivisionError):
            fit(build(), [End("error"), callback(log_dir)], epochs=STOP_AT + 3)
        end_by(way.partition(":")[2])
    fit(build(), [End(way), callback(log_dir)], epochs=STOP_AT + 3)


def end(log_dir: Path, way: str) -> int:
    """Starts a training, sees to its end and returns how it ended, as a shell does: negative for a signal."""
    pid = os.fork()
    if pid == 0:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  the traceback is wanted by nobody
        train(log_dir, way)
        sys.exit(0)
    if way.startswith("kill"):
        while not list(log_dir.rglob("step-0*")):
            time.sleep(0.005)
        time.sleep(float(way.partition(":")[2]))
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    for index, way in enumerate(sys.argv[2:]):
        print(end(Path(sys.argv[1]) / str(index), way), flush=True)
