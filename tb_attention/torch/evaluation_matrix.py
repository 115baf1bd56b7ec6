"""The confusion matrix of each evaluation of Hugging Face's `Trainer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step
from tb_attention.records.writing.confusion_writer import ConfusionWriter
from tb_attention.steps.failures import Warnings, guarded

# The label of what is not counted, such as padding.
_IGNORED = -100


class EvaluationMatrix:
    """Counts the predictions of evaluations and writes a matrix of each.

    Args:
        log_dir: As for `ConfusionWriter`.
        class_names: Names of the classes, or None; not used where they are not as many as the classes of the scores.
        warnings: Where failures are said.
    """

    def __init__(self, log_dir: str, class_names: Sequence[str] | None, warnings: Warnings) -> None:
        self.warnings = warnings
        self._log_dir, self._class_names = log_dir, class_names
        self._writer: ConfusionWriter | None = None
        self._counted = False

    @guarded("The confusion matrix of an evaluation")
    def count(self, labels: npt.NDArray[Any], scores: npt.NDArray[Any]) -> None:
        """Adds predictions. What is no class costs one warning."""
        names = self._class_names
        try:
            if self._writer is None:
                classes = scores.shape[-1]
                fitting = names if names and len(names) == classes else None
                self._writer = ConfusionWriter(
                    self._log_dir, num_classes=classes, class_names=fitting, ignore_class=_IGNORED
                )
            self._writer.add(labels, scores)
            self._counted = True
        except ArgumentError as error:
            self.warnings.warn("confusion", f"No confusion matrix is logged: {error}")

    @guarded("The confusion matrix of an evaluation")
    def write(self, step: Step, metrics: Mapping[str, float], epoch: int, batch: int) -> None:
        """Writes what was counted, if there is anything."""
        if self._writer is not None and self._counted:
            self._counted = False
            self._writer.write(step, metrics, epoch, batch)

    @guarded("The end of the log of confusion matrices")
    def close(self) -> None:
        """Waits until every matrix is written."""
        if self._writer is not None:
            self._writer.close()


def as_classes(prediction: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Labels and scores of what the trainer calls an `EvalPrediction`."""
    logits = prediction.predictions
    return np.asarray(prediction.label_ids), np.asarray(logits[0] if isinstance(logits, tuple) else logits)


def accuracy_of(labels: npt.NDArray[Any], scores: npt.NDArray[Any]) -> dict[str, float]:
    """`{"accuracy": ...}` of the labels that count; nothing where scores are not those of classes."""
    if scores.shape[:-1] != labels.shape or not (counted := labels != _IGNORED).any():
        return {}
    return {"accuracy": float((scores.argmax(-1) == labels)[counted].mean())}
