"""Rows of maps that no pass computed, such as the last row of a generated sequence: NaN in every head."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def uncomputed_rows(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows are NaN in all heads, while others are not. A model that has diverged makes all of them NaN: then none is.

    Args:
        maps: `(heads, repeats, queries, keys)`; repeats are iterations or windows.

    Returns:
        `(repeats, queries)`.
    """
    # The first key of the first head tells of nearly all maps that there is none.
    found = np.isnan(maps[0, :, :, 0]) if 0 not in maps.shape else np.zeros(maps.shape[1:3], bool)
    if found.any():
        found[found] = np.isnan(maps[:, found]).all(axis=(0, 2))
    return found & ~found.all()
