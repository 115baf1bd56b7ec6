"""Predictions as users have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.format.step_record import MOST_OTHERS, OtherClass, Prediction
from tb_attention.records.samples.nested import to_numpy


def to_predictions(given: Any, count: int, labels: Sequence[Any] = ()) -> tuple[Prediction | None, ...]:
    """One prediction for each sample, or () for none.

    Args:
        given: Class indices `(samples,)`, probabilities `(samples, classes)`, or a list with `(class, probability)`, a
            `Prediction` or None for each sample.
        count: Number of samples.
        labels: What the samples are, by class index where they are classes; () by default.

    Raises:
        ArgumentError: It is none of these, or not of `count` samples.
    """
    if given is None:
        return ()
    if isinstance(given, Sequence) and not isinstance(given, str) and any(_is_single(item) for item in given):
        predictions = tuple(map(_single, given))
    else:
        predictions = _from_array(given, labels)
    if len(predictions) != count:
        raise ArgumentError(
            f"`predictions` must have one entry for each of the {count} samples. Received: {len(predictions)}."
        )
    return predictions


def _is_single(item: Any) -> bool:
    return item is None or isinstance(item, Prediction | tuple)


def _single(item: Any) -> Prediction | None:
    if item is None or isinstance(item, Prediction):
        return item
    try:
        index, probability = item
        return _checked(index, probability)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"A prediction must be `(class, probability)` or None. Received: {item!r}.") from error


def from_probabilities(probabilities: npt.NDArray[Any], labels: Sequence[Any] = ()) -> tuple[Prediction, ...]:
    """The most probable class of each row (samples, classes), with its probability, that of the label and those of others."""
    return of_classes(probabilities, probabilities.argmax(1), labels)


def of_classes(
    probabilities: npt.NDArray[Any], classes: npt.NDArray[np.integer[Any]], labels: Sequence[Any] = ()
) -> tuple[Prediction, ...]:
    """Predictions of these classes, which need not be the most probable: an ordinal model predicts its median."""
    padded = [*labels, *[None] * (len(probabilities) - len(labels))]
    rows = zip(probabilities, classes.tolist(), padded, other_classes(probabilities, classes), strict=False)
    return tuple(
        Prediction(index, float(row[index]), label_probability(row, label), others)
        for row, index, label, others in rows
    )


def other_classes(
    probabilities: npt.NDArray[Any], classes: npt.NDArray[np.integer[Any]]
) -> list[tuple[OtherClass, ...]]:
    """For each row (samples, classes) the most probable classes but the predicted one, the first of equal ones first."""
    rest = np.array(probabilities, np.float64)
    np.put_along_axis(rest, np.asarray(classes)[:, None], -np.inf, axis=1)
    # Not a number is no probability: such a class is left out.
    rest[np.isnan(rest)] = -np.inf
    count = min(MOST_OTHERS, rest.shape[1])
    # Of a thousand classes, the few are found faster than all are sorted: those above the last of the few, then those like it.
    last = np.partition(rest, -count, axis=1)[:, -count, None]
    found = np.argsort(np.where(rest > last, 0, np.where(rest == last, 1, 2)).astype(np.int8), axis=1, kind="stable")
    found = np.sort(found[:, :count], axis=1)
    values = np.take_along_axis(rest, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    ranked = np.take_along_axis(found, order, axis=1).tolist()
    shares = np.take_along_axis(values, order, axis=1).tolist()
    return [
        tuple((index, float(f"{share:.4g}")) for index, share in zip(row, of_row, strict=True) if share > -np.inf)
        for row, of_row in zip(ranked, shares, strict=True)
    ]


def label_probability(row: npt.NDArray[Any], label: Any) -> float | None:
    """The probability (classes,) of a label; None where it is no class."""
    is_class = isinstance(label, int | np.integer) and not isinstance(label, bool) and 0 <= label < len(row)
    # Six digits are enough to read, and a manifest may have ten thousand samples.
    return float(f"{row[label]:.6g}") if is_class else None


def _from_array(given: Any, labels: Sequence[Any]) -> tuple[Prediction | None, ...]:
    array = to_numpy(given)
    if array.ndim == 1 and array.dtype.kind in "iu":
        return tuple(_checked(index, None) for index in array)
    if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] >= 1:
        if array.shape[1] == 1:
            array = np.concatenate([1 - array, array], axis=1)
        if np.nanmin(array, initial=0) < -1e-3 or np.nanmax(array, initial=0) > 1 + 1e-3:
            raise ArgumentError(
                "Predictions of shape (samples, classes) must be probabilities from 0 to 1; apply a softmax to logits. "
                f"Received: values from {np.nanmin(array)} to {np.nanmax(array)}."
            )
        return from_probabilities(array, labels)
    raise ArgumentError(
        "`predictions` must be class indices (samples,), probabilities (samples, classes), or a list of `(class, probability)`. "
        f"Received: {array.dtype} of shape {array.shape}."
    )


def _checked(index: Any, probability: Any) -> Prediction:
    if int(index) != index or index < 0:
        raise ArgumentError(f"A predicted class must be an index of at least 0. Received: {index!r}.")
    return Prediction(int(index), None if probability is None else float(probability))
