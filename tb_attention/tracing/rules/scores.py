"""What scores were computed from: pairs of positions, the very features or inputs that they multiply, or experts."""

from __future__ import annotations

from collections.abc import Iterator

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Node, Value, ancestors, before_moves, nearest_first
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.operands import activations_behind
from tb_attention.tracing.symbolic_dimensions import Dims, Origin

POSITIONS: tuple[Origin, ...] = ("position", "unknown")
_POINTWISE = (
    ops.MOVES
    | ops.ADDITIONS
    | {ops.MUL, ops.DIV, ops.MAXIMUM, ops.MINIMUM, ops.NEG, ops.ABS, ops.SQUARE, ops.SQRT}
    | {ops.TANH, ops.SOFTPLUS, ops.RELU, ops.ELU}
)
_BETWEEN = ops.MOVES | ops.ADDITIONS | ops.PRODUCTS | {ops.MUL, ops.DIV, ops.TANH, ops.RELU}
_OF_ONE_POSITION = (
    ops.MOVES
    | ops.ADDITIONS
    | {ops.MUL, ops.DIV, ops.POW, ops.MAXIMUM, ops.MINIMUM, ops.NEG, ops.SQUARE, ops.SQUARED_DIFFERENCE, ops.RSQRT}
    | {ops.RELU, ops.RELU6, ops.LEAKY_RELU, ops.ELU, ops.SELU, ops.ERF, ops.ERFC, ops.SIGMOID, ops.SOFTPLUS, ops.TANH}
)

# With numbers that are the same for every sample: batch normalization at inference, rescaling.
_SCALED = frozenset({ops.ADD, ops.MUL, ops.BIAS_ADD})
_SCALED_FIRST = frozenset({ops.SUB, ops.DIV, ops.BATCH_NORM})
_NUMBERS = ("bfloat", "float", "half", "int", "uint")


def has_pair_scores(tracker: DimensionTracker, logits: Value) -> bool:
    """Whether the logits compare activations with activations: a product of two tensors that both depend on the inputs."""

    def through(node: Node) -> bool:
        return node.op in _POINTWISE and contraction_of(node) is None

    return any(
        contraction_of(value.node) is not None and tracker.dependent.issuperset(value.node.inputs)
        for value, _ in activations_behind(tracker, logits, through, limits.SCORE_STEPS)
    )


def adds_pairs(tracker: DimensionTracker, logits: Value, *, queries: bool) -> bool:
    """Whether scores add activations of some positions to those of others, each to each, as additive attention does.

    Where there is one query, it is added to all positions.
    """
    for value, steps in activations_behind(tracker, logits, lambda node: node.op in _BETWEEN, limits.MANY_STEPS):
        inputs = [item for item in value.node.inputs if item in tracker.dependent]
        if value.node.op == ops.ADD and len(inputs) == 2:
            one, other = tracker.dims[inputs[0]], tracker.dims[inputs[1]]
            asked = not queries and steps <= limits.QUERY_STEPS and (_asks(one, other) or _asks(other, one))
            if asked or (_differs(one, other) and _differs(other, one)):
                return True
    return False


def _differs(one: Dims | None, other: Dims | None) -> bool:
    """Whether a tensor has positions along a dimension that is 1 in the other."""
    if one is None or other is None or len(one) != len(other):
        return False
    return any(
        not there and any(factor.origin in POSITIONS for factor in here) for here, there in zip(one, other, strict=True)
    )


def _asks(query: Dims | None, keys: Dims | None) -> bool:
    """Whether a tensor has features of the sample, but none of the positions of the other."""
    if query is None or not _differs(keys, query):
        return False
    origins = {factor.origin for dim in query for factor in dim}
    return {"batch", "feature"} <= origins and origins.isdisjoint(POSITIONS)


def weighs_inputs(tracker: DimensionTracker, candidate: Candidate, other: Value) -> bool:
    """Whether inputs of the model are multiplied by weights that a projection of these very inputs made, unlike in a gated unit.

    An input that the weights do not depend on is a mask. Where the weights depend on others too, it may be one.
    """
    inputs = _inputs_behind(tracker, other)
    if not inputs or inputs != set(tracker.graph.inputs).intersection(ancestors([candidate.logits])):
        return False
    return any(computed_from(candidate.logits, item) for item in inputs)


