"""What is fed to the model, such as columns of a table, sensors or bands, at most moved about and scaled."""

from __future__ import annotations

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Value, ancestors, before_moves
from tb_attention.tracing.rules.candidates import Candidate

# With numbers that are the same for every sample: batch normalization at inference, rescaling.
_SCALED = frozenset({ops.ADD, ops.MUL, ops.BIAS_ADD})
_SCALED_FIRST = frozenset({ops.SUB, ops.DIV, ops.BATCH_NORM})
_NUMBERS = ("bfloat", "float", "half", "int", "uint")


def weighs_inputs(graph: Graph, tracker: DimensionTracker, candidate: Candidate, other: Value) -> bool:
    """Whether inputs of the model are multiplied, by weights that a projection made of these very inputs: no gated unit does.

    An input that has no part in the weights is a mask; where others have a part, it may be one.
    """
    inputs = _inputs_behind(graph, tracker, other)
    if not inputs or inputs != set(graph.inputs).intersection(ancestors([candidate.logits])):
        return False
    return any(computed_from(candidate.logits, item) for item in inputs)


def computed_from(logits: Value, features: Value) -> bool:
    """Whether a projection of these very features gave the logits of a gate."""
    base = before_moves(features)
    todo, seen = [(logits, False)], {(logits, False)}
    while todo:
        value, through = todo.pop(0)
        if through and value in (features, base):
            return True
        through = through or value.node.op in ops.PROJECTIONS
        for item in value.node.inputs:
            if (item, through) not in seen:
                seen.add((item, through))
                todo.append((item, through))
    return False


def _is_gate(value: Value, features: Value) -> bool:
    """Whether a sigmoid or a softmax of a projection of these features is what they are multiplied by; swish is none."""
    value = before_moves(value)
    return value.node.op in ops.SCORES and computed_from(value.node.inputs[0], features)


def _inputs_behind(graph: Graph, tracker: DimensionTracker, value: Value) -> set[Value]:
    """The inputs that a value is made of, moved about, side by side, scaled and gated; none if anything else is in it."""
    found: set[Value] = set()
    todo, seen = [value], {value}
    while todo:
        value = todo.pop()
        node = value.node
        if value in graph.inputs:
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
