"""Logs one series while `fit` runs: what cannot be written costs a warning and never the training."""

from __future__ import annotations

import functools
import os
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from tb_attention.callbacks.cost import cost_sentence, trained_bytes
from tb_attention.callbacks.fit_clock import FitClock, SeriesProgress
from tb_attention.errors import ArgumentError, AttentionError
from tb_attention.records.format.paths import Step, attempt_directory
from tb_attention.records.format.step_record import AnyRecord
from tb_attention.records.reading.series import folder_of
from tb_attention.records.samples.samples import Samples
from tb_attention.records.store.opening import open_store
from tb_attention.records.writing.attempt_start import begin_attempt, join_attempt
from tb_attention.records.writing.best_step import Monitor
from tb_attention.records.writing.process_exit import stop_watching, watch_for_termination
from tb_attention.records.writing.series_logger import SeriesLogger
from tb_attention.records.writing.series_status import read_status
from tb_attention.site import Site
from tb_attention.steps.failures import Warnings
from tb_attention.tracing.trainer_state import trained_values

STATUS_SECONDS = 2.0
WAIT_SECONDS = 30.0
COST_SECONDS = 2.0
"""How long training waits, once, for its first step to be written, so that the cost of a step is known."""

# An object store that is gone takes seconds to say so, in which the training waits: then the pause is so many times as long.
_LONG_SECONDS = 1.0
_RESTS = 10


