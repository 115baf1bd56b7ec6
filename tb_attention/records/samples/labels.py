"""Labels as classes: from indices, columns of indices, one-hot rows or names."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Label = int | float | str | list[float] | None
"""A class index, a name or other value that is no class, or None for no label."""


def to_labels(labels: npt.NDArray[Any]) -> list[Label]:
    """A class index for each sample where labels are classes, else the value itself.

    Args:
        labels: `(samples,)` or `(samples, 1)` of integers, of whole floats or of strings, or one-hot `(samples, classes)`.
            Others (a regression's targets, labels a token) stay values.
    """
    if labels.ndim > 1 and labels.shape[1:] == (1,) * (labels.ndim - 1):
        labels = labels.reshape(len(labels))
    if labels.ndim == 2 and _one_hot(labels):
        return [int(index) for index in labels.argmax(axis=1)]
    if labels.ndim == 1:
        return [_scalar(value) for value in labels]
    if labels.dtype.kind in "biuf" and labels[0].size <= 64:
        return [np.asarray(row, np.float64).reshape(-1).tolist() for row in labels]
    return [None] * len(labels)


def _one_hot(labels: npt.NDArray[Any]) -> bool:
    if labels.dtype.kind not in "biuf" or labels.shape[1] < 2:
        return False
    return bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1))


def _scalar(value: Any) -> int | float | str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number
