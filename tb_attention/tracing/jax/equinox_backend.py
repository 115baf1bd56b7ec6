"""Modules of Equinox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox

from tb_attention.tracing.jax.function_backend import Functional, FunctionBackend

_COMPILED, _MAPPED = "equinox._jit", "equinox._vmap_pmap"
"""Where the classes of what `filter_jit` and `filter_vmap` return are."""


class EquinoxBackend(FunctionBackend):
    """See `Backend`. A module is written for one sample, as those of Equinox are, unless it is mapped over samples already."""

    def functional(self, model: Any, inputs: Sequence[Any], *, has_named: bool) -> Functional:
        while type(model).__module__ == _COMPILED:
            model = model.__wrapped__
        if not isinstance(model, equinox.Module):
            return super().functional(model, inputs, has_named=has_named)
        is_of_one = type(model).__module__ != _MAPPED
        model = equinox.nn.inference_mode(model)
        return Functional(type(model).__name__, _called, model, inputs, _called, is_of_one)


def _called(model: Any, *args: Any, **kwargs: Any) -> Any:
    return model(*args, **kwargs)


BACKEND = EquinoxBackend()
