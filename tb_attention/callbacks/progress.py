"""How far each model has been trained, so that a second `fit` of the same model goes on counting."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """Where one series of one model stands, over all its `fit` calls in this process.

    Attributes:
        attempt: The attempt that the series is logged into.
        batches: Batches that the model has seen.
        epoch: The last epoch that was logged or trained, as it was counted in the log; None before the first.
        steps: Steps that were logged, in order.
    """

    attempt: int
    batches: int = 0
    epoch: int | None = None
    steps: list[int | str] = field(default_factory=list)


_by_model: weakref.WeakKeyDictionary[Any, dict[tuple[str, str], Progress]] = weakref.WeakKeyDictionary()


def progress_of(model: Any, log_dir: str, tag: str) -> Progress | None:
    """The progress of a series of this model object, or None where it was not logged yet."""
    return _by_model.get(model, {}).get((log_dir, tag))


def remember_progress(model: Any, log_dir: str, tag: str, progress: Progress) -> None:
    """Keeps the progress as long as the model lives."""
    _by_model.setdefault(model, {})[log_dir, tag] = progress
