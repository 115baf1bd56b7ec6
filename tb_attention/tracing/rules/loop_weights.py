"""Weights that are handed from one loop to another, or to a loop that takes them in step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_rules import without
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Node, Value
from tb_attention.tracing.rules.candidates import Candidate, find_candidates
from tb_attention.tracing.rules.weight_uses import UseFinder
from tb_attention.tracing.symbolic_dimensions import Factor
from tb_attention.tracing.unrolled_loops import dimension_of_rounds, list_items


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Weights that the rounds of a loop made, put together to one tensor.

    Attributes:
        parts: What each round made.
        whole: The tensor.
    """

    parts: tuple[Candidate, ...]
    whole: Candidate


def find_rows(tracker: DimensionTracker, candidates: Sequence[Candidate]) -> Iterator[Rows]:
    """The softmaxes whose results are put together round by round, as loops over a sequence do."""
    by_value = {candidate.value: candidate for candidate in candidates if candidate.family == "softmax"}
    for node in tracker.graph.nodes if by_value else ():
        items, axis = list_items(node), 0
        if node.op == ops.PACK and dimension_of_rounds(node, tracker.dims) is not None:
            items, axis = list(node.inputs), node.attributes.axis or 0
        parts = [_candidate_behind(item, by_value) for item in items]
        rows = [part for part in parts if part is not None]
        if not items or len(set(rows)) < len(items):
            continue
        value = node.outputs[0]
        factors = _axis_in(tracker, rows[0], items[0], value, axis)
        if factors:
            yield Rows(tuple(rows), dataclasses.replace(rows[0], value=value, axis=factors))


def loops_taking_weights(graph: Graph, loops: Sequence[Node]) -> set[Node]:
    """The loops that weights of positions are handed to before they meet any values.

    Probabilities of classes are no such weights, nor are gates of recurrent layers.
    """
    if not _follow_a_start(graph, loops):
        return set()
    tracker = DimensionTracker(graph)
    candidates = find_candidates(tracker)
    rows = list(find_rows(tracker, candidates))
    finder = UseFinder(tracker, [each.whole for each in rows])
    found: set[Node] = set()
    for candidate in (*candidates, *(each.whole for each in rows)):
        uses = finder.uses(candidate)
        if candidate.family != "positive" and _is_of_positions(tracker, candidate):
            met = any(use.how in ("mix", "scale") for use in uses)
            found.update(use.node for use in uses if use.node in loops and not met)
    return found


def _follow_a_start(graph: Graph, loops: Sequence[Node]) -> bool:
    """Whether one of these loops reads a candidate."""
    after: set[Value] = set()
    for node in graph.nodes if loops else ():
        if node.op in ops.CANDIDATES or not after.isdisjoint(node.inputs):
            if node in loops and node.op not in ops.CANDIDATES:
                return True
            after.update(node.outputs)
    return False


def _is_of_positions(tracker: DimensionTracker, candidate: Candidate) -> bool:
    factors: Iterable[Factor] = candidate.axis or tracker.factors(candidate.value)
    origins = {factor.origin for factor in factors} - {"batch"}
    return bool(origins) and origins <= {"position", "unknown", "stack"}


def _candidate_behind(value: Value, candidates: dict[Value, Candidate]) -> Candidate | None:
    """The softmax that an item is, moved or masked."""
    todo = [value]
    for _ in range(limits.FEW_STEPS):
        known = [item for item in todo if item in candidates]
        if known:
            return candidates[known[0]]
        todo = [item for each in todo if each.node.op in ops.MOVES for item in each.node.inputs]
    return None


def _axis_in(
    tracker: DimensionTracker, candidate: Candidate, item: Value, whole: Value, axis: int
) -> frozenset[Factor]:
    """The factors of all rows together over which one row sums to 1; those of a twin where rows share positions."""
    own, dims = tracker.dims[item] or (), without(tracker.dims[whole] or ((),), axis)
    if len(own) != len(dims):
        return frozenset()
    pairs = (
        (one, other) for mine, theirs in zip(own, dims, strict=True) for one, other in zip(mine, theirs, strict=False)
    )
    return frozenset(other for one, other in pairs if one in candidate.axis)
