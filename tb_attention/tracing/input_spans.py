"""Follows the positions of a dimension back to the inputs: which part of which input each of them covers. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_attention.tracing.symbolic_dimensions import Covering, Dim, Factor, Joined, Taken, count_of

InputAxis = tuple[int, int]
"""An input of the model and one of its axes, counted with that of the samples as 0."""

_FOLLOWED = frozenset({"position", "unknown", "batch", "window"})

Numbers = npt.NDArray[np.float64]


class Unknown(Exception):
    """The positions cannot be followed back."""


@dataclass(frozen=True, slots=True)
class Spans:
    """A part of a line of positions for each of several positions.

    Attributes:
        start: Where each part begins; NaN for positions that cover none.
        size: How long each is.
        of: Size of the whole line.
        void: Which of them lie beyond what there was on their way: they were padded, and see nothing.
        slides: How many kernels slid over the line, one after the other.
    """

    start: Numbers
    size: Numbers
    of: int
    void: npt.NDArray[np.bool_]
    slides: int = 0

    def moved(self, start: Numbers, size: Numbers, of: int, slides: int = 0) -> Spans:
        """The same positions as parts of another line, over which so many kernels more slid."""
        with np.errstate(invalid="ignore"):
            void = self.void | (start + size <= 0) | (start >= of)
        return Spans(start, size, of, void, self.slides + slides)

    def single(self) -> npt.NDArray[np.bool_]:
        """Which of the parts are known, where all are single positions of the line.

        Raises:
            Unknown: They are not.
        """
        known = ~np.isnan(self.start)
        start = self.start[known]
        if (self.size[known] != 1).any() or (start % 1 != 0).any() or (start < 0).any() or (start >= self.of).any():
            raise Unknown
        return known


def spans_of(dim: Dim, beside: Iterable[Factor] = ()) -> Mapping[InputAxis, Spans] | None:
    """For each axis of an input that a dimension was made from the part that each of its positions covers.

    Args:
        dim: The dimension.
        beside: Factors of the other dimensions of the same array. No position of `dim` covers as a whole what these divide.

    Returns:
        None where it cannot be inferred from the data flow.
    """
    shape = [count_of((factor,)) for factor in dim]
    if not dim or any(count is None for count in shape):
        return None
    apart = {factor for other in beside for factor in other.line()}
    total = math.prod(count or 0 for count in shape)
    lines = {
        factor: Spans(index.reshape(-1).astype(float), np.ones(total), count or 0, np.zeros(total, bool))
        for factor, index, count in zip(dim, np.indices([count or 0 for count in shape]), shape, strict=True)
    }
    try:
        return _followed(lines, apart)
    except Unknown:
        return None


def _followed(lines: dict[Factor, Spans], apart: set[Factor]) -> dict[InputAxis, Spans]:
    found: dict[InputAxis, Spans] = {}
    while lines:
        factor = next((factor for factor in lines if factor.whole is None or factor.derivation is not None), None)
        if factor is None:
            _put_together(lines, apart)
            continue
        for key, spans in _back(factor, lines.pop(factor)):
            if key in lines or key in found:
                raise Unknown
            if isinstance(key, Factor):
                lines[key] = spans
            else:
                found[key] = spans
    return found


def _back(factor: Factor, spans: Spans) -> list[tuple[Factor | InputAxis, Spans]]:
    """What is known of a factor as knowledge of what it was made from, one step back."""
    derivation = factor.derivation
    if isinstance(derivation, Covering):
        return [(derivation.factor, _covered(derivation, spans))]
    if isinstance(derivation, Taken):
        return _unravelled(derivation, spans)
    if isinstance(derivation, Joined):
        return _of_parts(derivation, spans)
    if factor.input is None and (factor.parent is not None or factor.origin in _FOLLOWED):
        raise Unknown
    # What is no part of an input, such as learned tokens and copies, says nothing.
    return [] if factor.input is None else [(factor.input, spans)]


def _covered(derivation: Covering, spans: Spans) -> Spans:
    count = count_of((derivation.factor,))
    if count is None:
        raise Unknown
    start = derivation.offset + spans.start * derivation.stride
    size = (spans.size - 1) * derivation.stride + derivation.size
    return spans.moved(start, size, count, slides=derivation.slides)


def _unravelled(derivation: Taken, spans: Spans) -> list[tuple[Factor | InputAxis, Spans]]:
    """Parts of a line of picked positions as parts of the factors that these were picked from."""
    counts = [count_of((factor,)) for factor in derivation.dim]
    if any(count is None for count in counts):
        raise Unknown
    shape = [count or 0 for count in counts]
    picked = _looked_up(np.asarray(derivation.index, float), spans, math.prod(shape))
    if len(shape) == 1:
        return [(derivation.dim[0], picked)]
    known = picked.single()
    index = np.unravel_index(np.where(known, picked.start, 0).astype(int), shape)
    return [
        (factor, picked.moved(np.where(known, along, np.nan), picked.size, count))
        for factor, along, count in zip(derivation.dim, index, shape, strict=True)
    ]


def _looked_up(index: Numbers, spans: Spans, of: int) -> Spans:
    """Parts of a line of picked positions as parts of the line that they were picked from; they must not be torn apart."""
    if (index < 0).all():
        # Picked by what is known only at run time.
        raise Unknown
    start, size = spans.start.copy(), spans.size.copy()
    for position in np.flatnonzero(~np.isnan(spans.start)):
        first, count = spans.start[position], spans.size[position]
        if first % 1 or count % 1:
            raise Unknown
        picked = index[max(0, int(first)) : max(0, int(first + count))]
        # What lies beyond the ends, or on padding, shows nothing.
        picked = picked[picked >= 0]
        if not len(picked):
            start[position] = np.nan
            continue
        if picked.max() - picked.min() + 1 != len(picked):
            raise Unknown
        start[position], size[position] = picked.min(), len(picked)
    return spans.moved(start, size, of)


def _of_parts(derivation: Joined, spans: Spans) -> list[tuple[Factor | InputAxis, Spans]]:
    """Positions that were joined from several dimensions, each followed back by itself."""
    total = sum(derivation.sizes)
    tables: dict[InputAxis, Spans] = {}
    first = 0
    for part, count in zip(derivation.parts, derivation.sizes, strict=True):
        for axis, spans_of_part in _of_part(part).items():
            table = tables.get(axis)
            if table is None:
                table = Spans(np.full(total, np.nan), np.ones(total), spans_of_part.of, np.zeros(total, bool))
            for name in ("start", "size", "void"):
                getattr(table, name)[first : first + count] = getattr(spans_of_part, name)
            slides = max(table.slides, spans_of_part.slides)
            tables[axis] = Spans(table.start, table.size, table.of, table.void, slides)
        first += count
    if len(tables) > 1:
        # Several of them at once may be no rectangle.
        spans.single()
    return [(axis, _through(spans, table)) for axis, table in tables.items()]


def _through(spans: Spans, table: Spans) -> Spans:
    """Parts of a line whose every position is a part of another line, as parts of that."""
    start, size, void = np.full_like(spans.start, np.nan), np.ones_like(spans.size), spans.void.copy()
    for position in np.flatnonzero(~np.isnan(spans.start)):
        if spans.start[position] % 1 or spans.size[position] % 1:
            raise Unknown
        first = int(spans.start[position])
        covered = slice(max(first, 0), max(first + int(spans.size[position]), 0))
        # Learned tokens and copies among them say nothing.
        among = np.argsort(table.start[covered])[: np.count_nonzero(~np.isnan(table.start[covered]))]
        starts, ends = table.start[covered][among], (table.start + table.size)[covered][among]
        if not len(among):
            continue
        if not (starts[1:] <= np.maximum.accumulate(ends)[:-1]).all():
            raise Unknown
        start[position], size[position] = starts[0], ends.max() - starts[0]
        void[position] |= table.void[covered].all()
    return Spans(start, size, table.of, void, spans.slides + table.slides)


def _of_part(part: Dim) -> Mapping[InputAxis, Spans]:
    if not any(factor.origin in _FOLLOWED or factor.root.input for factor in part):
        # Learned tokens, or a single position of which nothing is known, as of features that were pooled.
        return {}
    found = spans_of(part)
    if found is None:
        raise Unknown
    return found


def _put_together(lines: dict[Factor, Spans], apart: set[Factor]) -> None:
    """Puts for two factors, or for the outer one alone, what they are the parts of."""
    for outer in lines:
        whole, inner = outer.whole, _inner_of(outer)
        if whole is not None and inner is not None and inner in lines:
            lines[whole] = _both(lines.pop(outer), lines.pop(inner), whole)
            return
    for outer in lines:
        whole, inner = outer.whole, _inner_of(outer)
        is_cut_further = any(whole in tuple(factor.line()) for factor in lines if factor is not outer)
        if whole is None or inner is None or inner in apart or is_cut_further:
            continue
        size, count = count_of((inner,)), count_of((whole,))
        if size is None or count is None:
            break
        spans = lines.pop(outer)
        # The features of each part were put together: it is a patch.
        lines[whole] = spans.moved(spans.start * size, spans.size * size, count, slides=1)
        return
    raise Unknown


def _inner_of(outer: Factor) -> Factor | None:
    return None if outer.whole is None else next((two for one, two in outer.whole.splits() if one is outer), None)


def _both(outer: Spans, inner: Spans, whole: Factor) -> Spans:
    count = count_of((whole,))
    known = ~np.isnan(outer.start)
    if count is None or (known != ~np.isnan(inner.start)).any():
        raise Unknown
    one = outer.size == 1
    is_full = (inner.start == 0) & (inner.size == inner.of)
    is_inside = (inner.start >= 0) & (inner.start + inner.size <= inner.of)
    if not (((one & is_inside) | is_full) & (outer.start % 1 == 0))[known].all():
        raise Unknown
    start = outer.start * inner.of + inner.start
    size = np.where(one, inner.size, outer.size * inner.of)
    return Spans(start, size, count, outer.void | inner.void, max(outer.slides, inner.slides))


def is_close(one: Numbers | float, other: Numbers | float) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))
