"""Translates products of matrices, also those that PyTorch makes of products over several axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Value
from tb_attention.tracing.torch.aten_pass import Ran
from tb_attention.tracing.torch.aten_rerun import Recipe
from tb_attention.tracing.torch.one_operation import Rule, Translation

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

Groups = list[list[int]]
"""For each axis of a tensor the sizes of the axes that it was made of, without those of size 1."""


def _matrices(t: Translation) -> None:
    """A batch of products. `einsum` and `tensordot` flatten several axes to one before, which rules see one by one."""
    operands = [t.to.value(item) for item in (t.x, t["mat2"])]
    (batch, rows, summed), (other_batch, other_summed, columns) = map(_groups, operands)
    several = any(len(group) > 1 for group in (rows, summed, columns))
    if not several or batch != other_batch or summed != other_summed:
        t.made(ops.MATMUL, *operands)
        return
    letters = iter(_LETTERS)
    b, r, s, c = ("".join(next(letters) for _ in group) for group in (batch, rows, summed, columns))
    shapes = (*batch, *rows, *summed), (*batch, *summed, *columns), (*batch, *rows, *columns)
    apart = [
        _in_shape(t, _argument(name), shape, ops.RESHAPE, value.node.inputs[0], np.asarray(shape))
        if value.node.op == ops.RESHAPE
        else value
        for name, shape, value in zip(("self", "mat2"), shapes, operands, strict=False)
    ]
    equation = f"{b}{r}{s},{b}{s}{c}->{b}{r}{c}"
    made = _in_shape(t, lambda ran: ran.outputs[0], shapes[2], ops.EINSUM, *apart, equation=equation)
    t.made(ops.RESHAPE, made, np.asarray(t.out.shape, np.int64))


def _in_shape(t: Translation, tensor: Recipe, shape: Sequence[int], op: str, *inputs: Any, **attributes: Any) -> Value:
    """A node whose result holds the numbers of a tensor in another shape."""
    made: list[Value] = []

    def recipe(ran: Ran) -> torch.Tensor:
        return tensor(ran).reshape([-1 if size is None else size for size in made[0].shape or ()])

    made.append(t.between(op, tensor(t.ran).reshape(tuple(shape)), recipe, *inputs, **attributes))
    return made[0]


def _argument(name: str) -> Recipe:
    return lambda ran: ran[name]


def _groups(value: Value) -> Groups:
    sizes = [size or 0 for size in value.shape or ()]
    before = [size or 0 for size in value.node.inputs[0].shape or ()] if value.node.op == ops.RESHAPE else sizes
    left, groups = [size for size in before if size != 1][::-1], Groups()
    for size in sizes:
        group: list[int] = []
        while left and math.prod(group) < size:
            group.append(left.pop())
        groups.append(group)
    merges = not left and [math.prod(group) for group in groups] == sizes
    return groups if merges else [[size] for size in sizes]


def _product_and_sum(t: Translation, one: str, other: str) -> None:
    """beta * self + alpha * (one @ other)."""
    product = t.between(ops.MATMUL, t.out, lambda ran: ran[one] @ ran[other], t[one], t[other])
    if t["alpha"] not in (None, 1):
        product = t.between(ops.MUL, t.out, lambda ran: ran[one] @ ran[other] * ran["alpha"], product, t["alpha"])
    if t["beta"] == 0:
        t.made(ops.IDENTITY, product)
    else:
        t.made(ops.ADD, product, t["self"])


PRODUCTS: dict[str, Rule] = {
    "mm": lambda t: t.made(ops.MATMUL, t.x, t["mat2"]),
    "bmm": _matrices,
    "addmm": lambda t: _product_and_sum(t, "mat1", "mat2"),
    "baddbmm": lambda t: _product_and_sum(t, "batch1", "batch2"),
}
