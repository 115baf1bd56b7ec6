"""What operands are: masks, scores, other weights, or activations, and how their dimensions meet in a product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Node, Value, before_moves, nearest_first
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor

_MASK_MOVES = ops.MOVES - ops.GATHERS - ops.JOINS - {ops.SELECT, ops.EINSUM}
ARITHMETIC = ops.ADDITIONS | {ops.MINIMUM, ops.MAXIMUM, ops.POW, ops.DIV}
IGNORED = ops.SHAPE_READERS | ops.EFFECTS
_OF_WEIGHTS = (
    ops.MOVES
    | ARITHMETIC
    | ops.CHOICES
    | IGNORED
    | ops.TOTALS
    | ops.COMPARISONS
    | {ops.MUL, ops.LOG, ops.NEG, ops.SQUARE, ops.SIGN}
)


def activations_behind(
    tracker: DimensionTracker, value: Value, through: Callable[[Node], bool], most: int
) -> Iterator[tuple[Value, int]]:
    """A value and the activations that it is computed from, nearest first, each with the number of steps to it.

    Args:
        tracker: The dimensions of the values of the graph.
        value: Where to begin.
        through: Whether to go on to what an operation reads.
        most: How many steps to go.
    """
    steps = {value: 0}

    def behind(value: Value) -> Iterator[Value]:
        for item in value.node.inputs if steps[value] < most and through(value.node) else ():
            if item in tracker.dependent:
                steps.setdefault(item, steps[value] + 1)
                yield item

    return ((value, steps[value]) for value in nearest_first([value], behind))


def product_dims(tracker: DimensionTracker, node: Node, one: Value, other: Value) -> tuple[Dims, Dims]:
    """The dimensions of the operands of an elementwise product, each aligned with those of the result."""
    contraction = contraction_of(node)
    if contraction is None:
        sides = [tracker.dims[value] or () for value in (one, other)]
        rank = max(map(len, sides))
        left, right = (((),) * (rank - len(side)) + side for side in sides)
        return left, right
    named = [
        dict(zip(names, tracker.dims[value] or (), strict=False))
        for names, value in zip(contraction.operands, node.inputs, strict=True)
    ]
    left, right = (tuple(side.get(name, ()) for name in contraction.result) for side in named)
    return (left, right) if node.inputs[0] is one else (right, left)


def is_made_of(weights: Value, value: Value) -> bool:
    """Whether a tensor is computed from weights alone: a mask of the largest, a threshold, or their rounding error."""
    parts = nearest_first(
        [value],
        lambda item: (
            other for other in item.node.inputs if other is not weights and other.node.op not in ops.CONSTANTS
        ),
    )
    has_met = False
    for count, part in enumerate(parts):
        if part.node.op not in _OF_WEIGHTS or count > limits.MANY_STEPS:
            return False
        has_met |= weights in part.node.inputs
    return has_met


def is_score(value: Value) -> bool:
    """Whether a tensor is the result of a softmax or a sigmoid, moved or masked."""
    return before_moves(value).node.op in ops.SCORES


def met_factors(dims: Sequence[Dim], others: Sequence[Dim]) -> dict[Factor, Dim]:
    """For factors of a tensor the factors of another that they meet: one, or several that a projection had joined."""
    found: dict[Factor, Dim] = {}
    for mine, theirs in zip(dims, others, strict=False):
        if len(mine) == len(theirs):
            found.update((one, (other,)) for one, other in zip(mine, theirs, strict=True))
        elif len(mine) == 1 and theirs:
            found[mine[0]] = theirs
    return found


def is_mask(value: Value) -> bool:
    """Whether a tensor is a mask: made of booleans, signs or integers, moved about."""
    for _ in range(limits.MANY_STEPS):
        node = value.node
        if (
            value.dtype == "bool"
            or node.op == ops.SIGN
            or (node.op == ops.CAST and not node.inputs[0].dtype.startswith(("float", "bfloat")))
        ):
            return True
        if node.op in (ops.SUB, ops.MUL, ops.ADD):
            masks = [is_mask(item) for item in node.inputs]
            constants = [item.node.op == ops.CONST for item in node.inputs]
            return any(masks) and all(a or b for a, b in zip(masks, constants, strict=True))
        if node.op not in _MASK_MOVES or not node.inputs:
            return False
        value = node.inputs[0]
    return False
