"""The weights captured are those that the layers themselves report, or that NumPy gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import CASES, SAMPLES, FoldedHeads, HandWritten, Windows, ids, normal

Array = npt.NDArray[Any]


def softmax(x: Array, axis: int = -1) -> Array:
    exponents = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis, keepdims=True))


def only_site(model: keras.Model, x: Any) -> Array:
    (site,) = tb_attention.capture(model, x).values()
    return site.weights


MASK = np.random.default_rng(1).random((SAMPLES, 5, 7)) < 0.7


@pytest.mark.parametrize(
    "options", [{}, {"use_causal_mask": True}, {"attention_mask": MASK}], ids=["plain", "causal", "mask"]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MultiHeadAttention(3, 4, value_dim=5, dropout=0.2),
        lambda: layers.MultiHeadAttention(3, 4),
        lambda: layers.GroupQueryAttention(4, 6, 2),
        lambda: layers.MultiHeadAttention(3, 4, flash_attention=False),
    ],
    ids=["dropout", "fused", "grouped", "no_flash"],
)
def test_weights_are_the_layers_own_scores(make: Callable[[], Any], options: dict[str, Any]) -> None:
    attention = make()
    query, value = keras.Input((5, 8)), keras.Input((7, 8))
    model = keras.Model([query, value], attention(query, value, **options))
    data = [normal(5, 8), normal(7, 8) + 1]
    _, scores = attention(*(tf.constant(x) for x in data), return_attention_scores=True, **options)
    np.testing.assert_allclose(only_site(model, data), scores, atol=1e-5)


@pytest.mark.parametrize("make", [lambda: layers.Attention(use_scale=True, dropout=0.3), layers.AdditiveAttention])
@pytest.mark.parametrize("causal", [False, True])
def test_weights_of_the_older_layers_are_their_own_scores(make: Callable[[], Any], causal: bool) -> None:
    attention = make()
    query, value = keras.Input((5, 8)), keras.Input((7, 8))
    model = keras.Model([query, value], attention([query, value], use_causal_mask=causal))
    data = [tf.constant(normal(5, 8)), tf.constant(normal(7, 8) + 1)]
    _, scores = attention(data, return_attention_scores=True, use_causal_mask=causal)
    np.testing.assert_allclose(only_site(model, data)[:, 0], scores, atol=1e-5)


def test_padding_gets_no_weight() -> None:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8, mask_zero=True)(inputs)
    attention = layers.MultiHeadAttention(2, 4)
    weights = only_site(keras.Model(inputs, attention(x, x)), ids(7))
    assert np.abs(weights[:, :, :5, 5:]).max() == 0
    np.testing.assert_allclose(weights[:, :, :5].sum(-1), 1, atol=1e-5)


def test_rows_and_columns_keep_their_order() -> None:
    inputs = keras.Input((3, 4, 8))
    attention = layers.MultiHeadAttention(2, 4, attention_axes=(1, 2))
    model = keras.Model(inputs, attention(inputs, inputs))
    data = tf.constant(normal(3, 4, 8))
    _, scores = attention(data, data, return_attention_scores=True)
    np.testing.assert_allclose(only_site(model, data), scores, atol=1e-5)


@pytest.mark.parametrize("heads_outermost", [False, True])
def test_heads_folded_into_the_batch_are_told_from_samples(heads_outermost: bool) -> None:
    inputs = keras.Input((6, 8))
    layer = FoldedHeads(heads_outermost)
    model = keras.Model(inputs, layer(inputs))
    x = normal(6, 8)
    query, key, _ = np.split(ops.convert_to_numpy(layer.project(x)), 3, axis=-1)
    query, key = (part.reshape(SAMPLES, 6, 2, 4) for part in (query, key))
    np.testing.assert_allclose(only_site(model, x), softmax(np.einsum("bqhd,bkhd->bhqk", query, key)), atol=1e-5)


def test_windows_come_in_order_of_rows_and_columns() -> None:
    inputs = keras.Input((4, 6, 8))
    layer = Windows()
    x = normal(4, 6, 8)
    model = keras.Model(inputs, layer(inputs))
    cells = x.reshape(SAMPLES, 2, 2, 3, 2, 8).transpose(0, 1, 3, 2, 4, 5).reshape(SAMPLES, 6, 4, 8)
    query, key = (
        ops.convert_to_numpy(part(cells)).reshape(SAMPLES, 6, 4, 2, 4)
        for part in (layer.attention.query, layer.attention.key)
    )
    expected = softmax(np.einsum("bwqhd,bwkhd->bhwqk", query, key) / 2)
    np.testing.assert_allclose(only_site(model, x), expected, atol=1e-5)


def test_what_multiplies_the_values_is_taken_where_weights_are_masked_afterwards() -> None:
    inputs = keras.Input((6, 8))
    layer = HandWritten(lambda x: ops.softmax(x) * ops.cast(ops.tri(6), "float32"))
    x = normal(6, 8)
    weights = only_site(keras.Model(inputs, layer(inputs)), x)
    query, key = (ops.convert_to_numpy(part(x)).reshape(SAMPLES, 6, 2, 4) for part in (layer.query, layer.key))
    np.testing.assert_allclose(weights, softmax(np.einsum("bqhd,bkhd->bhqk", query, key) / 2) * np.tri(6), atol=1e-5)


def test_gates_are_what_multiplies_the_feature_map() -> None:
    inputs = keras.Input((8, 8, 3))
    features = layers.Conv2D(6, 3)(inputs)
    gate = layers.Dense(6, activation="hard_sigmoid", name="gate")(layers.GlobalAveragePooling2D()(features))
    out = layers.Multiply()([features, layers.Reshape((1, 1, 6))(gate)])
    x = normal(8, 8, 3)
    weights = only_site(keras.Model(inputs, out), x)
    np.testing.assert_allclose(weights[:, 0], keras.Model(inputs, gate)(x), atol=1e-5)


def test_half_precision_rows_sum_to_nearly_one() -> None:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, dtype="mixed_float16")(inputs, inputs)
    np.testing.assert_allclose(only_site(keras.Model(inputs, x), normal(6, 8)).sum(-1), 1, atol=2e-3)


def test_the_data_flow_tells_grids_and_inputs() -> None:
    inputs = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(inputs))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 4, name="attention")(x, x))
    site = tb_attention.capture(model, normal(16, 16, 3))["attention"]
    assert [(axis.role, axis.kind, axis.grid, axis.input) for axis in site.axes[2:]] == [
        ("query", "grid", (4, 4), 0),
        ("key", "grid", (4, 4), 0),
    ]


class Augmented(keras.Model):
    """Its `call` takes no `training`; its first layer trains by default, and the later ones follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.resize = layers.Resizing(4, 4)
        self.attention = layers.MultiHeadAttention(2, 4, dropout=0.5)

    def call(self, images: Any) -> Any:
        x = layers.Reshape((16, 3))(self.resize(images))
        return self.attention(x, x)


