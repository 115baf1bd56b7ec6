"""Bytes in words, and what a step will take before it is written."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tb_attention.reduce.encodings import FLOAT32_BELOW
from tb_attention.reduce.head_measures import MEASURES
from tb_attention.reduce.pooling import MOST
from tb_attention.site import Site

# What deflate leaves of the maps of trained models, measured from 16 to 512 keys.
_BYTES_A_CODE = 0.5
_BYTES_A_FLOAT = 3.6
_BYTES_A_MANIFEST = 2000
_BYTES_A_SITE = 100


def spell_bytes(count: float) -> str:
    """Bytes for people, in units of 1,000: "3.1 MB"."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 99.95 else f"{count:.2g} {unit}"


def step_bytes(sites: Iterable[Site]) -> float:
    """About how many bytes the step file of some sites takes, once the model has learnt something."""
    total = float(_BYTES_A_MANIFEST)
    for site in sites:
        samples, heads = site.weights.shape[:2]
        one = site.weights.size / max(1, samples)
        exact = 4 * one < FLOAT32_BELOW
        cells = min(
            one, heads * math.prod(min(MOST, axis.size) for axis in site.axes[2:] if axis.role in ("query", "key"))
        )
        total += samples * (
            one * (_BYTES_A_FLOAT if exact else _BYTES_A_CODE) + cells * _BYTES_A_CODE + heads * len(MEASURES) * 4
        )
        if site.features is not None:
            one = site.features.size / max(1, samples)
            total += samples * one * (_BYTES_A_FLOAT if 4 * one < FLOAT32_BELOW else _BYTES_A_CODE)
        total += _BYTES_A_SITE
    return total
