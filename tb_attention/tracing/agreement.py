"""Whether operands that meet, as in a sum, have the same positions in the same order. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tb_attention.tracing.dimension_rules import preferred
from tb_attention.tracing.input_spans import InputAxis, Numbers, Spans, spans_of
from tb_attention.tracing.limits import POSITION_SLACK
from tb_attention.tracing.symbolic_dimensions import Dim, Factor, count_of


class Agreement:
    """What the positions of two operands are together.

    A residual branch, a mask or a map that was made smaller and larger again is at the same positions as what it is added to.
    A sequence and its reverse, or the same sequence shifted, are not: each position of their sum belongs to two positions.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Dim, Dim], Dim] = {}

    def of(self, one: Dim, other: Dim) -> Dim:
        """The dimension that says more, as in `preferred`; positions of no input where the two contradict each other."""
        if one == other or not (_is_line(one) and _is_line(other)) or count_of(one) != count_of(other):
            return preferred(one, other)
        if (one, other) not in self._known:
            self._known[one, other] = _together(one, other)
        return self._known[one, other]


def _is_line(dim: Dim) -> bool:
    """Whether it has positions, or an axis of an input, and no samples."""
    return not any(factor.origin == "batch" for factor in dim) and any(
        factor.origin == "position" or factor.root.input is not None for factor in dim
    )


def _together(one: Dim, other: Dim) -> Dim:
    first = preferred(one, other)
    count = count_of(first)
    if count is None:
        return first
    mine, yours = spans_of(one), spans_of(other)
    if mine is None or yours is None:
        # Results of loops and of unknown operations contradict nothing; positions that were moved in an unknown way may.
        unread = [dim for dim, spans in ((one, mine), (other, yours)) if spans is None]
        is_moved = any(factor.parent is not None for dim in unread for part in dim for factor in part.line())
        return _nowhere(first, count) if is_moved else first
    if not mine or not yours:
        # Learned tokens, or copies.
        return first
    if {axis[0] for axis in mine} != {axis[0] for axis in yours}:
        # Words, their segments and their positions are separate inputs: the first counts where they have the same order.
        return first if _have_one_order(mine, yours) else _nowhere(first, count)
    if set(mine) != set(yours) or not all(_agree(spans, yours[axis]) for axis, spans in mine.items()):
        return _nowhere(first, count)
    seen, others = _seen_by(mine), _seen_by(yours)
    if (seen != others).any():
        # Padding, or a learned token, meets positions: the operand that knows all of them says which they are.
        return one if (seen >= others).all() else other if (others >= seen).all() else _nowhere(first, count)
    fits = _unevenness(mine), _unevenness(yours)
    return first if fits[0] == fits[1] else one if fits[0] < fits[1] else other


def _nowhere(dim: Dim, count: int) -> Dim:
    """Positions that were made of these, none of which is one of them."""
    return (Factor((0, count), "position", parent=dim[0]),)


def _sees(spans: Spans) -> npt.NDArray[np.bool_]:
    return ~np.isnan(spans.start) & ~spans.void


def _seen_by(lines: Mapping[InputAxis, Spans]) -> npt.NDArray[np.bool_]:
    return np.stack([_sees(lines[place]) for place in sorted(lines)])


def _agree(one: Spans, other: Spans) -> bool:
    """Whether, position by position, both are about the same part of a line.

    Either their middles are the same, or one part lies in the other and both come in the same order, as where a causal
    convolution is added to its input.
    """
    both = _sees(one) & _sees(other)
    starts, sizes = np.stack([one.start, other.start])[:, both], np.stack([one.size, other.size])[:, both]
    if not both.any():
        return True
    middles = starts + sizes / 2
    if (np.abs(middles[0] - middles[1]) <= POSITION_SLACK).all():
        return True
    small, large = (0, 1) if sizes[0].max() <= sizes[1].max() else (1, 0)
    is_inside = (starts[small] >= starts[large] - POSITION_SLACK) & (
        starts[small] + sizes[small] <= starts[large] + sizes[large] + POSITION_SLACK
    )
    return bool(is_inside.all()) and _rises(middles[small], middles[large])


def _rises(along: Numbers, values: Numbers) -> bool:
    return bool((np.diff(values[np.lexsort((values, along))]) >= -POSITION_SLACK).all())


def _have_one_order(one: Mapping[InputAxis, Spans], other: Mapping[InputAxis, Spans]) -> bool:
    """Whether positions of two inputs come in the same order, counted row by row."""
    ranks = []
    for spans in (one, other):
        lines = np.stack([np.where(_sees(spans[axis]), spans[axis].start, -1) for axis in sorted(spans)], axis=1)
        ranks.append(np.unique(lines, axis=0, return_inverse=True)[1].reshape(-1))
    return _rises(ranks[0].astype(float), ranks[1].astype(float))


def _step(spans: Spans) -> float:
    """The distance from a part to the next."""
    starts = np.unique(np.round(spans.start[_sees(spans)], 6))
    return float(np.diff(starts).min()) if len(starts) > 1 else float(spans.size.max())


def _unevenness(spans: Mapping[InputAxis, Spans]) -> tuple[bool, float]:
    """How much the parts overlap; parts with gaps between them are the most uneven."""
    widths = [(float(np.median(each.size)), _step(each)) for each in spans.values()]
    return any(size < step - POSITION_SLACK for size, step in widths), sum(abs(size - step) for size, step in widths)
