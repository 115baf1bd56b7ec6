"""Runs a module at inference and puts back whatever the pass changed: on its modules, in generators, and in the process."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tb_attention.tracing.restored_attributes import attributes_restored


@contextlib.contextmanager
def modules_at_inference(modules: Sequence[torch.nn.Module]) -> Iterator[None]:
    """A block in which modules compute what they do at inference; afterwards all is as it was, also after errors.

    `training` is set module by module: `eval()` may be overridden, as by layers that merge their weights in it.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(attributes_restored(modules))
        stack.enter_context(_generators_restored(modules))
        stack.enter_context(_not_training(modules))
        # Under inference mode operations that are composed of others arrive whole.
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        stack.enter_context(_operations_in_full())
        yield


@contextlib.contextmanager
def _not_training(modules: Sequence[torch.nn.Module]) -> Iterator[None]:
    flags = [(module, module.training) for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, training in flags:
            module.training = training


@contextlib.contextmanager
def _operations_in_full() -> Iterator[None]:
    """Switches off what replaces operations: the encoder layer's fast path, compiled functions, and the cache of casts.

    The first two are switches of the process, so another thread may compute by the longer way meanwhile.
    """
    fast, cache = torch.backends.mha.get_fastpath_enabled(), torch.is_autocast_cache_enabled()
    # Nothing is compiled where neither was imported, which takes seconds.
    compiles = any(name in sys.modules for name in ("torch._dynamo", "torch.nn.attention.flex_attention"))
    torch.backends.mha.set_fastpath_enabled(False)
    # A second pass would have fewer operations, and gradients would miss what was cast without them.
    torch.set_autocast_cache_enabled(False)
    try:
        with torch.compiler.set_stance("force_eager") if compiles else contextlib.nullcontext():
            yield
    finally:
        torch.set_autocast_cache_enabled(cache)
        torch.backends.mha.set_fastpath_enabled(fast)


@contextlib.contextmanager
def _generators_restored(modules: Sequence[torch.nn.Module]) -> Iterator[None]:
    """Generators of Python, NumPy and PyTorch, on the devices of the model, and those that its modules hold."""
    held = [value for module in modules for value in vars(module).values() if isinstance(value, torch.Generator)]
    before = [(generator, generator.get_state()) for generator in held]
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = {tensor.device for module in modules for tensor in _own_tensors(module) if tensor.device.type == "cuda"}
    indices = sorted({device.index or 0 for device in devices})
    try:
        with torch.random.fork_rng(indices):
            yield
    finally:
        for generator, state in before:
            generator.set_state(state)
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _own_tensors(module: torch.nn.Module) -> Iterator[Any]:
    yield from module.parameters(recurse=False)
    yield from module.buffers(recurse=False)
