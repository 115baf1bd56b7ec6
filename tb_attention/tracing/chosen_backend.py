"""The backend on which Keras runs. No other file names one."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import keras

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Backend

_MODULES = {
    "tensorflow": "tb_attention.tracing.tensorflow.tensorflow_backend",
}


def check_backend() -> None:
    """Raises ArgumentError unless Keras runs on a framework from which attention is captured."""
    chosen_backend()


def chosen_backend() -> Backend:
    """The backend on which Keras runs, imported now.

    Raises:
        ArgumentError: Attention is not captured on it.
    """
    name = keras.backend.backend()
    if name not in _MODULES:
        raise ArgumentError(
            f"Attention is captured on the Keras backends {' and '.join(map(repr, _MODULES))}; with another one, write the "
            f"weights with `tb_attention.AttentionWriter`. Received: keras.backend.backend()={name!r}."
        )
    return _imported(_MODULES[name])


@cache
def _imported(module: str) -> Backend:
    backend: Backend = import_module(module).BACKEND
    return backend
