"""Reading confusion matrices back, with the examples of their cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tb_attention.errors import NotInLogError
from tb_attention.records.format import confusion_file
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest
from tb_attention.records.reading.logged_steps import LoggedSteps


@dataclass(frozen=True)
class LoggedExample:
    """An example that was kept of a cell.

    Attributes:
        sample: Its index: `log.samples_of(step).image(sample)` is its picture. If `has_maps`,
            `log.weights(step, sample, site)` are its maps, for a log that reads this series (`load(log_dir, tag="confusion")`).
        id: The same as the id of a tracked sample with the same input.
        truth, predicted: The cell.
        probability: The probability of the predicted class, 0 to 1.
        loss: -ln of the probability of the true class, at least 0.
        kept: "certain" if it has one of the largest probabilities of its cell, "random" if it was chosen at random.
        has_maps: Whether its attention was captured.
    """

    sample: int
    id: str
    truth: int
    predicted: int
    probability: float
    loss: float
    kept: Literal["certain", "random"]
    has_maps: bool


class ConfusionLog:
    """The confusion matrices of one series; `Log.confusion` is one. `Log` has the same methods, for the series of a tag.

    Args:
        steps: The steps of the series.
    """

    def __init__(self, steps: LoggedSteps) -> None:
        self._steps = steps

    def matrix(self, step: Step, split: str = "validation") -> npt.NDArray[Any]:
        """The confusion matrix of a step.

        Args:
            step: A step of the series.
            split: "validation" (the default) or "training".

        Returns:
            `(classes, classes)`: rows are the truth, columns the prediction; int64, float64 if examples are weighted. For
            independent labels: examples that have one label and are predicted to have another.

        Raises:
            NotInLogError: There is no such series, step or split.
        """
        entry, manifest = self._find(step, split)
        with self._steps.open(entry) as archive:
            return confusion_file.read_matrix(archive, manifest, split)

    def label_counts(self, step: Step, split: str = "validation") -> npt.NDArray[Any]:
        """The 2 x 2 matrix of each label, for independent labels.

        Args:
            step, split: As for `matrix`.

        Returns:
            `(classes, 2, 2)`: `[[true negatives, false positives], [false negatives, true positives]]`; int64, float64 if
            examples are weighted.

        Raises:
            NotInLogError: As for `matrix`, or the classes exclude one another.
        """
        entry, manifest = self._find(step, split)
        if manifest.kind != "labels":
            raise NotInLogError(f"The classes of step {step} exclude one another: `confusion_matrix` has their counts.")
        with self._steps.open(entry) as archive:
            return confusion_file.read_labels(archive, manifest, split)

    def score_histogram(self, step: Step, split: str = "validation") -> npt.NDArray[Any]:
        """How many examples have which probability, from which ROC and precision-recall curves follow.

        Args:
            step, split: As for `matrix`.

        Returns:
            `(1, 2, bins)` for two classes, of which class 1 is "yes", or `(classes, 2, bins)` for independent labels: counts by
            truth (no, yes) and by equal parts of the probability from 0 to 1; int64, float64 if examples are weighted.

        Raises:
            NotInLogError: As for `matrix`, or there is no histogram: only two classes and independent labels have one.
        """
        entry, manifest = self._find(step, split)
        if not manifest.splits[split].bins:
            raise NotInLogError(
                f"Step {step} has no histogram of scores: only two classes and independent labels have."
            )
        with self._steps.open(entry) as archive:
            return confusion_file.read_histogram(archive, manifest, split)

    def class_order(self, step: Step) -> npt.NDArray[np.int64]:
        """The classes, int64 (classes,), ordered such that classes that are confused with one another are neighbours.

        Raises:
            NotInLogError: As for `matrix`.
        """
        entry, manifest = self._find(step)
        with self._steps.open(entry) as archive:
            return confusion_file.read_order(archive, manifest)

    def examples(self, step: Step, truth: int | None = None, predicted: int | None = None) -> list[LoggedExample]:
        """The examples that were kept, those of the most confused cells first.

        Args:
            step: As for `matrix`.
            truth, predicted: Only examples of this class, or predicted as this class. All by default.

        Raises:
            NotInLogError: As for `matrix`, or there is no such class.
            DamagedFileError: A file is damaged.
        """
        entry, manifest = self._find(step)
        for name, index in (("truth", truth), ("predicted", predicted)):
            if index is not None and not 0 <= index < manifest.classes:
                raise NotInLogError(
                    f"There is no such class. Received: {name}={index!r}. There are: 0 to {manifest.classes - 1}."
                )
        if not manifest.examples:
            return []
        with self._steps.open(entry) as archive:
            stored = confusion_file.read_examples(archive, manifest)
        ids = self._steps.samples(manifest).ids
        mapped = 0 if manifest.maps is None else manifest.maps.sample_count
        rows = zip(stored.cells.tolist(), stored.scores.tolist(), stored.random.tolist(), strict=True)
        found = [
            LoggedExample(
                sample=sample,
                id=ids[sample] if sample < len(ids) else str(sample),
                truth=cell[0],
                predicted=cell[1],
                probability=score[0],
                loss=score[1],
                kept="random" if random else "certain",
                has_maps=sample < mapped,
            )
            for sample, (cell, score, random) in enumerate(rows)
        ]
        return [each for each in found if truth in (None, each.truth) and predicted in (None, each.predicted)]

    def mean_weights(self, step: Step, class_index: int, site: str) -> npt.NDArray[np.float32]:
        """The mean map over some correctly classified examples of a class, to compare a wrong one with.

        Args:
            step: As for `matrix`.
            class_index: From 0; only classes of the most confused cells have a mean map.
            site: The path of a site.

        Returns:
            float32, of the shape of `Log.weights`.

        Raises:
            NotInLogError: As for `matrix`, or there is no mean of this class, or no such site.
        """
        entry, manifest = self._find(step)
        known = [mean.class_index for mean in manifest.means]
        index = None if manifest.maps is None else manifest.maps.site_index(site)
        if class_index not in known or index is None:
            there = [] if manifest.maps is None else [each.path for each in manifest.maps.sites]
            raise NotInLogError(
                f"There is no such mean. Received: class_index={class_index}, site={site!r}. There are means of the classes "
                f"{known} at {there}."
            )
        with self._steps.open(entry) as archive:
            return confusion_file.read_mean(archive, manifest, class_index, index)

    def _find(self, step: Step, split: str | None = None) -> tuple[StepEntry, ConfusionManifest]:
        """A step of the series, which has this split if one is given."""
        entry = self._steps.entry(step)
        manifest = entry.manifest
        if not isinstance(manifest, ConfusionManifest):
            raise NotInLogError(
                f"Series {self._steps.tag!r} holds no confusion matrices. The series are: {self._steps.tags}."
            )
        if split is not None and split not in manifest.splits:
            raise NotInLogError(
                f"Step {step} has no such split. Received: split={split!r}. There are: {list(manifest.splits)}."
            )
        return entry, manifest
