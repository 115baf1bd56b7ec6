"""Attention in loops and branches of Keras on other backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

import tb_attention
from tests.tracing.zoo import normal


class Around(keras.Model):
    """Calls a function with its inputs and three layers."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.parts = [keras.layers.Dense(8, name=name) for name in ("query", "key", "value")]

    def build(self, shape: Any) -> None:
        for part in self.parts:
            part.build((None, None, 8))

    def call(self, x: Any) -> Any:
        return ops.mean(self.function(x, *self.parts), axis=1)


def weights_of(x: Any, query: Any, key: Any) -> Any:
    return ops.softmax(ops.matmul(query(x), ops.transpose(key(x), (0, 2, 1))))


def attended(x: Any, query: Any, key: Any, value: Any) -> Any:
    return ops.matmul(weights_of(x, query, key), value(x))


def for_each_round(x: Any, *parts: Any) -> Any:
    return ops.fori_loop(0, 3, lambda _, x: attended(x, *parts), x)


def while_it_is_small(x: Any, *parts: Any) -> Any:
    return ops.while_loop(
        lambda total, x: total < 2.5, lambda total, x: (total + 1.0, attended(x, *parts)), (ops.zeros(()), x)
    )[1]


def scanned(x: Any, *parts: Any) -> Any:
    return ops.scan(lambda x, _: (attended(x, *parts), None), x, length=3)[0]


def rounds_by_hand(x: Any, parts: list[Any], rounds: int) -> list[np.ndarray]:
    found = []
    for _ in range(rounds):
        found.append(ops.convert_to_numpy(weights_of(x, *parts[:2])))
        x = attended(x, *parts)
    return found


@pytest.mark.parametrize("loop", [for_each_round, while_it_is_small, scanned])
def test_each_round_of_a_loop_is_an_iteration(loop: Callable[..., Any]) -> None:
    x, model = normal(6, 8), Around(loop)
    site = only(tb_attention.capture(model, x))
    assert [axis.role for axis in site.axes] == ["samples", "heads", "iteration", "query", "key"]
    expected = np.stack(rounds_by_hand(x, model.parts, 3), axis=1)[:, None]
    np.testing.assert_allclose(site.weights, expected, atol=1e-5)


def test_rounds_may_depend_on_the_inputs() -> None:
    def until_done(x: Any, *parts: Any) -> Any:
        return ops.while_loop(
            lambda left, x: left > 0, lambda left, x: (left - 1.0, attended(x, *parts)), (ops.round(ops.max(x)), x)
        )[1]

    model = Around(until_done)
    for rounds in (2, 4):
        x = normal(6, 8)
        x[0, 0, 0] = rounds
        x = np.minimum(x, rounds)
        site = only(tb_attention.capture(model, x))
        expected = np.stack(rounds_by_hand(x, model.parts, rounds), axis=1)[:, None]
        np.testing.assert_allclose(site.weights, expected, atol=1e-5)


def test_the_branch_that_is_taken_is_captured() -> None:
    def either(x: Any, *parts: Any) -> Any:
        return ops.cond(ops.sum(x) > 0, lambda: attended(x, *parts), lambda: attended(2 * x, *parts))

    model = Around(either)
    for sign in (1, -1):
        x = sign * np.abs(normal(6, 8))
        site = only(tb_attention.capture(model, x))
        np.testing.assert_allclose(
            site.weights[:, 0], ops.convert_to_numpy(weights_of(x if sign > 0 else 2 * x, *model.parts[:2])), atol=1e-5
        )


def test_a_model_traced_for_some_samples_takes_more_and_one() -> None:
    x, model = normal(6, 8), Around(attended)
    whole = only(tb_attention.capture(model, x)).weights
    np.testing.assert_allclose(only(tb_attention.capture(model, x[:1])).weights, whole[:1], atol=1e-6)
    np.testing.assert_allclose(only(tb_attention.capture(model, np.concatenate([x, x]))).weights[3:], whole, atol=1e-6)


def only(sites: Any) -> tb_attention.Site:
    (site,) = sites.values()
    return site
