"""The output of a model that is shown next to its samples: their labels and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from tb_attention.callbacks.class_kinds import Reading, read_kind
from tb_attention.callbacks.label_facts import Labels, describe_labels
from tb_attention.callbacks.model_outputs import MISSING, ModelOutput, ModelOutputs, outputs_of
from tb_attention.callbacks.outcomes import within_unit
from tb_attention.records.format.step_record import Prediction
from tb_attention.records.writing.predictions import from_probabilities, of_classes

_SHOWN = ("classes", "binary", "ordinal", "indices")


class ShownOutput:
    """The output of a model whose labels and predictions are shown next to the samples.

    It is chosen once: the first that holds classes and has labels, or the first that holds classes, or the first with labels.
    If it is not known which of several outputs holds classes, none is shown.
    """

    def __init__(self) -> None:
        self._chosen = False
        self._index: int | None = None
        self._reading: Reading | None = None

    def labels(self, model: Any, x: Any, y: Any) -> Any:
        """The labels of this output.

        Args:
            model: The Keras model.
            x: Inputs, nested arrays, samples along the first axis.
            y: Labels, nested as `fit` takes them.
        """
        outputs = outputs_of(model, x)
        self._choose(outputs, y)
        if self._index is None:
            # A single array holds the labels of the samples, whichever output it belongs to.
            parts = [part for output in outputs if (part := outputs.label(output, y)) is not MISSING]
            return parts[0] if len(parts) == 1 else y if not isinstance(y, dict | list | tuple) else None
        part = outputs.label(outputs[self._index], y)
        if part is MISSING:
            return None
        return as_classes(part) if self._reading is not None and self._reading.signed else part

    def scores(self, model: Any, returned: Any, labels: Sequence[Any]) -> tuple[npt.NDArray[Any], Reading] | None:
        """What the model returned for this output, and how to read it; None if there is no such output.

        Args:
            model: The Keras model.
            returned: What it returned, nested arrays.
            labels: Of the samples; they help to choose the output, if none is chosen yet.
        """
        outputs = outputs_of(model)
        if any(output.shape is None or outputs.prediction(output, returned) is MISSING for output in outputs):
            outputs = outputs_of(model, returned=returned)
        if not self._chosen:
            known = [label for label in labels if label is not None]
            self._choose(outputs, known if len(known) == len(labels) and known else None, returned)
        if self._index is None or self._index >= len(outputs):
            return None
        output = outputs[self._index]
        found = outputs.prediction(output, returned)
        if found is MISSING:
            return None
        is_shown = self._reading is not None and self._reading.kind in _SHOWN
        reading = self._reading if self._reading is not None and is_shown else read_kind(output, None)
        return np.asarray(found), reading

    def _choose(self, outputs: ModelOutputs, y: Any, returned: Any = None) -> None:
        # Samples show one label an example. Wrong labels are reported where they are counted.
        candidates = [output for output in outputs if output.loss.family != "missing"] or list(outputs)
        readings = {}
        labelled = {}
        for output in candidates:
            part = MISSING if y is None else outputs.label(output, y)
            labelled[output.index] = part is not MISSING
            facts: Labels | None = None if part is MISSING else describe_labels(part)
            readings[output.index] = _refined(output, read_kind(output, facts), outputs, returned)
        shown = [output.index for output in candidates if readings[output.index].kind in _SHOWN]
        both = [index for index in shown if labelled[index]]
        no_loss_known = all(output.loss.family == "missing" for output in outputs) and len(outputs) > 1
        if no_loss_known and not both and len(shown) != 1:
            shown = []
        found = both or shown or [index for index, known in labelled.items() if known]
        self._index = found[0] if found else None
        self._reading = None if self._index is None else readings[self._index]
        self._chosen = returned is not None or all(readings[index].kind != "later" for index in readings)


def read_predictions(
    returned: Any,
    model: Any,
    count: int,
    labels: Sequence[Any] = (),
    *,
    shown: ShownOutput | None = None,
) -> tuple[Prediction | None, ...]:
    """Class and probability of each sample, or None if the shown output does not predict one class.

    Args:
        returned: The model's outputs as numpy arrays, nested as it returns them.
        model: The Keras model.
        count: Number of samples.
        labels: Of the samples, by class index if they are classes. Defaults to ().
        shown: The output to show. By default it is chosen here.
    """
    found = (shown or ShownOutput()).scores(model, returned, labels)
    if found is None or found[0].ndim not in (1, 2) or len(found[0]) < count:
        return (None,) * count
    return _predictions(found[0][:count], found[1], labels)


def _refined(output: ModelOutput, reading: Reading, outputs: ModelOutputs, returned: Any) -> Reading:
    """A reading that scores of an output without labels refine: rows of probabilities that sum to 1 are of classes."""
    if reading.kind not in ("later", "binary") or returned is None:
        return reading
    scores = outputs.prediction(output, returned)
    if scores is MISSING or np.ndim(scores) != 2 or np.asarray(scores).dtype.kind != "f":
        return Reading("none") if reading.kind == "later" else reading
    scores = np.asarray(scores, np.float64)
    if reading.kind == "binary":
        return reading if not reading.within_unit or within_unit(scores) else Reading("none")
    return Reading("classes", classes=scores.shape[1]) if _sum_to_one(scores) else Reading("none")


def _predictions(scores: npt.NDArray[Any], reading: Reading, labels: Sequence[Any]) -> tuple[Prediction | None, ...]:
    nothing = (None,) * len(scores)
    if reading.kind == "indices":
        return tuple(Prediction(int(index)) if index >= 0 else None for index in scores.reshape(len(scores), -1)[:, 0])
    if scores.dtype.kind != "f":
        return nothing
    scores = scores.astype(np.float64).reshape(len(scores), -1)
    if reading.kind == "ordinal" and reading.thresholds is not None:
        classes, probabilities = reading.thresholds.classes(scores), reading.thresholds.probabilities(scores)
        return of_classes(probabilities, classes, labels)
    if reading.kind == "binary" and scores.shape[1] == 1:
        if reading.signed:
            return tuple(Prediction(int(score >= 0)) for score in scores[:, 0])
        if not reading.from_logits and not within_unit(scores):
            return nothing
        positive = expit(scores) if reading.from_logits else scores
        return from_probabilities(np.concatenate([1 - positive, positive], axis=1), labels)
    if reading.kind != "classes" or scores.shape[1] < 2:
        return nothing
    if reading.from_logits:
        return from_probabilities(softmax(scores, axis=-1), labels)
    if _sum_to_one(scores):
        return from_probabilities(scores, labels)
    # The largest score gives the class, but not its probability.
    return tuple(Prediction(int(index)) for index in scores.argmax(axis=1))


def as_classes(labels: Any) -> npt.NDArray[Any]:
    """Labels -1 and 1 of a hinge loss, or 0 and 1, as class indices; one-hot rows as rows of 0 and 1."""
    array = np.asarray(labels)
    return np.where(array > 0, 1, 0).astype(np.int64)


def _sum_to_one(scores: npt.NDArray[np.float64]) -> bool:
    return within_unit(scores) and bool(np.allclose(scores.sum(axis=1), 1, atol=1e-2))
