"""Where the windows of windowed attention lie in the feature map that they were cut from. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_attention.site import WindowPlaces
from tb_attention.tracing.atoms import Atom

Index = npt.NDArray[np.intp]


def window_places(windows: Sequence[Atom], positions: Sequence[Atom]) -> WindowPlaces | None:
    """Which cell of the feature map each position of each window is.

    Args:
        windows: What the windows axis is made of, outermost first.
        positions: What the query axes are made of, outermost first.

    Returns:
        The places, or None where the data flow does not tell them.
    """
    leaves = [*windows, *positions]
    shape = [atom.size[1] for atom in leaves if atom.size is not None and atom.size[0] == 0]
    if len(shape) < len(leaves) or not any(atom.whole for atom in windows):
        return None
    index: dict[Atom, Index] = dict(zip(leaves, np.indices(shape), strict=True))
    grids: dict[Atom, tuple[int, ...]] = {}
    while _went_back(index, grids) or _put_together(index, grids):
        pass
    bases = sorted(index, key=lambda atom: atom.root.input or (-1, -1))
    if any(atom.whole is not None or atom.origin != "position" or atom.is_nowhere for atom in bases):
        return None
    axes = [atom.root.input for atom in bases]
    if len(bases) > 1 and (None in axes or len(set(axes)) < len(axes) or len({axis[0] for axis in axes if axis}) > 1):
        return None
    sizes = tuple(atom.size[1] for atom in bases if atom.size is not None)
    outside = np.any([index[atom] < 0 for atom in bases], axis=0)
    cells = np.where(outside, -1, np.ravel_multi_index([np.maximum(index[atom], 0) for atom in bases], sizes))
    if outside.all():
        return None
    grid = grids.get(bases[0], sizes) if len(bases) == 1 else sizes
    rows = cells.reshape(math.prod(shape[: len(windows)]), -1).tolist()
    return WindowPlaces(grid, tuple(map(tuple, rows)))


def _went_back(index: dict[Atom, Index], grids: dict[Atom, tuple[int, ...]]) -> bool:
    """Puts for one atom what it was rolled, padded or copied from, if there is such an atom."""
    for atom, places in index.items():
        parent = atom.parent
        if parent is None or parent in index or not (atom.places is not None or atom.is_twin_of(parent)):
            continue
        del index[atom]
        index[parent] = places if atom.places is None else np.where(places < 0, -1, np.asarray(atom.places)[places])
        if atom in grids and parent.size is not None:
            grid = grids[atom]
            grids[parent] = grid if math.prod(grid) == parent.size[1] else (parent.size[1],)
        return True
    return False


def _put_together(index: dict[Atom, Index], grids: dict[Atom, tuple[int, ...]]) -> bool:
    """Puts for two atoms what they are the parts of, if there are two such."""
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
