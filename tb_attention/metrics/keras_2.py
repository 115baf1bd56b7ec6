"""Refuses models of Keras 2, which would take a metric of Keras 3 for any function and average what it returns."""

from __future__ import annotations

import sys
from types import FrameType

from tb_attention.errors import ArgumentError

_KERAS_2 = ("tf_keras.", "tensorflow.python.keras.")


def refuse_keras_2() -> None:
    """Raises ArgumentError where code of Keras 2 is among the callers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_KERAS_2):
            raise ArgumentError(
                "tb_attention.ConfusionMatrix must be compiled into a Keras 3 model (`keras.Model`). Received: a model of "
                f"Keras 2 ({module.partition('.src')[0]}). Build the model with `keras` 3 (without TF_USE_LEGACY_KERAS=1)."
            )
        frame = frame.f_back
