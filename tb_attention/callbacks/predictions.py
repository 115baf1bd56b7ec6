"""The class that a model predicted for each sample, read from its outputs and its loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.predictions import from_probabilities
from tb_attention.records.step_record import Prediction


def read_predictions(outputs: Any, model: Any, count: int, labels: Sequence[Any] = ()) -> tuple[Prediction | None, ...]:
    """Class and probability of each sample, or None for a model that does not predict one class.

    Args:
        outputs: The model's outputs as numpy arrays, nested as it returns them; of several the first that holds classes counts.
        model: The Keras model; `model.loss` tells whether outputs are logits.
        count: Number of samples.
        labels: What the samples are, by class index where they are classes; () by default.
    """
    for place, array in enumerate(_arrays(outputs)):
        scores = np.asarray(array)
        if scores.ndim != 2 or len(scores) < count or scores.dtype.kind != "f":
            continue
        probabilities = to_probabilities(scores[:count].astype(np.float64), loss_of_output(model, place))
        if probabilities is not None:
            return from_probabilities(probabilities, labels)
    return (None,) * count


def to_probabilities(scores: npt.NDArray[np.float64], loss: Any) -> npt.NDArray[np.float64] | None:
    """Turns scores (samples, units) into probabilities (samples, classes); one unit makes two classes.

    Returns None where the units are not the scores of exclusive classes: a regression, or several independent labels.
    """
    from_logits = tells_logits(loss)
    if scores.shape[1] == 1:
        if not (is_binary(loss) or (loss is None and _within_unit(scores))):
            return None
        positive = sigmoid(scores) if from_logits else scores
        return np.concatenate([1 - positive, positive], axis=1)
    if from_logits and not is_binary(loss):
        return softmax(scores)
    if _within_unit(scores) and np.allclose(scores.sum(axis=1), 1, atol=1e-2):
        return scores
    return None


def loss_of_output(model: Any, place: int) -> Any:
    """The loss that belongs to an output: a keras Loss, a function, a name, or None where nothing is known."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        names = list(getattr(model, "output_names", loss))
        return loss.get(names[place]) if place < len(names) else None
    if isinstance(loss, list | tuple):
        return loss[place] if place < len(loss) else None
    return loss


def tells_logits(loss: Any) -> bool:
    """Whether a loss takes logits: `from_logits` of a keras Loss object."""
    return bool(getattr(loss, "from_logits", False) or getattr(loss, "_fn_kwargs", {}).get("from_logits", False))


def is_binary(loss: Any) -> bool:
    """Whether a loss treats each unit as a yes or no of its own."""
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return "binary" in str(name).lower()


def _arrays(outputs: Any) -> list[Any]:
    if isinstance(outputs, Mapping):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _within_unit(scores: npt.NDArray[np.float64]) -> bool:
    return bool(np.all((scores >= 0) & (scores <= 1 + 1e-6)))


def sigmoid(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities of logits, each of its own."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)))


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities (samples, classes) of logits."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
