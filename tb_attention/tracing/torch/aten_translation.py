"""Translates ATen's operations into the vocabulary of `ops.py`. Arguments go by the names in the operators' schemas."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.torch.aten_layouts import LAYOUTS
from tb_attention.tracing.torch.aten_names import BINARY, FIRST_INPUT, REDUCTIONS, UNARY
from tb_attention.tracing.torch.aten_pass import FLEX, Ran
from tb_attention.tracing.torch.aten_picks import PICKS
from tb_attention.tracing.torch.aten_products import PRODUCTS
from tb_attention.tracing.torch.aten_rerun import Recipe
from tb_attention.tracing.torch.aten_sliding import SLIDING
from tb_attention.tracing.torch.fused_attention import fused_weights, is_fused
from tb_attention.tracing.torch.one_operation import Recorder, Rule, Translation, result_of, swapped


def translate(to: Recorder, ran: Ran) -> None:
    """Adds the nodes of an operation; one that rules do not know is opaque."""
    t = Translation(to, ran)
    if ran.name in _RULES:
        _RULES[ran.name](t)
    elif ran.name in BINARY:
        _binary(t, BINARY[ran.name])
    elif ran.name in REDUCTIONS and isinstance(t.x, torch.Tensor):
        _reduction(t, REDUCTIONS[ran.name])
    elif ran.name in UNARY:
        t.made(UNARY[ran.name], t.x)
    elif is_fused(ran) or ran.name == FLEX:
        _fused(t)
    elif ran.name in FIRST_INPUT:
        t.made(FIRST_INPUT[ran.name], t.x, channels=1)
    else:
        leaves = tree_leaves(dict(ran.arguments))
        t.made(ops.OPAQUE, *(leaf for leaf in leaves if isinstance(leaf, torch.Tensor)))


def _binary(t: Translation, op: str) -> None:
    """Copies along an axis before plain arithmetic are looked through: others broadcast without them."""
    one, other = (t.to.value(item) for item in (t.x, t["other"]))
    if t["alpha"] not in (None, 1) and isinstance(t["other"], torch.Tensor):
        other = t.between(ops.MUL, t["other"], lambda ran: ran["other"] * ran["alpha"], other, t["alpha"])
    if t["rounding_mode"] is not None:
        op = ops.FLOOR_DIV
    operands = (other, one) if t.ran.name == "rsub" else (one, other)
    t.made(op, *map(_before_copies, operands))


def _before_copies(value: Value) -> Value:
    node = value.node
    return node.inputs[0] if node.op == ops.BROADCAST_TO and node.inputs[0].rank == value.rank else value


def _reduction(t: Translation, op: str) -> None:
    rank = t.x.dim()
    dims = t["dim"]
    axes = range(rank) if dims is None or dims == [] else np.atleast_1d(dims).tolist()
    axes = tuple(sorted(axis % rank for axis in axes)) if rank else ()
    t.made(op, t.x, np.asarray(axes, np.int64), axes=axes, keep_dims=bool(t["keepdim"]))


def _softmax(t: Translation, op: str) -> None:
    """The rules know softmaxes over the last axis."""
    rank = t.out.dim()
    axis = t.axis()
    if rank == 0 or axis == rank - 1:
        t.made(op, t.x)
        return
    order = swapped(rank, axis, rank - 1)
    turned = t.between(
        ops.TRANSPOSE, t.x.permute(order), lambda ran: ran["self"].permute(order), t.x, np.asarray(order)
    )
    soft = t.between(op, t.out.permute(order), lambda ran: ran.outputs[0].permute(order), turned)
    t.made(ops.TRANSPOSE, soft, np.asarray(order))


def _logsumexp(t: Translation) -> None:
    rank = t.x.dim()
    axes = tuple(sorted(axis % rank for axis in np.atleast_1d(t["dim"]).tolist()))
    exponents = t.between(ops.EXP, t.x, lambda ran: ran["self"].exp(), t.x)
    total = t.between(
        ops.SUM,
        t.out,
        lambda ran: ran.outputs[0].exp(),
        exponents,
        np.asarray(axes),
        axes=axes,
        keep_dims=bool(t["keepdim"]),
    )
    t.made(ops.LOG, total)


def _times(t: Translation, op: str) -> None:
    """An activation that is a number times a function of it."""
    t.made(ops.MUL, t.x, t.between(op, t.x, lambda ran: ran.outputs[0] / ran["self"], t.x))


def _clamp(t: Translation) -> None:
    low, high = t["min"], t["max"]
    if high is None:
        t.made(ops.MAXIMUM, t.x, low)
    elif low is None:
        t.made(ops.MINIMUM, t.x, high)
    else:
        t.made(ops.CLIP, t.x, low, high)


def _hardtanh(t: Translation) -> None:
    if (t["min_val"], t["max_val"]) == (0, 6):
        t.made(ops.RELU6, t.x)
    else:
        t.made(ops.CLIP, t.x, t["min_val"], t["max_val"])


def _pow(t: Translation) -> None:
    exponent = t["exponent"]
    named = {2: ops.SQUARE, 0.5: ops.SQRT, -0.5: ops.RSQRT, -1: ops.RECIPROCAL}
    if isinstance(exponent, int | float) and exponent in named:
        t.made(named[exponent], t.x)
    else:
        t.made(ops.POW, t.x, exponent)


def _addcmul(t: Translation, op: str) -> None:
    like = t.out
    product = t.between(op, like, lambda ran: ran.outputs[0] - ran["self"], t["tensor1"], t["tensor2"])
    t.made(ops.ADD, t.x, product)


def _fused(t: Translation) -> None:
    """softmax(q k^T * scale + mask) v, written out. Keys that several heads of queries share are as many as these."""
    query, key, mask = t["query"], t["key"], t["attn_mask"]
    mask = t["attn_bias"] if mask is None else mask
    keys, values = (_for_heads(t, name, query.shape[-3] // t[name].shape[-3]) for name in ("key", "value"))
    shape = (*query.shape[:-1], key.shape[-2])
    weights: Recipe = fused_weights
    scores = t.between(ops.MATMUL, shape, weights, query, keys, transposed=(False, True))
    scores = t.between(ops.MUL, shape, weights, scores, query.shape[-1] ** -0.5)
    if isinstance(mask, torch.Tensor):
        scores = t.between(ops.ADD, shape, weights, scores, mask)
    soft = t.between(ops.SOFTMAX, shape, weights, scores)
    first = t.ran.outputs[:1]
    t.to.add(ops.MATMUL, [soft, values], first, [result_of(0)])
    for index in range(1, len(t.ran.outputs)):
        t.to.add(ops.OPAQUE, [soft], t.ran.outputs[index : index + 1], [result_of(index)])


def _for_heads(t: Translation, name: str, groups: int) -> Any:
    tensor = t[name]
    if groups == 1:
        return tensor
    thin = tensor.unsqueeze(-3)
    wide = thin.expand(*thin.shape[:-3], groups, *thin.shape[-2:])
    whole = (*tensor.shape[:-3], tensor.shape[-3] * groups, *tensor.shape[-2:])
    made = t.between(ops.EXPAND_DIMS, thin, lambda ran: ran[name].unsqueeze(-3), tensor, np.asarray(thin.dim() - 3))
    made = t.between(
        ops.BROADCAST_TO, wide, lambda ran: ran[name].unsqueeze(-3), made, np.asarray(wide.shape, np.int64)
    )
    return t.between(ops.RESHAPE, whole, lambda ran: ran[name], made, np.asarray(whole, np.int64))


_RULES: dict[str, Rule] = {
    **LAYOUTS,
    **PICKS,
    **PRODUCTS,
    **SLIDING,
    "_softmax": lambda t: _softmax(t, ops.SOFTMAX),
    "_safe_softmax": lambda t: _softmax(t, ops.SOFTMAX),
    "_log_softmax": lambda t: _softmax(t, ops.LOG_SOFTMAX),
    "logsumexp": _logsumexp,
    **dict.fromkeys(("silu", "hardswish"), lambda t: _times(t, ops.SIGMOID)),
    "gelu": lambda t: _times(t, ops.ERF),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max"), _clamp),
    "hardtanh": _hardtanh,
    "pow": _pow,
    **dict.fromkeys(("linalg_vector_norm", "norm"), lambda t: _reduction(t, ops.NORM)),
    "addcmul": lambda t: _addcmul(t, ops.MUL),
    "addcdiv": lambda t: _addcmul(t, ops.DIV),
}
