"""The backend of a model: of the framework on which Keras runs, of PyTorch, of JAX for functions, or of one of its libraries."""

from __future__ import annotations

import sys
from functools import cache, partial
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Backend

# No other file names a backend.
_KERAS = {
    "tensorflow": "tb_attention.tracing.tensorflow.tensorflow_backend",
    "jax": "tb_attention.tracing.jax.jax_backend",
    "torch": "tb_attention.tracing.torch.keras_on_torch_backend",
}
_MODULES = "tb_attention.tracing.torch.module_backend"
_FUNCTIONS = "tb_attention.tracing.jax.function_backend"
_LIBRARIES_OF_JAX = {
    "flax.linen": "tb_attention.tracing.jax.linen_backend",
    "flax.nnx": "tb_attention.tracing.jax.nnx_backend",
    "equinox": "tb_attention.tracing.jax.equinox_backend",
}
_CALLABLES_OF_JAX = ("jax", "jaxlib", "flax")


def check_backend() -> None:
    """Raises ArgumentError unless Keras runs on a framework from which attention is captured."""
    keras_backend()


def is_keras(model: Any) -> bool:
    """Whether it is a model or layer of Keras 3, which is not imported for that."""
    keras = sys.modules.get("keras")
    return isinstance(model, getattr(keras, "Layer", ()))


def is_module(model: Any) -> bool:
    """Whether it is a module of PyTorch, which is not imported for that; a Keras model on torch is one too."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def is_jax_function(model: Any) -> bool:
    """Whether it is a function while JAX, which is not imported for that, is in use."""
    if "jax" not in sys.modules or isinstance(model, type) or library_of_jax(model) is not None:
        return False
    is_transformed = callable(model) and type(model).__module__.partition(".")[0] in _CALLABLES_OF_JAX
    return is_transformed or isinstance(model, FunctionType | MethodType | partial)


def library_of_jax(model: Any) -> str | None:
    """The library of JAX whose module it is: "flax.linen", "flax.nnx" or "equinox", none of which is imported for that."""
    for name in _LIBRARIES_OF_JAX:
        library = sys.modules.get(name)
        if library is not None and isinstance(model, library.Module):
            return name
    return None


def is_of_jax(model: Any) -> bool:
    """Whether it is a function of JAX or a module of one of its libraries."""
    return library_of_jax(model) is not None or is_jax_function(model)


def backend_of(model: Any) -> Backend:
    """The backend of a Keras model, a module of PyTorch or of a library of JAX, or a function of JAX, imported now.

    Raises:
        ArgumentError: Attention is not captured on the framework on which Keras runs.
    """
    if is_of_jax(model):
        return _imported(_LIBRARIES_OF_JAX.get(library_of_jax(model) or "", _FUNCTIONS))
    return _imported(_MODULES) if is_module(model) and not is_keras(model) else keras_backend()


def keras_backend() -> Backend:
    """The backend on which Keras runs.

    Raises:
        ArgumentError: Attention is not captured on it.
    """
    import keras

    name = keras.backend.backend()
    if name not in _KERAS:
        raise ArgumentError(
            f"Attention is captured on the Keras backends {' and '.join(map(repr, _KERAS))}; with another one, write the "
            f"weights with `tb_attention.AttentionWriter`. Received: keras.backend.backend()={name!r}."
        )
    return _imported(_KERAS[name])


@cache
def _imported(module: str) -> Backend:
    backend: Backend = import_module(module).BACKEND
    return backend
