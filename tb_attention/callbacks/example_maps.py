"""The attention for examples of the most confused cells, at the step at which they are confused."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.cell_examples import Kept
from tb_attention.callbacks.recorder import Recorder
from tb_attention.errors import ArgumentError, CaptureError
from tb_attention.records.format.step_record import CellExamples, Prediction, StepRecord
from tb_attention.records.samples.ragged import Shape
from tb_attention.records.samples.samples import Samples
from tb_attention.site import Axis, Site

# Examples of one cell, while there are other cells.
_OF_A_CELL = 4
# Correctly classified examples to average for each class, and for all classes relative to each misclassified example.
_RIGHT_OF_A_CLASS = 4
_RIGHT_BESIDE = 2
# The model is traced for each shape of examples.
_MOST_SHAPES = 8

Indices = npt.NDArray[np.int64]


class ExampleMaps:
    """Makes the stored form of kept examples, with the attention for the first of them.

    Args:
        model: The Keras model.
        count: Number of examples, from the most confused cells, whose attention is captured; 0 for none.
        class_names: Names of the classes, or None.
        tokenizer, axes, sites: As for `AttentionCallback`.
        warn: Gets a kind and a sentence when attention cannot be captured.
    """

    def __init__(
        self,
        model: Any,
        *,
        count: int,
        class_names: Sequence[str] | None,
        tokenizer: Any,
        axes: Mapping[str, Sequence[Axis]],
        sites: str | Iterable[str] | Callable[[str], bool] | None,
        warn: Callable[[str, str], None],
    ) -> None:
        self._model = model
        self._count = count
        self._names = class_names
        self._tokenizer = tokenizer
        self._axes = axes
        self._sites = sites
        self._warn = warn
        self._recorder: Recorder | None = None
        self._shapes: set[tuple[Shape, ...]] = set()

    def examples(self, kept: Kept, step: int, *, epoch: int, batch: int) -> CellExamples:
        """The examples in the order in which they are stored, those with maps first.

        Args:
            kept: The kept examples.
            step, epoch, batch: Of the record.
        """
        capturable = self._of_few_shapes(kept)
        first = of_confused_cells(kept, self._count, capturable)
        rest = np.setdiff1d(np.arange(len(kept)), first)
        order = np.concatenate([first, rest])
        ordered = kept.chosen(order)
        samples = self._samples(ordered)
        outcomes = ordered.outcomes
        stored = CellExamples(
            samples, outcomes.truth, outcomes.predicted, outcomes.probability, outcomes.loss, ordered.random
        )
        if not len(first):
            return stored
        try:
            return self._with_maps(stored, ordered, capturable[order], len(first), step, epoch, batch)
        except (CaptureError, ArgumentError) as error:
            self._count = 0
            self._warn("examples", f"The attention of the examples of confused cells is not captured: {error}")
            return stored

    def _samples(self, kept: Kept) -> Samples:
        """The examples as samples, with their tokens."""
        samples = Samples(kept.inputs, kept.outcomes.truth, shapes=kept.shapes or None, class_names=self._names)
        if self._recorder is None:
            self._recorder = self._recorder_of(samples)
            return self._recorder.samples
        return self._recorder.prepared(samples)

    def check_names(self, x: Any) -> None:
        """Captures a few examples if the user names sites, so that a wrong name is refused before training.

        Args:
            x: Their inputs, nested arrays.

        Raises:
            ArgumentError: `sites` or `axes` name an unknown site, or axes do not have the sizes of the site's weights.
        """
        try:
            recorder = self._recorder_of(Samples(x))
        except Exception:
            # No examples of such batches are kept, or a later warning says why they cannot be shown.
            return
        recorder.check_names()

    def _recorder_of(self, samples: Samples) -> Recorder:
        return Recorder(
            self._model,
            samples,
            max_samples=len(samples),
            class_names=None,
            tokenizer=self._tokenizer,
            axes=self._axes,
            sites=self._sites,
            warn=lambda sentence: self._warn("memory", sentence),
        )

    def _of_few_shapes(self, kept: Kept) -> npt.NDArray[np.bool_]:
        """Whether each example has one of the few shapes that the model is traced for during a training."""
        shapes = kept.own_shapes()
        for shape, _ in Counter(shapes).most_common():
            if shape not in self._shapes and len(self._shapes) < _MOST_SHAPES:
                self._shapes.add(shape)
        within = np.array([shape in self._shapes for shape in shapes], bool)
        if not within.all():
            self._warn(
                "shapes",
                f"The validation data have examples of more than {_MOST_SHAPES} shapes; the attention of confused examples is "
                f"captured for {_MOST_SHAPES} of them.",
            )
        return within

    def _with_maps(
        self,
        stored: CellExamples,
        kept: Kept,
        capturable: npt.NDArray[np.bool_],
        wrong: int,
        step: int,
        epoch: int,
        batch: int,
    ) -> CellExamples:
        assert self._recorder is not None
        right = right_ones(kept, wrong, _RIGHT_BESIDE * self._count, capturable)
        indices = np.concatenate([np.arange(wrong), *right.values()]).astype(np.int64)
        # The same number of samples at all steps, so that the pass is compiled once.
        chosen = kept.chosen(indices if kept.shapes else np.resize(indices, self._count * (1 + _RIGHT_BESIDE)))
        captured = self._recorder.captured_of(
            self._recorder.prepared(Samples(chosen.inputs, shapes=chosen.shapes or None))
        )
        if not captured.sites:
            self._count = 0
            return stored
        record = StepRecord(
            step=step,
            epoch=epoch,
            batch=batch,
            sites=tuple(_of(site, slice(0, wrong)) for site in captured.sites),
            predictions=tuple(
                Prediction(int(index), float(probability))
                for index, probability in zip(stored.predicted[:wrong], stored.probability[:wrong], strict=True)
            ),
        )
        means = {}
        start = wrong
        # Maps of different sizes have no mean.
        alike = all(axis.own is None for site in captured.sites for axis in site.axes)
        for index, of_class in right.items() if alike else ():
            end = start + len(of_class)
            means[index] = (
                len(of_class),
                tuple(np.asarray(site.weights[start:end].mean(0), np.float32) for site in captured.sites),
            )
            start = end
        return dataclasses.replace(stored, maps=record, means=means)


def of_confused_cells(kept: Kept, count: int, capturable: npt.NDArray[np.bool_]) -> Indices:
    """The indices of at most `count` misclassified examples: a few of each cell, the most frequent cells first, then more."""
    wrong = np.flatnonzero(kept.wrong & capturable)
    cells = kept.outcomes.truth[wrong] * (kept.outcomes.predicted.max(initial=0) + 1) + kept.outcomes.predicted[wrong]
    seen: dict[int, int] = {}
    rounds = []
    for cell in cells.tolist():
        rounds.append(seen.get(cell, 0) // _OF_A_CELL)
        seen[cell] = seen.get(cell, 0) + 1
    order = np.argsort(np.array(rounds, np.int64), kind="stable")[:count]
    return np.sort(wrong[order])


def right_ones(kept: Kept, wrong: int, most: int, capturable: npt.NDArray[np.bool_]) -> dict[int, Indices]:
    """By class, the indices of a few correctly classified examples, for the classes of the first `wrong` examples.

    Args:
        kept: The examples, misclassified ones first.
        wrong: Number of misclassified examples.
        most: Maximum for all classes together.
        capturable: Which examples can be captured.
    """
    outcomes = kept.outcomes
    classes = dict.fromkeys(np.stack([outcomes.truth[:wrong], outcomes.predicted[:wrong]], -1).reshape(-1).tolist())
    found: dict[int, Indices] = {}
    left = most
    for class_index in classes:
        of_class = np.flatnonzero(capturable & (outcomes.truth == class_index) & (outcomes.predicted == class_index))[
            : min(_RIGHT_OF_A_CLASS, left)
        ]
        if len(of_class):
            found[class_index] = of_class
            left -= len(of_class)
    return found


def _of(site: Site, samples: slice) -> Site:
    """A site with some of its samples."""
    weights = site.weights[samples]
    rows = None if site.rows is None else dataclasses.replace(site.rows, weights=site.rows.weights[samples])
    features = None if site.features is None else site.features[samples]
    sink = None if site.sink is None else site.sink[samples]
    taken = range(len(site.weights))[samples]
    axes = (Axis("samples", len(weights)), *(axis.taken(taken) for axis in site.axes[1:]))
    return site.replace(axes=axes, weights=weights, rows=rows, features=features, sink=sink)
