"""The outcome of each example of a batch: its cell, the probability of the predicted class and its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from tb_attention.callbacks.class_counts import SparseCounter
from tb_attention.metrics.confusion_matrix import ConfusionMatrix

_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of some examples: truth, predicted (int), probability of the predicted class, loss, all (examples,)."""

    truth: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    loss: npt.NDArray[np.float64]


def within_unit(scores: npt.NDArray[Any]) -> bool:
    """Whether all scores lie between 0 and 1, so that they may be probabilities."""
    return bool(np.all((scores >= 0) & (scores <= 1 + 1e-6)))


def outcomes_of(
    metric: ConfusionMatrix | SparseCounter,
    labels: Any,
    scores: npt.NDArray[Any],
    probabilities: npt.NDArray[Any] | None = None,
) -> tuple[Outcomes, npt.NDArray[np.int64]] | None:
    """The outcomes of the examples of a batch, and which examples they belong to.

    Args:
        metric: Knows the kind of the classes, and the threshold of one unit.
        labels: As the metric takes them.
        scores: As the metric takes them.
        probabilities: (examples, classes), if they do not follow from the scores. Defaults to None.

    Returns:
        None if an example has many positions (segmentation, sequences). Otherwise the outcomes, and the indices of their examples
        in the batch: examples whose label is no class are left out.
    """
    y = np.asarray(metric.label_indices(labels, scores))
    if y.ndim != (2 if metric.multi_label else 1) or len(y) != len(scores):
        return None
    scores = np.asarray(scores, np.float64).reshape(len(scores), -1)
    if metric.multi_label:
        return _labels(metric, y, scores)
    indices = np.flatnonzero((y >= 0) & (y < metric.num_classes) & (y != metric.ignore_class))
    truth, scores = y[indices].astype(np.int64), scores[indices]
    if scores.shape[1] == 1:
        positive = expit(scores) if metric.from_logits else scores
        probabilities = np.concatenate([1 - positive, positive], axis=1)
        predicted = (scores[:, 0] >= metric.border).astype(np.int64)
    else:
        predicted = scores.argmax(1)
        if probabilities is not None:
            probabilities = probabilities[indices]
        else:
            # A custom loss may not show that scores are logits, but the scores do.
            are_logits = metric.from_logits or not within_unit(scores)
            probabilities = softmax(scores, axis=-1) if are_logits else scores
    at = np.arange(len(indices))
    loss = -np.log(np.clip(probabilities[at, truth], _LEAST, 1))
    return Outcomes(truth, predicted, probabilities[at, predicted], loss), indices


def _labels(
    metric: ConfusionMatrix | SparseCounter, y: npt.NDArray[Any], scores: npt.NDArray[np.float64]
) -> tuple[Outcomes, npt.NDArray[np.int64]]:
    """The cell of an example: its least probable false negative, and its most probable false positive.

    Examples without an error belong to the cell of their most probable true positive. Examples with only one kind of error do
    not confuse one label with another, and are left out.
    """
    probabilities = expit(scores) if metric.from_logits else scores
    known = (y >= 0) & (y <= 1) if metric.ignore_class is None else (y >= 0) & (y <= 1) & (y != metric.ignore_class)
    positive, predicted_positive = known & (y > 0.5), scores >= metric.border
    missed, wrong, found = (
        positive & ~predicted_positive,
        known & ~positive & predicted_positive,
        positive & predicted_positive,
    )
    confused = missed.any(1) & wrong.any(1)
    right = ~missed.any(1) & ~wrong.any(1) & found.any(1)
    indices = np.flatnonzero(confused | right)
    best = np.where(found, probabilities, -1).argmax(1)
    truth = np.where(confused, np.where(missed, probabilities, 2).argmin(1), best)[indices]
    predicted = np.where(confused, np.where(wrong, probabilities, -1).argmax(1), best)[indices]
    given = np.clip(np.where(positive, probabilities, 1 - probabilities), _LEAST, 1)
    loss = -np.where(known, np.log(given), 0).sum(1) / np.maximum(known.sum(1), 1)
    at = np.arange(len(indices))
    return Outcomes(truth, predicted, probabilities[indices][at, predicted], loss[indices]), indices
