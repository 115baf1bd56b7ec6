"""Attention inside loops and branches of the graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.tracing.capturer import Capturer
from tb_attention.tracing.trace_cache import trace_cache_of
from tests.tracing.zoo import normal


class AttentiveCell(layers.Layer):
    """A recurrent cell that attends to a memory scaled by its state."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = 8
        self.query, self.update = layers.Dense(8), layers.Dense(8)

    def build(self, shape: Any) -> None:
        self.query.build((None, 8))
        self.update.build((None, 16))
        self.memory = self.add_weight(shape=(5, 8), initializer="random_normal", name="memory")

    def call(self, x: Any, states: Any) -> tuple[Any, list[Any]]:
        keys = states[0][:, None, :] + self.memory[None]
        weights = ops.softmax(ops.sum(self.query(x)[:, None] * keys, axis=-1))
        seen = ops.sum(weights[..., None] * keys, axis=1)
        state = ops.tanh(self.update(ops.concatenate([x, seen], axis=-1)))
        return state, [state]


@pytest.mark.parametrize("way", ["graph", "eager"])
def test_rounds_of_a_loop_along_a_sequence_are_its_queries(way: str, request: pytest.FixtureRequest) -> None:
    if way == "eager":
        request.getfixturevalue("without_graphs")
    inputs = keras.Input((4, 8))
    cell = AttentiveCell(name="cell")
    model = keras.Model(inputs, layers.RNN(cell, name="rnn")(inputs))
    x = normal(4, 8)
    (site,) = tb_attention.capture(model, x).values()
    assert [(axis.role, axis.size, axis.input) for axis in site.axes[2:]] == [("query", 4, 0), ("key", 5, None)]
    state = np.zeros((3, 8), "float32")
    memory = ops.convert_to_numpy(cell.memory)
    for index in range(4):
        keys = state[:, None] + memory
        logits = np.einsum("bd,bkd->bk", cell.query(x[:, index]), keys)
        expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        np.testing.assert_allclose(site.weights[:, 0, index], expected, atol=1e-5)
        state = ops.convert_to_numpy(cell(x[:, index], [state])[0])


class Scanned(keras.Model):
    """Makes a picture sharper and sharper, by what is at its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = layers.Conv2D(8, 3, padding="same")
        self.attention = layers.MultiHeadAttention(2, 4, name="attention")

    def build(self, shape: Any) -> None:
        self.convolution.build((None, 4, 6, 3))
        self.attention.build((None, 24, 8), (None, 24, 8))

    def call(self, picture: Any) -> Any:
        def step(picture: Any, number: Any) -> tuple[Any, Any]:
            cells = ops.reshape(self.convolution(picture), (-1, 24, 8))
            seen = ops.reshape(self.attention(cells, cells)[..., :3], (-1, 4, 6, 3))
            picture = picture + seen / (3 - ops.cast(number, "float32"))
            return picture, picture

        return ops.scan(step, picture, ops.arange(3))[1]


def test_what_a_scan_hands_on_keeps_its_positions() -> None:
    (site,) = tb_attention.capture(Scanned(), normal(4, 6, 3)).values()
    roles = [(axis.role, axis.size, axis.kind, axis.grid) for axis in site.axes[2:]]
    assert roles == [("iteration", 3, "positions", None), ("query", 24, "grid", (4, 6)), ("key", 24, "grid", (4, 6))]


class Repeated(keras.Model):
    """Attends to itself as often as the first number of the first sample says."""

    def call(self, x: Any) -> Any:
        rounds = tf.cast(x[0, 0, 0], tf.int32)

        def body(index: Any, y: Any) -> tuple[Any, Any]:
            weights = tf.nn.softmax(tf.matmul(y, y, transpose_b=True))
            return index + 1, tf.matmul(weights, y)

        return tf.while_loop(lambda index, _: index < rounds, body, (0, x))[1]


@pytest.mark.parametrize("way", ["graph", "eager"])
def test_a_loop_that_goes_round_another_number_of_times_is_traced_again(
    way: str, request: pytest.FixtureRequest
) -> None:
    if way == "eager":
        request.getfixturevalue("without_graphs")
    model = Repeated()
    x = normal(6, 8)
    capturer = Capturer(model)
    for rounds in (2, 3, 2):
        x[0, 0, 0] = rounds
        captured = capturer(x)
        assert captured.sites[0].weights.shape == (3, 1, rounds, 6, 6)
        np.testing.assert_allclose(captured.outputs, model(x), atol=1e-5)


class Branching(keras.Model):
    """Attends only to inputs whose sum is positive."""

    def call(self, x: Any) -> Any:
        def attend() -> Any:
            return tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x)

        return tf.cond(tf.reduce_sum(x) > 0, attend, lambda: 2 * x)


def test_the_branch_that_is_taken_counts() -> None:
    model = Branching()
    capturer = Capturer(model)
    for x, found in ((np.abs(normal(6, 8)), 1), (-np.abs(normal(6, 8)), 0), (np.abs(normal(6, 8)), 1)):
        captured = capturer(x)
        assert len(captured.sites) == found
        np.testing.assert_allclose(captured.outputs, model(x), atol=1e-5)


class OverSamples(keras.Model):
    """Looks at one sample after another."""

    def call(self, x: Any) -> Any:
        def one(y: Any) -> Any:
            return ops.matmul(ops.softmax(ops.matmul(y, ops.transpose(y))), y)

        return ops.map(one, x)


def test_a_loop_over_the_samples_has_no_axis_of_its_own() -> None:
    capturer = Capturer(OverSamples())
    for x in (normal(6, 8), normal(6, 8)[:2], 2 * normal(6, 8)[:1]):
        (site,) = capturer(x).sites
        scores = np.exp(np.einsum("bqd,bkd->bqk", x, x))
        assert (site.kind, [axis.role for axis in site.axes]) == ("self", ["samples", "heads", "query", "key"])
        np.testing.assert_allclose(site.weights[:, 0], scores / scores.sum(-1, keepdims=True), atol=1e-5)


def test_a_model_that_was_never_called_is_traced_once() -> None:
    class Unbuilt(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(2, 4)

        def call(self, x: Any) -> Any:
            return self.attention(x, x)

    capturer = Capturer(Unbuilt())
    first, again = (capturer(normal(6, 8)).sites[0].weights for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(trace_cache_of(capturer.model)._entries) == 1