def computed_from(logits: Value, features: Value) -> bool:
    """Whether logits were computed from these very features, by a projection."""
    base = before_moves(features)

    def behind(step: tuple[Value, bool]) -> list[tuple[Value, bool]]:
        value, is_projected = step
        is_projected = is_projected or value.node.op in ops.PROJECTIONS
        return [(item, is_projected) for item in value.node.inputs]

    steps = nearest_first([(logits, False)], behind)
    return any(is_projected and value in (features, base) for value, is_projected in steps)


def _is_gate(value: Value, features: Value) -> bool:
    """Whether a sigmoid or a softmax of a projection of these features is what they are multiplied by; swish is none."""
    value = before_moves(value)
    return value.node.op in ops.SCORES and computed_from(value.node.inputs[0], features)


def _inputs_behind(tracker: DimensionTracker, value: Value) -> set[Value]:
    """The inputs that a value is made of, moved about, side by side, scaled and gated; none if anything else is in it."""
    found: set[Value] = set()
    todo, seen = [value], {value}
    while todo:
        value = todo.pop()
        node = value.node
        if value in tracker.graph.inputs:
            found.add(value)
            continue
        numbers = [item for item in node.inputs if item in tracker.dependent and item.dtype.startswith(_NUMBERS)]
        if node.op == ops.MUL and len(numbers) == 2:
            numbers = [item for item, gate in (numbers, numbers[::-1]) if _is_gate(gate, item)] or numbers
        whole = node.op in ops.MOVES and (len(numbers) == 1 or node.op in ops.JOINS) and node.op not in ops.GATHERS
        scaled = len(numbers) == 1 and (
            node.op in _SCALED or (node.op in _SCALED_FIRST and node.inputs[0] is numbers[0])
        )
        if not (whole or scaled) or len(seen) > limits.MANY_STEPS:
            return set()
        for item in numbers:
            if item not in seen:
                seen.add(item)
                todo.append(item)
    return found


def weighs_an_expert(tracker: DimensionTracker, logits: Value, features: Value, *, layers: int) -> bool:
    """Whether a score is one projection of a tensor of which a separate network, such as a shared expert, makes the features.

    A gate over space is made of the features that it multiplies, or reads neighbours.

    Args:
        tracker: The dimensions of the values of the graph.
        logits: What the score is the softmax or sigmoid of.
        features: What it multiplies.
        layers: How many projections make an expert: one, where the scores of several sum to 1; more for one on its own, whose
            scores could as well be those of a gated unit.
    """
    scored = {value: steps for value, steps in _position_by_position(tracker, logits)}
    if features in scored:
        return False
    return any(
        value in scored and scored[value] <= 1 and steps >= layers
        for value, steps in _position_by_position(tracker, features)
    )


def is_of_chosen_experts(tracker: DimensionTracker, logits: Value) -> bool:
    """Whether scores are the largest of those that a projection made, such as those of the experts for a token.

    Where positions are chosen, as pooled graphs do with their nodes, the scores are of the positions.
    """
    for value, _ in activations_behind(
        tracker, logits, lambda node: node.op in _OF_ONE_POSITION | {ops.SUM}, limits.PROJECTION_STEPS
    ):
        if value.node.op == ops.TOP_K:
            dims = tracker.dims[value.node.inputs[0]]
            scored = dims[-1] if dims else ()
            return bool(scored) and all(factor.origin == "feature" for factor in scored)
    return False


def _position_by_position(tracker: DimensionTracker, value: Value) -> Iterator[tuple[Value, int]]:
    """What a tensor is a function of at each position alone, with the number of projections between."""
    todo, seen = [(value, 0)], {value}
    while todo:
        value, steps = todo.pop(0)
        yield value, steps
        projection = _is_projection(tracker, value.node)
        if not projection and value.node.op not in _OF_ONE_POSITION:
            continue
        for item in value.node.inputs:
            if item in tracker.dependent and item not in seen:
                seen.add(item)
                todo.append((item, steps + projection))


def _is_projection(tracker: DimensionTracker, node: Node) -> bool:
    if contraction_of(node) is None:
        return False
    return sum(item in tracker.dependent for item in node.inputs) == 1
