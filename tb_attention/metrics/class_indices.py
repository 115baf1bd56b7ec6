"""Labels and predictions as class indices, inside the compiled graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from tb_attention.errors import ArgumentError
from tb_attention.metrics.precision import float_type, int_type
from tb_attention.reduce.class_names import to_class_names

NO_CLASS = -1
"""Stands for a label that is no class."""


def positions_of(y_true: Any, y_pred: Any, classes: int) -> int:
    """Number of axes of the predictions that are positions (examples, rows, columns ...); the others are classes.

    Args:
        y_true: Labels. They distinguish predictions (N, H, W) of one score per pixel from (N, H, classes).
        y_pred: Scores (N, ..., classes) or, for two classes, (N, ..., 1) or (N, ...).
        classes: Number of classes.

    Raises:
        ArgumentError: The number of units fits neither.
    """
    shape = tuple(y_pred.shape)
    rank = len(shape)
    if rank == 1 and classes == 2:
        return 1
    if rank > 1 and (shape[-1] == classes or (shape[-1] == 1 and classes == 2)):
        return rank - 1
    true = tuple(y_true.shape)
    if classes == 2 and rank > 2 and (true == shape or true == (*shape, 1)):
        return rank
    raise ArgumentError(
        f"A confusion matrix of {classes} classes needs predictions of {classes} units"
        f"{' or one' if classes == 2 else ''}. Received: predictions of shape {shape}."
    )


def predicted_classes(y_pred: Any, positions: int, border: float) -> Any:
    """The predicted class of each position, int64 of the shape of the positions.

    Args:
        y_pred: Scores, as for `positions_of`.
        positions: The result of `positions_of`.
        border: For one unit: the score at or above which class 1 is predicted.
    """
    scores = one_score(y_pred, positions)
    if scores is None:
        return _index_of_largest(y_pred)
    return ops.cast(scores >= border, int_type())


def one_score(y_pred: Any, positions: int) -> Any:
    """The score of class 1 in the shape of the positions; None where each class has a unit."""
    if len(y_pred.shape) == positions:
        return y_pred
    return ops.squeeze(y_pred, -1) if y_pred.shape[-1] == 1 else None


def class_indices(y_true: Any, positions: int, classes: int) -> Any:
    """The true class of each position, int64 of the shape of the positions; `NO_CLASS` for labels that are no class.

    Args:
        y_true: Labels (N, ...), (N, ..., 1), or one-hot (N, ..., classes), smoothed or not; bool, integers or floats.
        positions: As for `predicted_classes`.
        classes: Number of classes.

    Raises:
        ArgumentError: The shape is none of these.
    """
    if keras.backend.standardize_dtype(y_true.dtype) == "bool":
        y_true = ops.cast(y_true, "int32")
    rank = len(y_true.shape)
    if rank == positions + 1 and y_true.shape[-1] == classes and classes > 1:
        # A row of zeros means "none of the classes".
        known = ops.max(y_true, axis=-1) > 0
        return ops.where(known, _index_of_largest(y_true), NO_CLASS)
    if rank == positions + 1 and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    elif rank != positions:
        raise ArgumentError(
            f"Labels must be indices of shape (N, ...) or (N, ..., 1), or one-hot of shape (N, ..., {classes}). "
            f"Received: labels of shape {tuple(y_true.shape)} for predictions with {positions} axes of positions."
        )
    if "float" not in keras.backend.standardize_dtype(y_true.dtype):
        return ops.cast(y_true, int_type())
    finite = ops.isfinite(y_true)
    return ops.where(finite, ops.cast(ops.round(ops.where(finite, y_true, 0)), int_type()), NO_CLASS)


def weight_of_each(sample_weight: Any, true: Any, mask: Any = None) -> Any:
    """The weight of each position, float64, flattened; None where every weight is 1.

    Args:
        sample_weight: (N,), (N, 1) or of the shape of `true`; None for 1.
        true: The true class of each position.
        mask: Of the shape of `true`, False where nothing is counted. None counts all positions.
    """
    if sample_weight is None and mask is None:
        return None
    weights = ops.ones_like(true, dtype=float_type())
    if sample_weight is not None:
        given = ops.cast(sample_weight, float_type())
        if len(given.shape) == len(true.shape) + 1:
            given = ops.squeeze(given, -1)
        missing = len(true.shape) - len(given.shape)
        given = ops.reshape(given, (*ops.shape(given), *(1,) * missing))
        weights = weights * given
    if mask is not None and len(mask.shape) == len(true.shape):
        weights = weights * ops.cast(mask, float_type())
    return flat(weights)


def flat(array: Any) -> Any:
    """The array with one axis."""
    return array if len(array.shape) == 1 else ops.reshape(array, (-1,))


class ClassNames:
    """Looks up class indices by name, inside the graph where necessary.

    Args:
        names: Names in the order of the classes, or a `keras.layers.StringLookup` (its class for unknown words is then one of
            the classes).
        classes: Number of classes.

    Raises:
        ArgumentError: The number of names is not the number of classes.
    """

    def __init__(self, names: Iterable[str] | Any, classes: int) -> None:
        self.names: list[str] = to_class_names(names) or []
        """In the order of the classes."""
        if len(self.names) != classes:
            raise ArgumentError(
                f"`class_names` must have a name for each of the {classes} classes. Received: {self.names[:20]}."
            )
        self._lookup = keras.layers.StringLookup(vocabulary=[name for name in self.names if name != "[UNK]"])
        self._unknown = self.names.index("[UNK]") if "[UNK]" in self.names else None

    def indices(self, labels: Any) -> Any:
        """The class indices of labels, int64 of the same shape; -1 for unknown names. Numbers stay as they are."""
        if not _are_strings(labels):
            return labels
        # The lookup gives 0 for unknown words and counts from 1; `names` may hold a class for unknown words itself.
        indices = keras.ops.cast(self._lookup(labels), int_type())
        return indices if self._unknown == 0 else indices - 1


def _index_of_largest(scores: Any) -> Any:
    """Index of the largest score along the last axis, int64; the first of several."""
    if keras.backend.backend() != "tensorflow":
        return ops.cast(ops.argmax(scores, axis=-1), int_type())
    import tensorflow as tf

    # `ops.argmax` of Keras first handles signed zeros, with six more operations per batch.
    return tf.argmax(scores, axis=-1)


def _are_strings(labels: Any) -> bool:
    dtype = getattr(labels, "dtype", None)
    if dtype is None:
        return isinstance(labels, list) and bool(labels) and isinstance(labels[0], str | bytes)
    return str(getattr(dtype, "name", dtype)).startswith(("string", "str", "object", "bytes"))
