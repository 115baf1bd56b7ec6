"""Plain modules of PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from tb_attention.tracing.backend import Trace
from tb_attention.tracing.model_call import Call, read_call
from tb_attention.tracing.torch.plain_module import PlainModule
from tb_attention.tracing.torch.recorded_twice import record_twice
from tb_attention.tracing.torch.torch_tensors import TorchTensors
from tb_attention.tracing.wrapped_modules import unwrapped


class Unwatched:
    """See `State`. Each pass of a module checks that it does what was recorded, so that nothing else needs to."""

    def note_traced(self, model: Any) -> None:
        """Nothing is compared."""

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        return True


class ModuleBackend:
    """See `Backend`."""

    scalars: tuple[type, ...] = (torch.dtype, torch.device, torch.Size)

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_symbolic(self, value: Any) -> bool:
        return False

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
        model = unwrapped(model)
        kind = _tensors_of(model)
        inputs = [_with_arrays(value) for value in inputs]
        call_kwargs = {name: _with_arrays(value) for name, value in call_kwargs.items()}
        if len(inputs) == 1 and isinstance(inputs[0], Mapping) and _takes_names(model, inputs[0]):
            return read_call(kind, (), {**inputs[0], **call_kwargs})
        return read_call(kind, inputs, call_kwargs)

    def state_of(self, model: Any) -> Unwatched:
        return Unwatched()

    def trace(self, model: Any, call: Call) -> Trace:
        return record_twice(unwrapped(model), call, PlainModule)


def _tensors_of(model: torch.nn.Module) -> TorchTensors:
    """Tensors are moved to the device of the module's weights; arrays of floats become of their type."""
    first = next(model.parameters(), None)
    floats = (tensor.dtype for tensor in model.parameters() if tensor.is_floating_point())
    return TorchTensors(torch.device("cpu") if first is None else first.device, next(floats, torch.get_default_dtype()))


def _with_arrays(value: Any) -> Any:
    """Lists of lists of numbers, as tokenizers return them, as arrays."""
    if isinstance(value, Mapping):
        return {name: _with_arrays(item) for name, item in value.items()}
    return np.asarray(value) if isinstance(value, list) and value and _are_numbers(value) else value


def _are_numbers(value: Any) -> bool:
    return all(map(_are_numbers, value)) if isinstance(value, list) else isinstance(value, int | float)


def _takes_names(model: torch.nn.Module, names: Mapping[str, Any]) -> bool:
    """Whether a module takes these as keyword arguments, as those of Hugging Face do, and not as one dict."""
    if not all(isinstance(name, str) for name in names):
        return False
    parameters = inspect.signature(model.forward).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return True
    known = {parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY}
    return set(names) <= known


BACKEND = ModuleBackend()
