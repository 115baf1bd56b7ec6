"""A capture leaves a module, its training and the process as they were, after errors too."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.errors import CaptureError

from .attending import Attending, Classifier, some_features, some_ids


def train(look: Callable[[torch.nn.Module], Any]) -> tuple[list[torch.Tensor], list[float], Any]:
    """The weights, the losses and the states of the generators after a short training."""
    torch.manual_seed(0), random.seed(0), np.random.seed(0)  # noqa: NPY002
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    losses = []
    for step in range(6):
        look(model)
        loss = torch.nn.functional.cross_entropy(model(some_ids(8)), torch.arange(8) % 3)
        look(model)
        loss.backward()
        look(model)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
        if step == 2:
            model.eval()
            look(model)
            model.train()
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1]  # noqa: NPY002
    return [*model.state_dict().values(), torch.tensor(model.seen)], losses, states


def test_a_training_is_the_same_to_the_bit() -> None:
    plain, looked = train(lambda model: None), train(lambda model: tb_attention.capture(model, some_ids(3)))
    assert all(torch.equal(one, other) for one, other in zip(plain[0], looked[0], strict=True))
    assert plain[1] == looked[1]
    assert torch.equal(plain[2][0], looked[2][0])
    assert plain[2][1] == looked[2][1]
    assert np.array_equal(plain[2][2], looked[2][2])


def test_each_flag_of_training_is_as_it_was_without_calling_eval() -> None:
    class Merging(Classifier):
        def train(self, mode: bool = True) -> Any:
            raise AssertionError("called")

    model = Merging()
    model.norm.training = False
    flags = [module.training for module in model.modules()]
    tb_attention.capture(model, some_ids())
    assert [module.training for module in model.modules()] == flags


@contextmanager
def all_as_before(model: torch.nn.Module) -> Iterator[None]:
    def state() -> list[Any]:
        modules = list(model.modules())
        registered = torch.nn.modules.module
        return [
            [dict(vars(module)) | {"seen": list(getattr(module, "seen", []))} for module in modules],
            [(name, id(tensor)) for name, tensor in model.named_parameters()],
            torch.backends.mha.get_fastpath_enabled(),
            torch.is_autocast_cache_enabled(),
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            len(registered._global_forward_hooks),
            len(registered._global_forward_pre_hooks),
            len(registered._global_forward_hooks_always_called),
            torch.utils._python_dispatch._get_current_dispatch_mode_stack(),
            torch.get_rng_state().tolist(),
        ]

    tensors = [tensor.clone() for tensor in model.state_dict().values()]
    before = state()
    yield
    assert repr(state()) == repr(before)
    assert all(torch.equal(old, new) for old, new in zip(tensors, model.state_dict().values(), strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_buffers_attributes_hooks_and_switches_are_as_before(training: bool) -> None:
    model = Classifier().train(training)
    seen: list[int] = []
    model.head.register_forward_hook(lambda module, args, result: seen.append(1))
    with all_as_before(model):
        tb_attention.capture(model, some_ids())
    assert seen


def test_after_an_error_too() -> None:
    class Failing(Classifier):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            super().forward(ids)
            torch.rand(1)
            self.left = 1
            raise ValueError("no such word")

    model = Failing()
    with all_as_before(model), pytest.raises(CaptureError, match="ValueError: no such word"):
        tb_attention.capture(model, some_ids())


def test_inputs_and_tensors_that_a_model_writes_to_are_as_before() -> None:
    class Writing(Attending):
        def __init__(self) -> None:
            super().__init__()
            self.cache = torch.zeros(3, 5, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x.mul_(2)
            self.cache[: len(x)].copy_(x[:3])
            return super().forward(x)

    model, x = Writing(), some_features()
    before = x.clone()
    (site,) = tb_attention.capture(model, x).values()
    assert torch.equal(x, before)
    assert (model.cache == 0).all()
    np.testing.assert_allclose(site.weights, model.expected(x * 2), atol=1e-6)


@pytest.mark.parametrize("surrounding", ["autocast", "inference_mode", "no_grad", "enable_grad"])
def test_it_works_in_any_context(surrounding: str) -> None:
    contexts = {"autocast": lambda: torch.autocast("cpu", torch.bfloat16)}
    model, x = Attending("causal"), some_features()
    with contexts.get(surrounding, getattr(torch, surrounding, None))():
        if surrounding == "autocast":
            model(x)
        for _ in range(2):
            (site,) = tb_attention.capture(model, x).values()
    np.testing.assert_allclose(site.weights, model.expected(x), atol=2e-2 if surrounding == "autocast" else 1e-6)


def test_gradients_reach_weights_that_autocast_has_cast_in_a_capture() -> None:
    model = Classifier()
    with torch.autocast("cpu", torch.bfloat16):
        tb_attention.capture(model, some_ids())
        model(some_ids()).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_compiled_models_are_captured_as_they_are_written() -> None:
    model, x = Attending("causal"), some_features()
    compiled = torch.compile(model, backend="eager")
    expected = compiled(x)
    (site,) = tb_attention.capture(compiled, x).values()
    np.testing.assert_allclose(site.weights, model.expected(x), atol=1e-6)
    assert expected.shape == compiled(x).shape


def test_copies_of_a_captured_model_begin_without_its_traces() -> None:
    model = Classifier()
    tb_attention.capture(model, some_ids())
    assert vars(copy.deepcopy(model)).keys() == vars(Classifier()).keys()