class FitLogger:
    """Logs the steps of one series. Opens nothing before training begins, so that callbacks can be copied and pickled.

    Args:
        log_dir, tag: As for the callbacks.
        clock: Counts epochs and batches; several loggers of one callback share it.
        warnings: Gets what is lost.
        monitor, mode, max_bytes: As for the callbacks.

    Raises:
        ArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        clock: FitClock,
        warnings: Warnings,
        *,
        monitor: str,
        mode: str,
        max_bytes: float | None = None,
    ) -> None:
        self.tag = tag
        self._clock = clock
        self._warnings = warnings
        self._series = SeriesLogger(
            log_dir,
            tag,
            monitor=Monitor(monitor, mode, functools.partial(warnings.warn, "monitor")),
            max_bytes=max_bytes,
            on_failure=self._lost,
        )
        self._forget()

    def _forget(self) -> None:
        self._progress = SeriesProgress()
        self._series.state = self._progress.state
        self._restored_note: str | None = None
        self._status_time = 0.0
        self._is_full = False
        self._waited_for_cost = False
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        """Whether steps can be logged."""
        return self._series.writer is not None

    def begin_epoch(self, *, first: bool) -> None:
        """Opens the series at the first epoch of a `fit`; where the disk does not let it, a later epoch tries again.

        Args:
            first: Whether this is the first epoch, as `FitClock.begin_epoch` says.

        Raises:
            ArgumentError: Another callback of the same `fit` writes this series.
        """
        if first:
            self._join()
        if not self.is_open and self._clock.is_chief and time.monotonic() >= self._next_try:
            self._open()
        self.write_status(force=True)

    def _join(self) -> None:
        """Goes on from what this model has logged into the series already."""
        progress = self._clock.progress.series.setdefault(self.tag, SeriesProgress())
        logger = None if progress.logger is None else progress.logger()
        if self._clock.is_same_fit and logger is not None and logger is not self:
            raise ArgumentError(
                f"Another callback of this `fit` writes {self.tag!r} in {self._series.shown} already; give one of them another "
                f"`tag`. Received: tag={self.tag!r}."
            )
        progress.logger = weakref.ref(self)
        self._progress, self._series.state = progress, progress.state

    def _open(self) -> None:
        attempt, started = self._series.state.attempt, time.monotonic()
        try:
            if attempt is None:
                # A model that was logged already goes on, also in a series that comes later.
                beginning = begin_attempt(self._series.log_dir, self.tag, self._clock.first_logged_epoch)
                if beginning.continued or beginning.refused is not None:
                    self._clock.resume(beginning.batches)
                if beginning.continued:
                    self._resume(beginning.attempt)
            else:
                beginning = join_attempt(self._series.log_dir, self.tag, attempt)
        except (OSError, AttentionError) as error:
            self._warn_lost("The log", error)
            ended = time.monotonic()
            if ended - started > _LONG_SECONDS:
                self._next_try = ended + _RESTS * (ended - started)
            return
        if beginning.refused is not None:
            self._warnings.warn("another writer", beginning.refused)
        self._series.open(beginning)
        watch_for_termination()

    def _resume(self, attempt: int) -> None:
        """Goes on from the status that another process has written of this attempt."""
        store = open_store(self._series.log_dir)
        stored = read_status(store, attempt_directory(folder_of(store, self.tag), attempt))
        state, last = self._series.state, self._clock.last_step
        try:
            state.thinned = stored.get("thinned")
            state.dropped = [
                dropped
                for dropped in stored.get("dropped") or []
                if dropped["step"] == "init" or dropped["step"] <= last
            ]
            best = stored.get("best")
            if best and best["step"] <= last and isinstance(best.get("value"), float):
                state.best = best
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # the status is advisory, and anything may be in it

    def log(self, record: AnyRecord, samples: Samples | None = None) -> None:
        """Hands a step over; drops it, with a warning, where the writer cannot keep up for 30 s.

        Args:
            record: Of maps or of matrices.
            samples: The samples of a step of maps.
        """
        # A disk that hangs costs these seconds once, not at every step.
        self._is_full = not self._series.log(record, samples, timeout=0.0 if self._is_full else WAIT_SECONDS)
        if self._is_full:
            self._lost(record.step, TimeoutError(f"the disk did not keep up for {WAIT_SECONDS:.0f} s"))
        self._count_step(record.step)

    def miss(self, step: Step) -> None:
        """Names a step that is due while the log cannot be opened."""
        self._series.drop(step, "the log could not be opened")
        self._count_step(step)

    def _count_step(self, step: Step) -> None:
        if step != "init":
            self._clock.progress.epoch = self._clock.epoch
            self._progress.ends[self._clock.epoch] = step

    def note_best(self, metrics: Mapping[str, float]) -> None:
        """Marks the epoch if it is the best so far by the monitored metric, or by what stands in for it."""
        self._series.note_best(self._clock.epoch, metrics, self._clock.epoch, self._clock.batches)

    def end_epoch(self) -> None:
        """Notes whether the end of an epoch was logged, and writes the status."""
        if self._clock.has_unlogged_batches:
            self._progress.ends[self._clock.epoch] = None
        self.write_status(force=True)

    def print_cost(self, step: Step, sites: Iterable[Site]) -> None:
        """Prints, once a training, what the log will take on disk: what its first step took.

        Args:
            step: The step that was handed over last. The first is waited for, `COST_SECONDS` at most.
            sites: Of this step.
        """
        writer, clock = self._series.writer, self._clock
        if self._progress.cost_printed or writer is None:
            return
        if not self._waited_for_cost:
            self._waited_for_cost = True
            writer.drain(timeout=COST_SECONDS)
        if writer.first_step is None:
            return  # a slow disk: the next step asks again
        self._progress.cost_printed = True
        print(
            cost_sentence(
                writer.first_step,
                clock.every,
                clock.steps,
                clock.epochs - clock.first_epoch,
                self._series.max_bytes,
                self._series.log_dir,
                init=step == "init",
                trained=trained_bytes(sites),
            )
        )

    def write_status(self, state: str = "running", *, force: bool = False) -> None:
        """Writes how far training is; at most every 2 s unless forced."""
        now = time.time()
        if not force and now - self._status_time < STATUS_SECONDS:
            return
        self._status_time = now
        restored = self._restored() if state == "finished" else None
        notes = [note for note in (self._clock.note, self._restored_note) if note is not None]
        self._series.write_status(
            state=state,
            restored=restored,
            notes=[*notes, *self._warnings.said.values()],
            **self._clock.status(),
        )

    def _restored(self) -> int | None:
        """The step whose weights the model is left with, if it is not the last."""
        epoch = self._clock.restored_epoch()
        step = None if epoch is None else self._progress.ends.get(epoch)
        if epoch is not None and step is None:
            self._restored_note = f"The model was left with the weights of the end of epoch {epoch + 1}."
        return step

    def drain(self, timeout: float) -> bool:
        """Waits until all steps are written, `timeout` seconds at most; returns whether they are."""
        return self._series.drain(timeout)

    def stop(self) -> None:
        """Closes a series that is still open: its `fit` ended with an exception or an interrupt."""
        if self.is_open:
            self.write_status("stopped", force=True)
            self._close(WAIT_SECONDS)
        self._forget()

    def end(self) -> None:
        """Drains the writer and closes it; called at the end of `fit`."""
        if self.is_open:
            # The status must also name last steps that could not be written.
            drained = self._series.drain(stall=WAIT_SECONDS)
            self.write_status("finished", force=True)
            self._close(WAIT_SECONDS if drained else 0.0)
        self._progress.logger = None
        self._forget()

    def _close(self, stall: float) -> None:
        """Ends the writer; waits as long as no single step takes longer than `stall` seconds."""
        if not self._series.close(stall):
            self._warnings.warn(
                "hangs",
                f"The disk of {self._series.shown} has not answered for {WAIT_SECONDS:.0f} s; the remaining steps of "
                f"{self.tag!r} are written if it comes back while this process runs.",
            )
        stop_watching()

    def _lost(self, step: Step, error: BaseException) -> None:
        self._series.drop(step, str(error))
        self._warn_lost(f"Step {step}", error)

    def _warn_lost(self, what: str, error: BaseException) -> None:
        self._warnings.warn(
            f"lost: {type(error).__name__}",
            f"{what} of {self.tag!r} in {self._series.shown} could not be written at {time.strftime('%H:%M:%S')}, and later "
            f"steps may be missing too. Training goes on, and so does logging when it can. {type(error).__name__}: {error}",
        )


def numbers_of(logs: Mapping[str, Any] | None, model: Any) -> dict[str, float]:
    """The metrics that Keras hands over, as floats, with the learning rate."""
    numbers: dict[str, float] = {}
    for name, value in (logs or {}).items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            continue
    try:
        with trained_values(model):
            numbers.setdefault("learning_rate", float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)))
    except Exception:
        return numbers  # a model without an optimizer
    return numbers
