"""Models that cannot be traced, since a layer of theirs needs eager execution, are captured as they run eagerly."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.errors import AttentionWarning, CaptureError
from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import CASES, normal


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


class Counting(layers.Layer):
    """Changes what it holds, draws numbers, and goes by way of NumPy."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.raw = tf.Variable(0.0)
        self.noise = keras.random.SeedGenerator(5)

    def call(self, x: Any) -> Any:
        self.calls.assign_add(1.0)
        self.raw.assign_add(1.0)
        return (
            x + keras.random.normal(ops.shape(x), seed=self.noise) + tf.random.normal(x.shape) + float(x.numpy().max())
        )


class Broken(layers.Layer):
    """Cannot be called at all."""

    def call(self, x: Any) -> Any:
        raise RuntimeError("No such thing.")


@pytest.mark.parametrize("odd", [Branching, Leaving, Counting])
def test_attention_around_a_layer_that_only_runs_eagerly_is_found(odd: type[layers.Layer]) -> None:
    model, x = EagerOnly(odd(name="odd")), normal(6, 8)
    capturer = Capturer(model)
    for samples in (3, 2):
        captured = capturer(x[:samples])
        assert [(site.path, site.kind) for site in captured.sites] == [("attention", "self")]
        _, own = model.attention(x[:samples], x[:samples], return_attention_scores=True)
        np.testing.assert_allclose(captured.sites[0].weights, own, atol=1e-6)
        assert [axis.role for axis in captured.sites[0].axes] == ["samples", "heads", "query", "key"]


def test_a_layer_that_leaves_tensorflow_passes_attention_on() -> None:
    class Sorting(layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.constant(np.sort(x.numpy(), axis=-1))

    class After(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.sorting, self.attention = Sorting(), layers.MultiHeadAttention(2, 4)
            self.head = layers.Dense(3)

        def call(self, x: Any) -> Any:
            x = self.sorting(x)
            return self.head(self.attention(x, x))

    model, x = After(), normal(6, 8)
    captured = Capturer(model)(x)
    _, own = model.attention(np.sort(x), np.sort(x), return_attention_scores=True)
    np.testing.assert_allclose(captured.sites[0].weights, own, atol=1e-6)


def test_an_eager_pass_leaves_the_model_as_it_was() -> None:
    model = EagerOnly(Counting(name="odd"))
    tf.random.set_seed(1)
    model(normal(6, 8))
    odd = model.inner.odd
    before = [variable.numpy() for variable in (*model.variables, odd.raw)]
    tf.random.set_seed(1)
    Capturer(model)(normal(6, 8))
    drawn = tf.random.normal([3]).numpy()
    assert all(a.tobytes() == b.numpy().tobytes() for a, b in zip(before, (*model.variables, odd.raw), strict=True))
    tf.random.set_seed(1)
    np.testing.assert_array_equal(drawn, tf.random.normal([3]))


# What a loop over samples does with each is known only where the loop is unrolled.
MAPPED = {
    "mapped_over_the_samples",
    "mapped_over_the_samples_and_turned",
    "tokens_picked_in_a_loop_over_samples",
}


@pytest.mark.parametrize("name", sorted(set(CASES) - MAPPED))
def test_eagerly_the_same_is_found_as_in_a_graph(name: str, request: pytest.FixtureRequest) -> None:
    keras.utils.set_random_seed(3)
    model, inputs, expected = CASES[name]()
    traced = Capturer(model)(inputs)
    request.getfixturevalue("without_graphs")
    recorded = Capturer(model)(inputs)
    assert [(site.path, site.kind, site.weights.shape[1:]) for site in recorded.sites] == expected
    for one, other in zip(recorded.sites, traced.sites, strict=True):
        assert one.axes == other.axes
        np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)


def test_a_model_that_changes_from_call_to_call_is_named() -> None:
    class Growing(layers.Layer):
        calls = 0

        def call(self, x: Any) -> Any:
            Growing.calls += 1
            for _ in range(Growing.calls):
                x = x + float(x.numpy().max())
            return x

    with pytest.raises(CaptureError, match="'eager' does other operations each time it is called"):
        Capturer(EagerOnly(Growing(name="odd")))(normal(6, 8))


def test_the_layer_that_cannot_be_called_is_named() -> None:
    named = r"'eager' could be neither traced as a graph nor run eagerly: it failed in the layer 'inner/odd' \(Broken\)"
    with pytest.raises(CaptureError, match=named + ", so that none of its sites is captured"):
        Capturer(EagerOnly(Broken(name="odd")))(normal(6, 8))


def test_a_model_that_needs_eager_execution_trains_on(tmp_path: Path) -> None:
    def train(callbacks: list[Any]) -> list[float]:
        keras.utils.set_random_seed(0)
        model = EagerOnly(Leaving(name="odd"))
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
        return model.fit(normal(6, 8), np.arange(3), epochs=3, verbose=0, callbacks=callbacks).history["loss"]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        losses = train([tb_attention.AttentionCallback(tmp_path, normal(6, 8))])
    assert [str(warning.message) for warning in caught if warning.category is AttentionWarning] == []
    assert losses == train([])
    log = tb_attention.load(tmp_path)
    assert (log.has_init, log.steps, log.sites) == (True, [0, 1, 2], ["attention"])
