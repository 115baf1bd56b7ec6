"""Models of Flax nnx: a name, what makes the module, its inputs, and the expected sites in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import nnx

from tests.jax.linen_models import IDS, IMAGES
from tests.jax.noted import attend, normal, noted


class Block(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, 8, dropout_rate=0.1, decode=False, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.mlp = nnx.Sequential(nnx.Linear(8, 16, rngs=rngs), nnx.gelu, nnx.Linear(16, 8, rngs=rngs))

    def __call__(self, x: Any) -> Any:
        x = x + self.dropout(self.attention(self.norm(x)))
        return x + self.mlp(x)


class Vit(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.patches = nnx.Conv(3, 8, (4, 4), (4, 4), rngs=rngs)
        self.cls = nnx.Param(jnp.ones((1, 1, 8)))
        self.blocks = nnx.List([Block(rngs) for _ in range(2)])
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, images: Any) -> Any:
        x = self.patches(images)
        x = x.reshape(len(x), -1, 8)
        x = jnp.concatenate([jnp.broadcast_to(self.cls[...], (len(x), 1, 8)), x], axis=1)
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


class Causal(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.q, self.k, self.v = (nnx.Linear(8, width, rngs=rngs) for width in (8, 4, 4))

    def __call__(self, x: Any) -> Any:
        return x + attend(self.q(x), self.k(x), self.v(x), 4, groups=2, causal=True)


class Language(nnx.Module):
    """Layers of one module whose weights are stacked, by `nnx.vmap` and `nnx.scan`."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embed = nnx.Embed(20, 8, rngs=rngs)

        @nnx.split_rngs(splits=3)
        @nnx.vmap(in_axes=(0,), out_axes=0)
        def made(rngs: nnx.Rngs) -> Causal:
            return Causal(rngs)

        self.layers = made(rngs)
        self.head = nnx.Linear(8, 20, rngs=rngs)

    def __call__(self, ids: Any) -> Any:
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def forward(x: Any, layer: Causal) -> Any:
            return layer(x)

        return self.head(forward(self.embed(ids), self.layers))


class Squeezed(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.conv = nnx.Conv(3, 8, (3, 3), (2, 2), rngs=rngs)
        self.squeeze, self.excite = nnx.Linear(8, 4, rngs=rngs), nnx.Linear(4, 8, rngs=rngs)
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, images: Any) -> Any:
        x = nnx.relu(self.conv(images))
        gate = noted(nnx.sigmoid(self.excite(nnx.relu(self.squeeze(jnp.mean(x, axis=(1, 2)))))))
        return self.head(jnp.mean(x * gate[:, None, None], axis=(1, 2)))


class Translation(nnx.Module):
    """Three attentions of one class, in a list and in a dict."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embed = nnx.Embed(20, 8, rngs=rngs)
        self.encoder = nnx.List([nnx.MultiHeadAttention(2, 8, decode=False, rngs=rngs) for _ in range(2)])
        self.decoder = nnx.Dict(cross=nnx.MultiHeadAttention(4, 8, decode=False, rngs=rngs))

    def __call__(self, source: Any, target: Any) -> Any:
        memory = self.embed(source)
        for layer in self.encoder:
            memory = memory + layer(memory)
        return self.decoder["cross"](self.embed(target), memory)


class Compiled(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first, self.second = Block(rngs), Block(rngs)

    @nnx.remat
    def __call__(self, x: Any) -> Any:
        return nnx.jit(lambda block, x: block(x))(self.second, nnx.remat(lambda block, x: block(x))(self.first, x))


class Saving(nnx.Module):
    """Modules that transformations make anew inside of one another."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.pair = Compiled(rngs)
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.head(self.pair(x))


CASES: dict[str, tuple[Callable[[nnx.Rngs], nnx.Module], tuple[Any, ...], list[tuple[str, str, tuple[int, ...]]]]] = {
    "vision_transformer": (
        Vit,
        (IMAGES,),
        [("blocks.0/attention", "self", (2, 5, 5)), ("blocks.1/attention", "self", (2, 5, 5))],
    ),
    "causal_language_scanned": (Language, (IDS,), [("layers", "self", (4, 3, 6, 6))]),
    "squeeze_and_excitation": (Squeezed, (IMAGES,), [("sigmoid", "gate", (1, 8))]),
    "cross_attention": (
        Translation,
        (IDS, IDS[:, :4]),
        [
            ("encoder.0", "self", (2, 6, 6)),
            ("encoder.1", "self", (2, 6, 6)),
            ("decoder.cross", "cross", (4, 4, 6)),
        ],
    ),
    "computed_again_for_gradients": (
        Saving,
        (normal(3, 5, 8),),
        [("pair/first/attention", "self", (2, 5, 5)), ("pair/second/attention", "self", (2, 5, 5))],
    ),
}


def made(build: Callable[[nnx.Rngs], nnx.Module]) -> nnx.Module:
    """The model, with random statistics in its batch norms."""
    model = build(nnx.Rngs(0))
    for _, module in nnx.iter_modules(model):
        if isinstance(module, nnx.BatchNorm):
            module.mean[...] = jnp.asarray(normal(*module.mean.shape))
    return model
