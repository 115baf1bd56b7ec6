"""Keras on JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Trace
from tb_attention.tracing.fingerprint import ModelState
from tb_attention.tracing.jax.trace import trace
from tb_attention.tracing.keras_call import as_fed, read_keras_call
from tb_attention.tracing.model_call import Call


class JaxTensors:
    """See `Tensors`."""

    def is_tensor(self, leaf: Any) -> bool:
        return isinstance(leaf, jax.Array)

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        if array.dtype.kind in "OUS":
            raise ArgumentError(
                "`inputs` must be numbers: JAX has no strings. Turn texts into ids of tokens before the model. "
                f"Received: an array of {array.dtype}."
            )
        return jnp.asarray(as_fed(array))

    def take(self, tensor: Any, samples: Sequence[int]) -> Any:
        return tensor[np.asarray(samples)]

    def as_arrays(self, value: Any) -> Any:
        return value

    def as_given(self, value: Any) -> Any:
        return value


class JaxBackend:
    """See `Backend`."""

    scalars: tuple[type, ...] = ()

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_symbolic(self, value: Any) -> bool:
        return isinstance(value, jax.core.Tracer)

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
        return read_keras_call(JaxTensors(), model, inputs, call_kwargs)

    def state_of(self, model: Any) -> ModelState:
        return ModelState(model)

    def trace(self, model: Any, call: Call) -> Trace:
        return trace(model, call)


BACKEND = JaxBackend()
