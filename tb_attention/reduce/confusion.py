"""Counting which class was taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError


def confusion_counts(
    truth: npt.NDArray[np.integer[Any]],
    predicted: npt.NDArray[np.integer[Any]],
    classes: int,
    weights: npt.NDArray[np.floating[Any]] | None = None,
) -> npt.NDArray[Any]:
    """The confusion matrix of some examples.

    Args:
        truth, predicted: Class indices from 0, `(examples,)` each.
        classes: Number of classes.
        weights: `(examples,)`, the weight of each example; 1 by default.

    Returns:
        `(classes, classes)`: rows are the truth, columns the prediction. int64, or float64 with weights.

    Raises:
        ArgumentError: The lengths differ, or an index is not one of a class.
    """
    truth = np.asarray(truth).reshape(-1)
    predicted = np.asarray(predicted).reshape(-1)
    if len(truth) != len(predicted) or (weights is not None and np.size(weights) != len(truth)):
        raise ArgumentError(
            "`truth`, `predicted` and `weights` must have one length. "
            f"Received: {len(truth)}, {len(predicted)}, {None if weights is None else np.size(weights)}."
        )
    for name, values in (("truth", truth), ("predicted", predicted)):
        if len(values) and (values.dtype.kind not in "biu" or values.min() < 0 or values.max() >= classes):
            raise ArgumentError(
                f"`{name}` must hold class indices from 0 to {classes - 1}. "
                f"Received: {values.dtype} from {values.min()} to {values.max()}."
            )
    cells = truth.astype(np.int64) * classes + predicted.astype(np.int64)
    if weights is None:
        counts = np.bincount(cells, minlength=classes * classes).astype(np.int64)
    else:
        counts = np.bincount(cells, np.asarray(weights, np.float64).reshape(-1), minlength=classes * classes)
    return counts.reshape(classes, classes)


def class_sums(
    cells: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]], classes: int
) -> npt.NDArray[np.float64]:
    """Of each class, float64 (classes, 3): how many were told right, are of it, were called it."""
    truth, predicted, counts = cells
    right = truth == predicted
    columns = ((truth[right], counts[right]), (truth, counts), (predicted, counts))
    return np.stack([np.bincount(index, count, minlength=classes) for index, count in columns], axis=-1)


def label_sums(labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The same of labels, from their 2 x 2 counts (classes, 2, 2)."""
    counts = np.asarray(labels, np.float64)
    found, missed, wrong = counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1]
    return np.stack([found, found + missed, found + wrong], axis=-1)


def matrix_scores(matrix: npt.NDArray[Any], labels: npt.NDArray[Any] | None = None) -> dict[str, float]:
    """What one number can say of a matrix.

    Args:
        matrix: `(classes, classes)`, rows are the truth.
        labels: Of independent labels their counts `(classes, 2, 2)`, which are used instead.

    Returns:
        "macro_f1": the mean F1 of the classes that occur, as truth or as prediction; "worst_recall": the smallest recall of those
        that occur as truth. 0 where none occurs.
    """
    if labels is None:
        truth, predicted = np.nonzero(matrix)
        sums = class_sums((truth, predicted, np.asarray(matrix)[truth, predicted]), len(matrix))
    else:
        sums = label_sums(labels)
    right, true, called = sums.T
    occur, known = true + called > 0, true > 0
    f1 = 2 * right[occur] / (true + called)[occur]
    recall = right[known] / true[known]
    return {
        "macro_f1": float(f1.mean()) if len(f1) else 0.0,
        "worst_recall": float(recall.min()) if len(recall) else 0.0,
    }
