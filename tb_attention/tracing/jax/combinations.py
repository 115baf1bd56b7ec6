"""Operations that JAX computes by several equations, and that rules look for by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.jax.graph_maker import GraphMaker

_THIN = frozenset({ops.EXPAND_DIMS, ops.BROADCAST_TO, ops.RESHAPE})


@dataclass(frozen=True)
class Whole:
    """One operation.

    Attributes:
        op: Its name.
        inputs: What it reads.
        attributes: Those of `Attributes`.
        axis: Of a softmax, the axis that it runs along.
    """

    op: str
    inputs: tuple[Value, ...]
    axis: int = -1
    attributes: dict[str, Any] = field(default_factory=dict)


def combined(maker: GraphMaker, op: str, inputs: Sequence[Value]) -> Whole | None:
    """The operation whose last part this is, or None.

    Args:
        maker: Has the graph so far.
        op, inputs: The last part.
    """
    if op == ops.DIV:
        return _softmax(*inputs) or _mean(maker, *inputs)
    if op == ops.SUB:
        return _log_softmax(*inputs)
    return _relu6(maker, *inputs) if op == ops.MINIMUM else None


def _softmax(top: Value, bottom: Value) -> Whole | None:
    """Exponents over their sum along an axis; the largest, which `jax.nn` subtracts, is left out."""
    exponents = top.node
    total = _before_thin(bottom).node
    axes = total.attributes.axes or ()
    if exponents.op != ops.EXP or total.op != ops.SUM or total.inputs[0] is not top or len(axes) != 1:
        return None
    logits = exponents.inputs[0]
    is_last = axes[0] == len(top.shape or ()) - 1
    # One that is written by hand is read as such.
    return Whole(ops.SOFTMAX, (_unshifted(logits),), axes[0]) if is_last or _unshifted(logits) is not logits else None


def _log_softmax(shifted: Value, log: Value) -> Whole | None:
    """Numbers less the logarithm of the sum of their exponents, as `jax.nn.log_softmax` computes it."""
    logarithm = _before_thin(log).node
    if logarithm.op != ops.LOG:
        return None
    total = _before_thin(logarithm.inputs[0])
    exponents = total.node.inputs[0] if total.node.op == ops.SUM else None
    if exponents is None or exponents.node.op != ops.EXP or exponents.node.inputs[0] is not shifted:
        return None
    if not _sums_last_axis(total, exponents) or _unshifted(shifted) is shifted:
        return None
    return Whole(ops.LOG_SOFTMAX, (_unshifted(shifted),))


def _mean(maker: GraphMaker, total: Value, count: Value) -> Whole | None:
    """A sum over the number of what is summed."""
    keep_dims = total.node.op == ops.EXPAND_DIMS
    node = total.node.inputs[0].node if keep_dims else total.node
    axes = node.attributes.axes
    if node.op != ops.SUM or axes is None:
        return None
    summed = node.inputs[0]
    sizes = [(summed.shape or ())[axis] for axis in axes]
    if None in sizes or not _is(maker, count, math.prod(size or 0 for size in sizes)):
        return None
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(summed.shape or ()))
    if keep_dims and kept != total.shape:
        return None
    return Whole(ops.MEAN, (summed,), attributes={"axes": axes, "keep_dims": keep_dims})


def _relu6(maker: GraphMaker, one: Value, other: Value) -> Whole | None:
    """What is cut off at 0 and 6, of which hard sigmoids are made."""
    for inner, limit in ((one, other), (other, one)):
        if inner.node.op == ops.MAXIMUM and _is(maker, limit, 6.0):
            for kept, lower in (inner.node.inputs, inner.node.inputs[::-1]):
                if _is(maker, lower, 0.0):
                    return Whole(ops.RELU6, (kept,))
    return None


def _is(maker: GraphMaker, value: Value, number: float) -> bool:
    constant = maker.constant(value)
    return constant is not None and constant.size == 1 and float(constant.reshape(-1)[0]) == number


def _sums_last_axis(total: Value, of: Value) -> bool:
    node = total.node
    return node.op == ops.SUM and node.inputs[0] is of and node.attributes.axes == (len(of.shape or ()) - 1,)


def _unshifted(value: Value) -> Value:
    """The numbers before the largest was subtracted from them."""
    node = value.node
    if node.op != ops.SUB:
        return value
    largest = node.inputs[1]
    while largest.node.op in _THIN | {ops.IDENTITY, ops.MAXIMUM, ops.SELECT}:
        largest = largest.node.inputs[1 if largest.node.op in (ops.MAXIMUM, ops.SELECT) else 0]
        if largest.node.op == ops.FILL:
            return value
    is_largest = largest.node.op == ops.MAX and largest.node.inputs[0] is node.inputs[0]
    return node.inputs[0] if is_largest else value


def _before_thin(value: Value) -> Value:
    while value.node.op in _THIN:
        value = value.node.inputs[0]
    return value
