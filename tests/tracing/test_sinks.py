"""Softmaxes that give a share of each row to no key: the weights are what multiplies the values, and the share is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.reduce.grid_axes import merge_axes
from tb_attention.reduce.long_axes import shorten
from tb_attention.site import Axis
from tests.tracing.test_weights import softmax
from tests.tracing.zoo import normal
from tests.tracing.zoo.papers import Written

LENGTH, HEADS = 6, 2


def column(scores: Any, sink: Any) -> Any:
    return ops.broadcast_to(ops.reshape(sink, (1, HEADS, 1, 1)), (ops.shape(scores)[0], HEADS, LENGTH, 1))


def behind(scores: Any, sink: Any) -> Any:
    return ops.softmax(ops.concatenate([scores, column(scores, sink)], axis=-1))


def divided(scores: Any, sink: Any) -> Any:
    most = ops.max(scores, axis=-1, keepdims=True)
    exponents = ops.exp(scores - most)
    return exponents / (
        ops.exp(ops.reshape(sink, (1, HEADS, 1, 1)) - most) + ops.sum(exponents, axis=-1, keepdims=True)
    )


LEARNED: dict[str, Callable[[Any, Any], Any]] = {
    "last_column_dropped": lambda scores, sink: behind(scores, sink)[..., :-1],
    "first_column_dropped": lambda scores, sink: ops.softmax(ops.concatenate([column(scores, sink), scores], -1))[
        ..., 1:
    ],
    "split": lambda scores, sink: ops.split(behind(scores, sink), [LENGTH], axis=-1)[0],
    "cut_by_tensorflow": lambda scores, sink: tf.slice(behind(scores, sink), (0, 0, 0, 0), (-1, -1, -1, LENGTH)),
    "added_to_the_sum": divided,
    "added_to_the_logarithm": lambda scores, sink: ops.exp(
        scores - ops.logaddexp(ops.logsumexp(scores, axis=-1, keepdims=True), ops.reshape(sink, (1, HEADS, 1, 1)))
    ),
}
OFF_BY_ONE: dict[str, Callable[[Any, Any], Any]] = {
    "one_added_to_the_sum": lambda scores, _: ops.exp(scores) / (1 + ops.sum(ops.exp(scores), axis=-1, keepdims=True)),
    "column_of_zeros": lambda scores, _: ops.softmax(ops.pad(scores, ((0, 0), (0, 0), (0, 0), (0, 1))))[..., :-1],
}
WITHOUT: dict[str, Callable[[Any, Any], Any]] = {
    "plain": lambda scores, _: ops.softmax(scores),
    "small_number": lambda scores, _: ops.exp(scores) / (1e-6 + ops.sum(ops.exp(scores), axis=-1, keepdims=True)),
    "masked_after": lambda scores, _: ops.softmax(scores) * ops.tril(ops.ones((LENGTH, LENGTH))),
}


class Sunk(layers.Layer):
    """Attention with two heads; `weigh` makes weights of the scores and of a number for each head."""

    def __init__(self, weigh: Callable[[Any, Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weigh = weigh

    def build(self, shape: Any) -> None:
        self.query, self.key = (self.add_weight(shape=(shape[-1], 8), name=name) for name in ("query", "key"))
        self.sink = self.add_weight(shape=(HEADS,), initializer="random_normal", name="sink")

    def heads(self, x: Any) -> Any:
        return ops.transpose(ops.reshape(x, (-1, LENGTH, HEADS, 4)), (0, 2, 1, 3))

    def call(self, x: Any) -> Any:
        query, key = (self.heads(ops.matmul(x, kernel)) for kernel in (self.query, self.key))
        weights = self.weigh(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), self.sink)
        mixed = ops.matmul(weights, self.heads(x))
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, LENGTH, 8))

    def shares(self, x: Any, sink: Any) -> Any:
        """By hand: the weights of the keys and, in the last column, the share of the sink."""
        query, key = (
            (x @ kernel.numpy()).reshape(-1, LENGTH, HEADS, 4).transpose(0, 2, 1, 3)
            for kernel in (self.query, self.key)
        )
        scores = query @ key.swapaxes(-1, -2)
        added = np.broadcast_to(np.reshape(sink, (1, HEADS, 1, 1)), (*scores.shape[:3], 1))
        return softmax(np.concatenate([scores, added], axis=-1))


def model_of(weigh: Callable[[Any, Any], Any]) -> tuple[keras.Model, Sunk]:
    layer = Sunk(weigh, name="attention")
    inputs = keras.Input((LENGTH, 8))
    return keras.Model(inputs, layers.Dense(2)(layer(inputs))), layer


@pytest.mark.parametrize("name", [*LEARNED, *OFF_BY_ONE])
def test_weights_multiply_the_values_and_the_share_of_the_sink_is_kept(name: str) -> None:
    model, layer = model_of((LEARNED | OFF_BY_ONE)[name])
    x = normal(LENGTH, 8)
    (site,) = tb_attention.capture(model, x).values()
    wanted = layer.shares(x, layer.sink.numpy() if name in LEARNED else np.zeros(HEADS))
    assert (site.path, site.kind) == ("attention", "self")
    np.testing.assert_allclose(site.weights, wanted[..., :-1], atol=1e-5)
    assert site.sink is not None
    assert site.sink.dtype == np.float32
    np.testing.assert_allclose(site.sink, wanted[..., -1], atol=1e-5)
    assert "sink" in (site.note or "")


@pytest.mark.parametrize("name", list(WITHOUT))
def test_rows_that_sum_to_less_for_other_reasons_have_no_sink(name: str) -> None:
    (site,) = tb_attention.capture(model_of(WITHOUT[name])[0], normal(LENGTH, 8)).values()
    assert (site.sink, site.note) == (None, None)


def test_pooling_may_have_a_sink() -> None:
    def pool(x: Any, score: Any) -> Any:
        scores = ops.squeeze(score(x), -1)
        weights = ops.softmax(ops.concatenate([scores, ops.zeros_like(scores[:, :1])], axis=-1))[:, :-1]
        return ops.sum(weights[..., None] * x, axis=1)

    inputs = keras.Input((LENGTH, 8))
    layer = Written(pool, (1,), name="pool")
    model = keras.Model(inputs, layers.Dense(2)(layer(inputs)))
    x = normal(LENGTH, 8)
    (site,) = tb_attention.capture(model, x).values()
    scores = x @ layer.projections[0].kernel.numpy()
    wanted = softmax(np.concatenate([scores[..., 0], np.zeros((3, 1))], axis=-1))
    np.testing.assert_allclose(site.weights[:, 0, 0], wanted[:, :-1], atol=1e-5)
    assert site.sink is not None
    np.testing.assert_allclose(site.sink[:, 0, 0], wanted[:, -1], atol=1e-5)


def test_keys_with_a_value_of_their_own_are_no_sink() -> None:
    """A learned key with a learned value, as in models that may attend to nothing, is a key like others."""

    class NullKey(layers.Layer):
        def build(self, shape: Any) -> None:
            self.key, self.value = (self.add_weight(shape=(1, 1, shape[-1]), name=name) for name in ("key", "value"))

        def call(self, x: Any) -> Any:
            times = (ops.shape(x)[0], 1, 1)
            key, value = (ops.concatenate([ops.tile(one, times), x], axis=1) for one in (self.key, self.value))
            return ops.matmul(ops.softmax(ops.matmul(x, ops.transpose(key, (0, 2, 1)))), value)

    inputs = keras.Input((LENGTH, 8))
    model = keras.Model(inputs, layers.Dense(2)(NullKey(name="attention")(inputs)))
    (site,) = tb_attention.capture(model, normal(LENGTH, 8)).values()
    assert site.weights.shape == (3, 1, LENGTH, LENGTH + 1)
    assert site.sink is None
    np.testing.assert_allclose(site.weights.sum(-1), 1, atol=1e-5)


def test_the_share_of_the_sink_is_in_the_log(tmp_path: Path) -> None:
    model, _ = model_of(LEARNED["last_column_dropped"])
    x = normal(LENGTH, 8)
    site = tb_attention.capture(model, x)["attention"]
    tb_attention.log(model, x, tmp_path, step=3)
    log = tb_attention.load(tmp_path)
    for sample in range(3):
        np.testing.assert_allclose(log.sink(3, sample, "attention"), site.sink[sample], atol=1e-6)
    assert "sink" in (log.site("attention").note or "")


def test_samples_of_several_lengths_have_the_share_of_each_of_their_queries(tmp_path: Path) -> None:
    def attend(x: Any, query: Any, key: Any) -> Any:
        scores = ops.matmul(query(x), ops.transpose(key(x), (0, 2, 1)))
        return ops.matmul(ops.softmax(ops.concatenate([scores, ops.zeros_like(scores[..., :1])], -1))[..., :-1], x)

    inputs = keras.Input((None, 8))
    layer = Written(attend, (4, 4), name="attention")
    model = keras.Model(inputs, layers.Dense(2)(ops.mean(layer(inputs), axis=1)))
    lengths, x = (6, 3, 6, 4), np.concatenate([normal(6, 8), normal(6, 8)[:1]])
    samples = tb_attention.Samples(x, shapes=[(length, 8) for length in lengths])
    tb_attention.log(model, samples, tmp_path, step=0)
    log = tb_attention.load(tmp_path)
    for sample, length in enumerate(lengths):
        own = x[sample, :length]
        query, key = (own @ dense.kernel.numpy() + dense.bias.numpy() for dense in layer.projections)
        wanted = softmax(np.concatenate([query @ key.T, np.zeros((length, 1))], axis=-1))
        np.testing.assert_allclose(log.weights(0, sample, "attention"), wanted[None, :, :-1], atol=1e-5)
        share = log.sink(0, sample, "attention")
        assert share is not None
        np.testing.assert_allclose(share, wanted[None, :, -1], atol=1e-5)


def test_the_share_of_the_sink_follows_the_queries() -> None:
    """Where rows and columns become one axis, and where many queries are pooled."""
    model, _ = model_of(LEARNED["last_column_dropped"])
    site = tb_attention.capture(model, normal(LENGTH, 8))["attention"]
    samples, heads, _, key = site.axes
    rows, columns = (Axis("query", size) for size in (2, 3))
    assert site.sink is not None
    cells = site.replace(
        axes=(samples, heads, rows, columns, key),
        weights=site.weights.reshape(3, HEADS, 2, 3, LENGTH),
        sink=site.sink.reshape(3, HEADS, 2, 3),
    )
    np.testing.assert_array_equal(merge_axes(cells).sink, site.sink)
    np.testing.assert_array_equal(shorten(site, 3).sink, site.sink.reshape(3, HEADS, 3, 2).max(-1))
    with pytest.raises(ArgumentError, match="without its key axes"):
        site.replace(sink=site.sink[:, :1])
