"""Captures small models of timm and torchvision with fused attention, and prints which of their own maps are missed.

Weights are random and nothing is downloaded. The same model without fused attention says what is right: what each softmax gives,
what `nn.MultiheadAttention` returns, and what each module of sigmoids gives, must be sites within 1e-5. Exits with 1 if one is
missed. It needs timm and torchvision, and says so where one is missing. The torchvision on PyPI is built for another PyTorch than
that for CPUs, and with it transformers cannot be imported; so it is best installed by `pip install --no-deps --target` into a
directory of its own, which is then in PYTHONPATH.

Example:
    python benchmarks/capture_timm.py cait xcit   # only those with these words in their names
"""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

import tb_attention

try:
    from vision.small_models import CASES, make
except (ImportError, RuntimeError) as error:
    print(f"Skipped: timm and torchvision are needed, and one of them cannot be imported ({error}).")
    sys.exit(0)

TOLERANCE = 1e-5
FLAT = 1e-3


def main(words: list[str]) -> int:
    missed = models = 0
    print(f"{'model':34} {'maps':>4} {'gates':>5} {'missed':>6} {'sites':>5} {'seconds':>7}")
    for name in CASES:
        if words and not any(word in name for word in words):
            continue
        try:
            plain, x = make(name, fused=False)
            maps, gates = own_maps(plain, x)
        except Exception as error:
            print(f"{name:34} fails itself: {type(error).__name__}: {str(error)[:90]}")
            continue
        model, _ = make(name, fused=True)
        model.load_state_dict(plain.state_dict())
        start = time.perf_counter()
        sites = [site.weights for site in tb_attention.capture(model, x).values()]
        seconds = time.perf_counter() - start
        lost = [array for array in (*maps, *gates) if not any(same(array, site) for site in sites)]
        models += 1
        missed += len(lost)
        shapes = sorted({str(array.shape) for array in lost})
        flat = sum(float(np.ptp(array)) < FLAT for array in maps)
        note = " ".join([*shapes, *([f"{flat} maps are flat"] if flat else [])])
        print(
            f"{name:34} {len(maps):4} {len(gates):5} {len(lost):6} {len(sites):5} {seconds:7.2f}  {note}",
            flush=True,
        )
    print(f"{models} models, {missed} maps missed")
    return int(missed > 0)


class Softmaxes(TorchFunctionMode):  # type: ignore[misc]
    """Keeps what each softmax gives."""

    FUNCTIONS = (torch.softmax, torch.Tensor.softmax, torch.nn.functional.softmax)

    def __init__(self) -> None:
        super().__init__()
        self.maps: list[np.ndarray] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in self.FUNCTIONS:
            self.maps.append(result.detach().clone().numpy())
        return result


def own_maps(model: torch.nn.Module, x: torch.Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the model itself computes: its maps and its gates."""
    gates: list[np.ndarray] = []
    with torch.no_grad(), Softmaxes() as softmaxes, contextlib.ExitStack() as hooks:
        for module in model.modules():
            for hook in hooks_of(module, softmaxes.maps, gates):
                hooks.callback(hook.remove)
        model(x)
    # A softmax of weights alone is the same for all samples, and sigmoids of the shape of what they multiply are no gates.
    return [m for m in softmaxes.maps if m.shape[0] % len(x) == 0], [gate for gate in gates if 1 in gate.shape[1:]]


def hooks_of(module: torch.nn.Module, maps: list[np.ndarray], gates: list[np.ndarray]) -> Iterator[Any]:
    """Hooks that keep what a module gives."""
    if isinstance(module, torch.nn.MultiheadAttention):
        asked = dict(need_weights=True, average_attn_weights=False)
        yield module.register_forward_pre_hook(lambda _, args, kwargs: (args, {**kwargs, **asked}), with_kwargs=True)
        yield module.register_forward_hook(lambda _, args, result: maps.append(as_array(result[1])))
    elif type(module).__name__.lower().startswith(("sigmoid", "hardsigmoid")):
        yield module.register_forward_hook(lambda _, args, result: gates.append(as_array(result)))
    mixed = getattr(module, "talking_head2", None)
    if isinstance(mixed, torch.nn.Module):
        yield mixed.register_forward_hook(lambda _, args, result: maps.__setitem__(-1, as_array(result)))
    dropout = getattr(module, "attn_drop", None)
    if isinstance(dropout, torch.nn.Module):
        # Behind the softmax heads may be mixed, or maps added: dropout gets what multiplies the values.
        begins = []
        yield module.register_forward_pre_hook(lambda _, args: begins.append(len(maps)))

        def keep(_: Any, args: Any) -> None:
            maps[begins[-1] :] = [as_array(args[0])]

        yield dropout.register_forward_pre_hook(keep)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().clone().numpy()


def same(want: np.ndarray, got: np.ndarray) -> bool:
    """Whether two arrays of weights are equal, in whatever order their axes lie."""
    if want.size != got.size:
        return False
    if float(np.abs(np.sort(want, None) - np.sort(got, None)).max()) > TOLERANCE:
        return False
    orders = ((0, *order) for order in permutations(range(1, got.ndim)))
    return any(float(np.abs(got.transpose(order).reshape(want.shape) - want).max()) <= TOLERANCE for order in orders)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1:]))
