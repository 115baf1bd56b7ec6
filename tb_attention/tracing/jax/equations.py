"""Equations of a jaxpr: what they call, and how they are run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend import core

_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_CALLS = frozenset(
    {
        "jit",
        "pjit",
        "closed_call",
        "core_call",
        "custom_jvp_call",
        "custom_vjp_call",
        "custom_vjp_call_jaxpr",
        "checkpoint",
        "remat",
        "remat2",
    }
)
# What `jax.nn` and `jax.image` compute by several equations and rules know as one operation, by name of the function.
_WHOLE_ELEMENTWISE = frozenset({"leaky_relu", "elu", "selu", "relu", "relu6", "softplus"})
_WHOLE = frozenset({"_resize"})


def is_call(equation: Any) -> bool:
    """Whether an equation calls a function once."""
    return equation.primitive.name in _CALLS and _called(equation) is not None


def inlined(equation: Any) -> Any:
    """The function that an equation calls; None where it is one operation for the rules."""
    name, inner = equation.params.get("name"), _called(equation)
    return None if name in _WHOLE or (name in _WHOLE_ELEMENTWISE and _is_elementwise(inner)) else inner


def runner(equation: Any) -> Callable[..., Sequence[Any]]:
    """Computes the results of an equation from the arrays that it reads."""
    primitive, params = equation.primitive, equation.params

    def run(*arrays: Any) -> Sequence[Any]:
        bound = primitive.get_bind_params(params)
        functions, rest = bound if isinstance(bound, tuple) else ((), bound)
        context = getattr(equation, "ctx", None)
        with contextlib.nullcontext() if context is None else context.manager:
            result = primitive.bind(*functions, *arrays, **rest)
        return result if primitive.multiple_results else [result]

    return run


def counting_while(params: dict[str, Any]) -> Callable[..., Sequence[Any]]:
    """A `while` that returns the number of its rounds too."""
    first, second = params["cond_nconsts"], params["body_nconsts"]
    condition, body = (core.jaxpr_as_fun(params[name]) for name in ("cond_jaxpr", "body_jaxpr"))

    def run(*arrays: Any) -> Sequence[Any]:
        of_condition, of_body = arrays[:first], arrays[first : first + second]
        *state, count = jax.lax.while_loop(
            lambda state: condition(*of_condition, *state[:-1])[0],
            lambda state: (*body(*of_body, *state[:-1]), state[-1] + 1),
            (*arrays[first + second :], np.int32(0)),
        )
        return [*state, count]

    return run


def _open(jaxpr: Any) -> Any:
    return jaxpr.jaxpr if isinstance(jaxpr, core.ClosedJaxpr) else jaxpr


def _inner_of(equation: Any) -> list[Any]:
    """The functions that an equation calls."""
    values = [item for value in equation.params.values() for item in (value if isinstance(value, tuple) else (value,))]
    return [_open(value) for value in values if isinstance(value, core.ClosedJaxpr | core.Jaxpr)]


def has_exponential(jaxpr: Any) -> bool:
    """Whether a softmax may be in a function, or in one that it calls."""
    return any(
        equation.primitive.name == "exp" or any(map(has_exponential, _inner_of(equation)))
        for equation in _open(jaxpr).eqns
        if equation.params.get("name") not in _WHOLE_ELEMENTWISE
    )


def _is_elementwise(jaxpr: Any) -> bool:
    """Whether a function of one tensor computes a number of each number, as far as shapes say so."""
    opened = _open(jaxpr)
    shape = opened.invars[0].aval.shape
    return len(opened.outvars) == 1 and all(
        equation.primitive.name != "dot_general"
        and all(variable.aval.shape in (shape, ()) for variable in equation.outvars)
        and all(map(_is_elementwise, _inner_of(equation)))
        for equation in opened.eqns
    )


def _called(equation: Any) -> Any:
    return next((equation.params[key] for key in _INNER if key in equation.params), None)
