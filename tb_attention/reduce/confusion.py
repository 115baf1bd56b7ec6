"""Confusion matrices, dense and sparse, and their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Cells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]]
"""Truth, prediction and count of the cells of a matrix that are not 0, each `(cells,)`."""


MOST_DENSE = 1000
"""With more classes, matrices are counted and passed on without the cells that are 0: 8 MB of counts are fine, 200 MB are not."""


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """A confusion matrix without the cells that are 0.

    Attributes:
        classes: Number of classes.
        truth: Rows of the cells, int64 (cells,). Each pair of row and column occurs once.
        predicted: Columns of the cells, int64 (cells,).
        counts: int64 (cells,), or float64 where examples are weighted.
    """

    classes: int
    truth: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    counts: npt.NDArray[Any]

    def __len__(self) -> int:
        return self.classes

    @property
    def shape(self) -> tuple[int, int]:
        """(classes, classes)."""
        return (self.classes, self.classes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the counts."""
        return self.counts.dtype

    @property
    def nbytes(self) -> int:
        """Size in memory, in bytes."""
        return self.truth.nbytes + self.predicted.nbytes + self.counts.nbytes

    def any(self) -> bool:
        """Whether any count is not 0."""
        return bool(self.counts.any())


Matrix = npt.NDArray[Any] | SparseMatrix
"""A confusion matrix (classes, classes); rows are the truth."""


def cells_of(matrix: Matrix) -> Cells:
    """The cells of a matrix that are not 0."""
    if isinstance(matrix, SparseMatrix):
        return matrix.truth, matrix.predicted, matrix.counts
    truth, predicted = np.nonzero(matrix)
    return truth, predicted, np.asarray(matrix)[truth, predicted]


def dense_of(matrix: Matrix) -> npt.NDArray[Any]:
    """The matrix with all cells."""
    if not isinstance(matrix, SparseMatrix):
        return np.asarray(matrix)
    dense = np.zeros(matrix.shape, matrix.dtype)
    dense[matrix.truth, matrix.predicted] = matrix.counts
    return dense


def class_sums(cells: Cells, classes: int) -> npt.NDArray[np.float64]:
    """For each class, float64 (classes, 3): true positives, examples of the class, predictions of the class."""
    truth, predicted, counts = cells
    hits = truth == predicted
    columns = ((truth[hits], counts[hits]), (truth, counts), (predicted, counts))
    return np.stack([np.bincount(index, count, minlength=classes) for index, count in columns], axis=-1)


def label_sums(labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The same for independent labels, from their 2 x 2 counts (classes, 2, 2)."""
    counts = np.asarray(labels, np.float64)
    hits, misses, false_alarms = counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1]
    return np.stack([hits, hits + misses, hits + false_alarms], axis=-1)


def matrix_scores(matrix: Matrix, labels: npt.NDArray[Any] | None = None) -> dict[str, float]:
    """Scores of a matrix.

    Args:
        matrix: `(classes, classes)`; rows are the truth.
        labels: For independent labels, their counts `(classes, 2, 2)`, which are used instead.

    Returns:
        "macro_f1": the mean F1 of the classes that occur, as truth or as prediction. "worst_recall": the smallest recall of the
        classes that occur as truth. 0 where none occurs.
    """
    sums = class_sums(cells_of(matrix), len(matrix)) if labels is None else label_sums(labels)
    hits, true, predicted = sums.T
    occur, known = true + predicted > 0, true > 0
    f1 = 2 * hits[occur] / (true + predicted)[occur]
    recall = hits[known] / true[known]
    return {
        "macro_f1": float(f1.mean()) if len(f1) else 0.0,
        "worst_recall": float(recall.min()) if len(recall) else 0.0,
    }
