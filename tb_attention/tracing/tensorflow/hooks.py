"""Notes, while a model is traced, which layers were on the stack when an operation was made."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import tensorflow as tf
from keras.src.ops.operation import Operation
from tensorflow.python.framework import op_callbacks

from tb_attention.tracing.graph import LayerCall

_LOCK = threading.Lock()
_THREAD = threading.local()
_originals: dict[type, Callable[..., Any]] = {}
_users = 0

_VECTORISING = "tensorflow.python.ops.parallel_for"
"""Where TensorFlow turns the graph of a function into one for many elements at once; it needs that graph."""

_Function = type(tf.function(lambda: None))


class Listener(Protocol):
    """Is called for everything that runs eagerly in a thread that takes notes."""

    def ran(self, kind: str, inputs: Any, attributes: Any, outputs: Any, layers: tuple[LayerCall, ...]) -> None:
        """An operation ran."""

    def returned(self, arguments: Any, result: Any, layers: tuple[LayerCall, ...]) -> None:
        """A layer returned, whose own call is the last of the layers."""


class Notes:
    """The layers of each operation of a trace.

    Args:
        listener: Is called for the operations that run eagerly; None where a graph is traced.

    Attributes:
        failed: The layers, outermost first, around the call that raised last; empty if none has.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener
        self._layers: dict[tuple[int, str], tuple[LayerCall, ...]] = {}
        # Keeps the graphs alive, so that their ids stay theirs.
        self._graphs: dict[int, Any] = {}
        self.stack: list[LayerCall] = []
        self.failed: tuple[LayerCall, ...] = ()
        self._calls = 0

    def enter(self, layer: Any) -> None:
        self._calls += 1
        self.stack.append(LayerCall(layer, self._calls))

    def leave_failing(self) -> None:
        """Notes the innermost layer that an exception came from."""
        stack = tuple(self.stack)
        if self.failed[: len(stack)] != stack:
            self.failed = stack

    def note(self, operation: Any) -> None:
        graph = operation.graph
        self._graphs[id(graph)] = graph
        self._layers[id(graph), operation.name] = tuple(self.stack)

    def layers_of(self, operation: Any) -> tuple[LayerCall, ...] | None:
        """The layers, outermost first, or None for an operation that was made before or elsewhere."""
        return self._layers.get((id(operation.graph), operation.name))


@contextlib.contextmanager
def noting_layers(listener: Listener | None = None) -> Iterator[Notes]:
    """Takes notes of what this thread traces. Other threads are not affected. Everything is restored, also after errors."""
    outer = getattr(_THREAD, "notes", None)
    _THREAD.notes = notes = Notes(listener)
    _install()
    op_callbacks.add_op_callback(_on_operation)
    try:
        yield notes
    finally:
        op_callbacks.remove_op_callback(_on_operation)
        _uninstall()
        _THREAD.notes = outer


def _install() -> None:
    global _users
    with _LOCK:
        if _users == 0:
            for cls, replacement in ((Operation, _call_operation), (_Function, _call_function)):
                _originals[cls] = cls.__call__
                cls.__call__ = replacement
        _users += 1


def _uninstall() -> None:
    global _users
    with _LOCK:
        _users -= 1
        if _users == 0:
            for cls, original in _originals.items():
                cls.__call__ = original  # type: ignore[method-assign]


def _call_operation(self: Any, *args: Any, **kwargs: Any) -> Any:
    original = _originals[Operation]
    notes: Notes | None = getattr(_THREAD, "notes", None)
    if notes is None:
        return original(self, *args, **kwargs)
    notes.enter(self)
    try:
        result = original(self, *args, **kwargs)
        if notes.listener is not None:
            notes.listener.returned((args, kwargs), result, tuple(notes.stack))
        return result
    except Exception:
        notes.leave_failing()
        raise
    finally:
        notes.stack.pop()


def _call_function(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Traces the `tf.function`s in a model again: the layers inside a function that was traced before would not be seen.

    In a recorded pass they run eagerly, since what a compiled function computes is not seen.
    """
    original = _originals[_Function]
    notes: Notes | None = getattr(_THREAD, "notes", None)
    if notes is None or (tf.executing_eagerly() and notes.listener is None):
        return original(self, *args, **kwargs)
    if not tf.executing_eagerly():
        return original(self._clone(None), *args, **kwargs)
    needs_graph = str(getattr(self._python_function, "__module__", "")).startswith(_VECTORISING)
    if needs_graph:
        return original(self, *args, **kwargs)
    try:
        return self._python_function(*args, **kwargs)
    except tf.errors.OpError:
        # Only XLA computes this.
        return original(self, *args, **kwargs)


def _on_operation(
    op_type: str | bytes, inputs: Any, attrs: Any, outputs: Any, op_name: str | None = None, graph: Any = None
) -> None:
    notes: Notes | None = getattr(_THREAD, "notes", None)
    if notes is None:
        return
    if graph is not None:
        for output in outputs:
            notes.note(output.op)
            break
    elif notes.listener is not None:
        kind = op_type.decode() if isinstance(op_type, bytes) else op_type
        notes.listener.ran(kind, inputs, attrs, outputs, tuple(notes.stack))
