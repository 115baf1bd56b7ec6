"""Labels and predictions as class indices, inside the compiled graph."""

from __future__ import annotations

from typing import Any

from keras import ops

from tb_attention.errors import ArgumentError


def predicted_classes(y_pred: Any, classes: int, border: float) -> Any:
    """The predicted class of each position, int64.

    Args:
        y_pred: Scores (N, ..., classes), or (N,) or (N, 1) for two classes.
        classes: Number of classes.
        border: For one unit: from which score on class 1 is predicted.

    Raises:
        ArgumentError: The number of units fits neither.
    """
    rank = len(y_pred.shape)
    units = y_pred.shape[-1] if rank > 1 else 1
    if units == classes:
        return ops.cast(ops.argmax(y_pred, axis=-1), "int64")
    if units == 1 and classes == 2:
        return ops.cast((ops.squeeze(y_pred, -1) if rank > 1 else y_pred) >= border, "int64")
    raise ArgumentError(
        f"A confusion matrix of {classes} classes needs predictions of {classes} units"
        f"{' or one' if classes == 2 else ''}. Received: predictions of shape {tuple(y_pred.shape)}."
    )


def class_indices(y_true: Any, y_pred: Any, classes: int) -> Any:
    """The true class of each position, int64.

    Args:
        y_true: Labels (N, ...), (N, ..., 1), or one-hot (N, ..., classes).
        y_pred: The predictions; their rank tells one-hot labels from indices.
        classes: Number of classes.

    Raises:
        ArgumentError: The shape is none of these.
    """
    positions = len(y_pred.shape) - 1 if len(y_pred.shape) > 1 else 1
    rank = len(y_true.shape)
    if rank == positions + 1 and y_true.shape[-1] == classes and classes > 1:
        return ops.cast(ops.argmax(y_true, axis=-1), "int64")
    if rank == positions + 1 and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    elif rank != positions:
        raise ArgumentError(
            f"Labels must be indices of shape (N,) or (N, 1), or one-hot of shape (N, {classes}). "
            f"Received: labels of shape {tuple(y_true.shape)} for predictions of shape {tuple(y_pred.shape)}."
        )
    return ops.cast(ops.round(y_true) if "float" in str(y_true.dtype) else y_true, "int64")
