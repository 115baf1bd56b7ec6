"""Sounds of samples: checked, and made small enough to be kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import to_numpy

Sound = npt.NDArray[np.float32]
"""The pressure at each moment, (moments,); usually from -1 to 1."""

MOST_MOMENTS = 1 << 20
"""Of a sound that is kept, at one byte each: a minute at 16 kHz."""

_MOST_RATE = 24_000


def checked_audio(audio: Any, array: npt.NDArray[Any]) -> list[Sound]:
    """One sound for each sample, of one channel.

    Args:
        audio: (samples, moments) or a list of (moments,) or (moments, channels); floats, or integers of full range.
        array: The input that it belongs to.
    """
    return [_one(to_numpy(sound)) for sound in audio]


def _one(sound: npt.NDArray[Any]) -> Sound:
    if sound.dtype.kind not in "iuf" or sound.ndim not in (1, 2) or 0 in sound.shape:
        raise ArgumentError(
            "`audio` must be sounds of shape (moments,) or (moments, channels). "
            f"Received: {sound.dtype} of shape {sound.shape}."
        )
    floats = sound.astype(np.float32)
    if sound.dtype.kind in "iu":
        half = 2.0 ** (8 * sound.dtype.itemsize - 1)
        floats = floats / half - (1 if sound.dtype.kind == "u" else 0)
    return np.nan_to_num(floats if sound.ndim == 1 else floats.mean(axis=1), posinf=0, neginf=0)


def checked_rate(rate: Any) -> float:
    """Moments of a sound in a second."""
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.number) or not 1 <= rate < math.inf:
        raise ArgumentError(f"`rate` must be a number of Hz, at least 1. Received: rate={rate!r}.")
    return float(rate)


def kept_sound(sound: Sound, rate: float) -> tuple[Sound, float]:
    """The sound with fewer moments where it has very many, each the mean of some; and its rate."""
    factor = max(math.ceil(rate / _MOST_RATE), math.ceil(len(sound) / MOST_MOMENTS))
    if factor < 2:
        return sound, rate
    starts = np.arange(0, len(sound), factor)
    means = np.add.reduceat(sound, starts) / np.diff([*starts.tolist(), len(sound)])
    return means.astype(np.float32), rate / factor
