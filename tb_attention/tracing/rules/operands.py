"""Operations that keep weights what they are, and what the other operand of a product is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import SHAPES, Graph, Node, Value
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor

_VIEW_NAMES = (
    "BatchToSpaceND BroadcastTo Cast CheckNumerics ConcatV2 Einsum EnsureShape ExpandDims GatherV2 Identity IdentityN "
    "MatrixBandPart MirrorPad OptimizationBarrier Pack Pad PadV2 PreventGradient Reshape ResizeBilinear ResizeNearestNeighbor "
    "Roll Select SelectV2 Slice Snapshot SpaceToBatchND Split SplitV Squeeze StopGradient StridedSlice Tile Transpose Unpack"
)
VIEWS = frozenset(_VIEW_NAMES.split())
"""Operations that pass weights on, moved about, picked out, masked or in another type."""

_MASK_VIEWS = VIEWS - {"GatherV2", "ConcatV2", "Pack", "Select", "SelectV2", "Einsum"}
ARITHMETIC = frozenset({"AddV2", "Add", "BiasAdd", "Sub", "Minimum", "Maximum", "Pow", "RealDiv", "DivNoNan"})
CHOICES = frozenset({"TopKV2", "TopK", "ArgMax", "Multinomial", "StatelessMultinomial", "ApproxTopK"})
PICKS = frozenset({"GatherV2", "GatherNd", "ResourceGather"})
IGNORED = SHAPES | {"Assert", "PrintV2"}
REDUCTIONS = frozenset({"Sum", "Max", "Min", "Mean", "All", "Any"})
_CONSTANTS = frozenset({"Const", "Range", "Fill"})
_COMPARISON_NAMES = (
    "Bitcast BitwiseAnd Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual OneHot"
)
_COMPARISONS = frozenset(_COMPARISON_NAMES.split())
_OF_WEIGHTS = (
    VIEWS | ARITHMETIC | CHOICES | IGNORED | REDUCTIONS | _COMPARISONS | {"Mul", "Log", "Neg", "Square", "Sign"}
)
_STEPS = 40


def activations_behind(
    tracker: DimensionTracker, value: Value, through: Callable[[Node], bool], steps: int
) -> Iterator[Value]:
    """A value and the activations that it is computed from, nearest first, as far as nodes are gone through and steps left."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, taken = todo.pop(0)
        yield value
        if taken == steps or not through(value.node):
            continue
        for item in value.node.inputs:
            if item in tracker.dependent and item not in seen:
                seen.add(item)
                todo.append((item, taken + 1))


def product_dims(graph: Graph, tracker: DimensionTracker, node: Node, one: Value, other: Value) -> tuple[Dims, Dims]:
    """The dimensions of the operands of a product number by number, each laid along those of the result."""
    contraction = contraction_of(graph, node)
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
    """Whether a tensor is made of weights alone: a mask of the largest, a threshold, what they lack to a whole number."""
    todo, seen, met = [value], {value}, False
    while todo:
        node = todo.pop(0).node
        if node.type not in _OF_WEIGHTS or len(seen) > _STEPS:
            return False
        for item in node.inputs:
            if item is weights:
                met = True
            elif item not in seen and item.node.type not in _CONSTANTS:
                seen.add(item)
                todo.append(item)
    return met


def is_score(value: Value) -> bool:
    node = value.node
    while node.type in VIEWS and node.inputs:
        node = node.inputs[0].node
    return node.type in ("Softmax", "Sigmoid")


def met_factors(dims: Sequence[Dim], others: Sequence[Dim]) -> dict[Factor, Dim]:
    """For factors of a tensor those of another that it meets: one for one, or several for one that a projection made of them."""
    found: dict[Factor, Dim] = {}
    for mine, theirs in zip(dims, others, strict=False):
        if len(mine) == len(theirs):
            found.update((one, (other,)) for one, other in zip(mine, theirs, strict=True))
        elif len(mine) == 1 and theirs:
            found[mine[0]] = theirs
    return found


def is_mask(value: Value) -> bool:
    """Whether a tensor only tells which positions count: made of booleans, signs or whole numbers, moved about."""
    for _ in range(_STEPS):
        node = value.node
        if (
            value.dtype == "bool"
            or node.type == "Sign"
            or (node.type == "Cast" and not node.inputs[0].dtype.startswith(("float", "bfloat")))
        ):
            return True
        if node.type in ("Sub", "Mul", "AddV2"):
            masks = [is_mask(item) for item in node.inputs]
            constants = [item.node.type == "Const" for item in node.inputs]
            return any(masks) and all(a or b for a, b in zip(masks, constants, strict=True))
        if node.type not in _MASK_VIEWS or not node.inputs:
            return False
        value = node.inputs[0]
    return False
