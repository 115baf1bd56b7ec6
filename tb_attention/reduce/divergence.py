"""How far two distributions over the same keys are apart."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError


def jensen_shannon(
    first: npt.NDArray[np.floating[Any]], second: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """The Jensen-Shannon divergence of rows (Lin, 1991), in bits.

    Args:
        first, second: Floats of at least 0 and of one shape; the last dimension is a row. Rows are divided by their sums.

    Returns:
        float64 of the other dimensions, from 0 (equal) to 1 (nothing in common). NaN for rows that are 0 throughout or hold NaN.

    Raises:
        ArgumentError: The shapes differ.
    """
    if first.shape != second.shape:
        raise ArgumentError(
            f"`first` and `second` must have one shape. Received: first of {first.shape}, second of {second.shape}."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        p = first.astype(np.float64) / first.sum(axis=-1, keepdims=True, dtype=np.float64)
        q = second.astype(np.float64) / second.sum(axis=-1, keepdims=True, dtype=np.float64)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return cast("npt.NDArray[np.float64]", np.clip(divergence, 0, 1))


def _relative_entropy(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log2(p / q))
    return cast("npt.NDArray[np.float64]", terms.sum(axis=-1))
