"""Mean and standard deviation over samples, of maps and of measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Moments:
    """Mean and standard deviation of arrays that come one after the other, in the memory of a few of them.

    Updated as in Welford, 1962: sums of squares would lose the deviation of weights that hardly differ.

    Args:
        shape: Of every array.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self._count = 0
        self._mean = np.zeros(shape, np.float32)
        self._squares = np.zeros(shape, np.float32)

    def add(self, values: Floats) -> None:
        """Takes one more array of the shape. A NaN makes its cell NaN."""
        self._count += 1
        with np.errstate(invalid="ignore", over="ignore"):
            apart = values - self._mean
            self._mean += apart / np.float32(self._count)
            np.multiply(apart, apart, out=apart)
            apart *= np.float32((self._count - 1) / self._count)
            self._squares += apart

    @property
    def mean(self) -> Floats:
        """NaN before the first array."""
        return self._mean if self._count else np.full_like(self._mean, np.nan)

    @property
    def deviation(self) -> Floats:
        """The standard deviation, with the number of arrays as divisor; NaN before the first."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return cast(Floats, np.sqrt(self._squares / np.float32(self._count)))


def measure_moments(measures: Floats) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of head measures over samples.

    Args:
        measures: `(samples, heads, measures)`. NaN where a measure has no meaning.

    Returns:
        float32 `(heads, measures)`, twice. Samples in which a measure has no meaning do not count for it. A head that has no
        number at all in some sample has diverged there, and is NaN.
    """
    known = ~np.isnan(measures)
    counts = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.where(known, measures, 0).sum(axis=0, dtype=np.float64) / counts
        apart = np.where(known, measures - mean, 0)
        deviation = np.sqrt((apart * apart).sum(axis=0) / counts)
    diverged = (~known.any(axis=-1)).any(axis=0)
    mean[diverged] = deviation[diverged] = np.nan
    return mean.astype(np.float32), deviation.astype(np.float32)
