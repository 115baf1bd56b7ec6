"""Arrays of JAX as the arguments of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tb_attention.errors import ArgumentError


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
        return jnp.asarray(array)

    def take(self, tensor: Any, samples: Sequence[int]) -> Any:
        return tensor[np.asarray(samples)]

    def as_arrays(self, value: Any) -> Any:
        return value

    def as_given(self, value: Any) -> Any:
        return value
