"""Reads the named scopes of equations as layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tb_attention.tracing.graph import LayerCall

_OF_LIBRARIES = re.compile(r"eqx\.|.*->")
"""Scopes that Equinox opens around calls of its own classes, which attributes tell apart, and JAX around an `einsum`."""


@dataclass(frozen=True, eq=False)
class Scope:
    """A `jax.named_scope` in the paths of sites."""

    name: str


class NamedScopes:
    """The named scopes of equations. Two calls in scopes of one name cannot be told apart.

    Args:
        name: Of the model.
        cleaned: Makes names of layers of those of scopes, both with that of the model first. Defaults to the same names.
    """

    def __init__(self, name: str, cleaned: Callable[[Sequence[str]], Sequence[str]] = tuple) -> None:
        self.root: tuple[str, ...] = (name,)
        self._cleaned = cleaned
        self._calls: dict[tuple[str, ...], LayerCall] = {}
        self._layers: dict[tuple[str, ...], tuple[LayerCall, ...]] = {}

    def inside(self, stack: tuple[str, ...], equation: Any) -> tuple[str, ...]:
        """See `Scopes`: the stack holds names."""
        # Transformations stand around the names, as in "vmap(encoder)".
        names = [re.sub(r"^(\w+\()+|\)+$", "", part) for part in str(equation.source_info.name_stack).split("/")]
        return (*stack, *(name for name in names if name and not _OF_LIBRARIES.match(name)))

    def layers_of(self, stack: tuple[str, ...]) -> tuple[LayerCall, ...]:
        """See `Scopes`."""
        if stack not in self._layers:
            names = tuple(self._cleaned(stack))
            paths = [names[: depth + 1] for depth in range(len(names))]
            for path in paths:
                self._calls.setdefault(path, LayerCall(Scope(path[-1]), len(self._calls) + 1))
            self._layers[stack] = tuple(self._calls[path] for path in paths)
        return self._layers[stack]


def linen_layers(names: Sequence[str]) -> Sequence[str]:
    """The modules of scopes that Flax opens around each method of a module, as "Net", "Net.encode" and "layer_0"."""
    found = list(names[:1])
    is_open = True
    for name in names[1:]:
        module, dot, _ = name.partition(".")
        if found[-1] != module or not (dot or is_open):
            found.append(module)
            is_open = False
        # Another method of the module, which may be the one that was asked for, is no layer.
        is_open = bool(dot)
    return found
