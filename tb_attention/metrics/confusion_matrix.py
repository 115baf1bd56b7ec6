"""A confusion matrix as a Keras metric."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.errors import ArgumentError
from tb_attention.metrics import labels as label_counts
from tb_attention.metrics.cells import Cells
from tb_attention.metrics.classes import (
    class_indices,
    flat,
    one_score,
    positions_of,
    predicted_classes,
    weight_of_each,
)
from tb_attention.metrics.counter import add_at
from tb_attention.metrics.histogram import BINS, histogram_cells
from tb_attention.metrics.keras_2 import refuse_keras_2
from tb_attention.metrics.names import Names
from tb_attention.reduce.confusion import MOST_DENSE, SparseMatrix

# Of more labels the histograms would take more room than the counts.
_MOST_HISTOGRAMS = 512


@keras.saving.register_keras_serializable(package="tb_attention")
class ConfusionMatrix(keras.metrics.Metric):  # type: ignore[misc]
    """Counts true against predicted classes inside the compiled graph, for `compile(metrics=[...])`.

    `result()` is a scalar, the accuracy, so that callbacks that expect numbers in `logs` go on working; the counts are in
    `matrix()`. In a callback the counts of the training are there in `on_test_begin` (or in `on_epoch_end` without
    validation), those of the validation in `on_test_end`. Under a `tf.distribute` strategy they are summed over replicas.

    Args:
        num_classes: Number of classes, at least 2; of independent labels at least 1.
        name: Name of the metric. Defaults to "confusion_matrix".
        from_logits: Whether the predictions are logits; matters for one unit and independent labels only, where the border is
            then 0. Defaults to False.
        threshold: For one unit and independent labels: from which score on the answer is yes. Defaults to 0.5, or 0 for logits.
        ignore_class: A label that is left out, such as 255 for "unlabelled". Defaults to None.
        multi_label: Whether each class is a yes or no of its own. Defaults to False.
        signed: For one unit and independent labels: whether labels are -1 and 1 (or 0 and 1) and the border is 0, as with hinge
            losses. The sigmoid of a score then stands for its probability. Defaults to False.
        class_names: What the classes are called where labels are strings: their names in the order of the units, or a
            `keras.layers.StringLookup`. Defaults to None: labels are numbers.
        dtype: Of the accuracy. Defaults to float32. Counts are float64, which are exact up to 2^53 (float32 stops at 2^24).

    Labels may be of shape (N,), (N, 1) or one-hot (N, classes), smoothed or not, of integers, floats, bools or strings;
    predictions (N, classes), or (N,) or (N, 1) for two classes; both with more axes before the last for segmentation and
    sequences: (N, H, W) against (N, H, W, classes). Of independent labels both are (N, classes). In `weighted_metrics` the
    sample weights, (N,) or one for each place, are summed. Labels that are no class are counted in `other()` and nowhere
    else; so is a one-hot row of zeros. What is masked is not counted.

    Example:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", ConfusionMatrix(10)])
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
        self._names = None if class_names is None else Names(class_names, num_classes)
        self._is_weighted = False
        self._is_binary = False
        # One flat row of cells, and one more for labels that are no class.
        size = label_counts.label_size(num_classes) if multi_label else num_classes * num_classes + 1
        self._cells = Cells(self.add_variable, size, listed=num_classes > MOST_DENSE and not multi_label)
        # How many were told right, and of how many: to sum a million cells up at every batch would cost more than counting.
        self._right = None
        if not multi_label:
            self._right = self.add_variable((2,), initializer="zeros", dtype="float64", name="right")
        self._scores = None
        if self._units:
            shape = (self._units * 2 * BINS + 1,)
            self._scores = self.add_variable(shape, initializer="zeros", dtype="float64", name="scores")

    @property
    def variables(self) -> Any:
        """As for every metric of Keras 3.

        Raises:
            ArgumentError: A model of Keras 2 compiles with this metric; its `compile` asks every metric for this.
        """
        refuse_keras_2()
        return super().variables

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the counts and returns the accuracy.

        Raises:
            ArgumentError: A model of Keras 2 calls this, as it does with weighted metrics.
        """
        refuse_keras_2()
        return super().__call__(*args, **kwargs)

    @property
    def _units(self) -> int:
        """How many score histograms there are."""
        if self.multi_label:
            return self.num_classes if self.num_classes <= _MOST_HISTOGRAMS else 0
        return 1 if self.num_classes == 2 else 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: labels, predictions and, in `weighted_metrics`, a weight a sample."""
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
            each = ops.cast(true != self.ignore_class, "float64")
            amounts = each if amounts is None else ops.where(each > 0, amounts, 0.0)
        if sample_weight is not None:
            # How many labels are no class is a number of labels, whatever they weigh.
            amounts = ops.where(known, amounts, ops.cast(amounts != 0, "float64"))
        self._cells.add(ops.where(known, true * classes + predicted, classes * classes), amounts)
        right = ops.cast(ops.stack([true == predicted, known]), "float64")
        assert self._right is not None
        add_at(self._right, ops.arange(2), ops.sum(right if amounts is None else right * amounts, axis=1))
        score = one_score(y_pred, positions)
        if score is not None and self._scores is not None:
            self._is_binary = True
            add_at(self._scores, histogram_cells(true, flat(score), self.from_logits), amounts)

    def _count_labels(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        classes = self.num_classes
        added = label_counts.count_labels(y_true, y_pred, classes, self.border, self.ignore_class, sample_weight)
        self._cells.counts.assign_add(added)
        if self._scores is None:
            return
        # Smoothed labels round to 0 and 1, ignored ones and those that are none to neither.
        true = ops.cast(y_true, "float64")
        unknown = ops.logical_or(true < 0, true > 1)
        if self.ignore_class is not None:
            unknown = ops.logical_or(unknown, true == self.ignore_class)
        true = ops.where(unknown, 2, ops.cast(true > 0.5, "int64"))
        cells = histogram_cells(true, y_pred, self.from_logits)
        last = self._units * 2 * BINS
        cells = ops.where(cells == 2 * BINS, last, cells + 2 * BINS * ops.arange(classes, dtype="int64"))
        add_at(self._scores, ops.reshape(cells, (-1,)), weight_of_each(sample_weight, true))

    def _unsigned(self, y_true: Any) -> Any:
        """Labels -1 and 1 as 0 and 1; ignored ones as they are."""
        found = ops.cast(y_true > 0, "int64")
        return found if self.ignore_class is None else ops.where(y_true == self.ignore_class, self.ignore_class, found)

    def label_indices(self, y_true: Any, y_pred: Any) -> Any:
        """Labels as the metric counts them: class indices of the shape of the places, -1 for what is none.

        Of independent labels, as they are: (N, classes).
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
        """For one unit and independent labels: from which score on the answer is yes."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.from_logits else 0.5

    @property
    def probability_border(self) -> float:
        """The border as a probability, 0 to 1."""
        return 0.5 + 0.5 * math.tanh(0.5 * self.border) if self.from_logits else self.border

    @property
    def kind(self) -> Literal["classes", "binary", "labels"]:
        """ "labels" where each class is a yes or no of its own, "binary" where one score tells two classes, else "classes"."""
        if self.multi_label:
            return "labels"
        return "binary" if self._is_binary else "classes"

    def result(self) -> Any:
        """The accuracy, a scalar: what was told right of all; 0 while nothing was counted. Of labels, over all yes and no."""
        if self._right is not None:
            sums = ops.convert_to_tensor(self._right)
            right, total = sums[0], sums[1]
        else:
            right, total = label_counts.right_and_all(ops.convert_to_tensor(self._cells.counts), self.num_classes)
        return ops.cast(right / ops.maximum(total, 1e-300), self.dtype)

    def matrix(self) -> npt.NDArray[Any]:
        """The counts, (classes, classes), rows are the truth; int64, or float64 where samples were weighted.

        Of independent labels: how many have the label of the row and are predicted to have that of the column.
        """
        return self._whole(self._cells.all()[: self.num_classes**2].reshape(self.num_classes, self.num_classes))

    def sparse_matrix(self) -> SparseMatrix:
        """The same counts without the cells that are 0."""
        classes = self.num_classes
        cells, counts = self._cells.found()
        known = cells < classes**2
        cells = cells[known]
        return SparseMatrix(classes, cells // classes, cells % classes, self._whole(counts[known]))

    def reset_state(self) -> None:
        """Forgets what was counted."""
        self._cells.clear()
        for variable in (self._right, self._scores):
            if variable is not None:
                variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def labels(self) -> npt.NDArray[Any] | None:
        """Of independent labels (classes, 2, 2): `[[true no, false yes], [false no, true yes]]`; else None."""
        if not self.multi_label:
            return None
        return self._whole(label_counts.two_by_two(self._cells.all(), self.num_classes))

    def histogram(self) -> npt.NDArray[Any] | None:
        """How many have which probability, by truth (no, yes): (1, 2, 256), of labels (classes, 2, 256); else None."""
        if self._scores is None or self.kind == "classes":
            return None
        scores = np.array(ops.convert_to_numpy(self._scores))
        return self._whole(scores[:-1].reshape(self._units, 2, BINS))

    def other(self) -> int:
        """How many labels were no class (below 0, at least `num_classes`, a row of zeros; of labels neither 0 nor 1)."""
        return round(self._cells.last())

    def _whole(self, counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return counts if self._is_weighted else np.rint(counts).astype(np.int64)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
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
