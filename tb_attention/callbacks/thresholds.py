"""How the scores of an ordinal output become a class, which is inferred by calling its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import expit

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Thresholds:
    """How K - 1 scores become one of K ordered classes, as CORAL (Cao et al. 2020) or CORN (Shi et al. 2023) mean them.

    Attributes:
        from_logits: Whether scores are logits.
        conditional: Whether score k is of "above k, given that it is above k - 1" (CORN, CONDOR) and not of "above k" (CORAL).
    """

    from_logits: bool
    conditional: bool

    def above(self, scores: Scores) -> Scores:
        """The probability of each threshold, that the class lies above it: (..., K - 1)."""
        chances = expit(scores) if self.from_logits else scores
        return np.asarray(np.cumprod(chances, -1) if self.conditional else chances, np.float64)

    def classes(self, scores: Scores) -> npt.NDArray[np.int64]:
        """The class of each position: the number of thresholds that it lies above."""
        return np.asarray((self.above(scores) > 0.5).sum(-1), np.int64)

    def probabilities(self, scores: Scores) -> Scores:
        """The probability of each class, (..., K), at least 0."""
        above = self.above(scores)
        ends = np.ones_like(above[..., :1])
        return np.asarray(np.maximum(np.concatenate([ends, above], -1) - np.concatenate([above, 0 * ends], -1), 0))


def read_thresholds(loss: Any, units: int) -> Thresholds | None:
    """The meaning of the scores of a loss, or None if it is not known.

    The loss is called with a few labels and scores. It has to compare each score alone, by the same rule, with whether the label
    lies above its threshold; a loss that leaves out thresholds above the label makes its scores conditional.
    """
    try:
        return _tried(loss, units)
    except Exception:
        return None


def _tried(loss: Any, units: int) -> Thresholds | None:
    random = np.random.default_rng(0)

    def cost(label: int, scores: Scores) -> float:
        labels = keras.ops.convert_to_tensor(np.array([[label]], "int32"))
        given = loss(labels, keras.ops.convert_to_tensor(scores[None].astype("float32")))
        return float(np.mean(keras.ops.convert_to_numpy(given)))

    chances = random.uniform(0.2, 0.8, (3, units))
    logits = 2 * np.log(chances / (1 - chances))
    for scores, mirror, from_logits in ((logits, -logits, True), (chances, 1 - chances, False)):
        moved = scores.copy()
        moved[:, -1] += 0.1
        conditional = units > 1 and all(_alike(cost(0, a), cost(0, b)) for a, b in zip(scores, moved, strict=True))
        if not _falls(cost, scores, units, conditional):
            continue
        # Lying above all thresholds is the mirror image of lying above none, where every threshold counts for every label.
        if conditional:
            fits = _is_cross_entropy(cost, scores[:, 0], from_logits, units)
        else:
            fits = all(_alike(cost(units, a), cost(0, b)) for a, b in zip(scores, mirror, strict=True))
        if fits:
            return Thresholds(from_logits, conditional)
    return None


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-4 * max(1.0, abs(one))


def _falls(cost: Any, scores: Scores, units: int, conditional: bool) -> bool:
    """Whether a loss falls with each score that a label lies above, and rises with each that counts and it does not."""
    for row in scores:
        for label in range(units + 1):
            for unit in range(units if not conditional else min(label + 1, units)):
                more = row.copy()
                more[unit] += 0.05
                change = cost(label, more) - cost(label, row)
                if not (change < 0 if label > unit else change > 0):
                    return False
    return True


def _is_cross_entropy(cost: Any, first: Scores, from_logits: bool, units: int) -> bool:
    """Whether class 0 costs -ln(1 - p) of the first score p, but for a factor."""
    wanted = -np.log(1 - (expit(first) if from_logits else first))
    costs = np.array([cost(0, np.full(units, score)) for score in first])
    return bool(np.allclose(costs / costs[0], wanted / wanted[0], rtol=1e-3))
