"""Weights come out of torch's fused attention: they are those that NumPy computes from queries and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.tracing.torch.aten_pass import Ran
from tb_attention.tracing.torch.fused_attention import fused_weights, is_fused

from .attending import Attending, some_features

SEEN = np.tri(5, dtype=bool) | (np.arange(5) == 4)
BIAS = np.linspace(-2, 2, 25, dtype="float32").reshape(5, 5)


@pytest.mark.parametrize(
    ("mask", "groups"),
    [(None, 1), ("causal", 1), (SEEN, 1), (BIAS, 1), (None, 2), ("causal", 4), (BIAS, 2)],
    ids=["plain", "causal", "booleans", "added", "shared keys", "one head of keys", "added and shared"],
)
@pytest.mark.parametrize("backend", ["FLASH_ATTENTION", "MATH"])
def test_the_weights_are_those_of_queries_and_keys(mask: Any, groups: int, backend: str) -> None:
    model, x = Attending(mask, groups), some_features()
    with torch.nn.attention.sdpa_kernel(getattr(torch.nn.attention.SDPBackend, backend)):
        (site,) = tb_attention.capture(model, x).values()
    assert (site.kind, site.weights.shape) == ("self", (3, 4, 5, 5))
    np.testing.assert_allclose(site.weights, model.expected(x), atol=1e-6)


def test_half_precision_adds_up_in_float32() -> None:
    model, x = Attending("causal").to(torch.bfloat16), some_features().to(torch.bfloat16)
    (site,) = tb_attention.capture(model, x).values()
    assert site.weights.dtype == np.float32
    np.testing.assert_allclose(site.weights.sum(-1), 1, atol=1e-6)
    np.testing.assert_allclose(site.weights, model.expected(x), atol=2e-2)


def test_a_query_without_a_key_to_see_attends_to_nothing() -> None:
    seen = np.ones((5, 5), bool)
    seen[2] = False
    (site,) = tb_attention.capture(Attending(seen), some_features()).values()
    assert (site.weights[:, :, 2] == 0).all()
    np.testing.assert_allclose(np.delete(site.weights, 2, axis=2).sum(-1), 1, atol=1e-6)


KERNELS = [
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps",
]


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_kernel_is_read_by_the_names_in_its_schema(kernel: str) -> None:
    """Most of them run on devices that are not here: only their schemas say what their arguments are."""
    q, k, v = (torch.randn(2, 3, 4, 8, generator=torch.Generator().manual_seed(seed)) for seed in range(3))
    bias = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(3))
    schema = getattr(torch.ops.aten, kernel).default._schema
    arguments = {argument.name: argument.default_value for argument in schema.arguments}
    masks = {"attn_mask", "attn_bias"} & arguments.keys()
    arguments |= {"query": q, "key": k, "value": v, "scale": 0.3, **dict.fromkeys(masks, bias)}
    if not masks:
        arguments["is_causal"] = True
    ran = Ran(kernel, arguments, [torch.empty(0)])
    assert is_fused(ran)
    scores = (q.double() @ k.double().mT * 0.3).numpy()
    scores = scores + bias.numpy() if masks else np.where(np.tri(4, dtype=bool), scores, -np.inf)
    exponents = np.exp(scores - scores.max(-1, keepdims=True))
    np.testing.assert_allclose(fused_weights(ran), exponents / exponents.sum(-1, keepdims=True), atol=1e-6)


def relative(score: Any, batch: Any, head: Any, query: Any, key: Any) -> Any:
    return score + (key - query) * 0.5 * (head + 1)


def causal(batch: Any, head: Any, query: Any, key: Any) -> Any:
    return query >= key


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("score_mod", "mask_mod"), [(None, None), (relative, None), (None, causal), (relative, causal)]
)
def test_flex_attention_shows_its_weights(
    score_mod: Callable[..., Any] | None, mask_mod: Callable[..., Any] | None, groups: int
) -> None:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    class Flexible(Attending):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = (
                project(x).unflatten(-1, (-1, 4)).transpose(1, 2) for project in (self.query, self.key, self.value)
            )
            mask = None if mask_mod is None else create_block_mask(mask_mod, None, None, 5, 5, device="cpu")
            mixed = flex_attention(q, k, v, score_mod=score_mod, block_mask=mask, enable_gqa=groups > 1)
            return mixed.transpose(1, 2).flatten(2)

    added = (np.arange(5) - np.arange(5)[:, None]) * 0.5 * np.arange(1, 5)[:, None, None]
    mask = np.zeros((4, 5, 5)) + (added if score_mod else 0)
    model, x = Flexible(groups=groups), some_features()
    (site,) = tb_attention.capture(model, x).values()
    model.mask = np.where(np.tri(5, dtype=bool), mask, -np.inf) if mask_mod else mask
    np.testing.assert_allclose(site.weights, model.expected(x), atol=1e-6)
