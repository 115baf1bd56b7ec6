"""The Keras callback that logs confusion matrices while a model trains."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.guard import guarded
from tb_attention.callbacks.predictions import is_binary, loss_of_output, tells_logits
from tb_attention.callbacks.second_pass import SecondPass
from tb_attention.callbacks.series import SeriesCallback
from tb_attention.callbacks.sources import batches_of
from tb_attention.errors import ArgumentError
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.step_record import ConfusionRecord


class ConfusionMatrixCallback(SeriesCallback):
    """Logs which classes a model takes for which, at every epoch.

    With `validation_data` the model is run over it once more at the end of each epoch. Without, the counts come from a
    `tb_attention.ConfusionMatrix` in `compile(metrics=[...])`, for training and validation, at no second pass.

    Args:
        log_dir: The run's directory, as for `AttentionCallback`.
        validation_data: `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset`, a `keras.utils.PyDataset` or a function
            that returns a generator of such batches; or None for the compiled metric.
        class_names: A name for each class. Defaults to their indices.
        tag: Name of the series. Defaults to "confusion".
        validation_steps: Batches of `validation_data` that are used; needed where it never ends. Defaults to all.
        output: For a model with several outputs: the name of the one that holds the classes. Defaults to the first.
        threshold: For a model with one unit: from which score on class 1 is predicted. Defaults to 0.5, or to 0 where
            `model.loss.from_logits` says that scores are logits.
        ignore_class: A label that is left out. Defaults to None.
        batch_size: For arrays. Defaults to 32.
        monitor: The metric whose best epoch is marked. Defaults to "val_loss"; without it "loss".
        mode: "min", "max" or "auto". Defaults to "auto".

    Raises:
        ArgumentError: An argument is wrong, at construction; or, at the start of `fit`, there is neither data nor a
            metric, or the model gives several independent labels. Whatever fails later is warned about once.

    Example:
        model.fit(x, y, callbacks=[tb_attention.ConfusionMatrixCallback("logs/run1", validation_data=(x_val, y_val))])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        validation_data: Any = None,
        *,
        class_names: Iterable[str] | None = None,
        tag: str = "confusion",
        validation_steps: int | None = None,
        output: str | None = None,
        threshold: float | None = None,
        ignore_class: int | None = None,
        batch_size: int = 32,
        monitor: str = "val_loss",
        mode: str = "auto",
    ) -> None:
        super().__init__(log_dir, tag=tag, update_freq="epoch", monitor=monitor, mode=mode)
        for name, value in (("validation_steps", validation_steps), ("batch_size", batch_size)):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ArgumentError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
        if isinstance(validation_data, Iterator):
            raise ArgumentError(
                "`validation_data` is read at every epoch, which a generator cannot be. Give a function that returns "
                f"the generator, or a dataset. Received: validation_data={validation_data!r}."
            )
        self.validation_data = validation_data
        self.class_names = None if class_names is None else [str(name) for name in class_names]
        self.validation_steps = validation_steps
        self.output = output
        self.threshold = threshold
        self.ignore_class = ignore_class
        self.batch_size = batch_size
        self._second_pass: SecondPass | None = None
        self._training: npt.NDArray[Any] | None = None
        self._validation: npt.NDArray[Any] | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Checks that there is something to count."""
        self.begin_fit()
        if self.validation_data is None and self._metric() is None:
            raise ArgumentError(
                "ConfusionMatrixCallback needs `validation_data`, or a tb_attention.ConfusionMatrix in "
                "compile(metrics=[...]). Received: neither."
            )
        if self.output is not None and self.output not in self.model.output_names:
            raise ArgumentError(
                f"`output` must be one of {list(self.model.output_names)}. Received: output={self.output!r}."
            )
        if self.validation_data is not None and self._is_multi_label():
            raise ArgumentError(
                "The model's loss treats every unit as a yes or no of its own, so one example may have several classes; "
                "a confusion matrix needs one class an example. Received: a binary loss with several units."
            )
        self._second_pass = SecondPass() if self.validation_data is not None else None
        self._training = self._validation = None

    @guarded("The confusion matrix")
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Opens the log at the first epoch."""
        self.begin_epoch(epoch)
        self._training = self._validation = None

    @guarded("The confusion matrix")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts batches."""
        self.count_batches(batch)

    @guarded("The confusion matrix")
    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Takes the counts of the training: here the metric still holds them."""
        self._training = self._counted()

    @guarded("The confusion matrix")
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Takes the counts of the validation."""
        self._validation = self._counted()

    @guarded("The confusion matrix of an epoch")
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts the validation data, where it was given, and logs the matrices."""
        if self.writer is None:
            self.miss(self.epoch)
            return
        training = self._training if self._training is not None else self._counted()
        validation = self._validation if self._second_pass is None else self._count_validation_data()
        splits = {"validation": validation, "training": training}
        metrics = self.metrics(logs)
        record = ConfusionRecord(
            step=self.epoch,
            splits={split: matrix for split, matrix in splits.items() if matrix is not None and matrix.any()},
            class_names=None if self.class_names is None else tuple(self.class_names),
            output=self.output,
            epoch=self.epoch,
            batch=self.batches,
            wall_time=time.time(),
            logs=metrics,
        )
        self.submit(record)
        self.note_best(self.epoch, metrics)

    @guarded("The end of the confusion log")
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Waits for the writer and closes it."""
        self.end()
        self._second_pass = None

    def _metric(self) -> ConfusionMatrix | None:
        """The compiled metric that counts, or None."""
        for metric in _flat_metrics(self.model.metrics):
            if isinstance(metric, ConfusionMatrix):
                return metric
        return None

    def _counted(self) -> npt.NDArray[Any] | None:
        metric = self._metric()
        return None if metric is None else metric.matrix()

    def _count_validation_data(self) -> npt.NDArray[Any]:
        assert self._second_pass is not None
        metric: ConfusionMatrix | None = None
        for x, y, weight in batches_of(self.validation_data, self.batch_size, self.validation_steps):
            scores = self._chosen(self._second_pass(self.model, x))
            labels = self._chosen(y)
            if metric is None:
                metric = self._make_metric(scores)
            metric.update_state(labels, scores, sample_weight=weight)
        if metric is None:
            raise ArgumentError("`validation_data` gave no batch.")
        if metric.other():
            self.warnings.warn(
                "other",
                f"{metric.other()} labels of the validation data are none of the {metric.num_classes} classes; they are "
                "left out of the confusion matrix.",
            )
        return metric.matrix()

    def _make_metric(self, scores: npt.NDArray[Any]) -> ConfusionMatrix:
        units = scores.shape[-1] if scores.ndim > 1 else 1
        return ConfusionMatrix(
            max(units, 2),
            from_logits=tells_logits(self._loss()),
            threshold=self.threshold,
            ignore_class=self.ignore_class,
        )

    def _place(self) -> int:
        return 0 if self.output is None else list(self.model.output_names).index(self.output)

    def _loss(self) -> Any:
        return loss_of_output(self.model, self._place())

    def _chosen(self, nested: Any) -> npt.NDArray[Any]:
        """The part of outputs or labels that belongs to the output that was asked for."""
        if isinstance(nested, Mapping):
            name = self.output if self.output in nested else next(iter(nested))
            return np.asarray(nested[name])
        if isinstance(nested, list | tuple):
            return np.asarray(nested[self._place()])
        return np.asarray(nested)

    def _is_multi_label(self) -> bool:
        shape = getattr(self.model, "output_shape", None)
        shape = shape[self._place()] if isinstance(shape, list) else shape
        return is_binary(self._loss()) and isinstance(shape, tuple) and shape[-1] not in (None, 1)


def _flat_metrics(metrics: Any) -> Iterator[Any]:
    """Metrics with those that Keras keeps inside of its container for compiled ones, built or not yet."""
    if isinstance(metrics, keras.metrics.Metric):
        yield metrics
        for name in ("metrics", "_user_metrics", "_user_weighted_metrics"):
            yield from _flat_metrics(getattr(metrics, name, None))
    elif isinstance(metrics, Mapping):
        yield from _flat_metrics(list(metrics.values()))
    elif isinstance(metrics, list | tuple):
        for metric in metrics:
            yield from _flat_metrics(metric)
