"""What the dimensions of a tensor are made of: batch, positions, features, and products and parts of these.

A dimension is a tuple of atoms, outermost first: after `(B, T, H * D)` is reshaped to `(B * H, T, D)`, the first dimension
is (batch, heads). So one can tell at the end which part of an array's dimension are samples, heads, queries or keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

Size = tuple[int, int]
"""(p, n) stands for n times the p-th power of the number of samples."""

Origin = Literal["batch", "position", "feature", "weight", "stack", "repeat", "window", "unknown"]
"""Where an atom comes from.

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
    """Positions that each cover a part of an atom: position p from `offset + p * stride`, `size` wide, in its positions.

    Attributes:
        atom: What they cover. Parts may hang over its ends, where it was padded.
        offset, stride, size: In positions of `atom`.
        slides: Whether a kernel slid over it, or patches were cut from it.
    """

    atom: Atom
    offset: float = 0
    stride: float = 1
    size: float = 1
    slides: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Joined:
    """Positions of several dimensions, one behind the other; `sizes` has the number of each."""

    parts: tuple[Dim, ...]
    sizes: tuple[int, ...]


Source = Taken | Covering | Joined
"""How the positions of an atom lie in those that it was made from."""


@dataclass(eq=False, slots=True, repr=False)
class Atom:
    """A part of a dimension.

    Attributes:
        size: Its size, None if unknown.
        origin: Where it comes from.
        parent: What it was cut, pooled, padded or concatenated from.
        whole: What it is a factor of, where a reshape has split it: (B, 8, C) to (B, 2, 4, C).
        input: For positions of an input, (the input's place, its axis).
        mixed: Whether a reshape made it that cut across positions and features, so that neither are left.
        source: How its positions lie in those that it was made from; None where that is not known, or `whole` tells.
        places: For each position which of the parent's it is, -1 for none (padding), where it was rolled, cut, padded or joined.
    """

    size: Size | None
    origin: Origin
    parent: Atom | None = None
    whole: Atom | None = None
    input: tuple[int, int] | None = None
    mixed: bool = False
    source: Source | None = None
    places: tuple[int, ...] | None = None
    _splits: dict[Size, tuple[Atom, Atom]] = field(default_factory=dict)
    _twin: Atom | None = None

    @property
    def root(self) -> Atom:
        """What it was made from in the end."""
        atom = self
        while atom.parent is not None or atom.whole is not None:
            atom = atom.parent or atom.whole  # type: ignore[assignment]
        return atom

    @property
    def is_nowhere(self) -> bool:
        """Whether it was made from others in a way in which it is not known where its positions lie in these."""
        return self.parent is not None and self.source is None and self.places is None

    def line(self) -> Iterator[Atom]:
        """Itself and all that it was made from, one from the other."""
        atom: Atom | None = self
        while atom is not None:
            yield atom
            atom = atom.parent or atom.whole

    def split(self, outer: Size) -> tuple[Atom, Atom] | None:
        """The atom as (outer, inner); the same parts for the same sizes. None if the sizes do not divide."""
        inner = divide(self.size, outer)
        if inner is None:
            return None
        if outer not in self._splits:
            parts = (
                Atom(outer, self.origin, whole=self, mixed=self.mixed),
                Atom(inner, self.origin, whole=self, mixed=self.mixed),
            )
            self._splits[outer] = parts
        return self._splits[outer]

    def splits(self) -> tuple[tuple[Atom, Atom], ...]:
        """The pairs (outer, inner) that it was split into."""
        return tuple(self._splits.values())

    def is_twin_of(self, other: Atom) -> bool:
        return other._twin is self

    @property
    def twin(self) -> Atom:
        """The same positions once more, as keys are for queries of the same sequence; always the same twin."""
        if self._twin is None:
            self._twin = Atom(self.size, self.origin, parent=self, source=Covering(self), mixed=self.mixed)
        return self._twin


Dim = tuple[Atom, ...]
"""A dimension, outermost atom first; () for size 1."""

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
    """The dimensions with atoms that come again replaced by their twins, so that each stands for one part of the array."""
    seen: set[Atom] = set()
    result = []
    for dim in dims:
        atoms = []
        for atom in dim:
            while atom in seen:
                atom = atom.twin
            seen.add(atom)
            atoms.append(atom)
        result.append(tuple(atoms))
    return tuple(result)


def size_of(dim: Dim) -> Size | None:
    return multiply(atom.size for atom in dim)


def mixes_features(dim: Dim) -> bool:
    """Whether a dimension runs over positions and over features, so that its entries are no positions of an input."""
    return any(atom.mixed for atom in dim) or {"position", "feature"} <= {atom.origin for atom in dim}


def is_cut_across(dim: Dim) -> bool:
    """Whether it runs over parts of these, as after a reshape where a transposition was meant."""
    return mixes_features(dim) and any(atom.mixed or atom.whole is not None for one in dim for atom in one.line())


def regroup(dims: Dims, sizes: Sequence[Size | None]) -> Dims | None:
    """The dimensions after a reshape to these sizes, of which some may be unknown. None where they cannot be told."""
    if multiply(size_of(dim) for dim in dims) is not None:
        return _regroup(dims, sizes)
    # Dimensions of unknown size stay what they are where all around them is told.
    end = _common(dims[::-1], sizes[::-1])
    rest, wanted = dims[: len(dims) - end], sizes[: len(sizes) - end]
    start = _common(rest, wanted)
    if start < min(len(rest), len(wanted)) and wanted[start] is None and size_of(rest[start]) is not None:
        # A size left to be worked out, as that of the samples often is.
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
    unknown = [place for place, size in enumerate(wanted) if size is None]
    if len(unknown) == 1:
        wanted[unknown[0]] = divide(total, multiply(size for size in wanted if size is not None))
    if total is None or any(size is None for size in wanted) or multiply(wanted) != total:
        return None
    queue = [atom for dim in dims for atom in dim]
    result: list[Dim] = []
    for place, size in enumerate(wanted):
        dim: list[Atom] = []
        missing: Size | None = size
        while missing != ONE:
            if not queue:
                return None
            atom = queue.pop(0)
            rest = divide(missing, atom.size)
            if rest is None:
                parts, used = _parted(atom, queue, [missing, *wanted[place + 1 :]])
                if not parts:
                    return None
                atom, queue[:used] = parts[0], parts[1:]
                rest = ONE
            dim.append(atom)
            missing = rest
        result.append(tuple(dim))
    return tuple(result)


def _parted(atom: Atom, queue: Sequence[Atom], wanted: Sequence[Size | None]) -> tuple[tuple[Atom, ...], int]:
    """An atom as one of the first size that is wanted and what is left, and how many of those behind it are in these.

    Where it does not divide, what lies up to the next border that both have in common is cut across; nothing where that holds
    anything but positions and features.
    """
    assert wanted[0] is not None
    parts = atom.split(wanted[0])
    if parts is not None:
        return parts, 0
    for used in range(1, len(queue) + 1):
        whole = (atom, *queue[:used])
        for count in range(2, len(wanted) + 1):
            if multiply(wanted[:count]) == size_of(whole):
                mixed = mixes_features(whole) and all(
                    part.origin in ("position", "feature", "unknown") for part in whole
                )
                sizes = [size for size in wanted[:count] if mixed and size != ONE]
                origin = next((part for part in whole if part.origin == "position"), None)
                return tuple(Atom(size, "unknown", parent=origin, mixed=True) for size in sizes), used
    return (), 0
