"""The weights inside of fused attention (cuDNN, Pallas), read off the kernel itself, by the names of its arguments.

Attention is linear in its values: the kernel returns its weights where the values are the columns of an identity. So mask, scale,
bias and whatever else the kernel does need not be known, only which argument holds the values, and along which axis keys lie.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from tb_attention.errors import AttentionWarning
from tb_attention.tracing import limits
from tb_attention.tracing.jax.equations import runner

_KERNELS = ("pallas_call", "dot_product_attention_fwd")
"""What the names of primitives of kernels begin with."""
_ARGUMENTS = (("query", "key", "value"), ("q", "k", "v"))
_SEQUENCE_FIRST, _HEADS_FIRST = "BTNH", "BNTH"


@dataclass(frozen=True, eq=False)
class Fused:
    """A call of a kernel of attention over arrays of samples, positions, heads and features, or heads before positions.

    Attributes:
        run: Computes its results from its operands.
        operands: The indices of queries, keys and values among these.
        heads: The axis of heads, 1 or 2.
        attended: Which of the results holds the attended values.
    """

    run: Callable[..., Sequence[Any]]
    operands: tuple[int, int, int]
    heads: int
    attended: int

    def weights(self, *operands: Any) -> Any:
        """Weights `(samples, heads, queries, keys)`, as many keys at once as a value has features."""
        value = operands[self.operands[2]]
        keys, width = value.shape[3 - self.heads], value.shape[-1]
        shape = [1, 1, 1, width]
        shape[3 - self.heads] = keys

        def of_keys(first: Any) -> Any:
            picked = jnp.arange(keys)[:, None] == first + jnp.arange(width)
            given = list(operands)
            given[self.operands[2]] = jnp.broadcast_to(picked.reshape(shape), value.shape).astype(value.dtype)
            return self.run(*given)[self.attended]

        parts = jax.lax.map(of_keys, jnp.arange(0, keys, width))
        # (parts, samples, ..., keys of a part), with heads before queries.
        parts = jnp.moveaxis(parts, self.heads + 1, 2)
        joined = jnp.moveaxis(parts, 0, 3)
        return joined.reshape(*joined.shape[:3], -1)[..., :keys].astype(jnp.float32)


def read_fused(equation: Any, known: Mapping[int, Any]) -> Fused | None:
    """What an equation is, if it calls a kernel of attention; None for others.

    Warns (`AttentionWarning`) of a kernel with queries, keys and values from which weights cannot be read.

    Args:
        equation: The equation.
        known: By index of an operand, its array, where that is always the same.
    """
    names = _names_of(equation)
    operands = next(
        (tuple(map(names.index, wanted)) for wanted in _ARGUMENTS if all(names.count(name) == 1 for name in wanted)),
        None,
    )
    if operands is None or not _has_kernel(equation):
        return None
    try:
        return _read(equation, (operands[0], operands[1], operands[2]), known)
    except Exception as error:
        name = equation.params.get("name") or equation.primitive.name
        warnings.warn(
            f"The attention inside of the kernel {name!r} is left out: its weights could not be read from it. "
            f"{type(error).__name__}: {' '.join(str(error).split())}",
            AttentionWarning,
            stacklevel=2,
        )
        return None


def _names_of(equation: Any) -> list[str]:
    """The names of what an equation reads, where its function or primitive has some for all."""
    if equation.primitive.name.startswith(_KERNELS[1]):
        given = inspect.signature(equation.primitive.impl).parameters
        return [name for name in given if name not in equation.params]
    inner = equation.params.get("jaxpr")
    opened = inner.jaxpr if isinstance(inner, core.ClosedJaxpr) else inner
    names = getattr(getattr(opened, "debug_info", None), "arg_names", None) or ()
    return [str(name) for name in names] if len(names) == len(equation.invars) else []


def _has_kernel(equation: Any) -> bool:
    return equation.primitive.name.startswith(_KERNELS) or any(
        map(_has_kernel, (inner for value in equation.params.values() for inner in _equations_in(value)))
    )


def _equations_in(value: Any) -> Iterator[Any]:
    opened = value.jaxpr if isinstance(value, core.ClosedJaxpr) else value
    if isinstance(opened, core.Jaxpr):
        yield from opened.eqns


def _read(equation: Any, operands: tuple[int, int, int], known: Mapping[int, Any]) -> Fused:
    avals = [variable.aval for variable in equation.invars]
    shapes = [avals[index].shape for index in operands]
    if any(len(shape) != 4 for shape in shapes):
        raise ValueError(f"queries, keys and values must have four axes, samples first. Received: shapes {shapes}.")
    run = runner(equation)
    wanted = (*shapes[0][:-1], shapes[2][-1])
    attended = next(index for index, made in enumerate(equation.outvars) if made.aval.shape == wanted)
    layout = equation.params.get("layout")
    if layout is not None:
        name = next(
            name
            for name in (_SEQUENCE_FIRST, _HEADS_FIRST)
            if str(getattr(layout, "name", layout)) in (name, _number_of(name))
        )
        return Fused(run, operands, name.index("N"), attended)
    given = [np.asarray(known[index]) if index in known else _probe(aval, index) for index, aval in enumerate(avals)]
    fused = Fused(run, operands, _heads_of(run, given, operands[2], attended), attended)
    _check(fused, given)
    return fused


def _number_of(layout: str) -> str:
    return str((_SEQUENCE_FIRST, _HEADS_FIRST).index(layout))


def _probe(aval: Any, seed: int) -> Any:
    """An operand to try a kernel with."""
    if jnp.issubdtype(aval.dtype, jnp.floating):
        return jnp.asarray(np.random.default_rng(seed).normal(size=aval.shape), aval.dtype)
    return jnp.ones(aval.shape, aval.dtype)


def _heads_of(run: Callable[..., Sequence[Any]], given: Sequence[Any], value: int, attended: int) -> int:
    """The axis along which nothing is mixed: a value at one of its positions reaches the result there, and nowhere else."""
    shape = given[value].shape
    mixes_nothing = []
    for axis in (1, 2):
        is_first = jnp.arange(shape[axis]).reshape([-1 if other == axis else 1 for other in range(4)]) == 0
        values = jnp.broadcast_to(is_first, shape).astype(given[value].dtype)
        made = np.asarray(run(*given[:value], values, *given[value + 1 :])[attended], np.float32)
        reached = np.any(made != 0, axis=tuple(other for other in range(4) if other != axis))
        # Several heads of queries may share one of values.
        own = np.arange(len(reached)) < len(reached) // shape[axis]
        mixes_nothing.append(np.array_equal(reached, own))
    if mixes_nothing[0] == mixes_nothing[1]:
        raise ValueError(f"which of the axes are heads cannot be told. Received: values of shape {shape}.")
    return 1 if mixes_nothing[0] else 2


def _check(fused: Fused, given: Sequence[Any]) -> None:
    """Raises ValueError unless the result is the weights times the values."""
    weights, value = fused.weights(*given), jnp.asarray(given[fused.operands[2]], jnp.float32)
    value = jnp.moveaxis(value, fused.heads, 1)
    value = jnp.repeat(value, weights.shape[1] // value.shape[1], axis=1)
    made = jnp.moveaxis(jnp.asarray(fused.run(*given)[fused.attended], jnp.float32), fused.heads, 1)
    if not np.allclose(weights @ value, made, atol=limits.KERNEL_ERROR, rtol=limits.KERNEL_ERROR):
        raise ValueError("its result is not that of weights times values.")
