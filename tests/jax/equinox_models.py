"""Models of Equinox, all written for one sample: a name, what makes the module, its inputs, and the expected sites in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from tests.jax.linen_models import IDS, IMAGES
from tests.jax.noted import attend, normal, noted


def keys(key: Any, count: int) -> Any:
    return iter(jax.random.split(key, count))


class Block(eqx.Module):
    norm: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    dropout: eqx.nn.Dropout

    def __init__(self, key: Any) -> None:
        self.norm = eqx.nn.LayerNorm(8)
        self.attention = eqx.nn.MultiheadAttention(2, 8, dropout_p=0.1, key=key)
        self.dropout = eqx.nn.Dropout(0.1)

    def __call__(self, x: Any, key: Any = None) -> Any:
        y = jax.vmap(self.norm)(x)
        return x + self.dropout(self.attention(y, y, y, key=key), key=key)


class Vit(eqx.Module):
    patches: eqx.nn.Conv2d
    cls: jax.Array
    blocks: list[Block]
    head: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        each = keys(key, 4)
        self.patches = eqx.nn.Conv2d(3, 8, 4, 4, key=next(each))
        self.cls = jnp.ones((1, 8))
        self.blocks = [Block(next(each)) for _ in range(2)]
        self.head = eqx.nn.Linear(8, 3, key=next(each))

    def __call__(self, image: Any) -> Any:
        x = self.patches(jnp.moveaxis(image, -1, 0))
        x = jnp.concatenate([self.cls, x.reshape(8, -1).T])
        for block in self.blocks:
            x = block(x)
        return self.head(x[0])


class Causal(eqx.Module):
    q: eqx.nn.Linear
    k: eqx.nn.Linear
    v: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        self.q, self.k, self.v = (
            eqx.nn.Linear(8, width, key=each) for width, each in zip((8, 4, 4), keys(key, 3), strict=True)
        )

    def __call__(self, x: Any) -> Any:
        query, key, value = (jax.vmap(layer)(x) for layer in (self.q, self.k, self.v))
        return x + attend(query, key, value, 4, groups=2, causal=True)


class Language(eqx.Module):
    """Layers of one module whose weights are stacked, by `filter_vmap` and `lax.scan`."""

    embed: eqx.nn.Embedding
    layers: Causal

    def __init__(self, key: Any) -> None:
        self.embed = eqx.nn.Embedding(20, 8, key=key)
        self.layers = eqx.filter_vmap(Causal)(jax.random.split(key, 3))

    def __call__(self, ids: Any) -> Any:
        arrays, others = eqx.partition(self.layers, eqx.is_array)
        return jax.lax.scan(lambda x, own: (eqx.combine(own, others)(x), None), jax.vmap(self.embed)(ids), arrays)[0]


class Squeezed(eqx.Module):
    conv: eqx.nn.Conv2d
    squeeze: eqx.nn.Linear
    excite: eqx.nn.Linear
    head: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        each = keys(key, 4)
        self.conv = eqx.nn.Conv2d(3, 8, 3, 2, key=next(each))
        self.squeeze, self.excite = eqx.nn.Linear(8, 4, key=next(each)), eqx.nn.Linear(4, 8, key=next(each))
        self.head = eqx.nn.Linear(8, 3, key=next(each))

    def __call__(self, image: Any) -> Any:
        x = jax.nn.relu(self.conv(jnp.moveaxis(image, -1, 0)))
        gate = noted(jax.nn.sigmoid(self.excite(jax.nn.relu(self.squeeze(jnp.mean(x, axis=(1, 2)))))))
        return self.head(jnp.mean(x * gate[:, None, None], axis=(1, 2)))


class Translation(eqx.Module):
    embed: eqx.nn.Embedding
    encoder: tuple[Causal, ...]
    decoder: dict[str, eqx.nn.MultiheadAttention]

    def __init__(self, key: Any) -> None:
        each = keys(key, 4)
        self.embed = eqx.nn.Embedding(20, 8, key=next(each))
        self.encoder = (Causal(next(each)), Causal(next(each)))
        self.decoder = {"cross": eqx.nn.MultiheadAttention(4, 8, key=next(each))}

    def __call__(self, source: Any, target: Any) -> Any:
        memory, x = jax.vmap(self.embed)(source), jax.vmap(self.embed)(target)
        for layer in self.encoder:
            memory = layer(memory)
        return self.decoder["cross"](x, memory, memory)


class Pair(eqx.Module):
    first: Causal
    second: Causal

    def __init__(self, key: Any) -> None:
        self.first, self.second = map(Causal, keys(key, 2))

    @eqx.filter_jit
    def __call__(self, x: Any) -> Any:
        return eqx.filter_checkpoint(self.second)(self.first(x))


class Saving(eqx.Module):
    """Modules that transformations make anew: their names are what is known for sure."""

    pair: Pair

    def __init__(self, key: Any) -> None:
        self.pair = Pair(key)

    def __call__(self, x: Any) -> Any:
        return self.pair(x)


CASES: dict[str, tuple[Callable[[Any], eqx.Module], tuple[Any, ...], list[tuple[str, str, tuple[int, ...]]]]] = {
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
            ("encoder.0", "self", (4, 6, 6)),
            ("encoder.1", "self", (4, 6, 6)),
            ("decoder.cross", "cross", (4, 4, 6)),
        ],
    ),
    "computed_again_for_gradients": (
        Saving,
        (normal(3, 5, 8),),
        [("pair/causal", "self", (4, 5, 5)), ("pair/causal#2", "self", (4, 5, 5))],
    ),
}
