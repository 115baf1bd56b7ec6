"""Reading confusion matrices back, with the examples of their cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from tb_attention.errors import NotInLogError
from tb_attention.records.format import confusion_file
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest

if TYPE_CHECKING:
    from tb_attention.records.reading.reader import Log


@dataclass(frozen=True)
class LoggedExample:
    """An example that was kept of a cell.

    Attributes:
        sample: Its place: `log.samples_of(step).image(sample)` is its picture, and `log.weights(step, sample, site)` are its
            maps if `has_maps`, where the series of matrices is the one that is read (`load(log_dir, tag="confusion")`).
        id: The same as the id of a tracked sample with the same input.
        truth, predicted: The cell.
        probability: That of the predicted class, 0 to 1.
        loss: -ln of the probability of the true class, at least 0.
        kept: "certain" if it is among those of its cell with the largest probability, "random" if it was chosen blindly.
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


class ConfusionReading:
    """What a `Log` reads of matrices. `tag` is everywhere the series of matrices: by default the one that is read, if it is one,
    else the only one, "confusion", or the first by name."""

    def confusion_matrix(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """The confusion matrix of a step.

        Args:
            step: A step of the series of matrices.
            tag: That series.
            split: "validation" (the default) or "training".

        Returns:
            `(classes, classes)`: rows are the truth, columns the prediction; int64, float64 if examples are weighted. Of several
            independent labels: examples that have one label and are predicted to have another.

        Raises:
            NotInLogError: There is no such series, step or split.
        """
        log, entry, manifest = self._matrices(step, tag, split)
        with log._open(entry) as archive:
            return confusion_file.read_matrix(archive, manifest, split)

    def label_counts(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """The 2 x 2 matrix of every label, where each is a yes or no of its own.

        Args:
            step, tag, split: As for `confusion_matrix`.

        Returns:
            `(classes, 2, 2)`: `[[true no, false yes], [false no, true yes]]`; int64, float64 if examples are weighted.

        Raises:
            NotInLogError: As for `confusion_matrix`, or its classes exclude one another.
        """
        log, entry, manifest = self._matrices(step, tag, split)
        if manifest.kind != "labels":
            raise NotInLogError(f"The classes of step {step} exclude one another: `confusion_matrix` has their counts.")
        with log._open(entry) as archive:
            return confusion_file.read_labels(archive, manifest, split)

    def score_histogram(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """How many examples have which probability, from which ROC and precision-recall curves follow.

        Args:
            step, tag, split: As for `confusion_matrix`.

        Returns:
            `(1, 2, bins)`, or `(classes, 2, bins)` of independent labels: counts by truth (no, yes) and by equal parts of the
            probability from 0 to 1; int64, float64 if examples are weighted.

        Raises:
            NotInLogError: As for `confusion_matrix`, or it was not stored: it is of binary and of independent labels.
        """
        log, entry, manifest = self._matrices(step, tag, split)
        if not manifest.splits[split].bins:
            raise NotInLogError(f"Step {step} has no histogram of scores: only binary and independent labels have.")
        with log._open(entry) as archive:
            return confusion_file.read_histogram(archive, manifest, split)

    def class_order(self, step: Step, tag: str | None = None) -> npt.NDArray[np.int64]:
        """The classes, int64 (classes,), such that those that are taken for one another are neighbours.

        Raises:
            NotInLogError: As for `confusion_matrix`.
        """
        log, entry, manifest = self._matrices(step, tag, None)
        with log._open(entry) as archive:
            return confusion_file.read_order(archive, manifest)

    def examples(
        self, step: Step, truth: int | None = None, predicted: int | None = None, tag: str | None = None
    ) -> list[LoggedExample]:
        """The examples that were kept, those of the most confused cells first.

        Args:
            step, tag: As for `confusion_matrix`.
            truth, predicted: Only those of this class, or told to be of this class. All by default.

        Raises:
            NotInLogError: As for `confusion_matrix`, or there is no such class.
            DamagedFileError: The file is not what it says it is.
        """
        log, entry, manifest = self._matrices(step, tag, None)
        for name, index in (("truth", truth), ("predicted", predicted)):
            if index is not None and not 0 <= index < manifest.classes:
                raise NotInLogError(
                    f"There is no such class. Received: {name}={index!r}. There are: 0 to {manifest.classes - 1}."
                )
        if not manifest.examples:
            return []
        with log._open(entry) as archive:
            stored = confusion_file.read_examples(archive, manifest)
        ids = log.samples_of(step).ids
        mapped = 0 if manifest.maps is None else manifest.maps.sample_count
        rows = zip(stored.cells.tolist(), stored.scores.tolist(), stored.random.tolist(), strict=True)
        found = [
            LoggedExample(
                sample=place,
                id=ids[place] if place < len(ids) else str(place),
                truth=cell[0],
                predicted=cell[1],
                probability=score[0],
                loss=score[1],
                kept="random" if random else "certain",
                has_maps=place < mapped,
            )
            for place, (cell, score, random) in enumerate(rows)
        ]
        return [each for each in found if truth in (None, each.truth) and predicted in (None, each.predicted)]

    def mean_weights(self, step: Step, class_index: int, site: str, tag: str | None = None) -> npt.NDArray[np.float32]:
        """The mean map of some examples of a class that were told right, to compare a wrong one with.

        Args:
            step, tag: As for `confusion_matrix`.
            class_index: From 0; only classes of the most confused cells have one.
            site: The path of a site.

        Returns:
            float32, of the shape of `weights`.

        Raises:
            NotInLogError: As for `confusion_matrix`, or there is no mean of this class, or no such site.
        """
        log, entry, manifest = self._matrices(step, tag, None)
        known = [mean.class_index for mean in manifest.means]
        place = None if manifest.maps is None else manifest.maps.site_index(site)
        if class_index not in known or place is None:
            there = [] if manifest.maps is None else [each.path for each in manifest.maps.sites]
            raise NotInLogError(
                f"There is no such mean. Received: class_index={class_index}, site={site!r}. There are means of the classes "
                f"{known} at {there}."
            )
        with log._open(entry) as archive:
            return confusion_file.read_mean(archive, manifest, class_index, place)

    def _matrices(self, step: Step, tag: str | None, split: str | None) -> tuple[Log, StepEntry, ConfusionManifest]:
        """The series of matrices, and its step, which has this split if one is given."""
        log = self._confusion_log(tag)
        entry = log._entry(step)
        manifest = entry.manifest
        if not isinstance(manifest, ConfusionManifest):
            raise NotInLogError(f"Series {log.tag!r} holds no confusion matrices. The series are: {log.tags}.")
        if split is not None and split not in manifest.splits:
            raise NotInLogError(
                f"Step {step} has no such split. Received: split={split!r}. There are: {list(manifest.splits)}."
            )
        return log, entry, manifest

    def _confusion_log(self, tag: str | None) -> Log:
        raise NotImplementedError
