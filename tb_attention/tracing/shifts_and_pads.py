"""Positions that were rolled, cut, padded, reversed or joined, with their indices among the positions before."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.tracing.dimension_rules import origin_of
from tb_attention.tracing.symbolic_dimensions import Covering, Dim, Dims, Factor, Joined, Size, Taken, count_of


def rolled(dims: Dims, shifts: npt.NDArray[Any] | None, axes: npt.NDArray[Any] | None) -> Dims:
    """Dimensions after a roll; a roll and its inverse give the same dimensions.

    Args:
        dims: Before the roll.
        shifts: By how many positions, one number an axis; None where that is known only at run time.
        axes: Which dimensions; None likewise.
    """
    if axes is None:
        # Any of them may have been rolled.
        shifts, axes = None, np.arange(len(dims))
    result = list(dims)
    for entry, axis in enumerate(axes.reshape(-1).tolist()):
        count = _count(result[axis])
        if count is not None:
            moved = np.full(count, -1) if shifts is None else np.roll(np.arange(count), int(shifts.reshape(-1)[entry]))
            result[axis] = taken(result[axis], moved)
    return tuple(result)


def reversed_along(dims: Dims, axes: Sequence[int] | None) -> Dims:
    """Dimensions after a reversal; reversing twice gives the same dimensions. `axes` is None where they are not known."""
    result = list(dims)
    for axis in range(len(dims)) if axes is None else axes:
        count = _count(result[axis])
        if count is not None:
            result[axis] = taken(result[axis], np.full(count, -1) if axes is None else np.arange(count)[::-1])
    return tuple(result)


def padded(dims: Dims, amounts: npt.NDArray[Any] | None) -> Dims:
    """Dimensions with new positions around them: `amounts` is (dimensions, 2), before and after; None where it is not known."""
    if amounts is None or len(amounts) != len(dims):
        return dims
    result = list(dims)
    for axis, (before, after) in enumerate(amounts.tolist()):
        count = _count(dims[axis])
        if count is not None and min(before, after) >= 0 and before + after > 0:
            made = taken(dims[axis], np.pad(np.arange(count), (before, after), constant_values=-1))
            if len(dims[axis]) == 1:
                # The padding lies around the picture too.
                made = (dataclasses.replace(made[0], derivation=Covering(dims[axis][0], -before)),)
            result[axis] = made
    return tuple(result)


def cut(dim: Dim, kept: range) -> Dim | None:
    """A dimension with only these positions; None where it is not made of positions, or none is left."""
    return None if _count(dim) is None or not kept else taken(dim, np.asarray(kept))


def picked_by(dim: Dim, index: npt.NDArray[Any] | None, size: Size | None) -> Dim:
    """Positions of a dimension that were picked by index; `index` is None where it is known only at run time."""
    count = _count(dim)
    if index is not None and index.ndim == 1 and len(index) > 1 and count is not None:
        return taken(dim, np.where(index < 0, index + count, index).astype(np.intp))
    return () if size == (0, 1) or not dim else (Factor(size, origin_of(dim), parent=dim[0]),)


def taken(dim: Dim, index: npt.NDArray[np.intp]) -> Dim:
    """Positions of a dimension by index, -1 for none; the very same dimension where these are all of it, in order."""
    if _is_all(dim, index):
        return dim
    first, picks = dim, index
    while len(first) == 1 and isinstance(first[0].derivation, Taken):
        picks = _composed(first[0].derivation.index, picks)
        first = first[0].derivation.dim
        if _is_all(first, picks):
            return first
    part = _only_part(first, picks)
    if part is not None:
        return taken(*part)
    in_parent, parent = _in_parent(dim, index)
    if in_parent is not None and _is_all((parent,), np.asarray(in_parent)):
        return (parent,)
    derivation = Taken(first, tuple(picks.tolist()))
    return (Factor((0, len(index)), origin_of(dim), parent=parent, in_parent=in_parent, derivation=derivation),)


def _only_part(dim: Dim, index: npt.NDArray[np.intp]) -> tuple[Dim, npt.NDArray[np.intp]] | None:
    """Where all positions lie in one part of a joined dimension: this part, and which of its positions they are."""
    derivation = dim[0].derivation
    if len(dim) > 1 or not isinstance(derivation, Joined) or len(index) < 2 or index.min() < 0:
        return None
    ends = np.cumsum(derivation.sizes)
    parts = np.searchsorted(ends, index, side="right")
    part = int(parts[0])
    if (parts != part).any():
        return None
    return derivation.parts[part], index - int(ends[part] - derivation.sizes[part])


def joined(parts: Sequence[Dim], sizes: Sequence[Size | None], size: Size | None, main: int) -> Dim:
    """Positions of several dimensions, one behind the other; parts of one dimension put together are that dimension again.

    Args:
        parts, sizes: The dimensions and their sizes.
        size: Of the result, None if it is not known.
        main: The index of the part that says most.
    """
    derivations = [part[0].derivation for part in parts if len(part) == 1]
    cuts = [derivation for derivation in derivations if isinstance(derivation, Taken)]
    if len(cuts) == len(parts) and all(cut.dim == cuts[0].dim for cut in cuts):
        return taken(cuts[0].dim, np.concatenate([np.asarray(cut.index) for cut in cuts]))
    if not parts[main]:
        return (Factor(size, "stack"),)
    origin = parts[main][0].origin
    counts = [each[1] for each in sizes if each is not None and each[0] == 0]
    derivation = Joined(tuple(parts), tuple(counts)) if len(counts) == len(parts) else None
    if origin != "position":
        learned = all(factor.origin == "weight" for part in parts for factor in part)
        # Columns of an input, behind a class token, say which columns they are.
        is_of_input = origin == "feature" and parts[main][0].root.input is not None
        return (Factor(size, "weight" if learned else origin, derivation=derivation if is_of_input else None),)
    return (Factor(size, origin, parts[main][0], derivation=derivation, in_parent=_joined_in_parent(parts, main)),)


def _joined_in_parent(parts: Sequence[Dim], main: int) -> tuple[int, ...] | None:
    """Of positions that were joined with others, which of the main part they are; all -1 if the others may be positions too."""
    counts = [1 if not part else _size(part) for part in parts]
    if len(parts[main]) != 1 or any(count is None for count in counts):
        return None
    # A part of size 1 has no factor that says what it is.
    known = all(index == main or (part and part[0].origin != "position") for index, part in enumerate(parts))
    return tuple(
        cell if index == main and known else -1 for index, count in enumerate(counts) for cell in range(count or 0)
    )


def _in_parent(dim: Dim, index: npt.NDArray[np.intp]) -> tuple[tuple[int, ...] | None, Factor]:
    """Which positions of a factor they are, as windows need it; not where they lie apart, as after pooling."""
    factor = dim[0]
    inside = index[index >= 0]
    if len(dim) > 1 or (len(inside) < (_size(dim) or 0) and (np.diff(inside) != 1).any()):
        return None, factor
    if factor.in_parent is not None and factor.parent is not None:
        index, factor = _composed(factor.in_parent, index), factor.parent
    return tuple(index.tolist()), factor


def _composed(outer: Sequence[int], index: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return np.where(index < 0, -1, np.asarray(outer)[np.maximum(index, 0)])


def _is_all(dim: Dim, index: npt.NDArray[np.intp]) -> bool:
    return count_of(dim) == len(index) and np.array_equal(index, np.arange(len(index)))


def _count(dim: Dim) -> int | None:
    """How many positions a dimension has, where it is made of nothing else than positions and axes of inputs."""
    is_line = dim and all(factor.origin == "position" or factor.root.input is not None for factor in dim)
    return count_of(dim) if is_line else None


def _size(dim: Dim) -> int | None:
    return count_of(dim) if len(dim) == 1 else None


def united(parts: Sequence[Dims], axis: int) -> list[Dims]:
    """The dimensions of tensors that are joined along `axis`, such as the even and the odd rows, made equal along the others.

    Where patches are merged (Swin), one position stands for several side by side and covers all of them.
    """
    result = list(parts)
    for at in range(len(parts[0])):
        if at == axis or any(len(part) <= at for part in parts):
            continue
        made = _covering_all([part[at] for part in parts])
        if made is not None:
            result = [(*part[:at], made, *part[at + 1 :]) for part in result]
    return result


def _covering_all(dims: Sequence[Dim]) -> Dim | None:
    if any(len(dim) != 1 for dim in dims) or len({dim[0] for dim in dims}) < 2:
        return None
    derivations = [dim[0].derivation for dim in dims]
    cuts = [derivation for derivation in derivations if isinstance(derivation, Taken)]
    if len(cuts) < len(derivations) or any(cut.dim != cuts[0].dim for cut in cuts) or len(cuts[0].dim) > 1:
        return None
    first = np.array([cut.index[0] for cut in cuts])
    steps = {step for cut in cuts for step in np.diff(cut.index).tolist()}
    if len({len(cut.index) for cut in cuts}) > 1 or len(steps) != 1 or min(steps) <= 1 or first.min() < 0:
        return None
    (step,), (whole,) = steps, cuts[0].dim
    size = int(first.max() - first.min()) + 1
    derivation = Covering(whole, int(first.min()), step, size, slides=True)
    return (Factor(dims[0][0].size, dims[0][0].origin, parent=whole, derivation=derivation),)
