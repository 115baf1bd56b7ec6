"""Counts one output in a pass over the validation data, and keeps examples of its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.cell_examples import ExampleKeeper, Kept
from tb_attention.callbacks.class_counts import ClassCounts, SparseCounter, read_counts
from tb_attention.callbacks.class_kinds import Reading, Wishes, read_kind
from tb_attention.callbacks.label_facts import Labels, describe_labels
from tb_attention.callbacks.model_outputs import MISSING, ModelOutput, ModelOutputs
from tb_attention.callbacks.outcomes import outcomes_of, within_unit
from tb_attention.errors import ArgumentError
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.samples import ragged
from tb_attention.records.samples.nested import named_leaves
from tb_attention.reduce.confusion import MOST_DENSE

Array = npt.NDArray[Any]


class OutputCounter:
    """Counts the labels and scores of one output.

    Args:
        outputs: All outputs of the model.
        output: The output to count.
        reading: How to read it, as far as it is known before the first batch.
        labels: What is known of its labels before the first batch, or None.
        wishes: What the user says about the classes.
        make_keeper: Makes the `ExampleKeeper` of one pass; None to keep no examples.
        warn: Gets a kind and a sentence when no examples can be kept.
    """

    def __init__(
        self,
        outputs: ModelOutputs,
        output: ModelOutput,
        reading: Reading,
        wishes: Wishes,
        *,
        labels: Labels | None,
        make_keeper: Callable[[], ExampleKeeper] | None,
        warn: Callable[[str, str], None],
    ) -> None:
        self.output = output
        self._outputs = outputs
        self._reading = reading
        self._wishes = wishes
        self._labels = None if labels is None or labels.values is None else labels
        self._make_keeper = make_keeper
        self._warn = warn
        self._metric: ConfusionMatrix | SparseCounter | None = None
        self._update: Callable[..., Any] | None = None
        self._keeper: ExampleKeeper | None = None

    def begin(self) -> None:
        """Begins a new pass."""
        if self._metric is not None:
            self._metric.reset_state()
        self._keeper = None if self._make_keeper is None else self._make_keeper()

    def add(self, x: Any, y: Any, weight: Any, outputs: Any) -> None:
        """Adds a batch: inputs, labels, weights and outputs, nested as the model takes and returns them.

        Raises:
            ArgumentError: Labels do not fit the outputs, or are no classes.
        """
        raw, given = self._outputs.prediction(self.output, outputs), self._outputs.label(self.output, y)
        if raw is MISSING or given is MISSING:
            what = "labels" if given is MISSING else "predictions"
            raise ArgumentError(f"{self.output.spelled} has no {what} in the validation data.")
        raw, given = np.asarray(raw), np.asarray(given)
        weights = self._outputs.weight(self.output, weight)
        if self._metric is None:
            self._reading = self._read(given, raw)
            self._metric = self._make_metric(given)
            update = self._metric.update_state
            self._update = update if isinstance(self._metric, SparseCounter) else _compiled(update)
        assert self._update is not None
        labels, scores, probabilities = self._as_counted(given, raw)
        if weights is None:
            self._update(labels, scores)
        else:
            self._update(labels, scores, _weights_of(np.asarray(weights), raw, scores))
        if self._keeper is None:
            return
        try:
            self._keep(x, labels, scores, probabilities)
        except Exception as error:
            # The counts do not need the examples.
            self._keeper = self._make_keeper = None
            self._warn(
                "keeping",
                f"No examples of the cells are kept, and matrices are logged without. {type(error).__name__}: {error}",
            )

    def counted(self) -> ClassCounts:
        """What was counted.

        Raises:
            ArgumentError: There was no batch.
        """
        if self._metric is None:
            raise ArgumentError("`validation_data` gave no batch.")
        counts = read_counts(self._metric)
        # Classes that were chosen before the metric saw them have no probabilities.
        return replace(counts, histogram=None) if self._reading.kind in ("ordinal", "indices") else counts

    def kept(self) -> Kept | None:
        """The examples that were kept, or None."""
        return None if self._keeper is None else self._keeper.kept()

    def _keep(self, x: Any, labels: Array, scores: Array, probabilities: Array | None) -> None:
        assert self._metric is not None
        assert self._keeper is not None
        if self._reading.kind == "indices":
            # The probability of a class index is not known.
            self._keeper = self._make_keeper = None
            return
        found = outcomes_of(self._metric, labels, scores, probabilities)
        if found is None:
            # An example with many positions belongs to many cells.
            self._keeper = self._make_keeper = None
            return
        rows = sorted({len(array) for _, array in named_leaves(x) if np.ndim(array)})
        if rows != [len(labels)]:
            self._keeper = self._make_keeper = None
            self._warn(
                "rows",
                f"A batch has {len(labels)} labels, and inputs of {', '.join(map(str, rows))} rows: what belongs to one "
                "label is not known, so no examples of cells are kept. The matrix is counted.",
            )
            return
        outcomes, indices = found
        self._keeper.add(ragged.rows(x, indices), outcomes)

    def _read(self, labels: Array, scores: Array) -> Reading:
        """How to read the output, now that labels and scores are known."""
        if self._labels is not None and self._reading.kind != "later":
            return self._reading
        dtype = keras.backend.standardize_dtype(scores.dtype)
        seen = replace(self.output, shape=(None, *scores.shape[1:]), dtype=dtype, seen=True)
        reading = read_kind(seen, self._labels or describe_labels(labels), self._wishes)
        if reading.kind == "later":
            reading = replace(reading, kind="none", reason="does not show what its classes are by its first labels")
        raise_for(self.output, reading, self._wishes)
        return reading if self._reading.kind == "later" else self._reading

    def _as_counted(self, labels: Array, scores: Array) -> tuple[Array, Array, Array | None]:
        """Labels and scores as the metric takes them, and class probabilities if they do not follow from the scores."""
        reading = self._reading
        probabilities = None
        if reading.kind == "indices":
            scores = _one_hot_of(self.output, scores, reading)
        elif reading.kind == "ordinal":
            assert reading.thresholds is not None
            assert reading.classes is not None
            probabilities = reading.thresholds.probabilities(scores.astype(np.float64))
            scores = _one_hot(reading.thresholds.classes(scores.astype(np.float64)), reading.classes)
        elif reading.kind == "binary" and (scores.ndim == 1 or scores.shape[-1] != 1):
            scores = scores[..., None]
        if reading.within_unit and self._wishes.threshold is None and not within_unit(scores):
            raise ArgumentError(
                f"{self.output.spelled} has scores from {scores.min():.3g} to {scores.max():.3g}, which are no probabilities, "
                "and its loss does not say that they are logits. If they are, pass `threshold=0.0`."
            )
        if reading.kind == "labels" and scores.ndim > 2:
            labels, scores = labels.reshape(-1, labels.shape[-1]), scores.reshape(-1, scores.shape[-1])
        # TensorFlow cannot compare most unsigned integers.
        return labels.astype(np.int64) if labels.dtype.kind == "u" else labels, scores, probabilities

    def _make_metric(self, labels: Array) -> ConfusionMatrix | SparseCounter:
        wishes, reading = self._wishes, self._reading
        assert reading.classes is not None
        if labels.dtype.kind in "OSU" and wishes.class_names is None:
            raise ArgumentError(
                "Labels are texts: `class_names` must name the classes in the order of the model's units. "
                f"Received: class_names=None, labels such as {np.asarray(labels).reshape(-1)[:1].tolist()}."
            )
        named = wishes.class_names is not None and len(wishes.class_names) == reading.classes
        if reading.classes > MOST_DENSE and reading.kind != "labels":
            return SparseCounter(
                reading.classes,
                from_logits=reading.from_logits,
                ignore_class=wishes.ignore_class,
                class_names=wishes.class_names if named else None,
            )
        return ConfusionMatrix(
            reading.classes,
            from_logits=reading.from_logits,
            threshold=wishes.threshold,
            ignore_class=wishes.ignore_class,
            multi_label=reading.kind == "labels",
            signed=reading.signed,
            class_names=wishes.class_names if named else None,
        )


def raise_for(output: ModelOutput, reading: Reading, wishes: Wishes) -> None:
    """Refuses outputs that cannot be counted.

    Raises:
        ArgumentError: The output cannot be counted; the message says why.
    """
    if reading.kind == "none":
        raise ArgumentError(f"{output.spelled} {reading.reason}. No confusion matrix can be counted of it.")
    if reading.kind == "labels" and not wishes.multi_label:
        raise ArgumentError(
            f"{output.spelled} has several units, each a yes or no of its own, so that one example may have several classes. "
            f"`multi_label=True` counts each label separately. Received: the loss {output.loss.name!r}, multi_label=False."
        )


def _one_hot_of(output: ModelOutput, indices: Array, reading: Reading) -> Array:
    assert reading.classes is not None
    if indices.size and not (indices.min() >= 0 and indices.max() < reading.classes):
        raise ArgumentError(
            f"{output.spelled} gives class indices from {indices.min()} to {indices.max()}, and there are {reading.classes} "
            "classes; `class_names` must name all."
        )
    if indices.ndim > 1 and indices.shape[-1] == 1:
        indices = indices[..., 0]
    return _one_hot(indices, reading.classes)


def _one_hot(indices: Array, classes: int) -> Array:
    rows = np.zeros((*indices.shape, classes), np.float32)
    np.put_along_axis(rows, indices[..., None].astype(np.int64), 1, axis=-1)
    return rows


def _weights_of(weights: Array, raw: Array, scores: Array) -> Array:
    """The weights of examples as weights of counted rows, if every position of an example is a row."""
    if len(scores) == len(raw):
        return weights
    positions = raw.shape[:-1]
    weights = (
        weights.reshape(*weights.shape, *(1,) * (len(positions) - weights.ndim))
        if weights.ndim < len(positions)
        else weights
    )
    return np.broadcast_to(weights.reshape(weights.shape[: len(positions)]), positions).reshape(-1)


def _compiled(update: Callable[..., Any]) -> Callable[..., Any]:
    """The same in one graph, if the backend has graphs: single operations would take longer than the model."""
    if keras.backend.backend() != "tensorflow":
        return update
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(update, reduce_retracing=True)
    return compiled
