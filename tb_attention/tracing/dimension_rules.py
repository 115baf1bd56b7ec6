"""Rules for single dimensions: which of two to believe, which are weights, which make up a grid, what one becomes."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.tracing.graph import Shape
from tb_attention.tracing.symbolic_dimensions import (
    ONE,
    Derivation,
    Dim,
    Dims,
    Factor,
    Origin,
    Size,
    count_of,
    mixes_features,
    size_of,
)

# Which dimension to believe where operands meet: the one whose origin comes first here.
PREFERENCE: tuple[Origin, ...] = ("batch", "position", "feature", "window", "stack", "repeat", "unknown", "weight")


def grid_of(dim: Dim) -> tuple[int, ...] | None:
    """The sizes of a grid that was flattened to one dimension; None for other dimensions."""
    sizes = [count_of((factor,)) for factor in dim]
    if len(dim) not in (2, 3) or any(factor.origin != "position" for factor in dim) or None in sizes:
        return None
    return tuple(size or 0 for size in sizes)


def origin_of(dim: Dim) -> Origin:
    """The origin of a dimension of several factors: the one that says most."""
    return min((factor.origin for factor in dim), key=PREFERENCE.index)


def dim_of(factor: Factor) -> Dim:
    return () if factor.size == ONE else (factor,)


def known(size: int | None) -> Size | None:
    return None if size is None else (0, size)


def agrees(size: Size | None, static: int | None) -> bool:
    if static is None:
        # A dimension of size 1 would be known to be so.
        return size != ONE
    return size == (0, static) or (size is None and static != 1)


def is_weight(dim: Dim) -> bool:
    return all(factor.origin == "weight" for factor in dim)


def rank_of(dim: Dim) -> int:
    """How much a dimension says; larger is more."""
    return -min((PREFERENCE.index(factor.origin) for factor in dim), default=len(PREFERENCE))


def preferred(one: Dim, other: Dim) -> Dim:
    """The dimension that says more; of two that say as much, one without copies, then one not cut across; else the first.

    Queries that were repeated for each window meet the windows themselves. Tokens may be added to what was cut across them.
    """
    return max(one, other, key=lambda dim: (rank_of(dim), not _has_copies(dim), not mixes_features(dim)))


def _has_copies(dim: Dim) -> bool:
    return any(factor.origin in ("repeat", "unknown") for factor in dim)


def placed(dims: Sequence[Dim], shape: Shape) -> Dims | None:
    remaining = list(dims)
    result: list[Dim] = []
    for size in shape:
        if size == 1:
            result.append(())
        elif remaining:
            result.append(remaining.pop(0))
        else:
            return None
    return tuple(result)


def without(dims: Dims, axis: int) -> Dims:
    return dims[:axis] + dims[axis + 1 :]


def derived(dim: Dim, size: Size | None, derivation: Derivation | None = None) -> Dim:
    """What a dimension becomes when it is pooled, padded or cut to another size; `derivation` is that of its one factor."""
    if size == ONE:
        return ()
    if size == size_of(dim) or not dim:
        return dim
    return (Factor(size, origin_of(dim), parent=dim[0], derivation=derivation if len(dim) == 1 else None),)


def resized(dims: Dims, shape: Shape) -> Dims | None:
    """The dimensions at these sizes; those of unknown size stay what they are."""
    if len(dims) != len(shape):
        return None
    return tuple(dim if size is None else derived(dim, known(size)) for dim, size in zip(dims, shape, strict=True))
