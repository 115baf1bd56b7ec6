"""Modules of Flax linen, with their variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_attention.errors import ArgumentError
from tb_attention.tracing.jax.function_backend import Functional, FunctionBackend, counted
from tb_attention.tracing.jax.named_scopes import linen_layers


class LinenBackend(FunctionBackend):
    """See `Backend`. A module computes what its `apply` does; one that is bound has its variables already."""

    def functional(self, model: Any, inputs: Sequence[Any], *, has_named: bool) -> Functional:
        name = type(model).__name__
        if model.scope is not None:
            model, variables = model.unbind()
            return Functional(name, model.apply, variables, inputs, model, cleaned=linen_layers)
        if len(inputs) < 2 - has_named:
            raise ArgumentError(
                "A module of Flax linen takes its variables and then inputs, as in `capture(model, variables, x)`, or is bound "
                f"to them, as `model.bind(variables)`. Received: {name}, which is not bound, and {counted(inputs)}."
            )
        return Functional(name, model.apply, inputs[0], inputs[1:], model, cleaned=linen_layers)


BACKEND = LinenBackend()
