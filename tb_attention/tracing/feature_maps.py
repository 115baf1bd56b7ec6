"""Puts the feature map of a gate into the order that every room expects, and makes it small. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.reduce.pooling import MOST, pool_mean

MOST_CELLS = 1 << 16
"""Cells of all channels of a sample, at most, unless there are more channels: a network may have a gate in each of its blocks."""


def arrange_features(
    chunks: Sequence[tuple[npt.NDArray[Any], int]], channels: int, weights: Sequence[int]
) -> npt.NDArray[np.float32] | None:
    """The feature map, float32 `(samples, rows, columns, channels)`, averaged to at most 32 x 32 cells.

    Args:
        chunks: For each chunk of samples the array, of four dimensions with the samples first, and how many samples are real.
        channels: Which dimension the channels are.
        weights: Shape of the gate's weights, `(samples, heads, channels)`.

    Returns:
        None where the map does not belong to the weights channel by channel.
    """
    parts = []
    for array, samples in chunks:
        if array.ndim != 4 or len(array) < samples:
            return None
        moved = np.moveaxis(array[:samples], channels, -1)
        most = MOST
        while most > 1 and moved.shape[-1] * min(most, moved.shape[1]) * min(most, moved.shape[2]) > MOST_CELLS:
            most -= 1
        parts.append(np.moveaxis(pool_mean(np.moveaxis(moved, -1, 1), most=most), 1, -1))
    features = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if len(weights) != 3 or weights[1] != 1 or (weights[0], weights[2]) != (features.shape[0], features.shape[3]):
        return None
    return np.ascontiguousarray(features)
