"""How a module of PyTorch is run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from tb_attention.tracing.torch.aten_pass import Calls
from tb_attention.tracing.torch.module_calls import noting_modules
from tb_attention.tracing.torch.untouched_modules import modules_at_inference


class PlainModule:
    """See `Runnable`.

    Args:
        module: The module.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self.name = type(module).__name__

    @contextlib.contextmanager
    def at_inference(self) -> Iterator[Calls]:
        with modules_at_inference(list(self._module.modules())), noting_modules(self._module) as calls:
            yield calls

    def __call__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return self._module(*args, **kwargs)

    def weights(self) -> Iterator[torch.Tensor]:
        yield from self._module.parameters()
        # Buffers of other types are indices and masks.
        yield from (tensor for tensor in self._module.buffers() if tensor.is_floating_point())
