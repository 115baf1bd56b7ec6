"""Functions of plain JAX: a name, the function, its parameters, its inputs, and the expected sites in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from tests.jax.linen_models import IDS, IMAGES
from tests.jax.noted import attend, join_heads, normal, noted, patches, split_heads


def weights(*shape: int) -> Any:
    return normal(*shape) / 3


def projections() -> dict[str, Any]:
    return {name: weights(8, 8) for name in ("q", "k", "v")}


def attention(own: dict[str, Any], x: Any, memory: Any, **options: Any) -> Any:
    return x + attend(x @ own["q"], memory @ own["k"], memory @ own["v"], options.pop("heads", 2), **options)


def vit(params: Any, images: Any) -> Any:
    """Written for one picture, mapped over them."""

    def of_one(image: Any) -> Any:
        x = jnp.concatenate([params["cls"], patches(image, 4) @ params["embed"]])
        for index, block in enumerate(params["blocks"]):
            with jax.named_scope(f"block_{index}"):
                x = attention(block, x, x)
        return x[0] @ params["head"]

    return jax.vmap(of_one)(images)


@partial(jax.jit, static_argnames="causal")
def language(params: Any, ids: Any, causal: bool = True) -> Any:
    """Compiled; grouped queries in a scan over layers."""

    def layer(x: Any, own: Any) -> tuple[Any, None]:
        with jax.named_scope("attention"):
            return x + attend(x @ own["q"], x @ own["k"], x @ own["v"], 4, groups=2, causal=causal), None

    return jax.lax.scan(layer, params["embed"][ids], params["layers"])[0] @ params["head"]


def squeezed(params: Any, images: Any) -> Any:
    x = jax.nn.relu(
        jax.lax.conv_general_dilated(images, params["conv"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    )
    gate = noted(jax.nn.sigmoid(jax.nn.relu(jnp.mean(x, axis=(1, 2)) @ params["squeeze"]) @ params["excite"]))
    return jnp.mean(x * gate[:, None, None], axis=(1, 2)) @ params["head"]


@jax.custom_vjp
def mixed(query: Any, key: Any, value: Any) -> Any:
    return jax.nn.softmax(query @ jnp.swapaxes(key, -1, -2)) @ value


mixed.defvjp(lambda *given: (mixed(*given), given), lambda given, back: (back, back, back))


def cross(params: Any, source: Any, target: Any) -> Any:
    """With a gradient of its own."""
    x, memory = (params["embed"][ids] for ids in (target, source))
    with jax.named_scope("cross"):
        query, key, value = (
            split_heads(given @ params[name], 2) for name, given in (("q", x), ("k", memory), ("v", memory))
        )
        return join_heads(mixed(query, key, value)) @ params["head"]


def saving(params: Any, x: Any) -> Any:
    """Blocks that are computed again for gradients, with the attention of `jax.nn`."""

    def block(own: Any, x: Any) -> Any:
        query, key, value = ((x @ own[name]).reshape(*x.shape[:2], 2, 4) for name in ("q", "k", "v"))
        return x + jax.nn.dot_product_attention(query, key, value).reshape(x.shape)

    for index, own in enumerate(params):
        with jax.named_scope(f"saving_{index}"):
            x = jax.checkpoint(block)(own, x)
    return x


CASES: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...], list[tuple[str, str, tuple[int, ...]]]]] = {
    "vision_transformer": (
        vit,
        {
            "cls": weights(1, 8),
            "embed": weights(48, 8),
            "blocks": [projections() for _ in range(2)],
            "head": weights(8, 3),
        },
        (IMAGES,),
        [("block_0", "self", (2, 5, 5)), ("block_1", "self", (2, 5, 5))],
    ),
    "causal_language_scanned": (
        language,
        {
            "embed": weights(20, 8),
            "layers": {"q": weights(3, 8, 8), "k": weights(3, 8, 4), "v": weights(3, 8, 4)},
            "head": weights(8, 20),
        },
        (IDS,),
        [("attention", "self", (4, 3, 6, 6))],
    ),
    "squeeze_and_excitation": (
        squeezed,
        {"conv": weights(3, 3, 3, 8), "squeeze": weights(8, 4), "excite": weights(4, 8), "head": weights(8, 3)},
        (IMAGES,),
        [("sigmoid", "gate", (1, 8))],
    ),
    "cross_attention": (
        cross,
        {"embed": weights(20, 8), **projections(), "head": weights(8, 20)},
        (IDS, IDS[:, :4]),
        [("cross", "cross", (2, 4, 6))],
    ),
    "computed_again_for_gradients": (
        saving,
        [projections() for _ in range(2)],
        (normal(3, 5, 8),),
        [("saving_0", "self", (2, 5, 5)), ("saving_1", "self", (2, 5, 5))],
    ),
}
