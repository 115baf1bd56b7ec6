"""The Keras callback that logs attention while a model trains."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras

from tb_attention.callbacks.fit_clock import FitClock
from tb_attention.callbacks.fit_logger import FitLogger, numbers_of
from tb_attention.callbacks.recorder import Recorder
from tb_attention.callbacks.shown_output import ShownOutput
from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.writing.arguments import checked_bytes, checked_count, checked_frequency, checked_indices
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.reduce.class_names import to_class_names
from tb_attention.reduce.long_axes import MAX_POSITIONS
from tb_attention.site import Axis
from tb_attention.steps.failures import Warnings, guarded
from tb_attention.steps.grouped_capture import MAX_CAPTURE_BYTES
from tb_attention.tracing.capturer import check_model
from tb_attention.tracing.chosen_backend import check_backend
from tb_attention.tracing.select import patterns_of

# Tracing more shapes of samples takes long enough for a warning.
_MANY_SHAPES = 8


class AttentionCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs the weights of all attention heads for a few samples while `fit` runs.

    The model is neither changed nor rebuilt, and training results are bit-identical to those without the callback. Weights are
    encoded and written in a separate thread.

    Args:
        log_dir: The run's directory, below the `--logdir` of TensorBoard: a path, or a URL that fsspec knows.
        samples: The examples to follow: `(x, y)`, `x`, a list of examples of one or several shapes, or a
            `tb_attention.Samples`; or batches as `fit` takes them: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a Keras
            iterator of folders, a `DataLoader` or a generator. The first `max_samples` are copied when `fit` starts. Keys of a
            dict that the model does not take are left out; a key such as "id" names the samples. The model is traced once for
            each shape of samples.
        tag: Name of the series. Defaults to "attention".
        update_freq: "epoch" (the step is the epoch, from 0), "batch", or a number of batches (the step is the number of
            batches seen, and the last batch is logged too). Defaults to "epoch".
        max_samples: Number of samples to follow, at least 1. Defaults to 32.
        class_names: Names of the classes for labels and predictions, in the order of the classes, or a mapping of names to
            indices. The index is appended to repeated names. Defaults to the names of a `tb_attention.Samples`, or the indices.
        tokenizer: Turns texts or sequences of ids into words: a `TextVectorization`, a keras_hub or Hugging Face tokenizer,
            or a function from one text or one sequence of ids to a list of strings. Defaults to the `TextVectorization` in the
            model, if there is one.
        axes: Axes by site path, as `{"encoder/attention": [Axis(...), ...]}`, for sites where detection fails. Defaults to
            the detected axes.
        sites: The path of a site or of a layer that contains some, a pattern ("*attention*"), several of these, or a function
            of a site's path that returns whether to log it. Defaults to all.
        init: Whether to log the model before training, if training begins at epoch 0. Defaults to True.
        monitor: The metric whose best step is marked. Where an epoch lacks it, "val_loss" is used, or else "loss", with one
            warning that lists the known names. Defaults to "val_loss".
        mode: "min", "max" or "auto", which depends on the metric's name. Defaults to "auto".
        max_bytes: Bytes that the steps of one training may take on disk. Beyond, steps are removed: the first, the last and
            the best stay, and older steps are thinned more. The expected size is printed at the first step. Defaults to 2e9;
            None for no limit.
        max_positions: Maps with more queries or keys are pooled by maximum before they are stored. Defaults to 1024.
        full_rows: Indices of queries whose rows are also stored unpooled (-1 is the last). Defaults to none.
        max_capture_bytes: Bytes of weights to capture at once; more samples are captured in chunks, which are halved when the
            device runs out of memory. Defaults to 256e6.

    Raises:
        ArgumentError: An argument is wrong, at construction; or the samples do not fit the model, at the start of `fit`.
            Later failures cost one warning each kind (`tb_attention.errors.AttentionWarning`) and never stop training.

    Example:
        model.fit(x, y, callbacks=[tb_attention.AttentionCallback("logs/run1", samples=(x_val[:8], y_val[:8]))])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        samples: Any,
        *,
        tag: str = "attention",
        update_freq: str | int = "epoch",
        max_samples: int = 32,
        class_names: Iterable[str] | None = None,
        tokenizer: Any = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
        sites: str | Iterable[str] | Callable[[str], bool] | None = None,
        init: bool = True,
        monitor: str = "val_loss",
        mode: str = "auto",
        max_bytes: float | None = MAX_BYTES,
        max_positions: int = MAX_POSITIONS,
        full_rows: Sequence[int] = (),
        max_capture_bytes: float = MAX_CAPTURE_BYTES,
    ) -> None:
        super().__init__()
        if samples is None:
            raise ArgumentError(
                "`samples` must be the examples to follow, such as (x_val[:8], y_val[:8]). Received: None."
            )
        self.log_dir = checked_directory(log_dir)
        self.tag = tag
        self.every = checked_frequency(update_freq)
        self.monitor = monitor
        self.mode = mode
        self.max_bytes = max_bytes
        self.warnings = Warnings()
        self._make_logger()
        self.max_samples = checked_count("max_samples", max_samples, least=1)
        self.class_names = to_class_names(class_names)
        self.tokenizer = tokenizer
        self.axes = dict(axes or {})
        self.sites = sites if sites is None or callable(sites) else patterns_of(sites)
        self.init = init
        self.max_positions = checked_count("max_positions", max_positions, least=1)
        self.full_rows = checked_indices("full_rows", full_rows, "queries")
        self.max_capture_bytes = checked_bytes("max_capture_bytes", max_capture_bytes)
        self._source = samples
        self._shown = ShownOutput()
        self._recorder: Recorder | None = None

    def _make_logger(self) -> None:
        self._clock = FitClock(self.log_dir, self.every)
        self.logger = FitLogger(
            self.log_dir,
            self.tag,
            self._clock,
            self.warnings,
            monitor=self.monitor,
            mode=self.mode,
            max_bytes=self.max_bytes,
        )

    def set_model(self, model: Any) -> None:
        """Called by Keras before `fit` starts.

        Raises:
            ArgumentError: `model` is not a Keras 3 model.
        """
        check_model(model)
        super().set_model(model)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Copies the samples and checks them against the model."""
        check_backend()
        self.logger.stop()
        self._make_logger()
        self._clock.begin_fit(self)
        self._recorder = Recorder(
            self.model,
            self._source,
            max_samples=self.max_samples,
            class_names=self.class_names,
            tokenizer=self.tokenizer,
            axes=self.axes,
            sites=self.sites,
            max_positions=self.max_positions,
            full_rows=self.full_rows,
            max_capture_bytes=self.max_capture_bytes,
            warn=lambda sentence: self.warnings.warn("memory", sentence),
            shown=self._shown,
        )
        self._recorder.check_names()
        shapes = len(self._recorder.samples.groups())
        if shapes > _MANY_SHAPES:
            self.warnings.warn(
                "shapes",
                f"The samples have {shapes} shapes. The model is traced for each of them, which takes time at the first step; "
                "fewer samples (`max_samples`), or samples that are padded to one shape, take less.",
            )
        # A generator can be read once only: a later `fit` follows the samples of the first.
        self._source = self._recorder.samples

    @guarded("The attention before training")
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Opens the log at the first epoch, and logs the model before training."""
        first = self._clock.begin_epoch(epoch, self.model)
        self.logger.begin_epoch(first=first)
        if first and self.init and self._clock.epoch == 0 and self._clock.batches == 0:
            self._log("init", {})

    @guarded("The attention of a step")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts batches, and logs where `update_freq` says so."""
        if self._clock.count_batches(batch):
            # Under JAX the property `model` would move all weights out of the trainer's state.
            self._log(self._clock.batches, numbers_of(logs, self._model))
        self.logger.write_status()

    @guarded("The attention of an epoch")
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch."""
        metrics = numbers_of(logs, self.model)
        if self._clock.every is None:
            self._log(self._clock.epoch, metrics)
            self.logger.note_best(metrics)
        elif self._clock.is_last_epoch and self._clock.has_unlogged_batches:
            self._log(self._clock.batches, metrics)
        self.logger.end_epoch()

    @guarded("The end of the attention log")
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the last batch unless its step was logged, waits for the writer and closes it."""
        if self._clock.has_unlogged_batches:
            self._log(self._clock.batches, numbers_of(logs, self.model))
        self.logger.end()
        self._clock.end_fit()
        self._recorder = None

    def _log(self, step: Step, metrics: dict[str, float]) -> None:
        if self._recorder is None:
            return
        self._clock.note_logged()
        if not self.logger.is_open:
            self.logger.miss(step)
            return
        epoch = None if step == "init" else self._clock.epoch
        record = self._recorder.record(step, epoch=epoch, batch=self._clock.batches, logs=metrics)
        for kind, sentence in self._recorder.missing():
            self.warnings.warn(kind, sentence)
        self.logger.log(record, self._recorder.samples)
        self.logger.print_cost(step, record.sites)
