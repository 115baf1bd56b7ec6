"""Makes the record of a step from the matrices of one output, and logs it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tb_attention.callbacks.cell_examples import Kept
from tb_attention.callbacks.class_counts import ClassCounts
from tb_attention.callbacks.class_groups import largest_class
from tb_attention.callbacks.example_maps import ExampleMaps
from tb_attention.callbacks.fit_clock import FitClock
from tb_attention.callbacks.fit_logger import FitLogger
from tb_attention.callbacks.similarity import similarity_order
from tb_attention.plot.confusion_display import confusion_png
from tb_attention.records.format.step_record import CellExamples, ClassGroup, ConfusionRecord
from tb_attention.reduce.confusion import Matrix, dense_of, matrix_scores
from tb_attention.steps.failures import Warnings


@dataclass(frozen=True)
class Shown:
    """How matrices are shown: names and groups of the classes, and whether the event file gets figures and scalars."""

    class_names: tuple[str, ...] | None
    class_groups: tuple[ClassGroup, ...]
    figures: bool
    scalars: bool


class MatrixLogger:
    """Logs the matrices of one output at every epoch.

    Args:
        series: Logs the steps.
        clock: Counts epochs and batches.
        warnings: Gets what cannot be done.
        output: The name of the output; None for the only one.
        shown: How matrices are shown.
    """

    def __init__(
        self, series: FitLogger, clock: FitClock, warnings: Warnings, *, output: str | None, shown: Shown
    ) -> None:
        self.series = series
        self._clock = clock
        self._warnings = warnings
        self._output = output
        self._shown = shown

    def log(
        self,
        splits: Mapping[str, ClassCounts | None],
        kept: Callable[[], Kept | None] | None,
        maps: ExampleMaps | None,
        metrics: dict[str, float],
    ) -> None:
        """Logs the step of this epoch.

        Args:
            splits: What was counted, by split, the most important split first.
            kept: Returns examples of the cells; None for no examples.
            maps: Makes what is stored from the examples, with their attention; None for no examples.
            metrics: The metrics of the epoch.
        """
        if not self.series.is_open:
            self.series.miss(self._clock.epoch)
            return
        counted = {split: counts for split, counts in splits.items() if counts is not None and not counts.is_empty}
        if not counted:
            what = "Nothing" if self._output is None else f"Nothing of the output {self._output!r}"
            self._warnings.warn(
                f"nothing: {self._output}", f"{what} was counted in an epoch; no confusion matrix is logged for it."
            )
            return
        self._warn_of_others(counted)
        first = next(iter(counted.values()))
        same = {split: counts for split, counts in counted.items() if counts.matrix.shape == first.matrix.shape}
        examples = None if kept is None or maps is None else self._examples(kept, maps)
        names = self._names(len(first.matrix))
        self.series.log(
            ConfusionRecord(
                step=self._clock.epoch,
                splits={split: counts.matrix for split, counts in same.items()},
                class_names=names,
                output=self._output,
                epoch=self._clock.epoch,
                batch=self._clock.batches,
                wall_time=time.time(),
                logs=metrics,
                kind=first.kind,
                threshold=first.threshold,
                labels={split: counts.labels for split, counts in same.items() if counts.labels is not None},
                histograms={split: counts.histogram for split, counts in same.items() if counts.histogram is not None},
                other={split: counts.other for split, counts in same.items()},
                class_groups=self._groups(len(first.matrix)),
                similarity=functools.partial(similarity_order, first.matrix),
                examples=examples,
                scalars=self._scalars(same) if self._shown.scalars else {},
                figures=self._figures(same, names) if self._shown.figures else {},
            )
        )
        self.series.note_best(metrics)

    def _examples(self, keep: Callable[[], Kept | None], maps: ExampleMaps) -> CellExamples | None:
        try:
            kept = keep()
            epoch, batch = self._clock.epoch, self._clock.batches
            return None if kept is None else maps.examples(kept, epoch, epoch=epoch, batch=batch)
        except Exception as error:
            self._warnings.warn(
                f"examples: {type(error).__name__}",
                f"The examples of the cells of an epoch were lost; the matrix is logged. {type(error).__name__}: {error}",
            )
            return None

    def _warn_of_others(self, counted: Mapping[str, ClassCounts]) -> None:
        for split, counts in counted.items():
            if counts.other:
                self._warnings.warn(
                    f"other: {split}",
                    f"{counts.other} labels of the {split} data are none of the {len(counts.matrix)} classes; they are left out "
                    "of the confusion matrix.",
                )

    def _names(self, classes: int) -> tuple[str, ...] | None:
        names = self._shown.class_names
        if names is not None and len(names) != classes:
            self._warnings.warn(
                "names",
                f"`class_names` has {len(names)} names for {classes} classes; the classes are shown by their indices.",
            )
            return None
        return names

    def _groups(self, classes: int) -> tuple[ClassGroup, ...]:
        largest = largest_class(self._shown.class_groups)
        if largest >= classes:
            self._warnings.warn(
                "groups",
                f"`class_groups` names class {largest}, but there are {classes} classes; the groups are left out.",
            )
            return ()
        return self._shown.class_groups

    def _scalars(self, counted: Mapping[str, ClassCounts]) -> dict[str, float]:
        return {
            f"{split}_{name}": value
            for split, counts in counted.items()
            for name, value in matrix_scores(counts.matrix, counts.labels).items()
        }

    def _figures(
        self, counted: Mapping[str, ClassCounts], names: Sequence[str] | None
    ) -> dict[str, functools.partial[bytes]]:
        return {
            f"{split}_figure": functools.partial(_figure, counts.matrix, names) for split, counts in counted.items()
        }


def _figure(matrix: Matrix, names: Sequence[str] | None) -> bytes:
    return confusion_png(dense_of(matrix), names)
