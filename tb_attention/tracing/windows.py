"""Where the windows of windowed attention lie in the feature map that they were cut from. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_attention.site import WindowPlaces
from tb_attention.tracing.symbolic_dimensions import Factor

Index = npt.NDArray[np.intp]


def window_places(windows: Sequence[Factor], positions: Sequence[Factor]) -> WindowPlaces | None:
    """Which cell of the feature map each position of each window is.

    Args:
        windows: What the windows axis is made of, outermost first.
        positions: What the query axes are made of, outermost first.

    Returns:
        The places, or None where the data flow does not tell them.
    """
    leaves = [*windows, *positions]
    shape = [factor.size[1] for factor in leaves if factor.size is not None and factor.size[0] == 0]
    if len(shape) < len(leaves) or not any(factor.whole for factor in windows):
        return None
    index: dict[Factor, Index] = dict(zip(leaves, np.indices(shape), strict=True))
    grids: dict[Factor, tuple[int, ...]] = {}
    while _went_back(index, grids) or _put_together(index, grids):
        pass
    bases = sorted(index, key=lambda factor: factor.root.input or (-1, -1))
    if any(factor.whole is not None or factor.origin != "position" or factor.is_nowhere for factor in bases):
        return None
    axes = [factor.root.input for factor in bases]
    if len(bases) > 1 and (None in axes or len(set(axes)) < len(axes) or len({axis[0] for axis in axes if axis}) > 1):
        return None
    sizes = tuple(factor.size[1] for factor in bases if factor.size is not None)
    outside = np.any([index[factor] < 0 for factor in bases], axis=0)
    cells = np.where(outside, -1, np.ravel_multi_index([np.maximum(index[factor], 0) for factor in bases], sizes))
    if outside.all():
        return None
    grid = grids.get(bases[0], sizes) if len(bases) == 1 else sizes
    rows = cells.reshape(math.prod(shape[: len(windows)]), -1).tolist()
    return WindowPlaces(grid, tuple(map(tuple, rows)))


def _went_back(index: dict[Factor, Index], grids: dict[Factor, tuple[int, ...]]) -> bool:
    """Puts for one factor what it was rolled, padded or copied from, if there is such an factor."""
    for factor, places in index.items():
        parent = factor.parent
        if parent is None or parent in index or not (factor.places is not None or factor.is_twin_of(parent)):
            continue
        del index[factor]
        index[parent] = places if factor.places is None else np.where(places < 0, -1, np.asarray(factor.places)[places])
        if factor in grids and parent.size is not None:
            grid = grids[factor]
            grids[parent] = grid if math.prod(grid) == parent.size[1] else (parent.size[1],)
        return True
    return False


def _put_together(index: dict[Factor, Index], grids: dict[Factor, tuple[int, ...]]) -> bool:
    """Puts for two factors what they are the parts of, if there are two such."""
    for outer in index:
        whole = outer.whole
        for one, inner in () if whole is None else whole.splits():
            if one is not outer or inner not in index or outer.size is None or inner.size is None or whole is None:
                continue
            sizes = (outer.size[1], inner.size[1])
            rows, columns = index.pop(outer), index.pop(inner)
            index[whole] = np.where((rows < 0) | (columns < 0), -1, rows * sizes[1] + columns)
            # Rows and columns that were cut further are those of a grid; a sequence that was cut once has none.
            grids[whole] = sizes if outer in grids or inner in grids else (math.prod(sizes),)
            return True
    return False
