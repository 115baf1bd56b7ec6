"""Symbolic dimensions: what each dimension of a tensor is made of, such as samples, positions, features, and parts of these.

A dimension is a product of factors, outermost first: after `(B, T, H * D)` is reshaped to `(B * H, T, D)`, the first dimension
is (batch, heads). So at the end it is known which part of an array's dimension are samples, heads, queries or keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

Size = tuple[int, int]
"""(p, n) stands for n times the p-th power of the number of samples."""

Origin = Literal["batch", "position", "feature", "weight", "stack", "repeat", "window", "unknown"]
"""Where a factor comes from.

`batch`: the samples. `position`: an axis of an input, or what became of it. `feature`: channels, made by a projection.
`weight`: an axis of a variable. `stack`: tensors put side by side. `repeat`: copies. `window`: the cells of a
neighbourhood.
"""

ONE: Size = (0, 1)


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """Positions picked from a dimension: cut, rolled, reversed, permuted.

    Attributes:
        dim: What they were picked from.
        index: For each position its index there, -1 for none.
    """

    dim: Dim
    index: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Covering:
    """Positions that each cover a part of a factor: position p from `offset + p * stride`, `size` wide, in its positions.

    Attributes:
        factor: What they cover. Parts may hang over its ends, where it was padded.
        offset, stride, size: In positions of `factor`.
        slides: Whether a kernel slid over it, or patches were cut from it.
    """

    factor: Factor
    offset: float = 0
    stride: float = 1
    size: float = 1
    slides: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Joined:
    """Positions of several dimensions, one behind the other; `sizes` has the number of each."""

    parts: tuple[Dim, ...]
    sizes: tuple[int, ...]


Derivation = Taken | Covering | Joined
"""How the positions of a factor lie in those that it was made from."""


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Factor:
    """A part of a dimension.

    Attributes:
        size: Its size, None if unknown.
        origin: Where it comes from.
        parent: What it was cut, pooled, padded or concatenated from.
        whole: What it is a factor of, where a reshape has split it: (B, 8, C) to (B, 2, 4, C).
        input: For positions of an input, (the index of the input, its axis).
        mixed: Whether a reshape made it that cut across positions and features, so that neither are left.
        derivation: How its positions lie in those that it was made from; None where that is not known, or follows from `whole`.
        in_parent: For each position its index in the parent, -1 for none (padding), where it was rolled, cut, padded or joined.
    """

    size: Size | None
    origin: Origin
    parent: Factor | None = None
    whole: Factor | None = None
    input: tuple[int, int] | None = None
    mixed: bool = False
    derivation: Derivation | None = None
    in_parent: tuple[int, ...] | None = None
    # What was made of it before, so that the same split or twin is the same factor again.
    _splits: dict[Size, tuple[Factor, Factor]] = field(default_factory=dict, init=False)
    _twins: list[Factor] = field(default_factory=list, init=False)

    @property
    def root(self) -> Factor:
        """The factor that it was made from first."""
        *_, root = self.line()
        return root

    @property
    def is_nowhere(self) -> bool:
        """Whether it was made from others in a way in which it is not known where its positions lie in these."""
        return self.parent is not None and self.derivation is None and self.in_parent is None

    def line(self) -> Iterator[Factor]:
        """Itself and all that it was made from, one from the other."""
        factor: Factor | None = self
        while factor is not None:
            yield factor
            factor = factor.parent or factor.whole

    def split(self, outer: Size) -> tuple[Factor, Factor] | None:
        """The factor as (outer, inner); the same parts for the same sizes. None if the sizes do not divide."""
        inner = divide(self.size, outer)
        if inner is None:
            return None
        if outer not in self._splits:
            self._splits[outer] = (
                Factor(outer, self.origin, whole=self, mixed=self.mixed),
                Factor(inner, self.origin, whole=self, mixed=self.mixed),
            )
        return self._splits[outer]

    def splits(self) -> tuple[tuple[Factor, Factor], ...]:
        """The pairs (outer, inner) that it was split into."""
        return tuple(self._splits.values())

    def is_outside_of(self, other: Factor) -> bool:
        """Whether something was split into an outer part that this comes from, and an inner one that the other comes from."""
        mine, theirs = list(self.line()), list(other.line())
        common = next((factor for factor in mine if factor in theirs), None)
        if common is None or common in (self, other):
            return False
        return (mine[mine.index(common) - 1], theirs[theirs.index(common) - 1]) in common.splits()

    def is_twin_of(self, other: Factor) -> bool:
        return self in other._twins

    @property
    def twin(self) -> Factor:
        """The same positions once more, as keys are for queries of the same sequence; always the same twin."""
        if not self._twins:
            self._twins.append(Factor(self.size, self.origin, parent=self, derivation=Covering(self), mixed=self.mixed))
        return self._twins[0]


Dim = tuple[Factor, ...]
"""A dimension, outermost factor first; () for size 1."""

Dims = tuple[Dim, ...]


def count_of(dim: Dim) -> int | None:
    """How many positions a dimension has; None where that is not known or depends on the number of samples."""
    size = size_of(dim)
    return size[1] if size is not None and size[0] == 0 else None


def multiply(sizes: Iterable[Size | None]) -> Size | None:
    power, factor = 0, 1
    for size in sizes:
        if size is None:
            return None
        power, factor = power + size[0], factor * size[1]
    return power, factor


def divide(size: Size | None, by: Size | None) -> Size | None:
    """The quotient where it is whole, else None."""
    if size is None or by is None or by[1] == 0 or size[1] % by[1] or size[0] < by[0]:
        return None
    return size[0] - by[0], size[1] // by[1]


def distinct(dims: Dims) -> Dims:
    """The dimensions with factors that come again replaced by their twins, so that each stands for one part of the array."""
    seen: set[Factor] = set()
    result = []
    for dim in dims:
        factors = []
        for factor in dim:
            while factor in seen:
                factor = factor.twin
            seen.add(factor)
            factors.append(factor)
        result.append(tuple(factors))
    return tuple(result)


def size_of(dim: Dim) -> Size | None:
    return multiply(factor.size for factor in dim)


def mixes_features(dim: Dim) -> bool:
    """Whether a dimension runs over positions and over features, so that its entries are no positions of an input."""
    return any(factor.mixed for factor in dim) or {"position", "feature"} <= {factor.origin for factor in dim}


def is_cut_across(dim: Dim) -> bool:
    """Whether it runs over parts of these, as after a reshape where a transposition was meant."""
    return mixes_features(dim) and any(factor.mixed or factor.whole is not None for one in dim for factor in one.line())


def regroup(dims: Dims, sizes: Sequence[Size | None]) -> Dims | None:
    """The dimensions after a reshape to these sizes, of which some may be unknown. None where they are not known."""
    if multiply(size_of(dim) for dim in dims) is not None:
        return _regroup(dims, sizes)
    # Dimensions of unknown size stay what they are where all around them is known.
    end = _common(dims[::-1], sizes[::-1])
    rest, wanted = dims[: len(dims) - end], sizes[: len(sizes) - end]
    start = _common(rest, wanted)
    if start < min(len(rest), len(wanted)) and wanted[start] is None and size_of(rest[start]) is not None:
        # A size to be inferred, as that of the samples often is.
        start += 1 + _common(rest[start + 1 :], wanted[start + 1 :])
    middle = _regroup(rest[start:], wanted[start:]) if len(rest) > start or len(wanted) > start else ()
    return None if middle is None else (*rest[:start], *middle, *dims[len(dims) - end :])


def _common(dims: Sequence[Dim], sizes: Sequence[Size | None]) -> int:
    """How many dimensions from the start are of these sizes, or not known to be of another."""
    count = 0
    for dim, size in zip(dims, sizes, strict=False):
        if size_of(dim) != size:
            break
        count += 1
    return count


def _regroup(dims: Dims, sizes: Sequence[Size | None]) -> Dims | None:
    total = multiply(size_of(dim) for dim in dims)
    wanted = list(sizes)
    unknown = [index for index, size in enumerate(wanted) if size is None]
    if len(unknown) == 1:
        wanted[unknown[0]] = divide(total, multiply(size for size in wanted if size is not None))
    if total is None or any(size is None for size in wanted) or multiply(wanted) != total:
        return None
    queue = [factor for dim in dims for factor in dim]
    result: list[Dim] = []
    for index, size in enumerate(wanted):
        dim: list[Factor] = []
        missing: Size | None = size
        while missing != ONE:
            if not queue:
                return None
            factor = queue.pop(0)
            rest = divide(missing, factor.size)
            if rest is None:
                parts, used = _parted(factor, queue, [missing, *wanted[index + 1 :]])
                if not parts:
                    return None
                factor, queue[:used] = parts[0], parts[1:]
                rest = ONE
            dim.append(factor)
            missing = rest
        result.append(tuple(dim))
    return tuple(result)


def _parted(factor: Factor, queue: Sequence[Factor], wanted: Sequence[Size | None]) -> tuple[tuple[Factor, ...], int]:
    """A factor as one of the first size that is wanted and what is left, and how many of those behind it are in these.

    Where it does not divide, what lies up to the next border that both have in common is cut across; nothing where that holds
    anything but positions and features.
    """
    assert wanted[0] is not None
    parts = factor.split(wanted[0])
    if parts is not None:
        return parts, 0
    for used in range(1, len(queue) + 1):
        whole = (factor, *queue[:used])
        for count in range(2, len(wanted) + 1):
            if multiply(wanted[:count]) == size_of(whole):
                mixed = mixes_features(whole) and all(
                    part.origin in ("position", "feature", "unknown") for part in whole
                )
                sizes = [size for size in wanted[:count] if mixed and size != ONE]
                origin = next((part for part in whole if part.origin == "position"), None)
                return tuple(Factor(size, "unknown", parent=origin, mixed=True) for size in sizes), used
    return (), 0
