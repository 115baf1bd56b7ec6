"""Counting and writing confusion matrices from any framework and any training loop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.samples.nested import to_numpy
from tb_attention.records.samples.sample_arguments import checked_names
from tb_attention.records.writing.arguments import checked_count, checked_header
from tb_attention.records.writing.step_writer import StepWriter
from tb_attention.reduce.confusion import matrix_scores

Counts = npt.NDArray[np.int64]


class ConfusionWriter(StepWriter):
    """Counts confusion matrices of mutually exclusive classes, and writes them for TensorBoard's Attention tab.

    Example:

        with ConfusionWriter("logs/run1", class_names=["cat", "dog"]) as writer:
            for epoch in range(10):
                ...
                for images, labels in validation:
                    writer.add(labels, model(images))
                writer.write(epoch, metrics={"val_loss": loss})

    Args:
        log_dir: The run's directory, or a URL that fsspec knows. Nothing is created before the first `write`.
        num_classes: Number of classes, at least 2. Defaults to the number of names.
        class_names: Names of the classes, by index. Defaults to none: their indices.
        ignore_class: A label that is not counted, such as the -100 of padding. Defaults to none.
        tag: Name of the series. Defaults to "confusion".
        attempt: Number of an existing attempt to continue, from 1. By default the first `write` begins a new attempt.
        summaries: Whether to write scores of each step to the event file. Defaults to True.

    Raises:
        ArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        ignore_class: int | None = None,
        tag: str = "confusion",
        attempt: int | None = None,
        summaries: bool = True,
    ) -> None:
        super().__init__(log_dir, tag, attempt=attempt, summaries=summaries, max_bytes=None)
        self.class_names = checked_names(class_names)
        if num_classes is None and self.class_names is None:
            raise ArgumentError("`num_classes` or `class_names` must be given. Received: neither.")
        named = len(self.class_names or ())
        self.num_classes = checked_count("num_classes", named if num_classes is None else num_classes, least=2)
        if named not in (0, self.num_classes):
            raise ArgumentError(
                f"`class_names` must have a name for each of the {self.num_classes} classes. Received: {named} names."
            )
        self.ignore_class = ignore_class
        self._summaries = summaries
        self._forget()

    def add(self, labels: Any, predictions: Any, *, split: str = "validation") -> None:
        """Counts a batch.

        Args:
            labels: Class indices of any shape, such as `(samples,)` or `(samples, positions)`: arrays, or tensors of any
                framework.
            predictions: Class indices of the same shape, or scores with the classes along one more axis, the last one, of which
                the highest counts: logits or probabilities.
            split: "validation", "training" or another name. Defaults to "validation".

        Raises:
            ArgumentError: Shapes do not fit, or a prediction is no class; nothing is counted.
        """
        true, predicted = to_numpy(labels), to_numpy(predictions)
        if predicted.shape == (*true.shape, self.num_classes):
            predicted = predicted.argmax(-1)
        if predicted.shape != true.shape or not {true.dtype.kind, predicted.dtype.kind} <= set("iu"):
            raise ArgumentError(
                "`labels` must be class indices, and `predictions` class indices of the same shape or scores of "
                f"{self.num_classes} classes along one more axis. Received: {_described(true)} and {_described(predicted)}."
            )
        true, predicted = true.reshape(-1).astype(np.int64), predicted.reshape(-1).astype(np.int64)
        counted = np.ones(len(true), bool) if self.ignore_class is None else true != self.ignore_class
        wrong = predicted[counted & ((predicted < 0) | (predicted >= self.num_classes))]
        if len(wrong):
            raise ArgumentError(
                f"`predictions` must be classes from 0 to {self.num_classes - 1}. Received: {sorted(set(wrong.tolist()))[:10]}."
            )
        known = counted & (true >= 0) & (true < self.num_classes)
        cells = np.bincount(true[known] * self.num_classes + predicted[known], minlength=self.num_classes**2)
        if split not in self._counts:
            self._counts[split] = self._empty()
        self._counts[split] += cells.reshape(self.num_classes, self.num_classes)
        self._other[split] = self._other.get(split, 0) + int((counted & ~known).sum())

    def matrix(self, split: str = "validation") -> Counts:
        """What was counted since the last `write`: int64 (classes, classes); rows are the truth, columns the prediction."""
        return self._counts[split].copy() if split in self._counts else self._empty()

    def write(
        self,
        step: Step,
        metrics: Mapping[str, Any] | None = None,
        epoch: int | None = None,
        batch: int | None = None,
    ) -> None:
        """Hands over the matrices that were counted, and begins to count anew.

        Args:
            step: An integer of at least 0, or "init" for the model before training. An existing step is replaced.
            metrics: Numbers by name, such as the loss. The step with the smallest "val_loss" (or "loss", if there is none) is
                marked as the best.
            epoch: From 0.
            batch: Batches that the model has seen.

        Raises:
            ArgumentError: An argument is wrong, or nothing was counted; nothing is written.
            LogError: An earlier step could not be written, or the writer is closed.
        """
        self._check()
        if not self._counts:
            raise ArgumentError("`add` must be called before `write`. Received: nothing to write.")
        # The validation first: it is what the tab shows at first.
        splits = {split: self._counts[split] for split in sorted(self._counts, key=lambda split: split != "validation")}
        scores = {
            f"{split}_{name}": value
            for split, matrix in splits.items()
            for name, value in matrix_scores(matrix).items()
        }
        record = ConfusionRecord(
            **checked_header(step, metrics, epoch, batch),
            splits=splits,
            other=dict(self._other),
            class_names=self.class_names,
            scalars=scores if self._summaries else {},
        )
        self._hand_over(record)
        self._forget()

    def _empty(self) -> Counts:
        return np.zeros((self.num_classes, self.num_classes), np.int64)

    def _forget(self) -> None:
        self._counts: dict[str, Counts] = {}
        self._other: dict[str, int] = {}


def _described(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"
