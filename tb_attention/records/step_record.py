"""What a step is before it is written: of maps, or of confusion matrices."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.paths import Step, check_step
from tb_attention.site import Site


@dataclass(frozen=True)
class Prediction:
    """What a model predicted for a sample.

    Attributes:
        class_index: The class, from 0 (0 or 1 for a model with one unit).
        probability: That of this class, from 0 to 1, or None where it is not known.
    """

    class_index: int
    probability: float | None = None


@dataclass(frozen=True, eq=False)
class StepRecord:
    """The maps of one step.

    Attributes:
        step: An integer of at least 0, or "init" for the model before training.
        epoch: From 0 as Keras counts, or None.
        batch: Batches that the model has seen, or None.
        wall_time: Seconds since 1970; now, by default.
        logs: Metrics by name.
        sites: All with the same samples, in the same order.
        predictions: One for each sample, or () for none.
        samples: The name that `SeriesWriter.write_samples` gave, or None.
    """

    step: Step
    epoch: int | None = None
    batch: int | None = None
    wall_time: float = field(default_factory=time.time)
    logs: Mapping[str, float] = field(default_factory=dict)
    sites: tuple[Site, ...] = ()
    predictions: tuple[Prediction | None, ...] = ()
    samples: str | None = None

    def __post_init__(self) -> None:
        check_step(self.step)
        counts = {len(site.weights) for site in self.sites}
        if len(counts) > 1:
            raise ArgumentError(f"All `sites` of a step must have the same samples. Received: counts {sorted(counts)}.")
        if self.predictions and counts and {len(self.predictions)} != counts:
            raise ArgumentError(
                "`predictions` must have one entry for each sample, or be empty. "
                f"Received: {len(self.predictions)} predictions for {counts.pop()} samples."
            )

    @property
    def sample_count(self) -> int:
        """Samples in every site."""
        return len(self.sites[0].weights) if self.sites else len(self.predictions)

    @property
    def nbytes(self) -> int:
        """Bytes of the weights, and of what comes with them."""
        features = sum(site.features.nbytes for site in self.sites if site.features is not None)
        rows = sum(site.rows.weights.nbytes for site in self.sites if site.rows is not None)
        return features + rows + sum(site.weights.nbytes for site in self.sites)


@dataclass(frozen=True, eq=False)
class ConfusionRecord:
    """The confusion matrices of one step.

    Attributes:
        step: An integer of at least 0, or "init".
        splits: Matrices (classes, classes) by split ("validation", "training"): rows are the truth, columns the prediction.
            Integers, or floats where examples are weighted.
        class_names: A name for each class, or None.
        output: Which of the model's outputs, by name, or None where there is one.
        epoch, batch, wall_time, logs: As in `StepRecord`.
    """

    step: Step
    splits: Mapping[str, npt.NDArray[Any]]
    class_names: tuple[str, ...] | None = None
    output: str | None = None
    epoch: int | None = None
    batch: int | None = None
    wall_time: float = field(default_factory=time.time)
    logs: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_step(self.step)
        shapes = {np.shape(matrix) for matrix in self.splits.values()}
        if len(shapes) != 1 or any(len(shape) != 2 or shape[0] != shape[1] for shape in shapes):
            raise ArgumentError(
                "`splits` must hold at least one matrix, all of one shape (classes, classes). "
                f"Received: shapes {sorted(shapes)}."
            )
        for split, matrix in self.splits.items():
            if np.asarray(matrix).dtype.kind not in "iuf":
                raise ArgumentError(
                    f"The matrix of {split!r} must hold counts. Received: dtype={np.asarray(matrix).dtype}."
                )
            if not _SPLIT_LETTERS.issuperset(split) or not split:
                raise ArgumentError(
                    f"The name of a split must be of letters, digits, `_` and `-`. Received: split={split!r}."
                )
        if self.class_names is not None and len(self.class_names) != self.classes:
            raise ArgumentError(
                f"`class_names` must have a name for each of the {self.classes} classes. "
                f"Received: {len(self.class_names)} names."
            )

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(next(iter(self.splits.values())))

    @property
    def nbytes(self) -> int:
        """Bytes of the matrices."""
        return sum(np.asarray(matrix).nbytes for matrix in self.splits.values())


_SPLIT_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

AnyRecord = StepRecord | ConfusionRecord
