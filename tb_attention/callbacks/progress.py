"""How far each model has been trained, so that a second `fit` of the same model goes on counting."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any


@dataclass
class SeriesProgress:
    """Where one series of one model stands, over all its `fit` calls in this process.

    Attributes:
        attempt: The attempt that the series is logged into; None until there is one.
        best: Score (the larger the better) of the best step so far, and what the status says of it.
        ends: By epoch that was logged, the step that was logged at its end, or None where none fell on it.
        dropped: Steps that could not be written, as in the status.
        thinned: As in the status, of what was written before this `fit`.
        told_cost: Whether it was said what the log takes.
        writes: The callback that writes the series now, if one does.
    """

    attempt: int | None = None
    best: tuple[float, dict[str, Any]] | None = None
    ends: dict[int, int | None] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    thinned: dict[str, Any] | None = None
    told_cost: bool = False
    writes: weakref.ref[Any] | None = None


@dataclass
class Progress:
    """How far a model has been trained, as far as it was logged into one directory.

    Attributes:
        batches: Batches that the model has seen.
        epoch: The last epoch that was logged, by any series, as it was counted in the log; None before the first.
        fit: The history that Keras made for the newest `fit`.
        series: By tag.
    """

    batches: int = 0
    epoch: int | None = None
    fit: weakref.ref[Any] | None = None
    series: dict[str, SeriesProgress] = field(default_factory=dict)


_by_model: weakref.WeakKeyDictionary[Any, dict[str, Progress]] = weakref.WeakKeyDictionary()


def progress_of(model: Any, log_dir: str) -> Progress:
    """The progress of this model object in a directory; it is kept as long as the model lives."""
    return _by_model.setdefault(model, {}).setdefault(log_dir, Progress())
