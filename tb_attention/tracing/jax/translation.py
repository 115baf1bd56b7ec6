"""Translates the steps of a program of JAX into the vocabulary of `ops.py`: a table from primitives to functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import numpy as np

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Graph, Shape, Value
from tb_attention.tracing.jax.combinations import combined
from tb_attention.tracing.jax.graph_maker import GraphMaker
from tb_attention.tracing.jax.layouts import (
    translate_broadcast,
    translate_concatenate,
    translate_dynamic_slice,
    translate_iota,
    translate_pad,
    translate_slice,
    translate_split,
    translate_squeeze,
)
from tb_attention.tracing.jax.picks import translate_gather, translate_scatter
from tb_attention.tracing.jax.program import CONSTANT, FUSED_PRODUCT, FUSED_WEIGHTS, ITEM, STACKED, Program
from tb_attention.tracing.jax.sliding import read_convolution, read_window
from tb_attention.tracing.jax.translation_step import Translation
from tb_attention.tracing.ops import Attributes


def to_graph(program: Program, more: Program | None, samples: int) -> tuple[Graph, GraphMaker]:
    """The graph of a program, and how its values are computed.

    Args:
        program: The steps for this number of samples.
        more: Those for one sample more; None where the model is bound to this number.
        samples: The number of samples.
    """
    maker = GraphMaker(program, more, samples)
    for step, other in zip(program.steps, (more or program).steps, strict=True):
        t = Translation(maker, step, other)
        if step.name in _ARITHMETIC:
            _arithmetic(t)
        elif step.name in _SAME:
            t.node(_SAME[step.name], *t.inputs)
        elif step.name in _REDUCTIONS:
            t.node(_REDUCTIONS[step.name], t.x, axes=tuple(sorted(step.params["axes"])))
        else:
            _RULES.get(step.name, Translation.opaque)(t)
    return maker.graph(), maker


def before_copies(value: Value) -> Value:
    """The value before it was broadcast, as other frameworks do in the arithmetic itself."""
    if value.node.op == ops.BROADCAST_TO:
        return value.node.inputs[0]
    return value.node.inputs[1] if value.node.op == ops.FILL else value


def _arithmetic(t: Translation) -> None:
    op, inputs = _ARITHMETIC[t.step.name], [before_copies(value) for value in t.inputs]
    whole = combined(t.maker, op, inputs)
    if whole is not None and whole.axis not in (-1, len(t.shape) - 1):
        _softmax_along(t, whole.inputs[0], whole.axis)
    elif whole is not None:
        t.node(whole.op, *whole.inputs, **whole.attributes)
    else:
        t.node(op, *(inputs if _make(t.shape, inputs) else t.inputs))


def _softmax_along(t: Translation, logits: Value, axis: int) -> None:
    """The axis is moved to the end and back."""
    order = np.asarray([*(other for other in range(len(t.shape)) if other != axis), axis], np.int32)
    shape = tuple(t.shape[other] for other in order)
    moved = t.extra(ops.TRANSPOSE, [logits, order], shape, lambda array: array.transpose(order))
    made = t.extra(ops.SOFTMAX, [moved], shape, jax.nn.softmax, origin=t.maker.origin_of(t.step))
    t.node(ops.TRANSPOSE, made, np.argsort(order).astype(np.int32))


def _make(shape: Shape, values: Sequence[Value]) -> bool:
    """Whether values have this shape once they are broadcast to one another."""
    sizes = [(1,) * (len(shape) - len(value.shape or ())) + (value.shape or ()) for value in values]
    return all(size in along for size, along in zip(shape, zip(*sizes, strict=True), strict=True))


def _select(t: Translation) -> None:
    if len(t.inputs) != 3:
        return t.opaque()
    condition, other, chosen = t.inputs
    plain = [before_copies(value) for value in (condition, chosen, other)]
    t.node(ops.SELECT, *(plain if _make(t.shape, plain) else (condition, chosen, other)))


def _integer_power(t: Translation) -> None:
    if t.params["y"] == 2:
        t.node(ops.SQUARE, t.x)
    else:
        t.node(ops.POW, t.x, np.float32(t.params["y"]))


def _reshape(t: Translation) -> None:
    t.node(ops.RESHAPE, t.x, t.sizes())


def _product(t: Translation) -> None:
    transposed = _as_matrices(t)
    if transposed is not None:
        return t.node(ops.MATMUL, *t.inputs, transposed=transposed)
    (left_sum, right_sum), (left_batch, right_batch) = t.params["dimension_numbers"]
    letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    left, right = ([""] * len(value.shape or ()) for value in t.inputs)
    for one, other in (*zip(left_batch, right_batch, strict=True), *zip(left_sum, right_sum, strict=True)):
        left[one] = right[other] = next(letters)
    left, right = ([name or next(letters) for name in side] for side in (left, right))
    free = [name for axis, name in enumerate(left) if axis not in (*left_batch, *left_sum)]
    free += [name for axis, name in enumerate(right) if axis not in (*right_batch, *right_sum)]
    result = [left[axis] for axis in left_batch] + free
    t.node(ops.EINSUM, *t.inputs, equation=f"{''.join(left)},{''.join(right)}->{''.join(result)}")


def _as_matrices(t: Translation) -> tuple[bool, bool] | None:
    """Whether the two operands of a product of matrices are transposed; None for another product."""
    sums, batches = t.params["dimension_numbers"]
    left, right = (len(value.shape or ()) for value in t.inputs)
    batch = tuple(range(len(batches[0])))
    are_matrices = left >= 2 and (right == 2 if not batch else left == right == len(batch) + 2)
    if not are_matrices or any(tuple(axes) != batch for axes in batches) or len(sums[0]) != 1:
        return None
    from_end = sums[0][0] - left, sums[1][0] - right
    return (from_end[0] == -2, from_end[1] == -1) if min(from_end) >= -2 else None


def _fused_weights(t: Translation) -> None:
    """A softmax of products of queries and keys. What else its logits are made of cannot be seen, and need not be."""
    query, key = t.inputs[t.params["fused"].operands[0]], _for_all_heads(t, 1)
    letters = _layout(t)
    equation = f"{letters},{letters.replace('q', 'k')}->bnqk"
    scores = t.maker.extra(ops.EINSUM, [query, key], t.shape, query.dtype, t.step.layers, Attributes(equation=equation))
    t.node(ops.SOFTMAX, scores)


def _fused_product(t: Translation) -> None:
    letters = _layout(t)
    equation = f"bnqk,{letters.replace('q', 'k')}->{letters}"
    if t.params["fused"].attended != 0:
        return t.opaque()
    t.node(ops.EINSUM, t.inputs[-1], _for_all_heads(t, 2), equation=equation)


def _layout(t: Translation) -> str:
    return "bnqd" if t.params["fused"].heads == 1 else "bqnd"


def _for_all_heads(t: Translation, operand: int) -> Value:
    """Keys or values, of which several heads of queries may share one, with as many heads as queries have."""
    at, heads = t.params["fused"].operands, t.params["fused"].heads
    value: Value = t.inputs[at[operand]]
    samples, *rest = t.maker.aval(t.step.reads[at[operand]]).shape
    groups = t.maker.aval(t.step.reads[at[0]]).shape[heads] // rest[heads - 1]
    if groups == 1:
        return value
    counts = (samples, t.more.results[0].shape[0])
    common = None if counts[0] != counts[1] else samples
    thin, several = ((*rest[:heads], copies, *rest[heads:]) for copies in (1, groups))
    whole = (*rest[: heads - 1], rest[heads - 1] * groups, *rest[heads:])
    expanded = t.maker.extra(ops.EXPAND_DIMS, [value, np.asarray([heads + 1], np.int32)], (common, *thin), value.dtype)
    sizes = t.maker.shape(*((count, *several) for count in counts))
    copied = t.maker.extra(ops.BROADCAST_TO, [expanded, sizes], (common, *several), value.dtype)
    sizes = t.maker.shape(*((count, *whole) for count in counts))
    return t.maker.extra(ops.RESHAPE, [copied, sizes], (common, *whole), value.dtype)


def _convolution(t: Translation) -> None:
    op, attributes = read_convolution(t.params, t.x.shape or (), t.inputs[1].shape or ())
    t.maker.step(t.step, t.more, op, t.inputs, attributes)


def _pool(t: Translation) -> None:
    t.maker.step(t.step, t.more, ops.POOL, t.inputs[:1], read_window(t.params))


def _sort(t: Translation) -> None:
    is_last = t.params["dimension"] == len(t.shape) - 1
    t.node(ops.TOP_K if is_last else ops.OPAQUE, *t.inputs)


def _top_k(t: Translation) -> None:
    is_last = t.params.get("axis", -1) in (-1, len(t.x.shape or ()) - 1)
    t.node(ops.TOP_K if is_last else ops.OPAQUE, t.x, np.int32(t.params["k"]))


def _constant(t: Translation) -> None:
    t.node(ops.CONST)


def _item(t: Translation) -> None:
    t.node(ops.LIST_ITEM, t.maker.list_of(t.x), np.int32(t.params["index"]))


def _stacked(t: Translation) -> None:
    """The list that the rounds put their results into."""
    made = t.maker.extra(ops.LIST_NEW, [np.int32(len(t.inputs))], (), "variant")
    for index, item in enumerate(t.inputs):
        made = t.maker.extra(ops.LIST_WITH_ITEM, [made, np.int32(index), item], (), "variant")
    t.node(ops.LIST_STACK, made)


def _loop(t: Translation) -> None:
    """A scan that was not unrolled: it takes parts of sequences and makes others."""
    first = t.params["num_consts"] + t.params["num_carry"]
    lists = [t.maker.list_of(value) for value in t.inputs[first:]]
    t.maker.loop(t.step, t.more, [*t.inputs[:first], *lists], t.params["num_carry"])


_SAME = {
    "exp": ops.EXP,
    "log": ops.LOG,
    "log1p": ops.LOG1P,
    "neg": ops.NEG,
    "abs": ops.ABS,
    "sign": ops.SIGN,
    "square": ops.SQUARE,
    "sqrt": ops.SQRT,
    "rsqrt": ops.RSQRT,
    "floor": ops.FLOOR,
    "round": ops.ROUND,
    "tanh": ops.TANH,
    "logistic": ops.SIGMOID,
    "erf": ops.ERF,
    "erfc": ops.ERFC,
    "softplus": ops.SOFTPLUS,
    "relu": ops.RELU,
    "relu6": ops.RELU6,
    "leaky_relu": ops.LEAKY_RELU,
    "elu": ops.ELU,
    "selu": ops.SELU,
    "not": ops.LOGICAL,
    "convert_element_type": ops.CAST,
    "while": ops.LOOP,
    **dict.fromkeys(
        ["stop_gradient", "copy", "copy_p", "reduce_precision", "sharding_constraint", "optimization_barrier", "pvary"],
        ops.IDENTITY,
    ),
}
_ARITHMETIC = {
    "add": ops.ADD,
    "add_any": ops.ADD,
    "sub": ops.SUB,
    "mul": ops.MUL,
    "div": ops.DIV,
    "pow": ops.POW,
    "max": ops.MAXIMUM,
    "min": ops.MINIMUM,
    "rem": ops.FLOOR_MOD,
    "lt": ops.LESS,
    **dict.fromkeys(("eq", "ne", "le", "gt", "ge"), ops.COMPARE),
    **dict.fromkeys(("and", "or", "xor"), ops.LOGICAL),
}
_REDUCTIONS = {
    "reduce_sum": ops.SUM,
    "reduce_max": ops.MAX,
    "reduce_min": ops.MIN,
    "reduce_prod": ops.PROD,
    "reduce_and": ops.ALL,
    "reduce_or": ops.ANY,
    "argmax": ops.ARG_MAX,
    "argmin": ops.ARG_MIN,
}
_RULES: dict[str, Callable[[Translation], None]] = {
    CONSTANT: _constant,
    ITEM: _item,
    STACKED: _stacked,
    FUSED_WEIGHTS: _fused_weights,
    FUSED_PRODUCT: _fused_product,
    "scan": _loop,
    "select_n": _select,
    "integer_pow": _integer_power,
    "clamp": lambda t: t.node(ops.CLIP, t.inputs[1], *(before_copies(t.inputs[limit]) for limit in (0, 2))),
    "broadcast_in_dim": translate_broadcast,
    "reshape": _reshape,
    "squeeze": translate_squeeze,
    "transpose": lambda t: t.node(ops.TRANSPOSE, t.x, np.asarray(t.params["permutation"], np.int32)),
    "rev": lambda t: t.node(ops.REVERSE, t.x, axes=tuple(sorted(t.params["dimensions"]))),
    "slice": translate_slice,
    "dynamic_slice": translate_dynamic_slice,
    "pad": translate_pad,
    "concatenate": translate_concatenate,
    "stack": lambda t: t.node(ops.PACK, *t.inputs, axis=t.params["axis"]),
    "split": translate_split,
    "tile": lambda t: t.node(ops.TILE, t.x, t.param_sizes("reps")),
    "iota": translate_iota,
    "dot_general": _product,
    "gather": translate_gather,
    "scatter-add": translate_scatter(ops.SEGMENT_SUM),
    "scatter_add": translate_scatter(ops.SEGMENT_SUM),
    "scatter-max": translate_scatter(ops.SEGMENT_MAX),
    "scatter_max": translate_scatter(ops.SEGMENT_MAX),
    "conv_general_dilated": _convolution,
    "reduce_window_max": _pool,
    "reduce_window_sum": _pool,
    "reduce_window_min": _pool,
    "reduce_window": _pool,
    "sort": _sort,
    "top_k": _top_k,
    "_resize": lambda t: t.node(ops.RESIZE, t.x, t.sizes(), is_even=True),
}