def test_nothing_is_dropped_out_where_a_layer_trains_by_default() -> None:
    model, images = Augmented(), normal(8, 8, 3)
    model(images, training=False)
    (site,) = Capturer(model)(images).sites
    np.testing.assert_allclose(site.weights.sum(-1), 1.0, atol=1e-5)


def test_softmaxes_of_six_dimensions_are_captured_though_onednn_has_none() -> None:
    cells = keras.Input((2, 2, 2, 4, 3))
    weights = ops.softmax(ops.matmul(cells, ops.transpose(cells, (0, 1, 2, 3, 5, 4))))
    model = keras.Model(cells, layers.Dense(2)(layers.Flatten()(ops.matmul(weights, cells))))
    x = normal(2, 2, 2, 4, 3)
    expected = softmax(x @ x.swapaxes(-1, -2)).reshape(SAMPLES, 1, 8, 4, 4)
    np.testing.assert_allclose(only_site(model, x).reshape(expected.shape), expected, atol=1e-5)


def test_weights_of_the_edges_to_a_node_sum_to_one() -> None:
    model, (nodes, edges), _ = CASES["edges_of_a_graph"]()
    weights = only_site(model, [nodes, edges])
    assert np.array_equal(weights[0], weights[-1])
    np.testing.assert_allclose(np.bincount(edges[:, 0], weights[0, 0, 0]), 1.0, atol=1e-5)
