"""How many examples have which score, for ROC and precision-recall curves."""

from __future__ import annotations

from typing import Any

from keras import ops

BINS = 256
"""Equal parts of the probability from 0 to 1; a threshold of k / BINS says yes to the parts from k on."""


def histogram_cells(true: Any, scores: Any, from_logits: bool) -> Any:
    """The place of each score in a histogram (2, BINS) made flat, int64.

    Args:
        true: int64, 0 or 1; anything else gives the place behind the last, 2 * BINS.
        scores: Of the same shape: probabilities, or logits.
        from_logits: Which of these.
    """
    scores = ops.cast(scores, "float32")
    probability = ops.sigmoid(scores) if from_logits else scores
    finite = ops.isfinite(probability)
    place = ops.floor(ops.clip(ops.where(finite, probability, 0), 0.0, 1.0) * BINS)
    place = ops.cast(ops.minimum(place, BINS - 1), "int64")
    counted = ops.logical_and(finite, ops.logical_or(true == 0, true == 1))
    return ops.where(counted, true * BINS + place, 2 * BINS)
