"""What both callbacks share: counting epochs and batches, attempts, the best step, the status, and never failing."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

import keras

from tb_attention.callbacks.guard import Warnings
from tb_attention.callbacks.progress import Progress, progress_of, remember_progress
from tb_attention.errors import ArgumentError
from tb_attention.records.attempts import start_attempt
from tb_attention.records.series_writer import SeriesWriter

STATUS_SECONDS = 2.0
WAIT_SECONDS = 30.0


class SeriesCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A Keras callback that writes one series (a tag) of a run.

    Subclasses call `count_batches` to learn whether a step is due, and `submit` with its record. Nothing is opened
    and no thread is started before training begins, so that callbacks can be copied and pickled.
    """

    def __init__(
        self, log_dir: str | os.PathLike[str], *, tag: str, update_freq: str | int, monitor: str, mode: str
    ) -> None:
        super().__init__()
        self.log_dir = checked_directory(log_dir)
        if not isinstance(tag, str) or not tag:
            raise ArgumentError(f"`tag` must be a string that is not empty. Received: tag={tag!r}.")
        if update_freq not in ("epoch", "batch") and not _is_positive_integer(update_freq):
            raise ArgumentError(
                "`update_freq` must be 'epoch', 'batch' or a positive number of batches. "
                f"Received: update_freq={update_freq!r}."
            )
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}.")
        self.tag = tag
        self.every = None if update_freq == "epoch" else 1 if update_freq == "batch" else int(update_freq)
        self.monitor = monitor
        self.mode = mode
        self.warnings = Warnings()
        self.writer: SeriesWriter | None = None
        self.progress: Progress | None = None
        self._forget_fit()

    def _forget_fit(self) -> None:
        self._epoch_offset = 0
        self._keras_epoch = 0
        self._batches_before_epoch = 0
        self._logged_batches = 0
        self._best: tuple[float, int] | None = None
        self._dropped: list[dict[str, Any]] = []
        self._notes: list[str] = []
        self._status_time = 0.0

    def begin_epoch(self, epoch: int) -> bool:
        """Opens the series at the first epoch of a `fit`. Returns True there, and False at later epochs."""
        self._keras_epoch = epoch
        first = self.writer is None
        if first:
            self._open(epoch)
        assert self.progress is not None
        self._batches_before_epoch = self.progress.batches
        self.progress.epoch = self.epoch
        self.tell_status(force=True)
        return first

    def _open(self, epoch: int) -> None:
        progress = progress_of(self.model, self.log_dir, self.tag)
        if progress is None:
            progress = Progress(attempt=start_attempt(self.log_dir, self.tag, epoch))
            remember_progress(self.model, self.log_dir, self.tag, progress)
        elif progress.epoch is not None and epoch <= progress.epoch:
            self._epoch_offset = progress.epoch + 1 - epoch
            self.note(
                f"fit was called again on the same model: its epoch {epoch + 1} is logged as epoch {self.epoch + 1}."
            )
        self.progress = progress
        self._logged_batches = progress.batches
        self.writer = SeriesWriter(self.log_dir, self.tag, progress.attempt, on_failure=self._lost)

    @property
    def epoch(self) -> int:
        """The epoch as the log counts it: as Keras does, going on over several `fit` calls of one model."""
        return self._keras_epoch + self._epoch_offset

    @property
    def batches(self) -> int:
        """Batches that the model has seen, over all `fit` calls that were logged."""
        return 0 if self.progress is None else self.progress.batches

    def count_batches(self, batch: int) -> bool:
        """Counts up to a batch of this epoch, several at once with steps_per_execution. Returns whether a step is due."""
        assert self.progress is not None
        self.progress.batches = self._batches_before_epoch + batch + 1
        if self.every is None or self.batches // self.every == self._logged_batches // self.every:
            return False
        self._logged_batches = self.batches
        return True

    def submit(self, record: Any, step: int | str) -> None:
        """Hands a step to the writer; drops it, and says so, where the writer cannot keep up for 30 s."""
        assert self.writer is not None
        assert self.progress is not None
        if self.writer.submit(record, timeout=WAIT_SECONDS):
            self.progress.steps.append(step)
        else:
            self._lost(step, TimeoutError(f"the disk did not keep up for {WAIT_SECONDS:.0f} s"))

    def note_best(self, step: int, logs: Mapping[str, float]) -> None:
        """Marks the step if it is the best so far by the monitored metric (`monitor`, or the loss where that is missing)."""
        name = self.monitor if self.monitor in logs else "loss"
        value = logs.get(name)
        if value is None or math.isnan(value):
            return
        larger = self.mode == "max" or (self.mode == "auto" and any(word in name for word in ("acc", "auc", "f1")))
        score = value if larger else -value
        if self._best is None or score > self._best[0]:
            self._best = (score, step)

    def note(self, sentence: str) -> None:
        """Leaves a sentence for the tab."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def tell_status(self, state: str = "running", *, force: bool = False) -> None:
        """Writes how far training is; at most every 2 s unless forced."""
        now = time.time()
        if self.writer is None or (not force and now - self._status_time < STATUS_SECONDS):
            return
        self._status_time = now
        parameters = self.params or {}
        steps = parameters.get("steps")
        done = self.batches - self._batches_before_epoch
        self.writer.write_status(
            state=state,
            epochs=(parameters.get("epochs") or 0) + self._epoch_offset or None,
            steps_per_epoch=steps,
            epoch=self.epoch,
            fraction=min(done / steps, 1.0) if steps else None,
            updated=now,
            process=f"{socket.gethostname()}:{os.getpid()}",
            best=None if self._best is None else {"step": self._best[1], "monitor": self.monitor},
            dropped=list(self._dropped),
            notes=[*self._notes, *self.warnings.said.values()],
        )

    def end(self) -> None:
        """Drains the writer and closes it; called at the end of `fit`."""
        if self.writer is not None:
            self.tell_status("finished", force=True)
            self.writer.close()
        self.writer = None
        self._forget_fit()

    def _lost(self, step: int | str, error: BaseException) -> None:
        self._dropped.append({"step": step, "reason": str(error)})
        self.warnings.warn(
            f"lost: {type(error).__name__}",
            f"Step {step} of {self.tag!r} in {self.log_dir} was not written, and later ones may be missing too; "
            f"training goes on. {type(error).__name__}: {error}",
        )

    def metrics(self, logs: Mapping[str, Any] | None) -> dict[str, float]:
        """What Keras handed over, as floats, with the learning rate."""
        found: dict[str, float] = {}
        for name, value in (logs or {}).items():
            try:
                found[name] = float(value)
            except (TypeError, ValueError):
                continue
        rate = learning_rate(self.model)
        if rate is not None:
            found.setdefault("learning_rate", rate)
        return found


def learning_rate(model: Any) -> float | None:
    """The optimizer's learning rate at this moment, or None for a model without one."""
    try:
        return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    except Exception:
        return None


def checked_directory(log_dir: Any) -> str:
    """A run's directory as an absolute path, or a URL as it is; anything else raises `ArgumentError`."""
    if not isinstance(log_dir, str | os.PathLike) or not os.fspath(log_dir):
        raise ArgumentError(f"`log_dir` must be a path or a URL. Received: log_dir={log_dir!r}.")
    path = os.fspath(log_dir)
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))


def _is_positive_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
