"""Whether an object is a model that can be captured; if not, a sentence that says what it is and what is supported."""

from __future__ import annotations

import os
from typing import Any

import keras

from tb_attention.errors import ArgumentError

_KERAS_2 = ("tf_keras", "tensorflow.python.keras", "keras.engine", "keras.src.engine", "keras_core")
# Where wrappers (scikit-learn's, of training loops) keep the model that they are around.
_WRAPPED = ("model_", "model", "_model", "module", "keras_model")


def check_model(model: Any) -> None:
    """Raises ArgumentError unless `model` is a model (or layer) of Keras 3. The message names its type and never prints it."""
    if isinstance(model, keras.Layer):
        return
    raise ArgumentError(f"`model` must be a Keras 3 model (`keras.Model`). Received: {_described(model)}")


def check_backend() -> None:
    """Raises ArgumentError unless Keras runs on TensorFlow, from whose graphs attention is captured."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ArgumentError(
            "Attention is captured on the TensorFlow backend of Keras; with another one, write the weights with "
            f"`tb_attention.AttentionWriter`. Received: keras.backend.backend()={backend!r}."
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
        if isinstance(attributes.get(name), keras.Model):
            return f"{kind}. Its attribute `{name}` is a Keras model: give that."
    return f"{kind}. `tb_attention.AttentionWriter` writes the weights of any other framework."


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
