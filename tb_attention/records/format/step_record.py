"""A step before it is written: of maps, or of confusion matrices."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from tb_attention.errors import ArgumentError
from tb_attention.records.format.json_text import Number, read_numbers
from tb_attention.records.format.paths import Step, check_step
from tb_attention.records.samples.made_pictures import MadePictures
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.confusion import Matrix, SparseMatrix
from tb_attention.site import Site

MOST_OTHERS = 4
"""Classes that are stored with a prediction, besides the predicted one."""

OtherClass = tuple[Annotated[int, Meta(ge=0)], float]
"""A class and its probability."""

# A later version may store more; a hostile file may not store without end.
_LONGEST = 1000


class Prediction(Struct, frozen=True, omit_defaults=True):
    """What a model predicted for a sample.

    Attributes:
        class_index: The class, from 0 (0 or 1 for a model with one unit).
        probability: The probability of this class, from 0 to 1; None where it is not known.
        label_probability: The probability of the sample's label, from 0 to 1; the loss of the sample is -ln of it. None where
            the label or the distribution is not known.
        others: The most probable of the other classes with their probabilities, the most probable first; at most
            `MOST_OTHERS`, so that five classes are known with that of the prediction. Empty where the distribution is not known.
    """

    class_index: Annotated[int, Meta(ge=0)] = msgspec.field(name="class")
    probability: Number | None = msgspec.field(default_factory=type(None))  # written even where it is None
    label_probability: Number | None = None
    others: Annotated[tuple[OtherClass, ...], Meta(max_length=_LONGEST)] = ()

    def __post_init__(self) -> None:
        read_numbers(self, "probability", "label_probability")


@dataclass(frozen=True, eq=False)
class RecordHeader:
    """What every step has.

    Attributes:
        step: An integer of at least 0, or "init" for the model before training.
        epoch: From 0 as Keras counts, or None.
        batch: Batches that the model has seen, or None.
        wall_time: Seconds since 1970; now, by default.
        logs: Metrics by name.
    """

    step: Step
    epoch: int | None = field(default=None, kw_only=True)
    batch: int | None = field(default=None, kw_only=True)
    wall_time: float = field(default_factory=time.time, kw_only=True)
    logs: Mapping[str, float] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        check_step(self.step)


@dataclass(frozen=True, eq=False)
class StepRecord(RecordHeader):
    """The maps of one step.

    Attributes:
        sites: All with the same samples, in the same order.
        predictions: One for each sample, or () for none.
        samples: The name that `SeriesWriter.write_samples` gave, or None.
        pictures: What the model made of each sample, or None.
    """

    sites: tuple[Site, ...] = ()
    predictions: tuple[Prediction | None, ...] = ()
    samples: str | None = None
    pictures: MadePictures | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
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
        """Bytes of the weights, and of the other arrays of the sites."""
        features = sum(site.features.nbytes for site in self.sites if site.features is not None)
        rows = sum(site.rows.weights.nbytes for site in self.sites if site.rows is not None)
        sinks = sum(site.sink.nbytes for site in self.sites if site.sink is not None)
        pictures = 0 if self.pictures is None else self.pictures.frames.nbytes
        return features + rows + sinks + pictures + sum(site.weights.nbytes for site in self.sites)


ConfusionKind = Literal["classes", "binary", "labels"]


class ClassGroup(Struct, frozen=True):
    """Classes that belong together, under a name; `children` are indices of classes, and smaller groups."""

    name: str
    children: tuple[int | ClassGroup, ...]


@dataclass(frozen=True, eq=False)
class CellExamples:
    """Examples of the cells of a matrix.

    Attributes:
        samples: Their inputs, labels and ids.
        truth, predicted: int (examples,), the cell of each example.
        probability: float (examples,), the probability of the predicted class.
        loss: float (examples,), -ln of the probability of the true class.
        random: bool (examples,), whether the example was chosen at random; the others are the most certain of their cell.
        maps: Maps of the first of the examples, or None.
        means: By class, the mean map at each site of `maps`, of the shape of the site without the samples, and over how many
            correctly classified examples.
    """

    samples: Samples
    truth: npt.NDArray[np.integer[Any]]
    predicted: npt.NDArray[np.integer[Any]]
    probability: npt.NDArray[np.floating[Any]]
    loss: npt.NDArray[np.floating[Any]]
    random: npt.NDArray[np.bool_]
    maps: StepRecord | None = None
    means: Mapping[int, tuple[int, tuple[npt.NDArray[np.float32], ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.truth, self.predicted, self.probability, self.loss, self.random)}
        if lengths != {len(self.samples)}:
            raise ArgumentError(f"Every example needs each value. Received: {len(self.samples)} samples, {lengths}.")

    @property
    def nbytes(self) -> int:
        """Bytes of inputs and maps."""
        inputs = sum(array.nbytes for _, array in self.samples.arrays)
        means = sum(array.nbytes for _, arrays in self.means.values() for array in arrays)
        return inputs + means + (0 if self.maps is None else self.maps.nbytes)


@dataclass(frozen=True, eq=False)
class ConfusionRecord(RecordHeader):
    """The confusion matrices of one step.

    Attributes:
        splits: Matrices (classes, classes) by split ("validation", "training"): rows are the truth, columns the prediction.
            Integers, or floats where examples are weighted. Of kind "labels" they count examples that have one label and are
            predicted to have another.
        class_names: A name for each class, or None.
        output: The name of the model's output, or None where it has one.
        kind: "classes" (each example has one class), "binary" (from one score) or "labels" (each class is a separate yes or no).
        threshold: Of "binary" and "labels": the probability at or above which the prediction is positive.
        labels: Of kind "labels": by split, (classes, 2, 2), `[[true negatives, false positives], [false negatives, true
            positives]]` of each class.
        histograms: By split, (1 or classes, 2, bins): how many examples, first of the truth no, then yes, have which probability.
        other: By split, labels that are no class.
        class_groups: A hierarchy of the classes.
        similarity: Returns the classes in order of similarity, int (classes,). It is called when the step is written.
        examples: Examples of the cells of the validation, or None.
        scalars: Numbers for the Scalars tab, by name without the tag.
        figures: Functions for the Images tab, by name without the tag. Each returns a PNG, and is called when the step is
            written.
    """

    splits: Mapping[str, Matrix]
    class_names: tuple[str, ...] | None = None
    output: str | None = None
    kind: ConfusionKind = "classes"
    threshold: float | None = None
    labels: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    histograms: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    other: Mapping[str, int] = field(default_factory=dict)
    class_groups: tuple[ClassGroup, ...] = ()
    similarity: Callable[[], npt.NDArray[np.integer[Any]] | None] | None = None
    examples: CellExamples | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = {_of_matrix(matrix).shape for matrix in self.splits.values()}
        if len(shapes) != 1 or any(len(shape) != 2 or shape[0] != shape[1] for shape in shapes):
            raise ArgumentError(
                "`splits` must hold at least one matrix, all of one shape (classes, classes). "
                f"Received: shapes {sorted(shapes)}."
            )
        for split, matrix in self.splits.items():
            if _of_matrix(matrix).dtype.kind not in "iuf":
                raise ArgumentError(
                    f"The matrix of {split!r} must hold counts. Received: dtype={_of_matrix(matrix).dtype}."
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
        """Bytes of the matrices, the other counts and the examples."""
        counts = [*self.labels.values(), *self.histograms.values()]
        matrices = sum(_of_matrix(matrix).nbytes for matrix in self.splits.values())
        return (
            matrices + sum(np.asarray(each).nbytes for each in counts) + (self.examples.nbytes if self.examples else 0)
        )


def _of_matrix(matrix: Matrix) -> Matrix:
    return matrix if isinstance(matrix, SparseMatrix) else np.asarray(matrix)


_SPLIT_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

AnyRecord = StepRecord | ConfusionRecord
