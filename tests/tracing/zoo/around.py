"""One layer of attention in whatever may be around it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal

SELF = [("attention", "self", (2, 6, 6))]


def _model(dtype: str | None = None) -> keras.Model:
    inputs = keras.Input((6, 8))
    return keras.Model(inputs, head(layers.MultiHeadAttention(2, 4, name="attention", dtype=dtype)(inputs, inputs)))


@case
def loaded_from_a_file() -> Case:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        _model().save(path)
        return keras.models.load_model(path), normal(6, 8), SELF


@case
def cloned() -> Case:
    return keras.models.clone_model(_model()), normal(6, 8), SELF


@case
def quantised_to_whole_numbers() -> Case:
    model = _model()
    model.quantize("int8")
    return model, normal(6, 8), SELF


class Around(keras.Model):
    """Calls a function with its input and the layers of a dict."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.parts = {name: layers.Dense(4) for name in ("query", "key", "value")}

    def call(self, x: Any) -> Any:
        return ops.mean(self.function(*(self.parts[name](x) for name in ("query", "key", "value"))), axis=1)


def attend(query: Any, key: Any, value: Any) -> Any:
    return tf.matmul(tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value)


def _around(function: Any) -> Case:
    model = Around(function)
    model(normal(6, 8))
    return model, normal(6, 8), [("softmax", "self", (1, 6, 6))]


@case
def in_a_function_of_the_users() -> Case:
    return _around(tf.function(attend))


@case
def in_a_function_compiled_by_xla() -> Case:
    return _around(tf.function(attend, jit_compile=True))


@case
def rematerialised() -> Case:
    return _around(keras.remat(attend))


@case
def mapped_over_the_samples() -> Case:
    def one(parts: Any) -> Any:
        return attend(*parts)

    return _around(lambda *parts: tf.vectorized_map(one, parts))


@case
def mapped_over_the_samples_and_turned() -> Case:
    def one(parts: Any) -> Any:
        query, key, value = parts
        return ops.matmul(ops.softmax(ops.matmul(query, ops.transpose(key))), value)

    return _around(lambda *parts: ops.vectorized_map(one, parts))


@case
def in_a_lambda() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Lambda(lambda x: attend(x, x, x), output_shape=(6, 8), name="attention")(inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def brain_floats() -> Case:
    return _model("mixed_bfloat16"), normal(6, 8), SELF


class Looping(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4)

    def call(self, x: Any) -> Any:
        for _ in range(3):
            x = x + self.attention(x, x)
        return ops.mean(x, axis=1)


@case
def one_layer_in_a_loop() -> Case:
    model = Looping()
    model(normal(6, 8))
    paths = ("attention", "attention#2", "attention#3")
    return model, normal(6, 8), [(path, "self", (2, 6, 6)) for path in paths]
