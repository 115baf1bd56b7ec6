"""The routes `matrices` and `history`: what many steps counted, for the slider and for lines over time."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached
from msgspec import UNSET
from werkzeug.wrappers import Request, Response

from tb_attention.errors import LogError, NotInLogError
from tb_attention.plugin import manifests, parameters, respond, serve_matrix
from tb_attention.plugin.logs import Logs
from tb_attention.records.format import confusion_file
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.reduce.confusion import class_sums, label_sums
from tb_attention.wire import gzip_frame

Cells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]

_MOST_CELLS = 1 << 24
_MOST_VALUES = 1 << 23
_CACHE_BYTES = 64 << 20


def serve_matrices(logs: Logs, request: Request) -> Response:
    """float32 (steps, classes, classes): the matrices of some steps, by their indices in `series`."""
    attempt, split = logs.attempt(request), parameters.text(request, "split")
    steps, classes = _steps(attempt)
    serve_matrix.check_classes(classes)
    indices = parameters.indices(request, "places")
    beyond = [index for index in indices if index >= len(steps)]
    if beyond:
        raise NotInLogError(f"The series has {len(steps)} steps, counted from 0. Received: places={beyond[0]}.")
    if len(indices) * classes * classes > _MOST_CELLS:
        raise LogError(
            f"{len(indices)} matrices of {classes} classes are too many to send at once; "
            f"{max(1, _MOST_CELLS // max(1, classes * classes))} are allowed."
        )
    values = np.full((len(indices), classes, classes), np.nan, np.float32)
    for at, index in enumerate(indices):
        with unless_unreachable():
            truth, predicted, counts = _read_cells(attempt, steps[index], split, classes)
            values[at] = 0
            values[at, truth, predicted] = counts
    return respond.binary_body(request, gzip_frame.compress(values))


def serve_history(logs: Logs, request: Request) -> Response:
    """float64 (steps, cells) of some cells, or (steps, classes, 3): true positives, of this class, predicted as this class."""
    attempt, split = logs.attempt(request), parameters.text(request, "split")
    steps, classes = _steps(attempt)
    wanted = parameters.cells(request, "cells") if "cells" in request.args else None
    shape = (len(steps), classes, 3) if wanted is None else (len(steps), len(wanted))
    if len(steps) * classes * 3 > _MOST_VALUES:
        raise LogError(
            f"The classes of this series are too many to send for all steps: {classes} of {len(steps)} steps."
        )
    values = np.full(shape, np.nan)
    if wanted is not None and any(max(cell) >= classes for cell in wanted):
        raise NotInLogError(f"The series has {classes} classes, counted from 0. Received: cells={wanted[:20]}.")
    for at, step in enumerate(steps):
        with unless_unreachable():  # a gap in a line is better than no line
            if wanted is None:
                values[at] = _read_sums(attempt, step, split, classes)
            else:
                cells = (each.tolist() for each in _read_cells(attempt, step, split, classes))
                counts = {(truth, predicted): count for truth, predicted, count in zip(*cells, strict=True)}
                values[at] = [counts.get(cell, 0.0) for cell in wanted]
    return respond.binary_body(request, gzip_frame.compress(values))


def _steps(attempt: OpenedAttempt) -> tuple[list[Step], int]:
    """The steps as `series` lists them, and the number of classes of the newest."""
    steps = manifests.read_steps(attempt).readable
    classes = steps[-1][2].record.classes if steps else UNSET
    if classes is UNSET:
        raise NotInLogError("The series has no step with a confusion matrix.")
    return [step for step, _, _ in steps], classes


def _key(attempt: OpenedAttempt, step: Step, split: str, classes: int) -> Hashable:
    return attempt.key(attempt.step_file(step)), split, classes


@cached(
    LRUCache(_CACHE_BYTES, getsizeof=lambda cells: cells[0].nbytes + cells[1].nbytes + cells[2].nbytes + 200),
    key=_key,
    lock=threading.Lock(),
)
def _read_cells(attempt: OpenedAttempt, step: Step, split: str, classes: int) -> Cells:
    """The cells of a step.

    Raises:
        NotInLogError: It has no such split, or other classes.
        DamagedFileError: It cannot be read.
    """
    with _opened(attempt, step, split, classes) as (archive, manifest):
        truth, predicted, counts = confusion_file.read_cells(archive, manifest, split)
        return truth, predicted, counts.astype(np.float64)


@cached(LRUCache(_CACHE_BYTES // 4, getsizeof=lambda sums: sums.nbytes + 200), key=_key, lock=threading.Lock())
def _read_sums(attempt: OpenedAttempt, step: Step, split: str, classes: int) -> npt.NDArray[np.float64]:
    """Of each class of a step: true positives, of this class, predicted as this class; raises as `_read_cells`."""
    with _opened(attempt, step, split, classes) as (archive, manifest):
        if manifest.kind == "labels":
            return label_sums(confusion_file.read_labels(archive, manifest, split))
        return class_sums(confusion_file.read_cells(archive, manifest, split), classes)


@contextmanager
def _opened(
    attempt: OpenedAttempt, step: Step, split: str, classes: int
) -> Iterator[tuple[Archive, ConfusionManifest]]:
    with serve_matrix.opened(attempt, step) as (archive, manifest):
        if split not in manifest.splits or manifest.classes != classes:
            raise NotInLogError("The step has no such split.")
        yield archive, manifest
