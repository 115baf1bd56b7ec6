"""Counts one output over a pass of the validation data, and keeps examples of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.cell_examples import ExampleKeeper, Kept
from tb_attention.callbacks.counted import Counted, read_counts
from tb_attention.callbacks.judging import judge
from tb_attention.callbacks.outputs import Output
from tb_attention.callbacks.predictions import is_binary
from tb_attention.errors import ArgumentError
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.nested import map_leaves


class OutputCounter:
    """Counts the labels and scores of one output.

    Args:
        output: Which.
        threshold, ignore_class, multi_label, class_names: As for `ConfusionMatrix`.
        make_keeper: Makes what keeps examples for one pass; None for none.
    """

    def __init__(
        self,
        output: Output,
        *,
        threshold: float | None,
        ignore_class: int | None,
        multi_label: bool,
        class_names: Sequence[str] | None,
        make_keeper: Callable[[], ExampleKeeper] | None,
    ) -> None:
        self.output = output
        self._threshold = threshold
        self._ignore_class = ignore_class
        self._multi_label = multi_label
        self._names = class_names
        self._make_keeper = make_keeper
        self._metric: ConfusionMatrix | None = None
        self._update: Callable[..., Any] | None = None
        self._keeper: ExampleKeeper | None = None

    def begin(self) -> None:
        """Forgets the pass before."""
        if self._metric is not None:
            self._metric.reset_state()
        self._keeper = None if self._make_keeper is None else self._make_keeper()

    def add(self, x: Any, y: Any, weight: Any, outputs: Any) -> None:
        """Adds a batch: inputs, labels, weights and outputs, nested as the model takes and returns them.

        Raises:
            ArgumentError: Labels and outputs do not fit.
        """
        scores, labels = self.output.of(outputs), self.output.of(y)
        weights = None if weight is None else self.output.of(weight)
        if self._metric is None:
            self._metric = self._make_metric(labels, scores)
            self._update = _compiled(self._metric.update_state)
        assert self._update is not None
        labels = _as_tensor_takes(labels)
        if weights is None:
            self._update(labels, scores)
        else:
            self._update(labels, scores, weights)
        if self._keeper is None:
            return
        found = judge(self._metric, labels, scores)
        if found is None:
            # Every example has many places: it belongs to many cells.
            self._keeper = self._make_keeper = None
            return
        judged, places = found
        self._keeper.add(map_leaves(lambda array: array[places], x), judged)

    def counted(self) -> Counted:
        """What was counted.

        Raises:
            ArgumentError: There was no batch.
        """
        if self._metric is None:
            raise ArgumentError("`validation_data` gave no batch.")
        return read_counts(self._metric)

    def kept(self) -> Kept | None:
        """The examples that were kept, or None."""
        return None if self._keeper is None else self._keeper.kept()

    def _make_metric(self, labels: npt.NDArray[Any], scores: npt.NDArray[Any]) -> ConfusionMatrix:
        if _are_texts(labels) and self._names is None:
            raise ArgumentError(
                "Labels are texts: `class_names` must name the classes in the order of the model's units. "
                f"Received: class_names=None, labels such as {np.asarray(labels).reshape(-1)[:1].tolist()}."
            )
        # One score a pixel has no axis of units; its labels tell.
        is_map = scores.ndim > 2 and is_binary(self.output.loss) and labels.shape in (scores.shape, (*scores.shape, 1))
        units = 1 if is_map or scores.ndim == 1 else scores.shape[-1]
        classes = units if self._multi_label else max(units, 2)
        names = self._names if self._names is not None and len(self._names) == classes else None
        return ConfusionMatrix(
            classes,
            from_logits=self.output.from_logits,
            threshold=self._threshold,
            ignore_class=self._ignore_class,
            multi_label=self._multi_label,
            class_names=names,
        )


def _compiled(update: Callable[..., Any]) -> Callable[..., Any]:
    """The same in one graph where the backend has graphs: operation by operation it takes longer than the model itself."""
    if keras.backend.backend() != "tensorflow":
        return update
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(update, reduce_retracing=True)
    return compiled


def _are_texts(labels: npt.NDArray[Any]) -> bool:
    return labels.dtype.kind in "OSU"


def _as_tensor_takes(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Unsigned integers of 16 and more bits as int64: TensorFlow compares few of them."""
    return labels.astype(np.int64) if labels.dtype.kind == "u" else labels
