"""Modules of Flax nnx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_attention.tracing.jax.function_backend import Functional, FunctionBackend


class NnxBackend(FunctionBackend):
    """See `Backend`. What is called is a copy, so that the module stays as it is: its flags, statistics, caches and counts."""

    def functional(self, model: Any, inputs: Sequence[Any], *, has_named: bool) -> Functional:
        return Functional(type(model).__name__, _at_inference, model, inputs, _at_inference)


def _at_inference(model: Any, *args: Any, **kwargs: Any) -> Any:
    model.eval()
    return model(*args, **kwargs)


BACKEND = NnxBackend()
