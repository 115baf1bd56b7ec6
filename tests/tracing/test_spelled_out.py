"""Softmaxes whose sum is laid out again beside the numbers, in the ways in which people write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tests.tracing.test_weights import softmax
from tests.tracing.zoo import CASES, ids, normal
from tests.tracing.zoo.papers import Written, scores, turned

LENGTH = 6


def total(x: Any) -> Any:
    return ops.sum(x, axis=-1, keepdims=True)


DIVISORS: dict[str, Callable[[Any], Any]] = {
    "tile": lambda e: ops.tile(total(e), (1, 1, ops.shape(e)[-1])),
    "tile_and_epsilon": lambda e: ops.tile(total(e), (1, 1, LENGTH)) + 1e-7,
    "repeat": lambda e: ops.repeat(total(e), LENGTH, axis=-1),
    "tf_repeat": lambda e: tf.repeat(tf.reduce_sum(e, -1, keepdims=True), tf.shape(e)[-1], axis=-1),
    "ones_times": lambda e: total(e) * ops.ones((1, 1, LENGTH)),
    "ones_like": lambda e: ops.ones_like(e) * total(e),
    "matmul_with_ones": lambda e: ops.matmul(e, ops.ones((LENGTH, LENGTH))),
    "matmul_with_ones_of_any_size": lambda e: ops.matmul(e, ops.ones((ops.shape(e)[-1], ops.shape(e)[-1]))),
    "matmul_with_a_column_of_ones": lambda e: ops.matmul(e, ops.ones((LENGTH, 1))),
    "matmul_of_the_sum_with_ones": lambda e: ops.matmul(total(e), ops.ones((1, LENGTH))),
    "einsum_over_one_axis": lambda e: tf.einsum("bij->bi", e)[:, :, None],
    "einsum_with_ones": lambda e: tf.einsum("bij,j->bi", e, tf.ones(LENGTH))[..., None],
    "einsum_of_the_sum_with_ones": lambda e: tf.einsum("bi,j->bij", tf.reduce_sum(e, -1), tf.ones(LENGTH)),
    "broadcast_to": lambda e: ops.broadcast_to(total(e), ops.shape(e)),
    "stack_of_copies": lambda e: ops.stack([ops.sum(e, -1)] * LENGTH, axis=-1),
    "copies_side_by_side": lambda e: ops.concatenate([total(e)] * LENGTH, axis=-1),
    "repeated_and_turned": lambda e: turned(ops.repeat(ops.sum(e, -1)[:, None], LENGTH, axis=1)),
}

WHOLE: dict[str, Callable[[Any], Any]] = {
    "times_tiled_reciprocal": lambda s: ops.exp(s) * ops.tile(1 / total(ops.exp(s)), (1, 1, LENGTH)),
    "minus_tiled_logarithm": lambda s: ops.exp(s - ops.tile(ops.log(total(ops.exp(s))), (1, 1, LENGTH))),
    "normalised_to_length_1": lambda s: ops.normalize(ops.exp(s), axis=-1, order=1),
    "normalised_by_tensorflow": lambda s: tf.linalg.normalize(tf.exp(s), ord=1, axis=-1)[0],
    "one_row_after_another": lambda s: ops.reshape(_rows(ops.exp(ops.reshape(s, (-1, LENGTH)))), ops.shape(s)),
}


def _rows(e: Any) -> Any:
    return e / ops.tile(ops.sum(e, axis=-1, keepdims=True), (1, LENGTH))


def _divided(divisor: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def weights(logits: Any) -> Any:
        exponents = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
        return exponents / divisor(exponents)

    return weights


@pytest.mark.parametrize("length", [LENGTH, None])
@pytest.mark.parametrize("name", [*DIVISORS, *WHOLE])
def test_a_softmax_with_its_sum_spelled_out_is_a_map(name: str, length: int | None) -> None:
    weights = WHOLE[name] if name in WHOLE else _divided(DIVISORS[name])
    layer = Written(lambda x, query, key: ops.matmul(weights(scores(x, query, key)), x), (4, 4), name="attention")
    inputs = keras.Input((length, 8))
    model = keras.Model(inputs, layers.Dense(2)(layer(inputs)))
    x = normal(LENGTH, 8)
    (site,) = tb_attention.capture(model, x).values()
    query, key = (x @ dense.kernel.numpy() + dense.bias.numpy() for dense in layer.projections)
    assert (site.path, site.kind) == ("attention", "self")
    np.testing.assert_allclose(site.weights[:, 0], softmax(query @ key.swapaxes(1, 2)), atol=1e-5)


def test_a_sum_over_time_by_ones_is_one_of_pooling() -> None:
    def pool(x: Any, score: Any) -> Any:
        exponents = ops.exp(score(x))
        return ops.sum(x * (ops.reciprocal(ops.matmul(ops.ones((LENGTH, LENGTH)), exponents)) * exponents), axis=1)

    layer = Written(pool, (1,), name="pool")
    inputs = keras.Input((LENGTH, 8))
    x = normal(LENGTH, 8)
    (site,) = tb_attention.capture(keras.Model(inputs, layers.Dense(2)(layer(inputs))), x).values()
    assert (site.kind, site.weights.shape) == ("cross", (3, 1, 1, LENGTH))
    scored = (x @ layer.projections[0].kernel.numpy())[..., 0]
    np.testing.assert_allclose(site.weights[:, 0, 0], softmax(scored), atol=1e-5)


def test_numbers_over_the_sum_of_others_are_no_map() -> None:
    """Only what is divided by its own sum is."""

    def mix(x: Any, query: Any, key: Any, other: Any) -> Any:
        divisor = ops.tile(total(ops.exp(scores(x, query, other))), (1, 1, LENGTH))
        return ops.matmul(ops.exp(scores(x, query, key)) / divisor, x)

    inputs = keras.Input((LENGTH, 8))
    model = keras.Model(inputs, layers.Dense(2)(Written(mix, (4, 4, 4))(inputs)))
    assert not tb_attention.capture(model, normal(LENGTH, 8))


@pytest.mark.parametrize(
    "name", ["banded_attention_with_a_penalty", "banded_attention_to_the_past", "banded_sigmoids_with_a_penalty"]
)
def test_weights_inside_of_a_band_are_those_by_hand(name: str) -> None:
    model, words, _ = CASES[name]()
    layer = model.get_layer("banded")
    (site,) = tb_attention.capture(model, words).values()
    x = keras.Model(model.input, model.layers[-3].output).predict(words, verbose=0)
    one, other, bias, score = (variable.numpy() for variable in (layer.one, layer.other, layer.bias, layer.score))
    hidden = np.tanh((x @ one)[:, :, None] + (x @ other)[:, None] + bias)
    expected = 1 / (1 + np.exp(-(hidden @ score)[..., 0]))
    if layer.normalised:
        expected = np.exp(expected)
    far = np.arange(7)[None] - np.arange(7)[:, None]
    expected = expected * ((far <= 0) & (far > -3) if layer.history else abs(far) <= 1)
    there = ids(7) != 0
    expected = expected * there[:, None] * there[:, :, None]
    if layer.normalised:
        expected = expected / np.maximum(expected.sum(-1, keepdims=True), 1e-7)
    np.testing.assert_allclose(site.weights[:, 0], expected, atol=1e-5)


AGAIN: dict[str, Callable[[Any, Any], Any]] = {
    "divided": lambda p, mask: (masked := p * mask) / (total(masked) + 1e-13),
    "divided_where_it_can_be": lambda p, mask: tf.math.divide_no_nan(p * mask, total(p * mask)),
    "times_reciprocal": lambda p, mask: (masked := p * mask) * tf.math.reciprocal(total(masked)),
    "einsum": lambda p, mask: ops.einsum("bn,b->bn", masked := p * mask, 1 / ops.sum(masked, axis=-1)),
    "einsum_with_the_mask": lambda p, mask: (masked := tf.einsum("bn,bn->bn", p, mask)) / total(masked),
    "normalised_to_length_1": lambda p, mask: ops.normalize(p * mask, axis=-1, order=1),
}
SCORES: dict[str, Callable[[Any], Any]] = {"exp": ops.exp, "softmax": ops.softmax, "sigmoid": ops.sigmoid}


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("name", AGAIN)
def test_scores_that_a_fed_mask_multiplies_and_that_sum_to_1_again_pool(name: str, scores: str) -> None:
    class Pool(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="pool")
            self.score = layers.Dense(1)

        def call(self, x: Any, mask: Any) -> Any:
            weights = AGAIN[name](SCORES[scores](self.score(x)[..., 0]), mask)
            return ops.sum(weights[..., None] * x, axis=1)

    inputs, masks = keras.Input((LENGTH, 8)), keras.Input((LENGTH,))
    pool = Pool()
    model = keras.Model([inputs, masks], layers.Dense(2)(pool(inputs, masks)))
    x, mask = normal(LENGTH, 8), (np.arange(LENGTH) < [[6], [4], [2]]).astype("float32")
    (site,) = tb_attention.capture(model, [x, mask]).values()
    logits = (x @ pool.score.kernel.numpy() + pool.score.bias.numpy())[..., 0]
    kept = {"sigmoid": 1 / (1 + np.exp(-logits))}.get(scores, np.exp(logits)) * mask
    assert (site.path, site.kind) == ("pool", "cross")
    np.testing.assert_allclose(site.weights[:, 0, 0], kept / kept.sum(-1, keepdims=True), atol=1e-5)


def test_an_einstein_sum_that_multiplies_by_the_reciprocal_of_the_sum_divides() -> None:
    def pool(x: Any, score: Any) -> Any:
        exponents = ops.exp(score(x)[..., 0])
        weights = ops.einsum("bn,b->bn", exponents, 1 / ops.sum(exponents, axis=1))
        return ops.sum(x * weights[..., None], axis=1)

    layer = Written(pool, (1,), name="pool")
    inputs = keras.Input((LENGTH, 8))
    x = normal(LENGTH, 8)
    (site,) = tb_attention.capture(keras.Model(inputs, layers.Dense(2)(layer(inputs))), x).values()
    logits = (x @ layer.projections[0].kernel.numpy() + layer.projections[0].bias.numpy())[..., 0]
    assert (site.path, site.kind) == ("pool", "cross")
    np.testing.assert_allclose(site.weights[:, 0, 0], softmax(logits), atol=1e-5)
