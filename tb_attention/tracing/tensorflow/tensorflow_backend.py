"""Keras on TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Trace
from tb_attention.tracing.fingerprint import ModelState
from tb_attention.tracing.keras_call import as_fed, read_keras_call
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.tensorflow.trace import trace


class _Ragged(NamedTuple):
    """A ragged tensor, padded, so that it has an entry for each sample like all others."""

    padded: Any
    lengths: Any


class TensorFlowTensors:
    """See `Tensors`."""

    def is_tensor(self, leaf: Any) -> bool:
        return bool(tf.is_tensor(leaf))

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        array = as_fed(array)
        if array.dtype.kind in "OU":
            return tf.constant(array.astype(object), dtype=tf.string)
        return tf.constant(array) if array.dtype.kind == "S" else tf.convert_to_tensor(array)

    def take(self, tensor: Any, samples: Sequence[int]) -> Any:
        return tf.gather(tensor, samples, axis=0)

    def as_arrays(self, value: Any) -> Any:
        if not isinstance(value, tf.RaggedTensor):
            return value
        if value.ragged_rank > 1:
            raise ArgumentError(
                f"A ragged input must be ragged along one axis. Received: a tensor with {value.ragged_rank} ragged axes."
            )
        return _Ragged(value.to_tensor(), value.row_lengths())

    def as_given(self, value: Any) -> Any:
        return tf.RaggedTensor.from_tensor(value.padded, value.lengths) if isinstance(value, _Ragged) else value


class TensorFlowBackend:
    """See `Backend`."""

    scalars: tuple[type, ...] = (tf.DType, tf.TensorShape)

    def outside(self) -> AbstractContextManager[None]:
        scope: AbstractContextManager[None] = tf.init_scope()
        return scope

    def is_symbolic(self, value: Any) -> bool:
        # `tf.is_tensor` is right for more, and would take most of the time of a comparison.
        return isinstance(value, tf.Tensor) and not hasattr(value, "numpy")

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
        return read_keras_call(TensorFlowTensors(), model, inputs, call_kwargs)

    def state_of(self, model: Any) -> ModelState:
        return ModelState(model)

    def trace(self, model: Any, call: Call) -> Trace:
        return trace(model, call)


BACKEND = TensorFlowBackend()
