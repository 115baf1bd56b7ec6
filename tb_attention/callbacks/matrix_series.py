"""The series of matrices of one output."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tb_attention.callbacks.cell_examples import Kept
from tb_attention.callbacks.class_counts import ClassCounts
from tb_attention.callbacks.class_groups import largest_class
from tb_attention.callbacks.example_maps import ExampleMaps
from tb_attention.callbacks.failures import Warnings
from tb_attention.callbacks.series import SeriesCallback
from tb_attention.callbacks.similarity import similarity_order
from tb_attention.plot.confusion_display import confusion_png
from tb_attention.records.format.step_record import CellExamples, ClassGroup, ConfusionRecord
from tb_attention.reduce.confusion import Matrix, dense_of, matrix_scores


@dataclass(frozen=True)
class Shown:
    """How matrices are shown: names and groups of the classes, and what the event file gets besides."""

    class_names: tuple[str, ...] | None
    class_groups: tuple[ClassGroup, ...]
    figures: bool
    scalars: bool


class MatrixSeries(SeriesCallback):
    """Writes the matrices of one output at every epoch; `ConfusionMatrixCallback` calls its hooks.

    Args:
        log_dir, tag, monitor, mode: As for `ConfusionMatrixCallback`.
        output: The name of the output, or None where there is one.
        shown: How matrices are shown.
        warnings: Where what cannot be done is said.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        tag: str,
        monitor: str,
        mode: str,
        output: str | None,
        shown: Shown,
        warnings: Warnings,
    ) -> None:
        super().__init__(log_dir, tag=tag, update_freq="epoch", monitor=monitor, mode=mode)
        self.warnings = warnings
        self.output = output
        self._shown = shown

    def log(
        self,
        splits: Mapping[str, ClassCounts | None],
        kept: Callable[[], Kept | None] | None,
        maps: ExampleMaps | None,
        metrics: dict[str, float],
    ) -> None:
        """Hands the step of this epoch to the writer.

        Args:
            splits: What was counted, by split, the one that counts most first.
            kept: Gives examples of the cells, or None.
            maps: Makes of them what is stored, with their attention; None for no examples.
            metrics: What Keras handed over.
        """
        if self.writer is None:
            self.miss(self.epoch)
            return
        counted = {split: counts for split, counts in splits.items() if counts is not None and not counts.is_empty}
        if not counted:
            what = "Nothing" if self.output is None else f"Nothing of the output {self.output!r}"
            self.warnings.warn(
                f"nothing: {self.output}", f"{what} was counted in an epoch; no confusion matrix is logged for it."
            )
            return
        self._say_others(counted)
        first = next(iter(counted.values()))
        same = {split: counts for split, counts in counted.items() if counts.matrix.shape == first.matrix.shape}
        examples = None if kept is None or maps is None else self._examples(kept, maps)
        names = self._names(len(first.matrix))
        self.submit(
            ConfusionRecord(
                step=self.epoch,
                splits={split: counts.matrix for split, counts in same.items()},
                class_names=names,
                output=self.output,
                epoch=self.epoch,
                batch=self.batches,
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
        self.note_best(self.epoch, metrics)

    def _examples(self, keep: Callable[[], Kept | None], maps: ExampleMaps) -> CellExamples | None:
        try:
            kept = keep()
            return None if kept is None else maps.examples(kept, self.epoch, epoch=self.epoch, batch=self.batches)
        except Exception as error:
            self.warnings.warn(
                f"examples: {type(error).__name__}",
                f"The examples of the cells of an epoch were lost; the matrix is logged. {type(error).__name__}: {error}",
            )
            return None

    def _say_others(self, counted: Mapping[str, ClassCounts]) -> None:
        for split, counts in counted.items():
            if counts.other:
                self.warnings.warn(
                    f"other: {split}",
                    f"{counts.other} labels of the {split} data are none of the {len(counts.matrix)} classes; they are left out "
                    "of the confusion matrix.",
                )

    def _names(self, classes: int) -> tuple[str, ...] | None:
        names = self._shown.class_names
        if names is not None and len(names) != classes:
            self.warnings.warn(
                "names", f"`class_names` has {len(names)} names for {classes} classes; the classes go by their indices."
            )
            return None
        return names

    def _groups(self, classes: int) -> tuple[ClassGroup, ...]:
        largest = largest_class(self._shown.class_groups)
        if largest >= classes:
            self.warnings.warn(
                "groups", f"`class_groups` names class {largest}, and there are {classes}; the groups are left out."
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
