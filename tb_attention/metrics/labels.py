"""Counts of independent labels: each class a yes or no of its own, several of them at once or none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.errors import ArgumentError


def label_size(classes: int) -> int:
    """Places that `count_labels` needs: pairs, then of each class known, true and predicted, then labels that are none."""
    return classes * classes + 3 * classes + 1


def count_labels(y_true: Any, y_pred: Any, classes: int, border: float, ignore: int | None, weight: Any) -> Any:
    """What a batch adds, float64 (`label_size`,).

    Args:
        y_true: (N, classes), 0 or 1 (smoothed or not; bool).
        y_pred: Scores (N, classes).
        classes: Number of labels.
        border: From which score on the answer is yes.
        ignore: A value that says that a label is not known; None for none.
        weight: (N,) or (N, 1), or None.

    Raises:
        ArgumentError: A shape is none of these.
    """
    for name, array in (("Labels", y_true), ("Predictions", y_pred)):
        if len(array.shape) != 2 or array.shape[-1] != classes:
            raise ArgumentError(
                f"{name} of {classes} independent labels must be of shape (N, {classes}). "
                f"Received: shape {tuple(array.shape)}."
            )
    true = ops.cast(y_true, "float64")
    is_ignored = ops.zeros_like(true, dtype="bool") if ignore is None else true == ignore
    valid = ops.logical_and(true >= 0, true <= 1)
    known = ops.cast(ops.logical_and(valid, ops.logical_not(is_ignored)), "float64")
    yes = known * ops.cast(true > 0.5, "float64")
    called = known * ops.cast(y_pred >= border, "float64")
    each = ops.ones_like(true[:, :1]) if weight is None else ops.reshape(ops.cast(weight, "float64"), (-1, 1))
    others = ops.cast(ops.logical_not(ops.logical_or(valid, is_ignored)), "float64")
    pairs = ops.matmul(ops.transpose(yes * each), called)
    return ops.concatenate(
        [
            ops.reshape(pairs, (-1,)),
            ops.sum(known * each, axis=0),
            ops.sum(yes * each, axis=0),
            ops.sum(called * each, axis=0),
            ops.reshape(ops.sum(others), (1,)),
        ]
    )


def right_and_all(counts: Any, classes: int) -> tuple[Any, Any]:
    """How many yes and no were told right, and of how many, of the tensor that `count_labels` summed up."""
    found = ops.sum(ops.diagonal(ops.reshape(counts[: classes * classes], (classes, classes))))
    known, yes, called = (ops.sum(part) for part in ops.split(counts[classes * classes : -1], 3))
    return known - yes - called + 2 * found, known


def two_by_two(counts: npt.NDArray[Any], classes: int) -> npt.NDArray[Any]:
    """`[[true no, false yes], [false no, true yes]]` of each class, (classes, 2, 2), from what `count_labels` summed up."""
    pairs = counts[: classes * classes].reshape(classes, classes)
    known, yes, called = counts[classes * classes : -1].reshape(3, classes)
    found = pairs.diagonal()
    missed, wrong = yes - found, called - found
    return np.stack([known - found - missed - wrong, wrong, missed, found], axis=-1).reshape(classes, 2, 2)
