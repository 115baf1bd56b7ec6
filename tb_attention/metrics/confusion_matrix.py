"""A confusion matrix as a Keras metric."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from tb_attention.errors import ArgumentError
from tb_attention.metrics.classes import class_indices, predicted_classes


@keras.saving.register_keras_serializable(package="tb_attention")
class ConfusionMatrix(keras.metrics.Metric):  # type: ignore[misc]
    """Counts true against predicted classes inside the compiled graph, for `compile(metrics=[...])`.

    `result()` is a scalar, the accuracy, so that callbacks that expect numbers in `logs` go on working; the counts are in
    `matrix()`. In a callback the counts of the training are there in `on_test_begin` (or in `on_epoch_end` without
    validation), those of the validation in `on_test_end`.

    Args:
        num_classes: Number of classes, at least 2.
        name: Name of the metric. Defaults to "confusion_matrix".
        from_logits: Whether the predictions are logits; matters for one unit only, where the border is then 0.
            Defaults to False.
        threshold: For one unit: from which score on class 1 is predicted. Defaults to 0.5, or 0 for logits.
        ignore_class: A label that is left out, such as 255 for "unlabelled". Defaults to None.
        dtype: Of the accuracy. Defaults to float32. Counts are int64 (float32 would stop counting at 2^24).

    Labels may be of shape (N,), (N, 1) or one-hot (N, classes); predictions (N, classes), or (N,) or (N, 1) for two
    classes. In `weighted_metrics` the sample weights are summed, as float64. Labels that are no class are counted
    in `other()` and nowhere else.

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
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not isinstance(num_classes, int) or num_classes < 2:
            raise ArgumentError(
                f"`num_classes` must be an integer of at least 2. Received: num_classes={num_classes!r}."
            )
        self.num_classes = num_classes
        self.from_logits = from_logits
        self.threshold = threshold
        self.ignore_class = ignore_class
        self._weighted = False
        # One flat row of cells, and one more for labels that are no class.
        shape = (num_classes * num_classes + 1,)
        self._counts = self.add_variable(shape, initializer="zeros", dtype="int64", name="counts")
        self._weights = self.add_variable(shape, initializer="zeros", dtype="float64", name="weights")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: labels, predictions and, in `weighted_metrics`, a weight a sample."""
        classes = self.num_classes
        y_pred = ops.convert_to_tensor(y_pred)
        predicted = ops.reshape(predicted_classes(y_pred, classes, self.border), (-1,))
        true = ops.reshape(class_indices(ops.convert_to_tensor(y_true), y_pred, classes), (-1,))
        known = ops.logical_and(true >= 0, true < classes)
        cell = ops.where(known, true * classes + predicted, classes * classes)
        counted = ops.ones_like(true)
        if self.ignore_class is not None:
            counted = ops.cast(true != self.ignore_class, "int64")
        size = classes * classes + 1
        self._counts.assign_add(ops.segment_sum(counted, cell, num_segments=size))
        if sample_weight is not None:
            self._weighted = True
            weight = ops.cast(ops.convert_to_tensor(sample_weight), "float64")
            # A weight a sample, spread over the sample's positions where it has several.
            per_sample = ops.reshape(weight, (-1, 1)) * ops.ones((1, 1), "float64")
            spread = ops.reshape(ops.cast(counted, "float64"), (ops.shape(per_sample)[0], -1)) * per_sample
            self._weights.assign_add(ops.segment_sum(ops.reshape(spread, (-1,)), cell, num_segments=size))

    @property
    def border(self) -> float:
        """For one unit: from which score on class 1 is predicted."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.from_logits else 0.5

    def result(self) -> Any:
        """The accuracy, a scalar: counts on the diagonal over all counts; 0 while nothing was counted."""
        cells = ops.cast(self._weights if self._weighted else self._counts, "float64")
        matrix = ops.reshape(cells[:-1], (self.num_classes, self.num_classes))
        total = ops.maximum(ops.sum(matrix), ops.cast(1e-300, "float64"))
        return ops.cast(ops.sum(ops.diagonal(matrix)) / total, self.dtype)

    def matrix(self) -> npt.NDArray[Any]:
        """The counts, (classes, classes), rows are the truth; int64, or float64 where samples were weighted."""
        cells = ops.convert_to_numpy(self._weights if self._weighted else self._counts)
        return np.array(cells[:-1]).reshape(self.num_classes, self.num_classes)

    def other(self) -> int:
        """How many labels were no class (below 0, or at least `num_classes`)."""
        return int(ops.convert_to_numpy(self._counts)[-1])

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "from_logits": self.from_logits,
            "threshold": self.threshold,
            "ignore_class": self.ignore_class,
        }
