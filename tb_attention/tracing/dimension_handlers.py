"""The dimensions of the result of each operation: a table from operations to handlers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tb_attention.tracing import ops
from tb_attention.tracing.contractions import Contraction, contraction_of, rearrangement_of
from tb_attention.tracing.dimension_facts import DimensionFacts, Result
from tb_attention.tracing.dimension_rules import (
    agrees,
    dim_of,
    is_weight,
    known,
    placed,
    preferred,
    rank_of,
    resized,
    without,
)
from tb_attention.tracing.graph import Graph, Node, Value, ancestors
from tb_attention.tracing.shifts_and_pads import joined, padded, picked_by, reversed_along, rolled, united
from tb_attention.tracing.slices_and_gathers import block_of, gathered, sliced, split_off, uneven_part
from tb_attention.tracing.sliding_kernels import before_dilation
from tb_attention.tracing.symbolic_dimensions import (
    ONE,
    Dim,
    Dims,
    Factor,
    Size,
    divide,
    multiply,
    regroup,
    size_of,
)
from tb_attention.tracing.unrolled_loops import (
    dimension_of_items,
    dimension_of_rounds,
    element_dims,
    item_set_at,
    list_items,
    sequences_of,
)

_TOKENS_AXIS = 1
"""The axis that the tokens of an input of texts would have, counted with that of the samples as 0."""


def dims_of(facts: DimensionFacts, node: Node, value: Value) -> Dims | None:
    """The dimensions of one result of a node; None where they are not known."""
    if not node.inputs or value.shape is None:
        return None
    first = facts.dims[node.inputs[0]]
    if first is None and node.op not in _READ_OTHERS:
        return None
    return _HANDLERS.get(node.op, _elementwise)(Result(facts, node, value, value.shape, first or ()))


def _elementwise(result: Result) -> Dims | None:
    return result.facts.broadcast(result.inputs, len(result.shape))


def _product(result: Result) -> Dims | None:
    contraction, rearrangement = contraction_of(result.node), rearrangement_of(result.node)
    if contraction is not None:
        return _contracted(result, contraction)
    if rearrangement is None or result.inputs[0] is None:
        return None if result.inputs[0] is None else _elementwise(result)
    named = dict(zip(rearrangement[0], result.first, strict=True))
    return tuple(named[name] for name in rearrangement[1])


def _contracted(result: Result, contraction: Contraction) -> Dims | None:
    facts, named = result.facts, dict[str, Dim]()
    # Learned tokens stay what they are where they are projected (the second operand is the projection then) and after.
    learned = facts.dependent.isdisjoint(result.node.inputs)
    for index, (value, names) in enumerate(zip(result.node.inputs, contraction.operands, strict=True)):
        dims = facts.dims[value]
        if dims is None or len(dims) != len(names):
            return None
        tokens = (learned and index == 0) or not all(map(is_weight, dims))
        for name, dim in zip(names, dims, strict=True):
            if value not in facts.dependent and is_weight(dim) and not tokens:
                # The new axes of a projection are features: channels, and heads before them.
                named.setdefault(name, tuple(Factor(factor.size, "feature") for factor in dim))
            else:
                together = facts.agreement.of if name in contraction.result else preferred
                named[name] = together(named.get(name, ()), dim)
    return tuple(named[name] for name in contraction.result)


def _list_item(result: Result) -> Dims | None:
    """What a round of a loop takes from a list: a part of a sequence, or what a round before put there."""
    put = item_set_at(result.node, result.facts.graph)
    return element_dims(result.node, result.facts.dims) if put is None else result.facts.dims[put]


def _list_stack(result: Result) -> Dims | None:
    """The results of a loop over a sequence: steps, then samples, then features."""
    if not result.is_dependent:
        return None
    facts, shape, items = result.facts, result.shape, list_items(result.node)
    if items:
        first = facts.dims[items[0]]
        return None if first is None else (dimension_of_items(items, facts.dims), *first)
    if len(shape) < 2:
        return None
    steps, samples = dim_of(Factor(known(shape[0]), "position")), facts.batch_of(result.value)
    for dims in (facts.dims[sequence] for sequence in sequences_of(result.node)):
        if dims and facts.batch in dims[0]:
            # A loop over the samples; what it made of each is not known.
            return None
        if dims is not None and len(dims) > 1 and facts.batch in dims[1] and agrees(size_of(dims[0]), shape[0]):
            steps, samples = dims[:2]
            break
    return (steps, samples, *(dim_of(Factor(known(size), "feature")) for size in shape[2:]))


def _batch_to_space(result: Result) -> Dims | None:
    whole = before_dilation(result.node)
    dims = None if whole is None else result.facts.dims[whole]
    return None if dims is None else result.facts.kernels.slid(result.node, dims, result.shape, result.first[-1])


def _range(result: Result) -> Dims | None:
    """It is only known of indices whether they count samples."""
    start, limit, step = map(result.sizes, range(3))
    size = limit[0] if limit and start == [(0, 0)] and step == [(0, 1)] else None
    return ((result.facts.batch,) if size == (1, 1) else dim_of(Factor(size, "weight")),)


def _ragged_to_dense(result: Result) -> Dims | None:
    """Its values lie in one row, without an axis of samples or positions."""
    if not result.is_dependent:
        return None
    text = _text_input(result.facts.graph, result.node) if len(result.shape) == 2 else None
    tokens = None if text is None else (text, _TOKENS_AXIS)
    positions = (dim_of(Factor(known(size), "position", input=tokens)) for size in result.shape[1:])
    return (result.facts.batch_of(result.value), *positions)


def _text_input(graph: Graph, node: Node) -> int | None:
    """The index of the input of texts, `(samples,)` or `(samples, 1)`, whose tokens a node puts into rows; else None."""
    before = set(ancestors(node.inputs))
    found = [index for index, value in enumerate(graph.inputs) if value in before]
    if len(found) != 1:
        return None
    value = graph.inputs[found[0]]
    is_text = value.dtype == "string" and value.shape is not None and all(size == 1 for size in value.shape[1:])
    return found[0] if is_text else None


def _reshape(result: Result) -> Dims | None:
    first, batch = result.first, result.facts.batch
    sizes: list[Size | None] = [known(size) for size in result.shape]
    read = result.sizes(1)
    if read is not None and len(read) == len(sizes):
        sizes = [size or computed for size, computed in zip(sizes, read, strict=True)]
    all_known = all(size_of(dim) is not None for dim in first)
    if all_known and sizes.count(None) > 1 and sizes[0] is None and first and first[0] == (batch,):
        sizes[0] = batch.size
    return regroup(first, sizes)


def _transpose(result: Result) -> Dims | None:
    first, order = result.first, result.sizes(1)
    if order is None or len(order) != len(first) or any(axis is None for axis in order):
        return None
    return tuple(first[axis[1]] for axis in order if axis is not None)


def _reduction(result: Result) -> Dims | None:
    axes = result.node.attributes.axes
    if axes is None:
        return None
    if result.node.attributes.keep_dims:
        return tuple(() if axis in axes else dim for axis, dim in enumerate(result.first))
    return tuple(dim for axis, dim in enumerate(result.first) if axis not in axes)


def _segments(result: Result) -> Dims | None:
    size = result.shape[0]
    nodes = result.facts.batch_of(result.value) if size is None else dim_of(Factor(known(size), "position"))
    return (nodes, *result.first[len(result.inputs[1] or ()) :])


def _gather(result: Result) -> Dims | None:
    facts, node, index = result.facts, result.node, result.inputs[1]
    if index is None:
        return None
    dependent = node.inputs[0] in facts.dependent
    return gathered(facts.graph, node, result.first, index, facts.batch, dependent=dependent)


def _split(result: Result) -> Dims | None:
    dims = result.inputs[1]
    return None if dims is None else split_off(dims, result.value, result.shape, result.facts.batch)


def _concat(result: Result) -> Dims | None:
    axis, parts = result.node.attributes.axis, result.inputs[:-1]
    read = [part for part in parts if part is not None]
    if axis is None or len(read) != len(parts):
        return None
    along = [part[axis] for part in read]
    others = [without(part, axis) for part in united(read, axis)]
    rest = result.facts.broadcast(others, len(result.shape) - 1) or ()
    return (*rest[:axis], _concatenated(along, known(result.shape[axis]), result.facts.batch), *rest[axis:])


def _concatenated(parts: Sequence[Dim], size: Size | None, batch: Factor) -> Dim:
    sizes = [size_of(part) for part in parts]
    if any(batch in part for part in parts) and len(set(sizes)) == 1:
        # Heads stacked into the batch: torch-like code does so with split and concat.
        return (Factor((0, len(parts)), "stack"), *parts[0])
    main = max(range(len(parts)), key=lambda index: rank_of(parts[index]))
    if size is None:
        size = (0, sum(part[1] for part in sizes if part)) if all(part and part[0] == 0 for part in sizes) else None
    return joined(parts, sizes, size, main)


def _pack(result: Result) -> Dims | None:
    axis, rest = result.node.attributes.axis or 0, result.facts.broadcast(result.inputs, len(result.shape) - 1) or ()
    rounds = dimension_of_rounds(result.node, result.facts.dims) if result.is_dependent else None
    stack = rounds or dim_of(Factor((0, len(result.node.inputs)), "stack"))
    return (*rest[:axis], stack, *rest[axis:])


def _copies(result: Result) -> Dims | None:
    batch, shape = result.facts.batch, result.shape
    aligned = (*(() for _ in range(len(shape) - len(result.first))), *result.first)
    read = result.sizes(1)
    dims: list[Dim] = []
    for axis, (dim, static) in enumerate(zip(aligned, shape, strict=True)):
        size = known(static)
        if size is None and read is not None and len(read) == len(aligned):
            size = multiply([size_of(dim), read[axis]]) if result.node.op == ops.TILE else read[axis]
        if size == ONE and static is None and not dim:
            # Repeated once, as there is one window; the shapes of the graph do not say so.
            dims.append((Factor(ONE, "repeat"),))
        elif size == size_of(dim) or (size is None and dim):
            dims.append(dim)
        elif size == (1, 1) or (size is None and axis == 0):
            dims.append((batch,))
        elif not dim:
            dims.append(dim_of(Factor(size, "repeat")))
        elif batch in dim and divide(size, size_of(dim)) is not None:
            # All samples, and all of them again.
            dims.append((Factor(divide(size, size_of(dim)), "repeat"), *dim))
        else:
            dims.append((Factor(size, dim[0].origin, parent=dim[0]),))
    return tuple(dims)


def _select(result: Result) -> Dims | None:
    """The condition, which may be a mask of another input, says least."""
    rank = len(result.shape)
    return result.facts.broadcast([result.facts.broadcast(result.inputs[1:], rank), result.first], rank, preferred)


_READ_OTHERS = ops.PRODUCTS | {ops.IDENTITY, ops.LIST_ITEM, ops.LIST_STACK, ops.SPLIT}
"""Operations whose result may be known where their first input is not."""

_HANDLERS: dict[str, Callable[[Result], Dims | None]] = {
    **dict.fromkeys(ops.PRODUCTS, _product),
    **dict.fromkeys(ops.SLIDING, lambda result: result.facts.kernels.slid(result.node, result.first, result.shape)),
    **dict.fromkeys(ops.REDUCTIONS, _reduction),
    **dict.fromkeys(ops.SEGMENTS, _segments),
    **dict.fromkeys(ops.GATHERS, _gather),
    **dict.fromkeys(ops.COPIES, _copies),
    ops.IDENTITY: lambda result: result.inputs[result.value.index],
    ops.LIST_ITEM: _list_item,
    ops.LIST_STACK: _list_stack,
    ops.BATCH_TO_SPACE: _batch_to_space,
    ops.RESIZE: lambda result: result.facts.kernels.resized(result.node, result.first, result.shape),
    ops.RANGE: _range,
    ops.RAGGED_TO_DENSE: _ragged_to_dense,
    ops.RESHAPE: _reshape,
    ops.EXPAND_DIMS: lambda result: placed([dim for dim in result.first if dim], result.shape),
    ops.SQUEEZE: lambda result: placed([dim for dim in result.first if dim], result.shape),
    ops.TRANSPOSE: _transpose,
    ops.ONE_HOT: lambda result: (*result.first, dim_of(Factor(known(result.shape[-1]), "feature"))),
    ops.ROLL: lambda result: rolled(result.first, result.constant(1), result.constant(2)),
    ops.REVERSE: lambda result: reversed_along(result.first, result.node.attributes.axes),
    ops.PAD: lambda result: resized(padded(result.first, result.constant(1)), result.shape),
    ops.SPLIT: _split,
    ops.SPLIT_V: lambda result: uneven_part(
        result.first, result.value, result.shape, result.constant(1), result.facts.batch
    ),
    ops.SLICE: lambda result: block_of(result.first, result.constant(1), result.shape, result.facts.batch),
    ops.STRIDED_SLICE: lambda result: sliced(
        result.node.attributes.index, result.first, result.shape, result.facts.batch
    ),
    ops.TOP_K: lambda result: (*result.first[:-1], picked_by(result.first[-1], None, known(result.shape[-1]))),
    ops.CONCAT: _concat,
    ops.PACK: _pack,
    ops.UNPACK: lambda result: without(result.first, result.node.attributes.axis or 0),
    ops.SELECT: _select,
}
