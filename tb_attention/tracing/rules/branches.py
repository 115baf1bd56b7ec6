"""Softmaxes over parts of a sample that are separate inputs, such as columns of a table, and over points that were sampled."""

from __future__ import annotations

from itertools import islice

from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Value, nearest_first
from tb_attention.tracing.ops import At, Span
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection, roles_of
from tb_attention.tracing.rules.operands import activations_behind
from tb_attention.tracing.rules.scores import weighs_inputs
from tb_attention.tracing.rules.weight_uses import Use

_SAMPLED = "Keys are points that each query samples from the feature map; the weights do not say where the points are."

_Read = tuple[Value, tuple[object, ...] | None]
"""An input and which part of it, None for all of it."""

_SIZES = frozenset({ops.SHAPE, ops.CONST})
"""What depends on no more of an input than its size; where models run eagerly that is a constant made of the inputs."""

_WHOLE = ("int", "uint")
_INTERPOLATIONS = ops.MOVES - ops.GATHERS | {ops.ADD, ops.ADD_N, ops.MUL, ops.SUB}


def read_selection(tracker: DimensionTracker, candidate: Candidate, use: Use) -> Detection | None:
    """The site of a softmax that weights tensors side by side, which read different inputs or different parts of one.

    The channels of an input are such tensors too. Experts, which read the same input, are not.

    See Lim et al., "Temporal Fusion Transformers for interpretable multi-horizon time series forecasting", 2021.
    """
    if candidate.family != "softmax" or use.other is None:
        return None
    if not reads_apart(tracker.graph, use.other) and not weighs_inputs(tracker, candidate, use.other):
        return None
    roles = roles_of(tracker.factors(use.weights), use.contracted, "heads", {"position": "query"})
    return make_detection(candidate, use, "cross", roles, "features")


def reads_apart(graph: Graph, value: Value) -> bool:
    """Whether a tensor joins several, no two of which read the same input of the model, or the same part of one."""
    reads = [_read(graph, branch) for branch in _side_by_side(value)]
    apart = not any(_meet(one, other) for index, one in enumerate(reads) for other in reads[:index])
    return len(reads) > 1 and apart


def _read(graph: Graph, branch: Value) -> set[_Read]:
    """The inputs that a branch reads, or the parts of inputs."""
    fed, reads, seen = set(graph.inputs), set[_Read](), {branch}
    todo = [branch]
    while todo:
        value = todo.pop()
        cut = _cut_from(graph, value)
        if value in fed:
            reads.add((value, None))
        elif cut is not None:
            reads.add(cut)
        elif value.node.op not in _SIZES:
            new = [item for item in value.node.inputs if item not in seen]
            seen.update(new)
            todo.extend(new)
    return reads


def _cut_from(graph: Graph, value: Value) -> _Read | None:
    """The input that a value is a part of, its embedding included, and which part."""
    node = value.node
    if node.op in (ops.SPLIT, ops.SPLIT_V, ops.UNPACK):
        part: tuple[object, ...] = (value.index,)
    elif node.op == ops.STRIDED_SLICE:
        part = node.attributes.index or (At(None),)
        if any(item == At(None) or (isinstance(item, Span) and not item.is_known) for item in part):
            return None
    else:
        return None
    whole = node.inputs[1 if node.op == ops.SPLIT else 0]
    for _ in range(limits.SOME_STEPS):
        if whole in graph.inputs:
            return whole, part
        if whole.node.op in ops.GATHERS:
            whole = whole.node.inputs[1]
        elif whole.node.op in (ops.CAST, ops.IDENTITY):
            whole = whole.node.inputs[0]
        else:
            return None
    return None


def _meet(one: set[_Read], other: set[_Read]) -> bool:
    return any(a == b or (a[0] is b[0] and None in (a[1], b[1])) for a in one for b in other)


def read_sampling(tracker: DimensionTracker, candidate: Candidate, use: Use) -> Detection | None:
    """The site of a softmax over points that each query samples from a feature map, as deformable attention does.

    See Zhu et al., "Deformable DETR", ICLR 2021. Experts are picked too, but by the largest of their scores.
    """
    if candidate.family != "softmax" or use.other is None or not _is_sampled(tracker, use.other):
        return None
    roles = roles_of(tracker.factors(use.weights), use.contracted, "query", {"feature": "heads"})
    return make_detection(candidate, use, "cross", roles, note=_SAMPLED)


def _is_sampled(tracker: DimensionTracker, value: Value) -> bool:
    """Whether a tensor is interpolated between, or is, activations picked by indices that depend on the sample."""
    for item, _ in activations_behind(
        tracker, value, lambda node: node.op in _INTERPOLATIONS, limits.SAMPLING_VALUES + 1
    ):
        node = item.node
        if node.op in ops.GATHERS and node.inputs[0] in tracker.dependent and node.inputs[1] in tracker.dependent:
            return not _is_chosen(node.inputs[1])
    return False


def _is_chosen(indices: Value) -> bool:
    """Whether indices are those of the largest of some scores, not numbers that were rounded.

    What the numbers were computed from, such as queries that were chosen themselves, does not matter.
    """
    behind = nearest_first(
        [indices], lambda value: (item for item in value.node.inputs if item.dtype.startswith(_WHOLE))
    )
    return any(value.node.op in ops.CHOICES for value in islice(behind, limits.SAMPLING_VALUES))


def _side_by_side(value: Value) -> tuple[Value, ...]:
    """The tensors that were put side by side to make a tensor."""
    for _ in range(limits.SOME_STEPS):
        node = value.node
        if node.op == ops.PACK:
            return node.inputs
        if node.op == ops.CONCAT:
            return node.inputs[:-1]
        if node.op not in ops.MOVES or not node.inputs:
            return ()
        value = node.inputs[0]
    return ()
