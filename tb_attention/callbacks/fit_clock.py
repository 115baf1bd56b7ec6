"""How far a model has been trained: epochs and batches, counted over all its `fit` calls."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import keras

from tb_attention.callbacks.chief import is_chief
from tb_attention.records.writing.series_logger import SeriesState


@dataclass
class SeriesProgress:
    """How far one series of one model has come, over all `fit` calls in this process.

    Attributes:
        state: The series as its loggers know it.
        ends: By epoch that was logged, the step that was logged at its end, or None where none fell on it.
        cost_printed: Whether it was printed what the log takes.
        logger: What writes the series at present, if anything does.
    """

    state: SeriesState = field(default_factory=SeriesState)
    ends: dict[int, int | None] = field(default_factory=dict)
    cost_printed: bool = False
    logger: weakref.ref[Any] | None = None


@dataclass
class ModelProgress:
    """How far a model has been trained, as far as it was logged into one directory.

    Attributes:
        batches: Batches that the model has seen.
        epoch: The last epoch that was logged, by any series, as the log counts it; None before the first.
        fit: The history that Keras made for the newest `fit`.
        series: By tag.
    """

    batches: int = 0
    epoch: int | None = None
    fit: weakref.ref[Any] | None = None
    series: dict[str, SeriesProgress] = field(default_factory=dict)


_by_model: weakref.WeakKeyDictionary[Any, dict[str, ModelProgress]] = weakref.WeakKeyDictionary()


class FitClock:
    """Counts epochs and batches for the series of one callback. The same model object goes on counting at its next `fit`.

    Args:
        log_dir: The run's directory, as `checked_directory` returns it.
        every: Batches from step to step; None for a step every epoch.
    """

    def __init__(self, log_dir: str, every: int | None = None) -> None:
        self.log_dir = log_dir
        self.every = every
        self._forget()

    def _forget(self) -> None:
        self.progress = ModelProgress()
        self.first_epoch = 0
        """The first epoch of this `fit`, as Keras counts."""
        self.is_same_fit = False
        """Whether another callback of this `fit` has begun to count already."""
        self.is_chief = True
        """Whether this process logs what several of them train."""
        self._has_begun = False
        self._parameters: dict[str, Any] = {}
        self._stoppings: list[Any] = []
        self._epoch_offset = 0
        self._keras_epoch = 0
        self._batches_before_epoch = 0
        self._logged_batches = 0

    def begin_fit(self, callback: keras.callbacks.Callback) -> None:
        """Forgets the `fit` before; called within a hook of the callback."""
        self._forget()
        self._parameters = callback.params or {}
        self._stoppings = early_stoppings(callback)

    def begin_epoch(self, epoch: int, model: Any) -> bool:
        """Returns whether this is the first epoch of a `fit`.

        Args:
            epoch: As Keras counts, from 0.
            model: The model that is trained.
        """
        self._keras_epoch = epoch
        first = not self._has_begun
        if first:
            self._join(epoch, model)
        self._batches_before_epoch = self.progress.batches
        return first

    def _join(self, epoch: int, model: Any) -> None:
        """Goes on from what this model object has gone through already."""
        self.progress = _by_model.setdefault(model, {}).setdefault(self.log_dir, ModelProgress())
        fit = getattr(model, "history", None)
        self.is_same_fit = fit is not None and self.progress.fit is not None and self.progress.fit() is fit
        self.progress.fit = None if fit is None else weakref.ref(fit)
        self._has_begun = True
        self.is_chief = is_chief(model)
        self.first_epoch = epoch
        if self.progress.epoch is not None and epoch <= self.progress.epoch:
            self._epoch_offset = self.progress.epoch + 1 - epoch
        self._logged_batches = self.progress.batches

    def resume(self, batches: int) -> None:
        """Goes on from what another process has logged of this training.

        Args:
            batches: Batches that the model had seen at the last step that stays.
        """
        if self.every is not None and self.steps:
            # The last step that stays may lie before the end of its epoch.
            batches = max(batches, self.steps * self.first_epoch)
        self.progress.batches = max(self.progress.batches, batches)
        self._batches_before_epoch = self._logged_batches = self.progress.batches

    def count_batches(self, batch: int) -> bool:
        """Counts up to a batch of this epoch, several at once with steps_per_execution. Returns whether a step is due."""
        if not self._has_begun:
            return False
        # The last execution of an epoch may be of fewer steps than Keras counts it as.
        done = min(batch + 1, self.steps) if self.steps else batch + 1
        self.progress.batches = self._batches_before_epoch + done
        if self.every is None or self.batches // self.every == self._logged_batches // self.every:
            return False
        self.note_logged()
        return True

    def note_logged(self) -> None:
        """A step is logged now."""
        self._logged_batches = self.batches

    @property
    def has_unlogged_batches(self) -> bool:
        """Whether steps fall on batches, and batches have come since the last one."""
        return self.every is not None and self._logged_batches != self.batches

    @property
    def epoch(self) -> int:
        """The epoch as the log counts it: as Keras does, going on over several `fit` calls of one model."""
        return self._keras_epoch + self._epoch_offset

    @property
    def batches(self) -> int:
        """Batches that the model has seen, over all `fit` calls that were logged."""
        return self.progress.batches

    @property
    def last_step(self) -> int:
        """The last step before this `fit`, if it resumes a training."""
        return self.first_epoch - 1 if self.every is None else self.batches

    @property
    def steps(self) -> int | None:
        """Batches in an epoch; None where Keras does not know."""
        return self._parameters.get("steps")

    @property
    def epochs(self) -> int:
        """The epoch after the last one of this `fit`, as Keras counts; 0 if it is not known."""
        return self._parameters.get("epochs") or 0

    @property
    def is_last_epoch(self) -> bool:
        """Whether no other epoch of this `fit` follows, unless training is stopped early."""
        return self._keras_epoch + 1 == self.epochs

    @property
    def first_logged_epoch(self) -> int:
        """The first epoch of this `fit`, as the log counts it."""
        return self.first_epoch + self._epoch_offset

    def status(self) -> dict[str, Any]:
        """The fields of the status that say how far training is."""
        done = self.batches - self._batches_before_epoch
        return {
            "epochs": self.epochs + self._epoch_offset or None,
            "steps_per_epoch": self.steps,
            "epoch": self.epoch,
            "fraction": min(done / self.steps, 1.0) if self.steps else None,
        }

    @property
    def note(self) -> str | None:
        """A sentence on how this `fit` is counted, if it does not begin at epoch 0."""
        if not self._epoch_offset:
            return None
        return (
            f"`fit` was called again on the same model: epoch {self.first_epoch + 1} of the newest call is logged as epoch "
            f"{self.first_logged_epoch + 1}."
        )

    def restored_epoch(self) -> int | None:
        """The epoch, as the log counts it, whose weights `EarlyStopping` leaves the model with; None for the last one."""
        for stopping in self._stoppings:
            if not stopping.restore_best_weights or stopping.best_weights is None:
                continue
            # Older versions of Keras restore when training is stopped, newer ones at the end of any training.
            at_any_end = "set_weights" in type(stopping).on_train_end.__code__.co_names
            if at_any_end or stopping.stopped_epoch > 0:
                best = int(stopping.best_epoch)
                return None if best == self._keras_epoch else best + self._epoch_offset
        return None

    def end_fit(self) -> None:
        """Forgets this `fit`."""
        self._forget()


def early_stoppings(callback: Any) -> list[Any]:
    """The `EarlyStopping` callbacks that train together with a callback; called within one of its hooks.

    Callbacks know nothing of each other: the list is that of the caller. An `EarlyStopping` that comes later restores weights
    only after our last hook, so that comparing weights would not do.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, keras.callbacks.CallbackList) and any(each is callback for each in owner.callbacks):
            return [each for each in owner.callbacks if isinstance(each, keras.callbacks.EarlyStopping)]
        frame = frame.f_back
    return []
