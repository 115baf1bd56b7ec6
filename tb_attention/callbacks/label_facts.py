"""What is known of labels, and how they relate to the scores of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.samples.nested import to_numpy

# Resized masks have some values between 0 and 1 at their edges.
_MOST_BETWEEN = 0.1
# Labels to look at.
_MOST_VALUES = 1_000_000

Shape = tuple[int | None, ...]
"""Sizes by axis; None for those that are not known."""


@dataclass(frozen=True)
class Labels:
    """What is known of the labels of an output before training.

    Attributes:
        shape: Of an array or of a batch; sizes that are not known are None.
        dtype: As NumPy spells it.
        values: Some of them, or all; None where none can be read without moving the data.
    """

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    values: npt.NDArray[Any] | None = None


def describe_labels(leaf: Any) -> Labels:
    """What is known of the labels of one output.

    Args:
        leaf: An array, a list of numbers or texts, or a specification with `shape` and `dtype`.
    """
    if _is_specification(leaf):
        sizes = getattr(leaf.shape, "rank", 0)
        shape = () if sizes is None else tuple(leaf.shape)
        return Labels((None, *shape[1:]), np.dtype(leaf.dtype.as_numpy_dtype))
    array = to_numpy(leaf)
    rows = max(1, _MOST_VALUES // max(1, int(np.prod(array.shape[1:]))))
    return Labels((None, *array.shape[1:]), array.dtype, array[:rows] if array.ndim else array)


def _is_specification(leaf: Any) -> bool:
    return hasattr(getattr(leaf, "dtype", None), "as_numpy_dtype") and not hasattr(leaf, "numpy")


class Facts:
    """How the labels of an output relate to its scores.

    Args:
        scores: The shape of the scores.
        labels: What is known of the labels.
        ignored: A label to leave out, or None.
    """

    def __init__(self, scores: Shape, labels: Labels, ignored: int | None) -> None:
        self.labels = labels
        shape = labels.shape
        self.units = 1 if len(scores) == 1 else scores[-1]
        self.like_scores = len(scores) > 1 and _same(shape[1:], scores[1:]) and self.units != 1
        """Whether there is a label for every score of an example, of which there are several."""
        self.like_positions = (
            _same(shape[1:], scores[1:-1])
            or (len(shape) == len(scores) and _same(shape[1:-1], scores[1:-1]) and shape[-1] == 1)
            or (len(scores) == 1 and _same(shape[1:], (1,)))
        )
        """Whether there is a label for every position, along all axes of scores but the last."""
        self.one_score = len(scores) > 2 and (_same(shape[1:], scores[1:]) or _same(shape[1:], (*scores[1:], 1)))
        """Whether every position may have one score, without an axis of units."""
        if self.units == 1:
            self.like_positions = self.like_positions or _same(shape[1:], scores[1:])
        two = self.units == 1 and shape[-1:] == (2,) and _same(shape[1:-1], scores[1:-1])
        self.fits = self.like_scores or self.like_positions or self.one_score or two
        self._known(ignored)

    def _known(self, ignored: int | None) -> None:
        self.values: npt.NDArray[Any] | None = None
        self.texts = self.labels.dtype.kind in "OSU"
        values = self.labels.values
        if values is None or self.texts:
            return
        flat = np.asarray(values).reshape(-1)
        if flat.dtype.kind == "f":
            flat = flat[np.isfinite(flat)]
        if ignored is not None:
            flat = flat[flat != ignored]
        self.values = flat

    @property
    def whole(self) -> bool | None:
        """Whether labels are whole numbers; None if it is not known."""
        if self.labels.dtype.kind in "biu" or self.texts:
            return True
        return None if self.values is None else bool(np.all(self.values == np.rint(self.values)))

    def within(self, *allowed: int) -> bool | None:
        """Whether labels are only these numbers; None if it is not known."""
        if self.labels.dtype.kind == "b":
            return set(allowed) >= {0, 1}
        return None if self.values is None else bool(np.isin(self.values, allowed).all())

    @property
    def largest(self) -> float:
        """The largest label; -1 where none is known."""
        return float(self.values.max()) if self.values is not None and self.values.size else -1.0

    @property
    def one_hot(self) -> bool | None:
        """Whether each row of labels has a single 1, and 0 or -1 (hinge losses) elsewhere; None if it is not known."""
        if self.labels.values is None:
            return None
        rows = np.asarray(self.labels.values)
        if rows.dtype.kind not in "biuf" or rows.ndim < 2 or rows.shape[-1] < 2:
            return False
        ones = (rows == 1).sum(-1)
        return bool(np.isin(rows, (-1, 0, 1)).all() and (ones <= 1).all() and ones.any())

    @property
    def shares(self) -> bool | None:
        """Whether each row of labels sums to 1: one-hot, smoothed or mixed."""
        if self.labels.values is None:
            return None
        rows = np.asarray(self.labels.values, np.float64)
        return rows.ndim > 1 and bool((rows >= 0).all() and np.allclose(rows.sum(-1), 1, atol=1e-3))

    @property
    def graded(self) -> bool:
        """Whether labels are known to be quantities between 0 and 1, such as pixels, and not classes.

        Smoothed labels have two values.
        """
        if self.values is None or not self.values.size or self.values.dtype.kind != "f":
            return False
        between = (self.values > 0) & (self.values < 1)
        return bool(between.mean() > _MOST_BETWEEN) and len(np.unique(self.values)) > 2

    @property
    def example(self) -> str:
        """One of the labels, for a sentence."""
        if self.values is None or not self.values.size:
            return f"of {self.labels.dtype}"
        odd = self.values[self.values != np.rint(self.values)] if self.values.dtype.kind == "f" else self.values[:0]
        return f"such as {float((odd if odd.size else self.values)[0]):.6g}"


def _same(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Whether two shapes may be equal; unknown sizes fit any."""
    return len(one) == len(other) and all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
