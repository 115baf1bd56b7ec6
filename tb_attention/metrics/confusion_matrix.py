"""A confusion matrix as a Keras metric."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.errors import ArgumentError
from tb_attention.metrics.cell_counts import CellCounts, add_at
from tb_attention.metrics.class_indices import (
    ClassNames,
    class_indices,
    flat,
    one_score,
    positions_of,
    predicted_classes,
    weight_of_each,
)
from tb_attention.metrics.label_counts import (
    BINS,
    correct_and_total,
    count_labels,
    histogram_cells,
    label_histogram_cells,
    label_size,
    probability_of_second,
    two_by_two,
)
from tb_attention.metrics.precision import float_type, int_type
from tb_attention.reduce.confusion import MOST_DENSE, SparseMatrix

# With more labels, the histograms would take more memory than the counts.
_MOST_HISTOGRAMS = 512
_KERAS_2 = ("tf_keras.", "tensorflow.python.keras.")


@keras.saving.register_keras_serializable(package="tb_attention")
class ConfusionMatrix(keras.metrics.Metric):  # type: ignore[misc]
    """A metric that counts true against predicted classes inside the compiled graph, for `compile(metrics=[...])`.

    `result()` is the accuracy, a scalar, so that callbacks that expect numbers in `logs` keep working. `matrix()` returns the
    counts. In a callback, the counts of the training are available in `on_test_begin` (without validation in `on_epoch_end`),
    and the counts of the validation in `on_test_end`. Under a `tf.distribute` strategy, counts are summed over replicas.

    Labels have shape (N,), (N, 1) or, one-hot, (N, classes), and may be smoothed. They are integers, floats, bools or strings.
    Predictions have shape (N, classes), or (N,) or (N, 1) for two classes. For segmentation and sequences both have more axes:
    (N, H, W) and (N, H, W, classes). For independent labels, both have shape (N, classes). In `weighted_metrics`, the sample
    weights are summed; they have shape (N,), or one weight per position. Labels that are no class, one-hot rows of zeros
    included, are counted in `other()` only. Masked positions are not counted.

    Args:
        num_classes: Number of classes, at least 2. At least 1 for independent labels.
        name: Name of the metric. Defaults to "confusion_matrix".
        from_logits: Whether the predictions are logits. For one unit and for independent labels, the threshold is then 0. For
            two units, the probability of class 1 follows from them (see `histogram`). Defaults to False.
        threshold: For one unit and for independent labels: the score at or above which a label counts as positive. Defaults to
            0.5, or 0 for logits.
        ignore_class: A label that is left out, such as 255 for "unlabelled". Defaults to None.
        multi_label: Whether the classes are independent labels: each class has its own yes or no. Defaults to False.
        signed: For one unit and for independent labels: whether labels are -1 and 1 (or 0 and 1) and the threshold is 0, as with
            hinge losses. The sigmoid of a score then serves as its probability. Defaults to False.
        class_names: Names of the classes, for labels that are strings: a list in the order of the units, or a
            `keras.layers.StringLookup`. Defaults to None: labels are numbers.
        dtype: Dtype of the accuracy. Defaults to float32. Counts are float64, exact up to 2^53. On JAX they are float32,
            exact up to 2^24, unless `jax_enable_x64` is set.

    Example:
        ```python
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", ConfusionMatrix(10)])
        ```
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "confusion_matrix",
        *,
        from_logits: bool = False,
        threshold: float | None = None,
        ignore_class: int | None = None,
        multi_label: bool = False,
        signed: bool = False,
        class_names: Iterable[str] | Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        least = 1 if multi_label else 2
        if not isinstance(num_classes, int) or isinstance(num_classes, bool) or num_classes < least:
            raise ArgumentError(
                f"`num_classes` must be an integer of at least {least}. Received: num_classes={num_classes!r}."
            )
        if threshold is not None and not math.isfinite(threshold):
            raise ArgumentError(f"`threshold` must be a finite number or None. Received: threshold={threshold!r}.")
        self.num_classes = num_classes
        self.from_logits = from_logits or signed
        self.signed = signed
        self.threshold = threshold
        self.ignore_class = ignore_class
        self.multi_label = multi_label
        self._names = None if class_names is None else ClassNames(class_names, num_classes)
        self._is_weighted = False
        self._is_binary = False
        # One flat row of cells, and one more for labels that are no class.
        size = label_size(num_classes) if multi_label else num_classes * num_classes + 1
        self._cells = CellCounts(self.add_variable, size, listed=num_classes > MOST_DENSE and not multi_label)
        # How many are correct, and how many there are: summing a million cells in every batch would cost more than counting.
        self._correct = None
        if not multi_label:
            self._correct = self.add_variable((2,), initializer="zeros", dtype=float_type(), name="right")
        self._scores = None
        if self._units:
            shape = (self._units * 2 * BINS + 1,)
            self._scores = self.add_variable(shape, initializer="zeros", dtype=float_type(), name="scores")

    @property
    def variables(self) -> Any:
        """The variables, as for every metric of Keras 3.

        Raises:
            ArgumentError: A model of Keras 2 is compiled with this metric. Its `compile` reads this property of every metric.
        """
        _refuse_keras_2()
        return super().variables

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the counts and returns the accuracy.

        Raises:
            ArgumentError: A model of Keras 2 calls this, as it does with weighted metrics.
        """
        _refuse_keras_2()
        return super().__call__(*args, **kwargs)

    @property
    def _units(self) -> int:
        """Number of score histograms."""
        if self.multi_label:
            return self.num_classes if self.num_classes <= _MOST_HISTOGRAMS else 0
        return 1 if self.num_classes == 2 else 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: labels, predictions and, in `weighted_metrics`, the weight of each sample."""
        mask = getattr(y_pred, "_keras_mask", None)
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true if self._names is None else self._names.indices(y_true))
        self._is_weighted = self._is_weighted or sample_weight is not None
        if self.signed:
            y_true = self._unsigned(y_true)
        if self.multi_label:
            self._count_labels(y_true, y_pred, sample_weight)
        else:
            self._count_classes(y_true, y_pred, sample_weight, mask)

    def _count_classes(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> None:
        classes = self.num_classes
        positions = positions_of(y_true, y_pred, classes)
        true = class_indices(y_true, positions, classes)
        predicted = flat(predicted_classes(y_pred, positions, self.border))
        amounts = weight_of_each(sample_weight, true, mask)
        true = flat(true)
        known = ops.logical_and(true >= 0, true < classes)
        if self.ignore_class is not None:
            each = ops.cast(true != self.ignore_class, float_type())
            amounts = each if amounts is None else ops.where(each > 0, amounts, 0.0)
        if sample_weight is not None:
            # Labels that are no class are counted, not weighed.
            amounts = ops.where(known, amounts, ops.cast(amounts != 0, float_type()))
        self._cells.add(ops.where(known, true * classes + predicted, classes * classes), amounts)
        correct = ops.cast(ops.stack([true == predicted, known]), float_type())
        assert self._correct is not None
        add_at(self._correct, ops.arange(2), ops.sum(correct if amounts is None else correct * amounts, axis=1))
        if self._scores is None:
            return
        score = one_score(y_pred, positions)
        if score is not None:
            self._is_binary = True
            add_at(self._scores, histogram_cells(true, flat(score), self.from_logits), amounts)
        else:
            second = probability_of_second(ops.reshape(y_pred, (-1, classes)), predicted, self.from_logits)
            add_at(self._scores, histogram_cells(true, second, False), amounts)

    def _count_labels(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        classes = self.num_classes
        added = count_labels(y_true, y_pred, classes, self.border, self.ignore_class, sample_weight)
        self._cells.counts.assign_add(added)
        if self._scores is not None:
            cells, true = label_histogram_cells(y_true, y_pred, classes, self.ignore_class, self.from_logits)
            add_at(self._scores, ops.reshape(cells, (-1,)), weight_of_each(sample_weight, true))

    def _unsigned(self, y_true: Any) -> Any:
        """Labels -1 and 1 as 0 and 1; ignored labels as they are."""
        labels = ops.cast(y_true > 0, int_type())
        return (
            labels if self.ignore_class is None else ops.where(y_true == self.ignore_class, self.ignore_class, labels)
        )

    def label_indices(self, y_true: Any, y_pred: Any) -> Any:
        """Labels as the metric counts them: class indices in the shape of the positions, -1 for labels that are no class.

        Independent labels stay as they are: (N, classes).
        """
        y_true = ops.convert_to_tensor(y_true if self._names is None else self._names.indices(y_true))
        if self.signed:
            y_true = self._unsigned(y_true)
        if self.multi_label:
            return ops.convert_to_numpy(y_true)
        positions = positions_of(y_true, y_pred, self.num_classes)
        return ops.convert_to_numpy(class_indices(y_true, positions, self.num_classes))

    @property
    def border(self) -> float:
        """For one unit and independent labels: the score at or above which a label counts as positive."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.from_logits else 0.5

    @property
    def probability_border(self) -> float:
        """The same as a probability, from 0 to 1."""
        return 0.5 + 0.5 * math.tanh(0.5 * self.border) if self.from_logits else self.border

    @property
    def kind(self) -> Literal["classes", "binary", "labels"]:
        """ "labels" for independent labels, "binary" where one score separates two classes, else "classes"."""
        if self.multi_label:
            return "labels"
        return "binary" if self._is_binary else "classes"

    def result(self) -> Any:
        """The accuracy, a scalar; 0 while nothing is counted. For independent labels, over every yes and no."""
        if self._correct is not None:
            sums = ops.convert_to_tensor(self._correct)
            correct, total = sums[0], sums[1]
        else:
            correct, total = correct_and_total(ops.convert_to_tensor(self._cells.counts), self.num_classes)
        return ops.cast(correct / ops.maximum(total, 1e-300), self.dtype)

    def matrix(self) -> npt.NDArray[Any]:
        """The counts (classes, classes); rows are the truth. int64, or float64 where samples were weighted.

        For independent labels: how many examples have the label of the row and are predicted to have that of the column.
        """
        return self._whole(self._cells.all()[: self.num_classes**2].reshape(self.num_classes, self.num_classes))

    def sparse_matrix(self) -> SparseMatrix:
        """The same counts without the cells that are 0."""
        classes = self.num_classes
        cells, counts = self._cells.nonzero()
        known = cells < classes**2
        cells = cells[known]
        return SparseMatrix(classes, cells // classes, cells % classes, self._whole(counts[known]))

    def reset_state(self) -> None:
        """Sets all counts to 0."""
        self._cells.clear()
        for variable in (self._correct, self._scores):
            if variable is not None:
                variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def labels(self) -> npt.NDArray[Any] | None:
        """For independent labels (classes, 2, 2), else None.

        For each label `[[true negatives, false positives], [false negatives, true positives]]`.
        """
        if not self.multi_label:
            return None
        return self._whole(two_by_two(self._cells.all(), self.num_classes))

    def histogram(self) -> npt.NDArray[Any] | None:
        """Histogram of the probabilities by truth (no, yes): for two classes (1, 2, 256), of class 1; for independent labels
        (classes, 2, 256); else None.

        Also None where the scores of two units were not always probabilities: part of the examples would give another curve.
        """
        if self._scores is None:
            return None
        scores = np.array(ops.convert_to_numpy(self._scores))[:-1]
        if self.kind == "classes" and not np.isclose(scores.sum(), self._cells.all()[:-1].sum(), rtol=1e-9, atol=0):
            return None
        return self._whole(scores.reshape(self._units, 2, BINS))

    def other(self) -> int:
        """Number of labels that are no class: below 0, at least `num_classes`, a row of zeros; for labels neither 0 nor 1."""
        return round(self._cells.last())

    def _whole(self, counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return counts if self._is_weighted else np.rint(counts).astype(np.int64)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for `from_config`."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "from_logits": self.from_logits,
            "threshold": self.threshold,
            "ignore_class": self.ignore_class,
            "multi_label": self.multi_label,
            "signed": self.signed,
            "class_names": None if self._names is None else self._names.names,
        }


def _refuse_keras_2() -> None:
    """Raises ArgumentError where Keras 2 is among the callers.

    Keras 2 would take a metric of Keras 3 for any function and average what it returns.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_KERAS_2):
            raise ArgumentError(
                "tb_attention.ConfusionMatrix must be compiled into a Keras 3 model (`keras.Model`). Received: a model of "
                f"Keras 2 ({module.partition('.src')[0]}). Build the model with `keras` 3 (without TF_USE_LEGACY_KERAS=1)."
            )
        frame = frame.f_back
