"""The routes `matrices` and `history`: what many steps counted, for the slider and for lines over time."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError, LogError, NotInLogError
from tb_attention.plugin import parameters, respond, serve_matrix
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.plugin.serve_listing import read_steps
from tb_attention.records.format import confusion_file
from tb_attention.records.format.paths import Step
from tb_attention.reduce.confusion import class_sums, label_sums
from tb_attention.wire import gzip_frame

Cells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]

_MOST_CELLS = 1 << 24
_MOST_VALUES = 1 << 23
_CACHE_BYTES = 64 << 20

_cells: BoundedCache[Cells] = BoundedCache(_CACHE_BYTES, weigh=lambda cells: sum(map(_bytes, cells)) + 200)
_sums: BoundedCache[npt.NDArray[np.float64]] = BoundedCache(_CACHE_BYTES // 4, weigh=lambda sums: sums.nbytes + 200)


def _bytes(array: npt.NDArray[np.generic]) -> int:
    return array.nbytes


def serve_matrices(logs: Logs, request: Request) -> Response:
    """float32 (places, classes, classes): the matrices of some steps, by their places in `series`."""
    attempt, split = logs.attempt(request), parameters.text(request, "split")
    steps, classes = _steps(attempt)
    serve_matrix.check_classes(classes)
    places = parameters.places(request, "places")
    beyond = [place for place in places if place >= len(steps)]
    if beyond:
        raise NotInLogError(f"The series has {len(steps)} steps, counted from 0. Received: places={beyond[0]}.")
    if len(places) * classes * classes > _MOST_CELLS:
        raise LogError(
            f"{len(places)} matrices of {classes} classes are too many to send at once; "
            f"{max(1, _MOST_CELLS // max(1, classes * classes))} are allowed."
        )
    values = np.full((len(places), classes, classes), np.nan, np.float32)
    for at, place in enumerate(places):
        cells = _read(attempt, steps[place], split, classes)
        if cells is not None:
            values[at] = 0
            values[at, cells[0], cells[1]] = cells[2]
    return respond.binary_body(request, gzip_frame.compress(values))


def serve_history(logs: Logs, request: Request) -> Response:
    """float64 (steps, cells) of some cells, or (steps, classes, 3): told right, of this class, called this class."""
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
        if wanted is None:
            sums = _read_sums(attempt, step, split, classes)
            if sums is not None:
                values[at] = sums
            continue
        cells = _read(attempt, step, split, classes)
        if cells is not None:
            counts = {(t, p): count for t, p, count in zip(*(each.tolist() for each in cells), strict=True)}
            values[at] = [counts.get(cell, 0.0) for cell in wanted]
    return respond.binary_body(request, gzip_frame.compress(values))


def _steps(attempt: Attempt) -> tuple[list[Step], int]:
    """The steps as `series` lists them, and the number of classes of the newest."""
    steps = read_steps(attempt).readable
    if not steps or steps[-1][2].content != "confusion":
        raise NotInLogError("The series has no step with a confusion matrix.")
    return [step for step, _, _ in steps], steps[-1][2].json()["classes"]


def _read(attempt: Attempt, step: Step, split: str, classes: int) -> Cells | None:
    """The cells of a step; None where it has no such split, other classes, or cannot be read: a gap is better than no line."""
    key = (attempt.folder.url, attempt.file(attempt.step(step).name), attempt.step(step).version, split)
    try:
        return _cells.get(key, functools.partial(_of_step, attempt, step, split, classes))
    except (AttentionError, OSError):
        return None


def _of_step(attempt: Attempt, step: Step, split: str, classes: int) -> Cells:
    with serve_matrix.opened(attempt, step) as (archive, manifest):
        if split not in manifest.splits or manifest.classes != classes:
            raise NotInLogError("The step has no such split.")
        truth, predicted, counts = confusion_file.read_cells(archive, manifest, split)
        return truth, predicted, counts.astype(np.float64)


def _read_sums(attempt: Attempt, step: Step, split: str, classes: int) -> npt.NDArray[np.float64] | None:
    key = (attempt.folder.url, attempt.file(attempt.step(step).name), attempt.step(step).version, split)
    try:
        return _sums.get(key, functools.partial(_sums_of_step, attempt, step, split, classes))
    except (AttentionError, OSError):
        return None


def _sums_of_step(attempt: Attempt, step: Step, split: str, classes: int) -> npt.NDArray[np.float64]:
    with serve_matrix.opened(attempt, step) as (archive, manifest):
        if split not in manifest.splits or manifest.classes != classes:
            raise NotInLogError("The step has no such split.")
        if manifest.kind == "labels":
            return label_sums(confusion_file.read_labels(archive, manifest, split))
        return class_sums(confusion_file.read_cells(archive, manifest, split), classes)
