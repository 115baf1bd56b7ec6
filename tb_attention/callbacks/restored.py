"""Which epoch's weights `EarlyStopping` leaves a model with."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

import keras


def early_stoppings(callback: Any) -> list[Any]:
    """The `EarlyStopping` callbacks that train together with a callback; called within one of its hooks.

    Keras tells callbacks nothing of each other: the list is that of the caller. One that comes later restores weights only
    after our last hook, so that looking at the weights would not do.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, keras.callbacks.CallbackList) and any(each is callback for each in owner.callbacks):
            return [each for each in owner.callbacks if isinstance(each, keras.callbacks.EarlyStopping)]
        frame = frame.f_back
    return []


def restored_epoch(stoppings: Iterable[Any]) -> int | None:
    """The epoch, as Keras counts, whose weights are restored at the end of this `fit`; None if none are."""
    for stopping in stoppings:
        if not stopping.restore_best_weights or stopping.best_weights is None:
            continue
        # Older versions of Keras restore when training is stopped, newer ones at the end of any training.
        at_any_end = "set_weights" in type(stopping).on_train_end.__code__.co_names
        if at_any_end or stopping.stopped_epoch > 0:
            return int(stopping.best_epoch)
    return None
