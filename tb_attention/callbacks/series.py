"""What both callbacks share: counting epochs and batches, attempts, the best step, the status, and never failing."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from typing import Any

import keras

from tb_attention.callbacks.cost import cost_sentence
from tb_attention.callbacks.failures import Warnings
from tb_attention.callbacks.monitored import Monitored
from tb_attention.callbacks.progress import Progress, SeriesProgress, progress_of
from tb_attention.callbacks.restored import early_stoppings, restored_epoch
from tb_attention.errors import ArgumentError, AttentionError
from tb_attention.records.format.paths import ROOT, Step, tag_folder
from tb_attention.records.format.step_record import AnyRecord
from tb_attention.records.store.opening import checked_directory, open_store
from tb_attention.records.writing.arguments import as_count, checked_bytes
from tb_attention.records.writing.attempt_start import Beginning, begin_attempt
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.records.writing.process_exit import stop_watching, watch_for_termination
from tb_attention.records.writing.series_status import read_status
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.tracing.capturer import check_model

STATUS_SECONDS = 2.0
WAIT_SECONDS = 30.0
COST_SECONDS = 2.0
"""How long training waits, once, for its first step to be written, to say what a step takes."""

# More would make the status as large as the steps.
_MOST_DROPPED = 200


class SeriesCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A Keras callback that writes one series (a tag) of a run.

    Subclasses call `begin_fit`, `begin_epoch`, `count_batches` to learn whether a step is due, `submit` with its record, and
    `end`. Nothing is opened and no thread is started before training begins, so that callbacks can be copied and pickled.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        tag: str,
        update_freq: str | int,
        monitor: str,
        mode: str,
        max_bytes: float | None = MAX_BYTES,
    ) -> None:
        super().__init__()
        self.log_dir = checked_directory(log_dir)
        if not isinstance(tag, str) or not tag:
            raise ArgumentError(f"`tag` must be a string that is not empty. Received: tag={tag!r}.")
        every = 1 if update_freq == "batch" else as_count(update_freq)
        if update_freq != "epoch" and (every is None or every < 1):
            raise ArgumentError(
                "`update_freq` must be 'epoch', 'batch' or a positive number of batches. "
                f"Received: update_freq={update_freq!r}."
            )
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}.")
        self.tag = tag
        self.every = every
        self.monitor = monitor
        self.mode = mode
        self.max_bytes = None if max_bytes is None else int(checked_bytes("max_bytes", max_bytes))
        self.warnings = Warnings()
        self.writer: SeriesWriter | None = None
        self._forget_fit()

    def _forget_fit(self) -> None:
        self.progress: Progress | None = None
        self.series = SeriesProgress()
        self._stoppings: list[Any] = []
        self._first_epoch = 0
        self._epoch_offset = 0
        self._keras_epoch = 0
        self._batches_before_epoch = 0
        self._logged_batches = 0
        self._notes: list[str] = []
        self._status_time = 0.0
        self._is_full = False
        self._waited_for_cost = False

    def set_model(self, model: Any) -> None:
        """Called by Keras before `fit` starts.

        Raises:
            ArgumentError: `model` is not a Keras 3 model.
        """
        check_model(model)
        super().set_model(model)

    def begin_fit(self) -> None:
        """Forgets the `fit` before. One that ended with an exception or an interrupt has not closed its log."""
        if self.writer is not None:
            self.tell_status("stopped", force=True)
            self._close(WAIT_SECONDS)
        self._forget_fit()
        self._stoppings = early_stoppings(self)

    def begin_epoch(self, epoch: int) -> bool:
        """Opens the series at the first epoch of a `fit`. Returns True there, and False at later epochs.

        Raises:
            ArgumentError: Another callback of the same `fit` writes this series.
        """
        self._keras_epoch = epoch
        first = self.progress is None
        if first:
            self._join(epoch)
        assert self.progress is not None
        if self.writer is None:
            self._open()
        self._batches_before_epoch = self.progress.batches
        self.tell_status(force=True)
        return first

    def _join(self, epoch: int) -> None:
        """Takes up what this model has gone through already."""
        progress = progress_of(self.model, self.log_dir)
        fit = getattr(self.model, "history", None)
        is_same_fit = fit is not None and progress.fit is not None and progress.fit() is fit
        series = progress.series.setdefault(self.tag, SeriesProgress())
        writes = None if series.writes is None else series.writes()
        if is_same_fit and writes is not None and writes is not self:
            raise ArgumentError(
                f"Another callback of this `fit` writes {self.tag!r} in {self.log_dir} already; give one of them another "
                f"`tag`. Received: tag={self.tag!r}."
            )
        progress.fit = None if fit is None else weakref.ref(fit)
        series.writes = weakref.ref(self)
        self._first_epoch = epoch
        if progress.epoch is not None and epoch <= progress.epoch:
            self._epoch_offset = progress.epoch + 1 - epoch
            self.note(
                f"`fit` was called again on the same model: epoch {epoch + 1} of the newest call is logged as epoch "
                f"{self.epoch + 1}."
            )
        self._logged_batches = progress.batches
        self.progress, self.series = progress, series

    def _open(self) -> None:
        """Opens the writer; where the disk does not let it, the next epoch tries again."""
        assert self.progress is not None
        try:
            if self.series.attempt is None:
                # A model that was logged already goes on, also in a series that comes later.
                beginning = begin_attempt(self.log_dir, self.tag, self._first_epoch + self._epoch_offset)
                self._continue(beginning)
                self.series.attempt = beginning.attempt
        except (OSError, AttentionError) as error:
            self._warn_lost("The log", error)
            return
        self.writer = SeriesWriter(
            self.log_dir, self.tag, self.series.attempt, on_failure=self._lost, max_bytes=self.max_bytes
        )
        watch_for_termination()

    def _continue(self, beginning: Beginning) -> None:
        """Takes up what another process has logged of this training."""
        assert self.progress is not None
        if not beginning.continued:
            return
        steps = (self.params or {}).get("steps")
        seen = beginning.batches
        if self.every is not None and steps:
            # The last step that stays may lie before the end of its epoch.
            seen = max(seen, steps * self._first_epoch)
        self.progress.batches = max(self.progress.batches, seen)
        self._logged_batches = self.progress.batches
        told = read_status(open_store(self.log_dir), f"{ROOT}/{tag_folder(self.tag)}/{beginning.attempt}")
        try:
            self._take_up(told)
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # advisory, and anything may stand there

    def _take_up(self, told: dict[str, Any]) -> None:
        assert self.progress is not None
        last = self._first_epoch - 1 if self.every is None else self.progress.batches
        self.series.thinned = told.get("thinned")
        self.series.dropped = [
            dropped for dropped in told.get("dropped") or [] if dropped["step"] == "init" or dropped["step"] <= last
        ]
        best = told.get("best")
        if best and best["step"] <= last and isinstance(best.get("value"), float):
            monitored = Monitored(self.monitor, self.mode, self.warnings)
            self.series.best = (monitored.score(best["monitor"], best["value"]), best)

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
        if self.progress is None:
            return False
        done = batch + 1
        steps = (self.params or {}).get("steps")
        if steps:
            # The last execution of an epoch may be of fewer steps than Keras counts it as.
            done = min(done, steps)
        self.progress.batches = self._batches_before_epoch + done
        if self.every is None or self.batches // self.every == self._logged_batches // self.every:
            return False
        self._logged_batches = self.batches
        return True

    def submit(self, record: AnyRecord) -> None:
        """Hands a step to the writer; drops it, and says so, where the writer cannot keep up for 30 s."""
        assert self.writer is not None
        # A disk that hangs costs these seconds once, not at every step.
        if self.writer.submit(record, timeout=0.0 if self._is_full else WAIT_SECONDS):
            self._is_full = False
        else:
            self._is_full = True
            self._lost(record.step, TimeoutError(f"the disk did not keep up for {WAIT_SECONDS:.0f} s"))
        self._count_step(record.step)

    def miss(self, step: Step) -> None:
        """Names a step that is due while the log cannot be opened."""
        self._drop(step, "the log could not be opened")
        self._count_step(step)

    def _count_step(self, step: Step) -> None:
        if self.progress is not None and step != "init":
            self.progress.epoch = self.epoch
            self.series.ends[self.epoch] = step

    def end_epoch(self) -> None:
        """Notes whether the end of an epoch was logged."""
        if self.every is not None and self._logged_batches != self.batches:
            self.series.ends[self.epoch] = None

    def tell_cost(self, step: Step, trained: float) -> None:
        """Says, once a training, what the log will take on disk: what its first step took.

        Args:
            step: The step that was handed over last. The first is waited for, `COST_SECONDS` at most.
            trained: As for `cost_sentence`.
        """
        if self.series.told_cost or self.writer is None:
            return
        if not self._waited_for_cost:
            self._waited_for_cost = True
            self.writer.drain(timeout=COST_SECONDS)
        first = self.writer.first_step
        if first is None:
            return  # a slow disk: the next step asks again
        self.series.told_cost = True
        steps, epochs = ((self.params or {}).get(name) for name in ("steps", "epochs"))
        left = (epochs or 0) - self._first_epoch
        print(
            cost_sentence(
                first, self.every, steps, left, self.max_bytes, self.log_dir, init=step == "init", trained=trained
            )
        )

    def note_best(self, step: int, logs: Mapping[str, float]) -> None:
        """Marks the step if it is the best so far by the monitored metric, or by what stands in for it."""
        self.series.best = Monitored(self.monitor, self.mode, self.warnings).better(self.series.best, step, logs)

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
            best=None if self.series.best is None else self.series.best[1],
            restored=self._restored() if state == "finished" else None,
            thinned=self.series.thinned,
            dropped=list(self.series.dropped),
            notes=[*self._notes, *self.warnings.said.values()],
        )

    def _restored(self) -> int | None:
        """The step whose weights the model is left with, if it is not the last."""
        epoch = restored_epoch(self._stoppings)
        if epoch is None or epoch == self._keras_epoch:
            return None
        step = self.series.ends.get(epoch + self._epoch_offset)
        if step is None:
            self.note(f"The model was left with the weights of the end of epoch {epoch + self._epoch_offset + 1}.")
        return step

    def end(self) -> None:
        """Drains the writer and closes it; called at the end of `fit`."""
        if self.writer is not None:
            self._restored()  # may leave a note
            # What the last steps come to, and not only that they are under way, belongs to the status.
            drained = self.writer.drain(stall=WAIT_SECONDS)
            self.tell_status("finished", force=True)
            self._close(WAIT_SECONDS if drained else 0.0)
        self.series.writes = None
        self._forget_fit()

    def _close(self, stall: float) -> None:
        """Ends the writer; waits as long as no single step takes longer than `stall` seconds."""
        assert self.writer is not None
        writer, self.writer = self.writer, None
        if not writer.close(stall=stall):
            self.warnings.warn(
                "hangs",
                f"The disk of {self.log_dir} has not answered for {WAIT_SECONDS:.0f} s; what is left of {self.tag!r} is "
                "written if it comes back while this process runs.",
            )
        self.series.thinned = writer.thinned or self.series.thinned
        stop_watching()

    def _lost(self, step: Step, error: BaseException) -> None:
        self._drop(step, str(error))
        self._warn_lost(f"Step {step}", error)

    def _drop(self, step: Step, reason: str) -> None:
        self.series.dropped = [*self.series.dropped, {"step": step, "reason": reason}][-_MOST_DROPPED:]

    def _warn_lost(self, what: str, error: BaseException) -> None:
        self.warnings.warn(
            f"lost: {type(error).__name__}",
            f"{what} of {self.tag!r} in {self.log_dir} could not be written at {time.strftime('%H:%M:%S')}, and later steps may "
            f"be missing too. Training goes on, and so does logging when it can. {type(error).__name__}: {error}",
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
