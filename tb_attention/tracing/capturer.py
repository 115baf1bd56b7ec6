"""Captures the attention of one model repeatedly, tracing it once for each kind of input."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from tb_attention.errors import ArgumentError, CaptureError
from tb_attention.tracing import limits
from tb_attention.tracing.captured import Capture
from tb_attention.tracing.chosen_backend import backend_of, is_keras, is_module, is_of_jax
from tb_attention.tracing.graph import Stale
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.select import SiteFilter, check_names, make_selector, patterns_of
from tb_attention.tracing.trace_cache import trace_cache_of
from tb_attention.tracing.wrapped_modules import check_whole

_KERAS_2 = ("tf_keras", "tensorflow.python.keras", "keras.engine", "keras.src.engine", "keras_core")
# Attributes in which wrappers (of scikit-learn, of training loops) keep their model.
_WRAPPED = ("model_", "model", "_model", "module", "keras_model")


class Capturer:
    """Captures a model's attention. Later calls with the same kind of input run the compiled pass with the current weights.

    Traces are kept with the model, for other capturers too. The first call with a kind of input detects every change of the
    layers. Later calls detect other layers, variables and `call`s only: functions that Keras compiles do not detect changed
    attributes either.

    Args:
        model: A Keras model, a module of PyTorch or of a library of JAX, or a function of JAX.
        sites: Which sites are wanted: a path of a site or of a layer around some, a pattern, several, or a function of the path.
            Defaults to all but routers.

    Raises:
        ArgumentError: `model` is none of these, or `sites` is of another kind.
    """

    def __init__(self, model: Any, sites: SiteFilter = None) -> None:
        check_model(model)
        self.model = model
        self._names = patterns_of(sites)
        self._select = make_selector(sites if sites is None or callable(sites) else self._names)
        self._asked = sites is not None
        self._checked_names = False
        self._compared: set[tuple[Any, ...]] = set()

    def __call__(self, *inputs: Any, **call_kwargs: Any) -> Capture:
        """Runs the model at inference and takes the weights of its sites.

        Args:
            *inputs: What the model takes, samples along the first axis: arrays, tensors, strings, or lists and dicts of them.
            **call_kwargs: Further arguments of the model's `call`.

        Raises:
            ArgumentError: Keras runs on a backend that is not supported, there are no inputs, or, at the first call, a name in
                `sites` is that of no site; the message lists near ones.
            CaptureError: The model can be neither traced nor run eagerly, or does other operations each time it is called.
        """
        backend = backend_of(self.model)
        with backend.outside():
            return self._captured(backend.read_call(self.model, inputs, call_kwargs))

    def _captured(self, call: Call) -> Capture:
        kept = trace_cache_of(self.model)
        with kept.lock:
            for _ in range(limits.TRACE_ATTEMPTS):
                traced = kept.get(self.model, call, thoroughly=call.signature not in self._compared)
                self._compared.add(call.signature)
                if not self._checked_names:
                    check_names("sites", self._names, [path for path, _ in traced.found])
                    self._checked_names = True
                try:
                    return traced.choose(self._select, asked=self._asked)(call)
                except Stale:
                    # Control flow that depends on the inputs, or on the weights, has changed.
                    kept.forget(call)
                    call = dataclasses.replace(call, has_varied=True)
        name = getattr(self.model, "name", type(self.model).__name__)
        raise CaptureError(
            f"The model {name!r} does other operations each time it is called, so that none of its sites is captured."
        )


def check_model(model: Any) -> None:
    """Raises ArgumentError unless attention is captured from models of this kind. The message names its type only."""
    if is_keras(model) or is_of_jax(model):
        return
    if is_module(model):
        check_whole(model)
        return
    raise ArgumentError(
        "`model` must be a Keras 3 model (`keras.Model`), a PyTorch module (`torch.nn.Module`), a module of Flax or Equinox, "
        f"or a function of JAX. Received: {_described(model)}"
    )


def _described(model: Any) -> str:
    if isinstance(model, type):
        return f"the class {_name(model)}. Make a model with it first."
    kind = f"an object of type {_name(type(model))}"
    if any(parent.__module__.startswith(_KERAS_2) for parent in type(model).__mro__):
        return (
            f"{kind}, which is not of Keras 3 but of an older Keras. Build the model with `keras` 3 (without "
            "TF_USE_LEGACY_KERAS=1), or write its weights with `tb_attention.AttentionWriter`."
        )
    if isinstance(model, str | os.PathLike):
        return f"{kind}. `keras.models.load_model` reads a model from a file."
    attributes = getattr(model, "__dict__", {})
    for name in _WRAPPED:
        inner = attributes.get(name)
        if is_keras(inner) or is_module(inner):
            return f"{kind}. Its attribute `{name}` is a {'Keras model' if is_keras(inner) else 'PyTorch module'}: give that."
    return f"{kind}. `tb_attention.AttentionWriter` writes the weights of any other framework."


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
