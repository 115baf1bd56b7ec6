"""Bytes in words, and what a step takes on disk."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tb_attention.reduce.encodings import FLOAT32_BELOW
from tb_attention.reduce.pooling import MOST
from tb_attention.site import Site

# What deflate leaves of the 8-bit maps of trained models, measured from 16 to 512 keys.
_BYTES_A_CODE = 0.5


class StepBytes(NamedTuple):
    """What a step has added to a log.

    Attributes:
        file: Bytes of its step file.
        beside: Bytes of its records in the event file and of its entry in the index.
        samples: Bytes of the samples that were written for it; later steps refer to the same file.
    """

    file: int
    beside: int
    samples: int


def spell_bytes(count: float) -> str:
    """Bytes for people, in units of 1,000: "3.1 MB"."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 99.95 else f"{count:.2g} {unit}"


def trained_bytes(sites: Iterable[Site]) -> float:
    """About how many bytes the maps of those sites take once trained that are still almost uniform; 0 for none of them.

    Before training a map may attend uniformly, and then a fraction is left of its 8-bit codes of what is left later. Maps that
    are stored as floats take the same all the time.
    """
    return sum(_trained_bytes(site) for site in sites if _is_almost_uniform(site))


def _trained_bytes(site: Site) -> float:
    shown = math.prod(min(MOST, axis.size) for axis in site.axes[2:] if axis.role in ("query", "key"))
    one = site.weights[0]
    codes = one.size + min(one.size, len(one) * shown)
    kept = float(np.count_nonzero(one)) / one.size  # what a mask has made 0 stays so
    return float(len(site.weights) * codes * kept * _BYTES_A_CODE)


def _is_almost_uniform(site: Site) -> bool:
    """Whether in most rows of the first sample no weight is twice the mean of those that are not 0."""
    if not site.weights.size or 4 * site.weights[0].size < FLOAT32_BELOW:
        return False
    rows = site.weights[0].reshape(-1, site.weights.shape[-1])
    mean = rows.sum(axis=1) / np.maximum(1, np.count_nonzero(rows, axis=1))
    return bool(np.median(rows.max(axis=1) - 2 * mean) < 0)
