"""Keras on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from tb_attention.tracing.backend import Trace
from tb_attention.tracing.fingerprint import ModelState
from tb_attention.tracing.keras_call import layers_of, read_keras_call
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.torch.keras_layers import KerasModel
from tb_attention.tracing.torch.recorded_twice import record_twice
from tb_attention.tracing.torch.torch_tensors import TorchTensors


class _FedTensors(TorchTensors):
    """Arrays as `fit` and `predict` feed them: only those of float64 are converted."""

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        if array.dtype == np.float64 or array.dtype.kind != "f":
            return super().to_tensor(array)
        return torch.tensor(array, device=self.device)


class KerasOnTorch:
    """See `Backend`."""

    scalars: tuple[type, ...] = (torch.dtype, torch.device, torch.Size)

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_symbolic(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor) and value.device.type == "meta"

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
        floats = getattr(torch, keras.backend.floatx())
        return read_keras_call(_FedTensors(torch.device(get_device()), floats), model, inputs, call_kwargs)

    def state_of(self, model: Any) -> ModelState:
        return ModelState(model)

    def trace(self, model: Any, call: Call) -> Trace:
        if any(not getattr(layer, "built", True) for layer in layers_of(model)):
            # The first call builds them, which happens once.
            with KerasModel(model).at_inference():
                KerasModel(model)(*call.arguments(call.tensors))
        return record_twice(model, call, KerasModel, layers_of(model))


BACKEND = KerasOnTorch()
