"""Modules of PyTorch in wrappers, and those from which nothing can be captured."""

from __future__ import annotations

from typing import Any

from tb_attention.errors import ArgumentError

_IN_STEP = ("DistributedDataParallel", "DataParallel")
"""Wrappers that keep a module in step with those of other devices and processes, which need not capture."""


def unwrapped(model: Any) -> Any:
    """The module in wrappers that compile it or train it on several devices."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__ in _IN_STEP:
            inner = model.module
        if inner is None:
            return model
        model = inner


def check_whole(model: Any) -> None:
    """Raises ArgumentError if not all weights of a module are in this process."""
    if any(type(module).__name__ == "FullyShardedDataParallel" for module in model.modules()):
        raise _lacking("a part of its weights in each of several processes (FSDP)")
    for name, parameter in model.named_parameters():
        if hasattr(parameter, "placements"):
            raise _lacking(f"a part of the weight {name!r} in each of several processes ({type(parameter).__name__})")
        if type(parameter).__name__.startswith("Uninitialized"):
            raise _lacking(f"the weight {name!r}, which the first call makes: call the module once before")
        if parameter.device.type == "meta":
            raise _lacking(f"the weight {name!r} on the device 'meta', where it has no numbers")


def _lacking(what: str) -> ArgumentError:
    return ArgumentError(f"`model` must have all of its weights in this process. Received: a module with {what}.")
