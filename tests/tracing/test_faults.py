"""Weights along the batch and attention that leads nowhere are left out, in words that lead to the mistake."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.errors import AttentionWarning
from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import head, normal

SAMPLES = "samples attend to each other"


class Mixing(layers.Layer):
    """Mixes with what a function of (layer, x) makes."""

    def __init__(self, mix: Callable[[Any, Any], Any]) -> None:
        super().__init__(name="mixing")
        self.mix = mix
        self.query, self.key, self.score = layers.Dense(4), layers.Dense(4), layers.Dense(1)

    def attend(self, x: Any, activation: Callable[[Any], Any] = ops.softmax) -> Any:
        return ops.matmul(activation(ops.matmul(self.query(x), ops.swapaxes(self.key(x), -1, -2))), x)

    def call(self, x: Any) -> Any:
        return self.mix(self, x)


def time_first(layer: Mixing, x: Any) -> Any:
    return ops.transpose(layer.attend(ops.transpose(x, (1, 0, 2))), (1, 0, 2))


def time_first_sigmoid(layer: Mixing, x: Any) -> Any:
    return ops.transpose(layer.attend(ops.transpose(x, (1, 0, 2)), ops.sigmoid), (1, 0, 2))


def pooled_features(layer: Mixing, x: Any) -> Any:
    return layer.attend(ops.mean(x, axis=1))


def rows_of_a_table(layer: Mixing, x: Any) -> Any:
    return ops.reshape(layer.attend(ops.reshape(x, (1, -1, 24))), (-1, 6, 4))


def softmax_over_the_first_axis(layer: Mixing, x: Any) -> Any:
    return ops.sum(ops.softmax(layer.score(x), axis=0) * x, axis=1)


def nodes_of_all_graphs(layer: Mixing, x: Any) -> Any:
    nodes = ops.reshape(x, (-1, 4))
    return ops.reshape(ops.softmax(layer.score(nodes), axis=0) * nodes, (-1, 6, 4))


def channels_over_the_batch(layer: Mixing, x: Any) -> Any:
    return x * ops.softmax(layer.query(ops.mean(x, axis=1)), axis=0)[:, None]


def by_hand(layer: Mixing, x: Any) -> Any:
    def softmax(scores: Any) -> Any:
        return ops.exp(scores) / ops.sum(ops.exp(scores), axis=-1, keepdims=True)

    return layer.attend(ops.mean(x, axis=1), softmax)


ALONG_THE_BATCH = [
    time_first,
    time_first_sigmoid,
    pooled_features,
    rows_of_a_table,
    softmax_over_the_first_axis,
    nodes_of_all_graphs,
    channels_over_the_batch,
    by_hand,
]


@pytest.mark.parametrize("mix", ALONG_THE_BATCH, ids=lambda mix: mix.__name__)
def test_samples_that_attend_to_each_other_are_no_site(mix: Callable[[Any, Any], Any]) -> None:
    inputs = keras.Input((6, 4))
    capturer = Capturer(keras.Model(inputs, head(Mixing(mix)(inputs))))
    for count in (3, 2, 1):
        captured = capturer(normal(6, 4)[:count])
        assert (captured.sites, captured.failed) == ((), ())
        assert [(item.path, item.is_fault) for item in captured.left_out] == [("mixing", True), ("classes", False)]
        assert captured.left_out[0].reason.startswith(SAMPLES)


def nodes_of_each_graph(layer: Mixing, x: Any) -> Any:
    nodes, count = ops.reshape(x, (-1, 4)), ops.shape(x)[0]
    graphs = ops.repeat(ops.arange(count), 6)
    scores = ops.exp(layer.score(nodes)[:, 0])
    weights = scores / tf.gather(tf.math.unsorted_segment_sum(scores, graphs, count), graphs)
    return tf.math.unsorted_segment_sum(weights[:, None] * nodes, graphs, count)


def electrodes_at_each_time(layer: Mixing, x: Any) -> Any:
    return ops.reshape(layer.attend(ops.reshape(x, (-1, 4, 1))), (-1, 6, 4))


@pytest.mark.parametrize("mix", [nodes_of_each_graph, electrodes_at_each_time], ids=lambda mix: mix.__name__)
def test_what_is_folded_into_the_batch_attends_within_a_sample(mix: Callable[[Any, Any], Any]) -> None:
    inputs = keras.Input((6, 4))
    captured = Capturer(keras.Model(inputs, head(Mixing(mix)(inputs))))(normal(6, 4))
    assert [site.path for site in captured.sites] == ["mixing"]
    assert not any(item.is_fault for item in captured.left_out)


def test_the_first_warning_of_training_says_that_samples_attend_to_each_other(tmp_path: Path) -> None:
    inputs = keras.Input((6, 4))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    model = keras.Model(inputs, head(Mixing(time_first)(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.AttentionCallback(tmp_path, samples=normal(6, 4))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit(normal(6, 4), np.arange(3), epochs=2, verbose=0, callbacks=[callback])
    sentences = [str(item.message) for item in said if issubclass(item.category, AttentionWarning)]
    assert len(sentences) == 1
    assert sentences[0].startswith(f"The attention of mixing is left out: {SAMPLES}")
    assert tb_attention.load(tmp_path).sites == ["attention"] or list(tb_attention.load(tmp_path).sites) == [
        "attention"
    ]


@pytest.mark.parametrize(
    ("mix", "start"),
    [
        (time_first, f"The attention of mixing is left out: {SAMPLES}"),
        (lambda layer, x: x, "No attention was found in this"),
    ],
)
def test_log_says_once_what_the_callback_says(mix: Callable[[Any, Any], Any], start: str, tmp_path: Path) -> None:
    inputs = keras.Input((6, 4))
    model = keras.Model(inputs, head(Mixing(mix)(inputs)))
    with pytest.warns(AttentionWarning) as said:
        tb_attention.log(model, normal(6, 4), tmp_path, step=0)
    sentences = [str(item.message) for item in said if item.category is AttentionWarning]
    assert sentences[0].startswith(start)
    assert len(set(sentences)) == len(sentences)
    assert said[0].filename == __file__
    assert tb_attention.load(tmp_path).steps == [0]


class Block(layers.Layer):
    def __init__(self, uses: bool) -> None:
        super().__init__(name="used" if uses else "unused")
        self.attention, self.dense, self.uses = layers.MultiHeadAttention(2, 4), layers.Dense(4), uses

    def call(self, x: Any) -> Any:
        attended = self.attention(x, x)
        return x + (attended if self.uses else self.dense(x))


def test_attention_whose_result_is_not_used_is_said_to_reach_no_output() -> None:
    inputs = keras.Input((6, 4))
    captured = Capturer(keras.Model(inputs, head(Block(True)(Block(False)(inputs)))))(normal(6, 4))
    assert [site.path for site in captured.sites] == ["used/attention"]
    (unused,) = [item for item in captured.left_out if item.path == "unused/attention"]
    assert unused.reason == "attention that reaches no output of the model: check that its result is used"
