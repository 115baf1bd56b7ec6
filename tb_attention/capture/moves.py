"""Positions that were rolled, cut, padded or joined, and which of the positions before they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.capture.atoms import Atom, Dim, Dims


def rolled(dims: Dims, shifts: npt.NDArray[Any] | None, axes: npt.NDArray[Any] | None) -> Dims:
    """Dimensions after a roll; rolled back they are the very same again.

    Args:
        dims: Before the roll.
        shifts: By how many positions, one number an axis; None where that is known only at run time.
        axes: Which dimensions; None likewise.
    """
    if axes is None:
        # Any of them may have been rolled.
        shifts, axes = None, np.arange(len(dims))
    result = list(dims)
    for place, axis in enumerate(axes.reshape(-1).tolist()):
        count = _count(result[axis])
        if count is not None:
            moved = np.full(count, -1) if shifts is None else np.roll(np.arange(count), int(shifts.reshape(-1)[place]))
            result[axis] = _moved(result[axis][0], moved)
    return tuple(result)


def padded(dims: Dims, amounts: npt.NDArray[Any] | None) -> Dims:
    """Dimensions with new positions around them: `amounts` is (dimensions, 2), before and after; None where it is not known."""
    if amounts is None or len(amounts) != len(dims):
        return dims
    result = list(dims)
    for place, (before, after) in enumerate(amounts.tolist()):
        count = _count(dims[place])
        if count is not None and min(before, after) >= 0 and before + after > 0:
            result[place] = _moved(dims[place][0], np.pad(np.arange(count), (before, after), constant_values=-1))
    return tuple(result)


def cut(dim: Dim, kept: range) -> Dim | None:
    """A dimension with only these positions; None where it is not made of positions, or they lie apart, as after pooling."""
    return None if _count(dim) is None or not kept or kept.step != 1 else _moved(dim[0], np.asarray(kept))


def rejoined(parts: Sequence[Dim]) -> Dim | None:
    """Parts of one dimension put together again, in whatever order; None where they are of several or it is not told."""
    atoms = [part[0] for part in parts if len(part) == 1]
    if len(atoms) < max(2, len(parts)) or len({atom.parent for atom in atoms}) > 1:
        return None
    parent, places = atoms[0].parent, [atom.places for atom in atoms]
    if parent is None or any(place is None for place in places):
        return None
    return _moved(parent, np.concatenate([np.asarray(place) for place in places]))


def joined_places(parts: Sequence[Dim], main: int) -> tuple[int, ...] | None:
    """Of positions that were joined with others, which of the main part they are; all -1 if the others may be positions too."""
    counts = [1 if not part else _size(part) for part in parts]
    if len(parts[main]) != 1 or any(count is None for count in counts):
        return None
    # A part of one has no atom that would tell what it is.
    told = all(place == main or (part and part[0].origin != "position") for place, part in enumerate(parts))
    return tuple(
        cell if place == main and told else -1 for place, count in enumerate(counts) for cell in range(count or 0)
    )


def _moved(atom: Atom, places: npt.NDArray[np.intp]) -> Dim:
    if atom.places is not None and atom.parent is not None:
        places, atom = np.where(places < 0, -1, np.asarray(atom.places)[places]), atom.parent
    if atom.size == (0, len(places)) and np.array_equal(places, np.arange(len(places))):
        return (atom,)
    return (Atom((0, len(places)), atom.origin, parent=atom, places=tuple(places.tolist())),)


def _count(dim: Dim) -> int | None:
    """How many positions a dimension has, where it is made of nothing else."""
    return _size(dim) if dim and dim[0].origin == "position" else None


def _size(dim: Dim) -> int | None:
    return dim[0].size[1] if len(dim) == 1 and dim[0].size is not None and dim[0].size[0] == 0 else None
