"""How a Keras model on PyTorch is run, and which of its layers are being called."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from keras.src.ops.operation import Operation

from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.torch.aten_pass import Calls
from tb_attention.tracing.torch.untouched_modules import modules_at_inference
from tb_attention.tracing.untouched import untouched

_LOCK = threading.Lock()
_THREAD = threading.local()
_users = 0
_original: Callable[..., Any] = Operation.__call__


class KerasModel:
    """See `Runnable`.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.name = str(model.name)

    @contextlib.contextmanager
    def at_inference(self) -> Iterator[Calls]:
        # A layer that is not built yet is left as the call builds it.
        modules = [module for module in self._model.modules() if getattr(module, "built", True)]
        with untouched(self._model), modules_at_inference(modules), _noting_layers() as calls:
            yield calls

    def __call__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        # Also where `call` has no such argument: it holds for the layers inside, of which some train by default.
        return self._model(*args, **{"training": False, **kwargs})

    def weights(self) -> Iterator[torch.Tensor]:
        values = (variable.value for variable in self._model.variables)
        return (tensor for tensor in values if tensor.is_floating_point())


class _LayerCalls:
    """See `Calls`. `stack` is replaced, never changed, so that operations can share it."""

    def __init__(self) -> None:
        self.stack: tuple[LayerCall, ...] = ()
        self._count = 0

    @property
    def path(self) -> str:
        return "/".join(call.layer.name for call in self.stack)

    def enter(self, layer: Any) -> None:
        self._count += 1
        self.stack = (*self.stack, LayerCall(layer, self._count))

    def leave(self) -> None:
        self.stack = self.stack[:-1]


@contextlib.contextmanager
def _noting_layers() -> Iterator[_LayerCalls]:
    """Takes notes of the layers and operations that this thread calls; other threads are not affected."""
    outer = getattr(_THREAD, "calls", None)
    _THREAD.calls = calls = _LayerCalls()
    _install(1)
    try:
        yield calls
    finally:
        _install(-1)
        _THREAD.calls = outer


def _install(change: int) -> None:
    global _users
    with _LOCK:
        _users += change
        Operation.__call__ = _call_operation if _users else _original


def _call_operation(self: Any, *args: Any, **kwargs: Any) -> Any:
    calls: _LayerCalls | None = getattr(_THREAD, "calls", None)
    if calls is None:
        return _original(self, *args, **kwargs)
    calls.enter(self)
    try:
        return _original(self, *args, **kwargs)
    finally:
        calls.leave()
