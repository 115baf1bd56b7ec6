"""What cannot work is refused at the start, in a sentence."""

from __future__ import annotations

import re
from typing import Any

import keras
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.errors import ArgumentError, CaptureError
from tests.tracing.zoo import normal


def test_strings_are_refused() -> None:
    model = keras.Sequential([keras.Input((6, 8)), layers.Flatten()])
    with pytest.raises(ArgumentError, match="`inputs` must be numbers: JAX has no strings"):
        tb_attention.capture(model, ["a text"])


class Eager(layers.Layer):
    def call(self, x: Any) -> Any:
        return x if float(ops.sum(x)) > 0 else -x

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class OfNumbers(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inside = Eager(name="inside")

    def call(self, x: Any) -> Any:
        return self.inside(x)


def test_a_model_that_computes_with_numbers_is_refused_with_its_layer() -> None:
    model = OfNumbers()
    model.built = model.inside.built = True
    with pytest.raises(
        CaptureError, match=r"could not be traced by JAX: it failed in the layer 'inside' \(Eager\)"
    ) as raised:
        tb_attention.capture(model, normal(6, 8))
    line = r"needs numbers \(test_refusals\.py, line \d+: `return x if float\(ops\.sum\(x\)\) > 0 else -x`\)"
    assert re.search(rf"{line}, and JAX traces models without: use `jax\.numpy\.where`", str(raised.value))
