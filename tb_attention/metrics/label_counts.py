"""Counts of independent labels (each class has its own yes or no), and histograms of scores for ROC and precision-recall."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.errors import ArgumentError
from tb_attention.metrics.precision import float_type, int_type

BINS = 256
"""Equal parts of the probability from 0 to 1. At a threshold of k / BINS, the parts from k on count as positive."""
# How far from 1 the sum of two probabilities may be: bfloat16 has 8 bits.
_ROUNDING = 0.01
_BELOW_HALF = float(np.nextafter(np.float32(0.5), np.float32(0)))


def label_size(classes: int) -> int:
    """Length of the result of `count_labels`: pairs, then known, true and predicted per class, then labels that are no class."""
    return classes * classes + 3 * classes + 1


def count_labels(y_true: Any, y_pred: Any, classes: int, border: float, ignore: int | None, weight: Any) -> Any:
    """The counts of a batch, float64 (`label_size`,).

    Args:
        y_true: (N, classes), 0 or 1 (smoothed or not; bool).
        y_pred: Scores (N, classes).
        classes: Number of labels.
        border: The score at or above which a label counts as positive.
        ignore: The value of a label that is not known; None where there is no such value.
        weight: (N,) or (N, 1), or None.

    Raises:
        ArgumentError: A shape is wrong.
    """
    for name, array in (("Labels", y_true), ("Predictions", y_pred)):
        if len(array.shape) != 2 or array.shape[-1] != classes:
            raise ArgumentError(
                f"{name} of {classes} independent labels must be of shape (N, {classes}). "
                f"Received: shape {tuple(array.shape)}."
            )
    true = ops.cast(y_true, float_type())
    is_ignored = ops.zeros_like(true, dtype="bool") if ignore is None else true == ignore
    valid = ops.logical_and(true >= 0, true <= 1)
    known = ops.cast(ops.logical_and(valid, ops.logical_not(is_ignored)), float_type())
    positive = known * ops.cast(true > 0.5, float_type())
    predicted = known * ops.cast(y_pred >= border, float_type())
    each = ops.ones_like(true[:, :1]) if weight is None else ops.reshape(ops.cast(weight, float_type()), (-1, 1))
    others = ops.cast(ops.logical_not(ops.logical_or(valid, is_ignored)), float_type())
    pairs = ops.matmul(ops.transpose(positive * each), predicted)
    return ops.concatenate(
        [
            ops.reshape(pairs, (-1,)),
            ops.sum(known * each, axis=0),
            ops.sum(positive * each, axis=0),
            ops.sum(predicted * each, axis=0),
            ops.reshape(ops.sum(others), (1,)),
        ]
    )


def correct_and_total(counts: Any, classes: int) -> tuple[Any, Any]:
    """How many yes and no answers were correct, and how many there were, from the sum of results of `count_labels`."""
    hits = ops.sum(ops.diagonal(ops.reshape(counts[: classes * classes], (classes, classes))))
    known, positive, predicted = (ops.sum(part) for part in ops.split(counts[classes * classes : -1], 3))
    return known - positive - predicted + 2 * hits, known


def two_by_two(counts: npt.NDArray[Any], classes: int) -> npt.NDArray[Any]:
    """`[[true negatives, false positives], [false negatives, true positives]]`, (classes, 2, 2), from the same sum."""
    pairs = counts[: classes * classes].reshape(classes, classes)
    known, positive, predicted = counts[classes * classes : -1].reshape(3, classes)
    hits = pairs.diagonal()
    misses, false_alarms = positive - hits, predicted - hits
    correct_negatives = known - hits - misses - false_alarms
    return np.stack([correct_negatives, false_alarms, misses, hits], axis=-1).reshape(classes, 2, 2)


def histogram_cells(true: Any, scores: Any, from_logits: bool) -> Any:
    """The index of each score in a flattened histogram (2, BINS), int64.

    Args:
        true: int64, 0 or 1. Any other value gives the index after the last, 2 * BINS.
        scores: Probabilities or logits of the same shape.
        from_logits: Whether the scores are logits.
    """
    scores = ops.cast(scores, "float32")
    probability = ops.sigmoid(scores) if from_logits else scores
    finite = ops.isfinite(probability)
    bins = ops.floor(ops.clip(ops.where(finite, probability, 0), 0.0, 1.0) * BINS)
    bins = ops.cast(ops.minimum(bins, BINS - 1), int_type())
    counted = ops.logical_and(finite, ops.logical_or(true == 0, true == 1))
    return ops.where(counted, true * BINS + bins, 2 * BINS)


def probability_of_second(scores: Any, predicted: Any, from_logits: bool) -> Any:
    """The probability of class 1 by the scores of two classes, float32 (n,); NaN where the scores are no probabilities.

    It is at least 0.5 exactly where class 1 is predicted, so that a threshold of 0.5 counts as the matrix does, ties included.

    Args:
        scores: Probabilities or logits (n, 2).
        predicted: The predicted class (n,).
        from_logits: Whether the scores are logits.
    """
    scores = ops.cast(scores, "float32")
    first, second = scores[:, 0], scores[:, 1]
    probability = ops.sigmoid(second - first) if from_logits else second
    known = ops.isfinite(probability)
    if not from_logits:
        known = ops.logical_and(ops.logical_and(first >= 0, second >= 0), ops.abs(first + second - 1) <= _ROUNDING)
    sided = ops.where(predicted == 1, ops.maximum(probability, 0.5), ops.minimum(probability, _BELOW_HALF))
    return ops.where(known, sided, float("nan"))


def label_histogram_cells(
    y_true: Any, scores: Any, classes: int, ignore: int | None, from_logits: bool
) -> tuple[Any, Any]:
    """As `histogram_cells`, for independent labels and a flattened histogram (classes, 2, BINS).

    Smoothed labels are rounded to 0 and 1. Ignored labels, and labels that are neither, have the index after the last.

    Returns:
        The indices (N, classes), and the labels as 0, 1 and 2 for neither.
    """
    true = ops.cast(y_true, float_type())
    unknown = ops.logical_or(true < 0, true > 1)
    if ignore is not None:
        unknown = ops.logical_or(unknown, true == ignore)
    true = ops.where(unknown, 2, ops.cast(true > 0.5, int_type()))
    cells = histogram_cells(true, scores, from_logits)
    shifted = cells + 2 * BINS * ops.arange(classes, dtype=int_type())
    return ops.where(cells == 2 * BINS, classes * 2 * BINS, shifted), true
