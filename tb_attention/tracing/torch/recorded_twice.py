"""Turns one call of a model into a flat graph: recorded with a few samples, and with one more."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from tb_attention.errors import CaptureError
from tb_attention.tracing import limits
from tb_attention.tracing.backend import Arrays, Trace
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.torch.aten_pass import Runnable
from tb_attention.tracing.torch.aten_recording import AtenRecording
from tb_attention.tracing.torch.aten_rerun import AtenRerun

_PLAIN = (bool, int, float, str, bytes)


def record_twice(model: Any, call: Call, wrap: Callable[[Any], Runnable], layers: Sequence[Any] = ()) -> Trace:
    """The graph of a model at inference, for any number of samples where it allows that.

    Args:
        model: A module, or a Keras model.
        call: A call of it.
        wrap: Says how it is run.
        layers: As `Trace.layers`.

    Raises:
        CaptureError: The model fails.
    """
    try:
        first, samples = _recorded(wrap(model), call)
    except Exception as error:
        message = " ".join(str(error).split())
        raise CaptureError(
            f"The model {wrap(model).name!r} could not be run, so that none of its sites is captured. "
            f"{type(error).__name__}: {message}"
        ) from error
    graph = first.graph()
    # The trace lives in a table by model, which must not keep the model alive.
    runner = partial(_Runner, weakref.ref(model), wrap, call.without_arrays(), first.keys, graph)
    return Trace(graph, samples, _packer(first.result), runner, layers)


def _recorded(model: Runnable, call: Call) -> tuple[AtenRecording, int | None]:
    """The recording, and the number of samples that it is bound to.

    A few samples show what a model does in less time. All are taken where it did something else with all of them before.
    """
    least, whole = limits.LEAST_SAMPLES, max(call.samples, limits.LEAST_SAMPLES)
    for size in (whole,) if call.has_varied else dict.fromkeys((least, whole)):
        with contextlib.suppress(Exception):
            first, more = (_record(model, call, samples) for samples in (size, size + 1))
            if [node.op for node in first.nodes] == [node.op for node in more.nodes] and first.keys == more.keys:
                first.forget_differences(more)
                # One sample may take other operations than several: it is run as two.
                return first, least if call.has_varied and call.samples < least else None
    return _record(model, call, call.samples), call.samples


def _record(model: Runnable, call: Call, samples: int) -> AtenRecording:
    tensors, _ = next(call.chunks(samples))
    recording = AtenRecording(model, tensors)
    recording.run(*call.arguments(tensors))
    return recording


class _Runner:
    """Computes values of a recorded pass anew, with the weights that the model has then."""

    def __init__(
        self,
        model: Callable[[], Any],
        wrap: Callable[[Any], Runnable],
        form: Call,
        keys: Sequence[tuple[str, str]],
        graph: Graph,
        fetches: Sequence[Value],
    ) -> None:
        self._model, self._wrap = model, wrap
        self._form, self._keys, self._fetches = form, keys, fetches
        self._inputs = {value: index for index, value in enumerate(graph.inputs)}
        self._outputs = {value: index for index, value in enumerate(graph.outputs)}

    def __call__(self, tensors: Sequence[Any]) -> Arrays:
        model = self._model()
        assert model is not None, "whoever captures holds the model"
        inner = [value for value in self._fetches if value not in self._outputs and value not in self._inputs]
        rerun = AtenRerun(self._wrap(model), self._keys, inner)
        rerun.run(*self._form.arguments(tensors))
        results = [leaf for leaf in tree_leaves(rerun.result) if isinstance(leaf, torch.Tensor)]
        given = {value: tensors[index] for value, index in self._inputs.items()}
        given |= {value: results[index] for value, index in self._outputs.items()} | rerun.fetched
        taken = [given[value] for value in self._fetches]
        return [_array(tensor, is_own=rerun.is_own(tensor)) for tensor in taken]


def _array(tensor: torch.Tensor, *, is_own: bool) -> npt.NDArray[Any]:
    """A tensor as an array, of a type that NumPy has; a copy of what lives on in the model."""
    tensor = tensor.detach()
    if tensor.dtype in (torch.bfloat16,):
        tensor = tensor.float()
    array: npt.NDArray[Any] = tensor.cpu().resolve_conj().resolve_neg().numpy()
    return array if is_own else np.array(array)


def _packer(result: Any) -> Callable[[list[Any]], Any]:
    """Makes the structure that the model returned from arrays instead of its tensors; of other objects only plain ones stay."""
    leaves, structure = tree_flatten(result)
    is_tensor = [isinstance(leaf, torch.Tensor) for leaf in leaves]
    constants = [leaf if isinstance(leaf, _PLAIN) else None for leaf in leaves]

    def pack(arrays: list[Any]) -> Any:
        remaining = iter(arrays)
        return tree_unflatten(
            [next(remaining) if own else leaf for own, leaf in zip(is_tensor, constants, strict=True)], structure
        )

    return pack
