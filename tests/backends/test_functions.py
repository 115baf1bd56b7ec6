"""Functions of plain JAX: parameters first, then inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError

jax = pytest.importorskip("jax")
jnp = jax.numpy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 6, 8)).astype("float32")
PARAMS = {
    "blocks": [
        {name: RNG.normal(size=(8, 8)).astype("float32") / 3 for name in ("query", "key", "value")} for _ in range(2)
    ],
    "out": RNG.normal(size=(8, 3)).astype("float32"),
    "heads": 2,
}


def attention(block: Any, x: Any, heads: int) -> Any:
    query, key, value = (jnp.reshape(x @ block[name], (*x.shape[:-1], heads, -1)) for name in ("query", "key", "value"))
    scores = jnp.einsum("...qhd,...khd->...hqk", query, key) / np.sqrt(query.shape[-1])
    weights = jax.nn.softmax(scores)
    return jnp.reshape(jnp.einsum("...hqk,...khd->...qhd", weights, value), x.shape)


def model(params: Any, x: Any) -> Any:
    for number, block in enumerate(params["blocks"]):
        with jax.named_scope(f"block_{number}"), jax.named_scope("attention"):
            x = x + attention(block, x, params["heads"])
    return jax.nn.softmax(jnp.mean(x, axis=1) @ params["out"])


def mapped(params: Any, x: Any) -> Any:
    """Written for one sample."""
    return jax.vmap(lambda one: model(params, one[None])[0])(x)


def first_weights(params: Any, x: np.ndarray) -> np.ndarray:
    block = params["blocks"][0]
    query, key = (
        np.transpose(np.reshape(x @ block[name], (len(x), 6, 2, 4)), (0, 2, 1, 3)) for name in ("query", "key")
    )
    exponents = np.exp(query @ np.swapaxes(key, 2, 3) / 2)
    return exponents / exponents.sum(-1, keepdims=True)


@pytest.mark.parametrize("function", [model, mapped], ids=["batched", "mapped"])
def test_sites_of_a_function_are_named_after_its_scopes(function: Any) -> None:
    sites = tb_attention.capture(function, PARAMS, X)
    assert {path: site.kind for path, site in sites.items()} == {
        "block_0/attention": "self",
        "block_1/attention": "self",
    }
    assert sites["block_0/attention"].weights.shape == (4, 2, 6, 6)
    np.testing.assert_allclose(sites["block_0/attention"].weights, first_weights(PARAMS, X), atol=1e-5)


def test_a_compiled_function_of_one_sample_is_captured() -> None:
    compiled = jax.jit(lambda params, x: model({**params, "heads": 2}, x))
    sites = tb_attention.capture(compiled, {name: PARAMS[name] for name in ("blocks", "out")}, X[:1])
    np.testing.assert_allclose(sites["block_0/attention"].weights, first_weights(PARAMS, X[:1]), atol=1e-5)


def test_a_function_needs_parameters() -> None:
    with pytest.raises(
        ArgumentError, match=r"takes its parameters and then inputs, as in `capture\(function, params, x\)`"
    ):
        tb_attention.capture(model, X)
