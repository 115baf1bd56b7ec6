"""The tensors of PyTorch in the arguments of a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tb_attention.errors import ArgumentError


@dataclass(frozen=True)
class TorchTensors:
    """See `Tensors`.

    Attributes:
        device: Where the model computes.
        floats: The type that arrays of floats become.
    """

    device: torch.device
    floats: torch.dtype

    def is_tensor(self, leaf: Any) -> bool:
        return isinstance(leaf, torch.Tensor)

    def to_tensor(self, array: np.ndarray[Any, Any]) -> Any:
        if array.dtype.kind not in "biufc":
            raise ArgumentError(
                "`inputs` of a model on PyTorch must be numbers, such as the ids of a tokenizer. "
                f"Received: an array of {array.dtype}."
            )
        tensor = torch.tensor(array, device=self.device)
        return tensor.to(self.floats) if array.dtype.kind == "f" else tensor

    def take(self, tensor: Any, samples: Sequence[int]) -> Any:
        return tensor[list(samples)]

    def as_arrays(self, value: Any) -> Any:
        """Tensors come to the device of the model."""
        return value.detach().to(self.device) if isinstance(value, torch.Tensor) else value

    def as_given(self, value: Any) -> Any:
        return value
