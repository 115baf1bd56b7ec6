"""Notes, while a model is traced, which layers were on the stack when an equation was made."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
from keras.src.ops.operation import Operation

from tb_attention.tracing.graph import LayerCall

_LOCK = threading.Lock()
_THREAD = threading.local()
_TRACES = itertools.count()
_original: Callable[..., Any] = Operation.__call__
_users = 0


class LayerScopes:
    """The calls of layers of one trace.

    Each call opens a named scope of its own, which equations keep. Keras opens scopes too, but by name only: those tell neither
    two calls of a layer apart, nor two layers of one name.

    Attributes:
        root: Nothing: the call of the model opens a scope too.
        failed: The layers, outermost first, around the call that raised last; empty if none has.
    """

    def __init__(self) -> None:
        self.root: tuple[LayerCall, ...] = ()
        self.failed: tuple[LayerCall, ...] = ()
        # A jitted function that was traced before keeps the scopes of that trace.
        self._prefix = f"~{next(_TRACES)}."
        self._calls: list[LayerCall] = []
        self._stack: list[LayerCall] = []

    def call(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """Calls a layer in a scope."""
        call = LayerCall(layer, len(self._calls) + 1)
        self._calls.append(call)
        self._stack.append(call)
        try:
            with jax.named_scope(f"{self._prefix}{call.number}~"):
                return _original(layer, *args, **kwargs)
        except Exception:
            if self.failed[: len(self._stack)] != tuple(self._stack):
                self.failed = tuple(self._stack)
            raise
        finally:
            self._stack.pop()

    def inside(self, stack: tuple[LayerCall, ...], equation: Any) -> tuple[LayerCall, ...]:
        """See `Scopes`: the stack holds the calls themselves."""
        numbers = re.findall(rf"{re.escape(self._prefix)}(\d+)~", str(equation.source_info.name_stack))
        return (*stack, *(self._calls[int(number) - 1] for number in numbers))

    def layers_of(self, stack: tuple[LayerCall, ...]) -> tuple[LayerCall, ...]:
        """See `Scopes`."""
        return stack


@contextmanager
def noting_layers() -> Iterator[LayerScopes]:
    """Takes notes of what this thread traces. Other threads are not affected. Everything is restored, also after errors."""
    global _original, _users
    outer = getattr(_THREAD, "scopes", None)
    _THREAD.scopes = scopes = LayerScopes()
    with _LOCK:
        if _users == 0:
            _original = Operation.__call__
            Operation.__call__ = _call
        _users += 1
    try:
        yield scopes
    finally:
        with _LOCK:
            _users -= 1
            if _users == 0:
                Operation.__call__ = _original
        _THREAD.scopes = outer


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    scopes: LayerScopes | None = getattr(_THREAD, "scopes", None)
    return _original(self, *args, **kwargs) if scopes is None else scopes.call(self, args, kwargs)
