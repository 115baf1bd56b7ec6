"""Models of each library: sites by path, kind, shape and order, with the weights that the models compute themselves.

Some of them: `benchmarks/capture_jax_libraries.py` runs all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

import tb_attention

jax = pytest.importorskip("jax")
pytest.importorskip("flax")
pytest.importorskip("equinox")

import equinox as eqx  # noqa: E402

from tests.jax import equinox_models, linen_models, nnx_models, plain_models  # noqa: E402
from tests.jax.noted import assert_own_weights, filled  # noqa: E402


def check(sites: Mapping[str, Any], expected: Any, run: Callable[[], Any], *, eagerly: bool = False) -> None:
    assert [(path, site.kind, site.weights.shape[1:]) for path, site in sites.items()] == expected
    assert_own_weights(sites.values(), run, eagerly=eagerly)


@pytest.mark.parametrize("name", ["vision_transformer", "causal_language_scanned", "computed_again_for_gradients"])
def test_sites_of_linen(name: str) -> None:
    model, inputs, options, expected = linen_models.CASES[name]
    variables = filled(jax.eval_shape(lambda: model.init(jax.random.key(0), *inputs, **options)))
    check(
        tb_attention.capture(model, variables, *inputs, **options),
        expected,
        lambda: model.apply(variables, *inputs, **options),
    )


@pytest.mark.parametrize("name", ["cross_attention", "computed_again_for_gradients"])
def test_sites_of_nnx(name: str) -> None:
    build, inputs, expected = nnx_models.CASES[name]
    model = nnx_models.made(build)
    sites = tb_attention.capture(model, *inputs)
    model.eval()
    check(sites, expected, lambda: model(*inputs), eagerly=True)


@pytest.mark.parametrize("name", ["causal_language_scanned", "cross_attention", "computed_again_for_gradients"])
def test_sites_of_equinox(name: str) -> None:
    build, inputs, expected = equinox_models.CASES[name]
    model = filled(eqx.filter_eval_shape(build, jax.random.key(0)))
    check(tb_attention.capture(model, *inputs), expected, lambda: jax.vmap(eqx.nn.inference_mode(model))(*inputs))


@pytest.mark.parametrize("name", ["vision_transformer", "cross_attention", "computed_again_for_gradients"])
def test_sites_of_plain_jax(name: str) -> None:
    function, params, inputs, expected = plain_models.CASES[name]
    check(tb_attention.capture(function, params, *inputs), expected, lambda: function(params, *inputs))
