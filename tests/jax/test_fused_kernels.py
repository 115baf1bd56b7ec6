"""Attention inside of kernels: weights are those of `jax.nn.dot_product_attention` by plain operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import AttentionWarning

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax.interpreters import mlir  # noqa: E402

from tests.jax.noted import normal  # noqa: E402

X = normal(2, 32, 16)
PARAMS = {"q": normal(16, 64) / 2, "k": normal(16, 32) / 2, "v": normal(16, 32) / 2}
Attend = Callable[[Any, Any, Any], Any]


def model(attend: Attend, groups: int = 2) -> Callable[[Any, Any], Any]:
    """Four heads of queries, two of keys, sixteen features each."""

    def run(params: Any, x: Any) -> Any:
        query, key, value = (
            (x @ params[name]).reshape(*x.shape[:2], -1, 16).astype(jnp.float32) for name in ("q", "k", "v")
        )
        if groups == 1:
            key, value = (jnp.repeat(part, 2, axis=2) for part in (key, value))
        with jax.named_scope("attention"):
            return jnp.mean(attend(query, key, value), axis=(1, 2))

    return run


def weights(attend: Attend, groups: int = 2) -> tuple[str, str, Any]:
    (site,) = tb_attention.capture(model(attend, groups), PARAMS, X).values()
    return site.path, site.kind, site.weights


def by_plain_operations(**options: Any) -> Any:
    path, kind, found = weights(lambda q, k, v: jax.nn.dot_product_attention(q, k, v, implementation="xla", **options))
    assert (path, kind, found.shape) == ("attention", "self", (2, 4, 32, 32))
    return found


def test_heads_of_grouped_queries_keep_their_order() -> None:
    """Heads that share keys are computed along an axis of their own, which JAX moves to the front."""
    query, key = ((X @ PARAMS[name]).reshape(2, 32, -1, 16) for name in ("q", "k"))
    scores = np.einsum("btnd,bsnd->bnts", query, np.repeat(key, 2, axis=2)) / 4
    exponents = np.exp(scores - scores.max(-1, keepdims=True))
    np.testing.assert_allclose(by_plain_operations(), exponents / exponents.sum(-1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("causal", [True])
def test_a_pallas_kernel_with_positions_first(causal: bool) -> None:
    from jax.experimental.pallas.ops.gpu.attention import BlockSizes, mha

    sizes = BlockSizes(block_q=16, block_k=16)

    def attend(query: Any, key: Any, value: Any) -> Any:
        return mha(query, key, value, segment_ids=None, sm_scale=0.3, causal=causal, block_sizes=sizes, interpret=True)

    path, kind, found = weights(attend, groups=1)
    assert (path, kind) == ("attention", "self")
    np.testing.assert_allclose(found, by_plain_operations(scale=0.3, is_causal=causal), atol=1e-5)


@pytest.fixture
def cudnn() -> Iterator[None]:
    """The primitive of cuDNN, computed on the CPU by plain operations of the arguments that its kernel gets."""
    from jax._src.cudnn import fused_attention_stablehlo as module

    primitive = module._dot_product_attention_fwd_p_wrapper

    def lowered(query: Any, key: Any, value: Any, bias: Any, *rest: Any, **params: Any) -> Any:
        has_bias = params["variadic_args"][0]
        causal = "CAUSAL" in str(params["mask_type"])
        made = jax.nn.dot_product_attention(
            query, key, value, bias if has_bias else None, scale=params["scale"], is_causal=causal, implementation="xla"
        )
        return [made]

    mlir.register_lowering(primitive, mlir.lower_fun(lowered, multiple_results=True), platform="cpu")
    with (
        mock.patch.object(module, "check_cudnn_version", return_value=99999),
        mock.patch.object(module, "check_compute_capability", return_value=False),
    ):
        yield


@pytest.mark.parametrize(
    "options",
    [{}, {"is_causal": True, "scale": 0.3}, {"bias": normal(2, 4, 32, 32)}, {"mask": normal(2, 1, 32, 32) > -1}],
    ids=["plain", "causal", "bias", "mask"],
)
def test_cudnn(cudnn: None, options: dict[str, Any]) -> None:
    def attend(query: Any, key: Any, value: Any) -> Any:
        half = (part.astype(jnp.bfloat16) for part in (query, key, value))
        return jax.nn.dot_product_attention(*half, implementation="cudnn", **options).astype(jnp.float32)

    path, kind, found = weights(attend)
    assert (path, kind) == ("attention", "self")
    np.testing.assert_allclose(found, by_plain_operations(**options), atol=2e-2)


def test_a_kernel_that_is_no_attention_is_left_out_with_a_sentence() -> None:
    from jax.experimental import pallas

    @jax.jit
    def odd(q: Any, k: Any, v: Any) -> Any:
        def kernel(q_ref: Any, k_ref: Any, v_ref: Any, o_ref: Any) -> None:
            o_ref[...] = q_ref[...] * k_ref[...] + v_ref[...] ** 2

        return pallas.pallas_call(kernel, out_shape=jax.ShapeDtypeStruct(q.shape, q.dtype), interpret=True)(q, k, v)

    with pytest.warns(
        AttentionWarning, match="The attention inside of the kernel 'odd' is left out: its weights could not be"
    ):
        assert not tb_attention.capture(model(odd, groups=1), PARAMS, X)
