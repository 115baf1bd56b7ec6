"""What was counted of one output over one split, and a counter for many classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt

from tb_attention.metrics.class_indices import ClassNames, class_indices, positions_of, weight_of_each
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.format.step_record import ConfusionKind
from tb_attention.reduce.confusion import MOST_DENSE, Matrix, SparseMatrix, dense_of

# Maximum number of pairs that wait to be counted.
_WAITING = 1 << 20


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """A copy of the counts of a metric.

    Attributes:
        matrix: (classes, classes); sparse for many classes.
        labels: (classes, 2, 2) of independent labels, else None.
        histogram: (1 or classes, 2, bins) of two classes with probabilities and of independent labels, else None.
        other: Number of labels that are no class.
        kind: "classes", "binary" or "labels".
        threshold: The probability at or above which a label counts as positive; None for kind "classes".
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


def read_counts(metric: ConfusionMatrix | SparseCounter) -> ClassCounts:
    """The counts of a metric so far."""
    return ClassCounts(
        metric.matrix() if metric.num_classes <= MOST_DENSE else metric.sparse_matrix(),
        metric.labels(),
        metric.histogram(),
        metric.other(),
        metric.kind,
        None if metric.kind == "classes" else metric.probability_border,
    )


class SparseCounter:
    """Counts like a `ConfusionMatrix` of mutually exclusive classes, in 16 bytes for each pair that occurs.

    Args:
        num_classes, from_logits, ignore_class, class_names: As for `ConfusionMatrix`.
    """

    multi_label = False
    signed = False
    border = 0.0
    probability_border = 0.5

    def __init__(
        self, num_classes: int, *, from_logits: bool, ignore_class: int | None, class_names: Sequence[str] | None
    ) -> None:
        self.num_classes = num_classes
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self._names = None if class_names is None else ClassNames(class_names, num_classes)
        self._is_weighted = False
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets what was counted."""
        self._cells = np.zeros(0, np.int64)
        self._amounts: npt.NDArray[np.float64] = np.zeros(0, np.float64)
        self._waiting: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
        self._waits = 0
        self._other = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch, as `ConfusionMatrix.update_state` does."""
        y_true = keras.ops.convert_to_tensor(y_true if self._names is None else self._names.indices(y_true))
        labels = class_indices(y_true, positions_of(y_true, y_pred, self.num_classes), self.num_classes)
        amounts = weight_of_each(sample_weight, labels)
        true = keras.ops.convert_to_numpy(labels).reshape(-1)
        predicted = np.asarray(y_pred).argmax(-1).reshape(-1)
        self._is_weighted = self._is_weighted or sample_weight is not None
        each = np.ones(len(true)) if amounts is None else keras.ops.convert_to_numpy(amounts)
        known = (true >= 0) & (true < self.num_classes)
        ignored = np.zeros(len(true), bool) if self.ignore_class is None else true == self.ignore_class
        self._other += int((~known & ~ignored & (each != 0)).sum())
        kept = known & ~ignored
        self._waiting.append((true[kept] * self.num_classes + predicted[kept], each[kept]))
        self._waits += int(kept.sum())
        if self._waits > _WAITING:
            self._count_up()

    def sparse_matrix(self) -> SparseMatrix:
        """The counts: int64, or float64 where samples were weighted."""
        self._count_up()
        known = self._amounts != 0
        cells, amounts = self._cells[known], self._amounts[known]
        counts = amounts if self._is_weighted else np.rint(amounts).astype(np.int64)
        return SparseMatrix(self.num_classes, cells // self.num_classes, cells % self.num_classes, counts)

    def matrix(self) -> npt.NDArray[Any]:
        """The counts (classes, classes)."""
        return dense_of(self.sparse_matrix())

    def label_indices(self, y_true: Any, y_pred: Any) -> npt.NDArray[Any]:
        """Labels as they are counted, as `ConfusionMatrix.label_indices` gives them."""
        y_true = keras.ops.convert_to_tensor(y_true if self._names is None else self._names.indices(y_true))
        found = class_indices(y_true, positions_of(y_true, y_pred, self.num_classes), self.num_classes)
        return np.asarray(keras.ops.convert_to_numpy(found))

    @property
    def kind(self) -> Literal["classes"]:
        """Classes exclude one another."""
        return "classes"

    def labels(self) -> None:
        """There are no independent labels."""

    def histogram(self) -> None:
        """There is no single score."""

    def other(self) -> int:
        """How many labels were no class."""
        return self._other

    def _count_up(self) -> None:
        cells = np.concatenate([self._cells, *(waiting for waiting, _ in self._waiting)])
        amounts = np.concatenate([self._amounts, *(waiting for _, waiting in self._waiting)])
        self._cells, inverse = np.unique(cells, return_inverse=True)
        self._amounts = np.bincount(inverse.reshape(-1), amounts, minlength=len(self._cells)).astype(np.float64)
        self._waiting, self._waits = [], 0
