"""Reads the prediction of each sample from what a PyTorch module returned, where it can be inferred that there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.format.step_record import Prediction
from tb_attention.records.writing.predictions import from_probabilities

_LOGITS = "logits"
_ONE_CLASS = ("single_label_classification", None)
_TOLERANCE = 1e-3


def read_module_predictions(
    returned: Any, model: Any, count: int, labels: Sequence[Any] = ()
) -> tuple[Prediction | None, ...]:
    """Class and probability of each sample, or None where it is not known that the module predicts one class.

    A module predicts classes if it is a classifier of Hugging Face, if it returns `(samples, classes)` whose rows sum to 1, or
    if it returns as many numbers a sample as the labels need, which are indices of classes.

    Args:
        returned: What the module returned, nested arrays.
        model: The module.
        count: Number of samples.
        labels: Of the samples, by class index if they are classes. Defaults to ().
    """
    scores = _scores(returned)
    if scores is None or scores.ndim != 2 or len(scores) < count or scores.shape[1] < 2 or scores.dtype.kind != "f":
        return (None,) * count
    scores = scores[:count].astype(np.float64)
    sums_to_one = bool((scores >= 0).all() and np.allclose(scores.sum(1), 1, atol=_TOLERANCE))
    if not (sums_to_one or _classifies(model, scores.shape[1]) or _are_classes(labels, scores.shape[1])):
        return (None,) * count
    return from_probabilities(scores if sums_to_one else _softmax(scores), labels)


def _scores(returned: Any) -> npt.NDArray[Any] | None:
    if isinstance(returned, Mapping):
        found = returned.get(_LOGITS)
        return None if found is None else np.asarray(found)
    if isinstance(returned, list | tuple):
        return np.asarray(returned[0]) if len(returned) == 1 and hasattr(returned[0], "shape") else None
    return np.asarray(returned) if hasattr(returned, "shape") else None


def _classifies(model: Any, classes: int) -> bool:
    """Whether a module is a classifier of Hugging Face of this many classes, one of which is right."""
    config = getattr(model, "config", None)
    return (
        "Classification" in type(model).__name__
        and getattr(config, "num_labels", None) == classes
        and getattr(config, "problem_type", None) in _ONE_CLASS
    )


def _are_classes(labels: Sequence[Any], classes: int) -> bool:
    return len(labels) > 0 and all(
        isinstance(label, int) and not isinstance(label, bool) and 0 <= label < classes for label in labels
    )


def _softmax(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    exponents = np.exp(scores - scores.max(1, keepdims=True))
    normalised: npt.NDArray[Any] = exponents / exponents.sum(1, keepdims=True)
    return normalised
