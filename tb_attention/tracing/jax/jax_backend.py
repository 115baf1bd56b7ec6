"""Keras on JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import numpy as np

from tb_attention.tracing.backend import Trace
from tb_attention.tracing.fingerprint import ModelState
from tb_attention.tracing.jax.jax_tensors import JaxTensors
from tb_attention.tracing.jax.model_function import ModelFunction
from tb_attention.tracing.jax.trace import trace
from tb_attention.tracing.keras_call import as_fed, read_keras_call
from tb_attention.tracing.model_call import Call


class FedTensors(JaxTensors):
    """See `Tensors`; arrays are of the type as which Keras feeds them."""

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        return super().to_tensor(as_fed(array))


class JaxBackend:
    """See `Backend`."""

    scalars: tuple[type, ...] = ()

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_symbolic(self, value: Any) -> bool:
        return isinstance(value, jax.core.Tracer)

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
        return read_keras_call(FedTensors(), model, inputs, call_kwargs)

    def state_of(self, model: Any) -> ModelState:
        return ModelState(model)

    def trace(self, model: Any, call: Call) -> Trace:
        return trace(model, call, ModelFunction)


BACKEND = JaxBackend()
