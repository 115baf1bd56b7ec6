"""Weights that a loop makes and another uses, and weights that a loop takes in step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import normal

K = tf.keras.backend


class Align(layers.Layer):
    """The additive attention of Keras 2 code: a loop over the queries makes weights, another one uses them."""

    def __init__(self, way: str = "loop") -> None:
        super().__init__(name="align")
        self.way = way
        self.of_key, self.of_query, self.score = layers.Dense(4), layers.Dense(4), layers.Dense(1)

    def build(self, shapes: Any) -> None:
        self.of_key.build(shapes[0])
        self.of_query.build((None, shapes[1][-1]))
        self.score.build((None, None, 4))

    def call(self, inputs: Any) -> Any:
        keys, queries = inputs
        settings = {"unroll": self.way == "unrolled", "input_length": queries.shape[1]}

        def energy(query: Any, _: Any) -> Any:
            scores = self.score(ops.tanh(self.of_key(keys) + self.of_query(query)[:, None]))
            weights = ops.softmax(scores[..., 0])
            return weights, [weights]

        def context(weights: Any, _: Any) -> Any:
            mixed = ops.sum(keys * weights[..., None], axis=1)
            return mixed, [mixed]

        weights = K.rnn(energy, queries, [ops.zeros_like(keys[:, :, 0])], **settings)[1]
        if self.way == "masked":
            weights = weights * ops.cast(keys[:, None, :, 0] > 0, "float32")
        if self.way == "given_out":
            return weights, weights
        if self.way == "at_once":
            return ops.matmul(weights, keys), weights
        return K.rnn(context, weights, [ops.zeros_like(keys[:, 0])], **settings)[1], weights


@pytest.mark.parametrize("recorded", [False, True], ids=["graph", "eager"])
@pytest.mark.parametrize("way", ["loop", "unrolled", "masked", "at_once", "given_out"])
def test_what_a_loop_hands_to_another_has_a_query_for_each_round(
    way: str, recorded: bool, request: pytest.FixtureRequest
) -> None:
    if recorded:
        request.getfixturevalue("without_graphs")
    keys, queries = keras.Input((7, 4)), keras.Input((5, 3))
    mixed, weights = Align(way)([keys, queries])
    fed = [normal(7, 4), normal(5, 3)]
    captured = Capturer(keras.Model([keys, queries], layers.Dense(2)(mixed) if way != "given_out" else mixed))(fed)
    (site,) = captured.sites
    assert (site.path, site.kind, captured.left_out) == ("align", "cross", ())
    assert [(axis.role, axis.input) for axis in site.axes[2:]] == [("query", 1), ("key", 0)]
    given_out = keras.Model([keys, queries], weights).predict(fed, verbose=0)
    np.testing.assert_allclose(site.weights, given_out[:, None], atol=1e-5)


@pytest.mark.parametrize("length", [5, None])
def test_the_number_of_rounds_may_be_that_of_the_input(length: int | None) -> None:
    keys, queries = keras.Input((7, 4)), keras.Input((length, 3))
    mixed, weights = Align()([keys, queries])
    capturer = Capturer(keras.Model([keys, queries], layers.Dense(2)(mixed)))
    given_out = keras.Model([keys, queries], weights)
    for rounds in (5, 5) if length else (5, 3, 1):
        fed = [normal(7, 4), normal(5, 3)[:, :rounds]]
        (site,) = capturer(fed).sites
        np.testing.assert_allclose(site.weights, given_out.predict(fed, verbose=0)[:, None], atol=1e-5)


def test_positions_that_attend_to_themselves_in_loops_are_self_attention() -> None:
    inputs = keras.Input((6, 4))
    mixed, weights = Align()([inputs, inputs])
    (site,) = Capturer(keras.Model(inputs, layers.Dense(2)(mixed)))(normal(6, 4)).sites
    assert site.kind == "self"
    expected = keras.Model(inputs, weights).predict(normal(6, 4), verbose=0)
    np.testing.assert_allclose(site.weights[:, 0], expected, atol=1e-5)


class Evolving(layers.Layer):
    """A recurrent layer whose update gate is scaled by weights, as in "Deep Interest Evolution Network", AAAI 2019."""

    def __init__(self, way: str) -> None:
        super().__init__(name="evolving")
        self.way = way
        self.gate, self.candidate = layers.Dense(4, activation="sigmoid"), layers.Dense(4, activation="tanh")

    def build(self, *_: Any) -> None:
        self.gate.build((None, 8))
        self.candidate.build((None, 8))

    def step(self, x: Any, weight: Any, state: Any) -> Any:
        joined = ops.concatenate([x, state], axis=-1)
        update = (1 - weight) * self.gate(joined)
        return update * state + (1 - update) * self.candidate(joined)

    def call(self, x: Any, weights: Any) -> Any:
        state, steps = ops.zeros_like(x[:, 0]), x.shape[1]
        parts = tf.transpose(x, (1, 0, 2)), tf.transpose(weights)[..., None]
        if self.way == "rnn":
            return K.rnn(lambda both, s: [self.step(*both, s[0])] * 2, (x, weights[..., None]), [state])[0]
        if self.way == "scan":
            return tf.scan(lambda s, both: self.step(*both, s), parts, state)[-1]
        if self.way == "arrays":
            xs, ws = (tf.TensorArray("float32", steps).unstack(part) for part in parts)
            return tf.while_loop(
                lambda at, _: at < steps, lambda at, s: (at + 1, self.step(xs.read(at), ws.read(at), s)), (0, state)
            )[1]
        if self.way == "slices":
            return ops.fori_loop(0, steps, lambda at, s: self.step(x[:, at], weights[:, at][:, None], s), state)
        for at in range(steps):
            state = self.step(x[:, at], weights[:, at, None], state)
        return state


def scores(inputs: Any) -> Any:
    return ops.squeeze(layers.Dense(1)(layers.Dense(8, activation="tanh")(inputs)), -1)


@pytest.mark.parametrize("way", ["rnn", "scan", "arrays", "slices", "python"])
def test_weights_that_a_loop_takes_in_step_by_step_are_one_site(way: str) -> None:
    inputs = keras.Input((6, 4))
    weights = layers.Softmax(name="weights")(scores(inputs))
    model = keras.Model(inputs, layers.Dense(2)(Evolving(way)(inputs, weights)))
    (site,) = Capturer(model)(normal(6, 4)).sites
    assert (site.path, site.kind, [axis.role for axis in site.axes[2:]]) == ("weights", "cross", ["query", "key"])
    assert site.axes[-1].input == 0
    expected = keras.Model(inputs, weights).predict(normal(6, 4), verbose=0)
    np.testing.assert_allclose(site.weights[:, 0, 0], expected, atol=1e-5)


class EvolvingCell(layers.Layer):
    """The same as a cell, to which weights come as the last feature."""

    def __init__(self) -> None:
        super().__init__()
        self.state_size, self.evolving = 4, Evolving("cell")

    def build(self, _: Any) -> None:
        self.evolving.build()

    def call(self, x: Any, states: Any) -> Any:
        state = self.evolving.step(x[:, :-1], x[:, -1:], states[0])
        return state, [state]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("activation", "kind"), [(ops.softmax, "cross"), (ops.sigmoid, "gate")])
def test_weights_beside_the_features_of_each_step_are_followed(
    activation: Callable[[Any], Any], kind: str, masked: bool
) -> None:
    inputs = keras.Input((6, 4))
    weights = activation(scores(inputs))
    x = layers.Concatenate()([layers.Masking()(inputs) if masked else inputs, weights[..., None]])
    model = keras.Model(inputs, layers.Dense(2)(layers.RNN(EvolvingCell())(x)))
    (site,) = Capturer(model)(normal(6, 4)).sites
    assert site.kind == kind
    expected = keras.Model(inputs, weights).predict(normal(6, 4), verbose=0)
    np.testing.assert_allclose(site.weights.reshape(expected.shape), expected, atol=1e-5)


class OneAfterAnother(layers.Layer):
    """Weights of one sample after another, and then what they mix."""

    def call(self, x: Any) -> Any:
        weights = ops.map(lambda one: ops.softmax(ops.sum(one, axis=-1)), x)
        return ops.map(lambda both: ops.sum(both[0][:, None] * both[1], axis=0), (weights, x))


def test_loops_over_the_samples_hand_on_the_weights_of_each() -> None:
    inputs = keras.Input((6, 4))
    capturer = Capturer(keras.Model(inputs, OneAfterAnother(name="mapped")(inputs)))
    for x in (normal(6, 4), normal(6, 4)[:2]):
        (site,) = capturer(x).sites
        exponents = np.exp(x.sum(-1))
        np.testing.assert_allclose(site.weights[:, 0, 0], exponents / exponents.sum(-1, keepdims=True), atol=1e-5)


def test_probabilities_of_classes_at_each_step_open_no_loop() -> None:
    inputs = keras.Input((6, 4))
    x = layers.LSTM(4)(layers.Dense(8, activation="softmax", name="classes")(inputs))
    captured = Capturer(keras.Model(inputs, layers.Dense(2)(x)))(normal(6, 4))
    assert captured.sites == ()
    assert [item.path for item in captured.left_out] == ["classes"]


def test_the_rounds_of_a_loop_are_left_out_once() -> None:
    inputs = keras.Input((6, 4))
    weights = layers.Softmax()(scores(inputs))
    model = keras.Model(inputs, layers.Dense(2)(Evolving("scan")(inputs, weights)))
    reasons = [item.path for item in Capturer(model)(normal(6, 4)).left_out]
    assert len(reasons) == len(set(reasons)) == 1
