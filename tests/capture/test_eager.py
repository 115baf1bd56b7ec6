"""A model that cannot be traced, since one layer needs eager execution: the layer is named, and training goes on."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.capture.capturer import Capturer
from tb_attention.errors import AttentionWarning, CaptureError
from tests.capture.zoo import normal


class Branching(layers.Layer):
    """Decides in Python by a value."""

    def call(self, x: Any) -> Any:
        return x if ops.max(x) > 0 else -x


class Leaving(layers.Layer):
    """Goes by way of NumPy."""

    def call(self, x: Any) -> Any:
        return x * float(x.numpy().max())


class Inner(layers.Layer):
    """A layer around another."""

    def __init__(self, odd: layers.Layer) -> None:
        super().__init__(name="inner")
        self.odd = odd

    def call(self, x: Any) -> Any:
        return self.odd(x)


class EagerOnly(keras.Model):
    """Attention that could be captured, before a layer that runs eagerly only."""

    def __init__(self, odd: layers.Layer) -> None:
        super().__init__(name="eager")
        self.attention, self.inner = layers.MultiHeadAttention(2, 4), Inner(odd)
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x: Any) -> Any:
        return self.head(ops.mean(self.inner(self.attention(x, x)), axis=1))


@pytest.mark.parametrize("odd", [Branching, Leaving])
def test_the_layer_that_needs_eager_execution_is_named(odd: type[layers.Layer]) -> None:
    named = rf"'eager' could not be traced as a graph: it failed in the layer 'inner/odd' \({odd.__name__}\)"
    with pytest.raises(CaptureError, match=named + ", so that none of its sites is captured"):
        Capturer(EagerOnly(odd(name="odd")))(normal(6, 8))


def test_a_model_that_needs_eager_execution_trains_on(tmp_path: Path) -> None:
    def train(callbacks: list[Any]) -> list[float]:
        keras.utils.set_random_seed(0)
        model = EagerOnly(Leaving(name="odd"))
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
        return model.fit(normal(6, 8), np.arange(3), epochs=3, verbose=0, callbacks=callbacks).history["loss"]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        losses = train([tb_attention.AttentionCallback(tmp_path, normal(6, 8), init=False)])
    messages = [str(warning.message) for warning in caught if warning.category is AttentionWarning]
    assert len(messages) == 1
    assert "'inner/odd' (Leaving)" in messages[0]
    assert losses == train([])
