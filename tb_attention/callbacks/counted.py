"""What was counted of one output over one split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tb_attention.callbacks.sparse_counter import SparseCounter
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.format.step_record import ConfusionKind
from tb_attention.reduce.confusion import MOST_DENSE, Matrix


@dataclass(frozen=True, eq=False)
class Counted:
    """A copy of what a metric holds.

    Attributes:
        matrix: (classes, classes); without the cells that are 0 where there are many classes.
        labels: (classes, 2, 2) of independent labels, else None.
        histogram: (1 or classes, 2, bins) of binary and independent labels, else None.
        other: Labels that are no class.
        kind: "classes", "binary" or "labels".
        threshold: The probability from which on the answer is yes; None of kind "classes".
    """

    matrix: Matrix
    labels: npt.NDArray[Any] | None
    histogram: npt.NDArray[Any] | None
    other: int
    kind: ConfusionKind
    threshold: float | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not (self.matrix.any() if self.labels is None else self.labels.any())


def read_counts(metric: ConfusionMatrix | SparseCounter) -> Counted:
    """What a metric has counted so far."""
    return Counted(
        metric.matrix() if metric.num_classes <= MOST_DENSE else metric.sparse_matrix(),
        metric.labels(),
        metric.histogram(),
        metric.other(),
        metric.kind,
        None if metric.kind == "classes" else metric.probability_border,
    )
