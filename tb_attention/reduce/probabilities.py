"""Probabilities of scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def sigmoid(scores: Floats) -> Floats:
    """Probabilities of logits, each of its own."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)))


def softmax(scores: Floats) -> Floats:
    """Probabilities (..., classes) of logits."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def within_unit(scores: Floats) -> bool:
    """Whether all scores lie between 0 and 1, so that they may be probabilities."""
    return bool(np.all((scores >= 0) & (scores <= 1 + 1e-6)))
