"""The Keras callback that logs attention while a model trains."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tb_attention.callbacks.guard import guarded
from tb_attention.callbacks.predictions import read_predictions
from tb_attention.callbacks.series import SeriesCallback
from tb_attention.callbacks.sources import check_inputs, to_samples
from tb_attention.callbacks.tokens import with_tokens
from tb_attention.errors import ArgumentError
from tb_attention.records.paths import Step
from tb_attention.records.samples import Samples
from tb_attention.records.step_record import StepRecord
from tb_attention.site import Axis


class AttentionCallback(SeriesCallback):
    """Logs what every head of every attention layer looks at, for a few samples, while `fit` runs.

    The model is neither changed nor rebuilt, and training with the callback equals training without it to the bit. Weights
    are encoded and written in a thread of their own.

    Args:
        log_dir: The run's directory, beside other runs of one `tensorboard --logdir`; a path or a URL that fsspec knows.
        samples: The examples to follow: `(x, y)`, `x`, a `tb_attention.Samples`, a `tf.data.Dataset`, a
            `keras.utils.PyDataset` or a generator of batches. The first `max_samples` are copied when `fit` starts.
        tag: Name of the series. Defaults to "attention".
        update_freq: "epoch" (the step is the epoch, from 0), "batch", or a number of batches (the step is the count of
            batches seen, and the last batch is logged too). Defaults to "epoch".
        max_samples: Samples that are followed, at least 1. Defaults to 32.
        class_names: Names of the classes, for labels and predictions. Defaults to their indices.
        tokenizer: What turns texts, or sequences of ids, into words: a `TextVectorization`, a keras_hub or Hugging Face
            tokenizer, or a function of one text or one sequence of ids that returns a list of strings. Defaults to the
            `TextVectorization` in the model, if there is one.
        axes: By path of a site, what its positions are, as `{"encoder/attention": [Axis(...), ...]}`; otherwise it is found out.
        sites: A name pattern ("*attention*"), several, or a function of a site's path that tells whether to log
            it. Defaults to all.
        init: Whether the model before training is logged, if training begins at epoch 0. Defaults to True.
        monitor: The metric whose best step is marked. Defaults to "val_loss"; without it "loss".
        mode: "min", "max" or "auto", which goes by the metric's name. Defaults to "auto".

    Raises:
        ArgumentError: An argument is wrong, at construction, or the samples do not fit the model, at the start of
            `fit`. Whatever fails later is warned about once (`tb_attention.errors.AttentionWarning`) and never stops training.

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
    ) -> None:
        super().__init__(log_dir, tag=tag, update_freq=update_freq, monitor=monitor, mode=mode)
        if samples is None:
            raise ArgumentError(
                "`samples` must be the examples to follow, such as (x_val[:8], y_val[:8]). Received: None."
            )
        if not isinstance(max_samples, int) or isinstance(max_samples, bool) or max_samples < 1:
            raise ArgumentError(f"`max_samples` must be a positive integer. Received: max_samples={max_samples!r}.")
        self.max_samples = max_samples
        self.class_names = None if class_names is None else list(class_names)
        self.tokenizer = tokenizer
        self.axes = dict(axes or {})
        self.sites = sites
        self.init = init
        self._source = samples
        self._samples: Samples | None = None
        self._samples_name: str | None = None
        self._capturer: Any = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Copies the samples and checks them against the model."""
        self._forget_fit()
        if self._samples is None:
            samples = to_samples(self._source, self.model, max_samples=self.max_samples, class_names=self.class_names)
            self._samples = with_tokens(samples, self.model, self.tokenizer)
        check_inputs(self._samples.inputs, self.model)
        self._make_capturer()

    @guarded("The attention of this training")
    def _make_capturer(self) -> None:
        from tb_attention.capture.capturer import Capturer

        self._capturer = Capturer(self.model, sites=self.sites)
        self._samples_name = None

    @guarded("The attention before training")
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Opens the log at the first epoch, and logs the model before training."""
        first = self.begin_epoch(epoch)
        if first and self.init and self.epoch == 0 and self.batches == 0:
            self._log("init", {})

    @guarded("The attention of a step")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts batches, and logs where `update_freq` says so."""
        if self.writer is None:
            return
        if self.count_batches(batch):
            self._log(self.batches, self.metrics(logs))
        self.tell_status()

    @guarded("The attention of an epoch")
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch."""
        if self.writer is None:
            return
        metrics = self.metrics(logs)
        step = self.epoch if self.every is None else self.batches
        if self.every is None or (self._is_last(epoch) and self._logged_batches != self.batches):
            self._logged_batches = self.batches
            self._log(step, metrics)
        self.note_best(step, metrics)

    @guarded("The end of the attention log")
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the last batch if it was not due, waits for the writer and closes it."""
        if self.writer is not None and self.every is not None and self._logged_batches != self.batches:
            self._log(self.batches, self.metrics(logs))
        self.end()
        self._capturer = None

    def _is_last(self, epoch: int) -> bool:
        return epoch + 1 == (self.params or {}).get("epochs")

    def _log(self, step: Step, metrics: dict[str, float]) -> None:
        if self._capturer is None or self._samples is None or self.writer is None:
            return
        if self._samples_name is None:
            self._samples_name = self.writer.write_samples(self._samples)
        captured = self._capturer(self._samples.inputs)
        sites = self._described(captured.sites)
        if not sites:
            self._say_nothing_found(captured)
        record = StepRecord(
            step=step,
            epoch=None if step == "init" else self.epoch,
            batch=self.batches,
            wall_time=time.time(),
            logs=metrics,
            sites=sites,
            predictions=read_predictions(captured.outputs, self.model, len(self._samples)),
            samples=self._samples_name,
        )
        self.submit(record, step)
