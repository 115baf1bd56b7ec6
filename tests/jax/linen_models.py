"""Models of Flax linen: a name, the module, its inputs, keyword arguments, and the expected sites in order."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from tests.jax.noted import attend, normal, noted


class Block(nn.Module):
    heads: int = 2

    @nn.compact
    def __call__(self, x: Any, train: bool) -> Any:
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(self.heads, dropout_rate=0.1, deterministic=not train, name="attention")(y)
        x = x + nn.Dropout(0.1, deterministic=not train)(y)
        return x + nn.Dense(x.shape[-1])(nn.gelu(nn.Dense(2 * x.shape[-1])(x)))


class Vit(nn.Module):
    @nn.compact
    def __call__(self, images: Any, train: bool) -> Any:
        x = nn.Conv(8, (4, 4), (4, 4), name="patches")(images)
        x = x.reshape(len(x), -1, 8)
        cls = self.param("cls", nn.initializers.normal(), (1, 1, 8))
        x = jnp.concatenate([jnp.broadcast_to(cls, (len(x), 1, 8)), x], axis=1)
        for index in range(2):
            x = Block(name=f"block_{index}")(x, train)
        return nn.Dense(3)(nn.BatchNorm(use_running_average=not train)(x[:, 0]))


class Causal(nn.Module):
    """Grouped queries; four heads share two of keys."""

    @nn.compact
    def __call__(self, x: Any, _: Any = None) -> tuple[Any, None]:
        query, key, value = (nn.Dense(width, name=name)(x) for name, width in (("q", 8), ("k", 4), ("v", 4)))
        return x + nn.Dense(8)(attend(query, key, value, 4, groups=2, causal=True)), None


class Language(nn.Module):
    """One block for all layers, by `nn.scan`."""

    @nn.compact
    def __call__(self, ids: Any) -> Any:
        x = nn.Embed(20, 8)(ids)
        layers = nn.scan(Causal, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        x, _ = layers(name="layers")(x, None)
        return nn.Dense(20)(x)


class Squeezed(nn.Module):
    @nn.compact
    def __call__(self, images: Any) -> Any:
        x = nn.relu(nn.Conv(8, (3, 3), (2, 2))(images))
        gate = noted(nn.sigmoid(nn.Dense(8)(nn.relu(nn.Dense(4)(jnp.mean(x, axis=(1, 2)))))))
        return nn.Dense(3)(jnp.mean(x * gate[:, None, None], axis=(1, 2)))


class Translation(nn.Module):
    """Made in `setup`, called through methods."""

    def setup(self) -> None:
        self.embed = nn.Embed(20, 8)
        self.encoder = [nn.MultiHeadDotProductAttention(2) for _ in range(2)]
        self.cross = nn.MultiHeadDotProductAttention(4)
        self.head = nn.Dense(20)

    def encode(self, source: Any) -> Any:
        x = self.embed(source)
        for layer in self.encoder:
            x = x + layer(x)
        return x

    def __call__(self, source: Any, target: Any) -> Any:
        memory, x = self.encode(source), self.embed(target)
        return self.head(self.cross(x, memory, memory))


class Saving(nn.Module):
    """Blocks that are computed again for gradients, one of them compiled."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for index in range(2):
            x = nn.remat(Block, static_argnums=(2,))(name=f"saving_{index}")(x, False)
        return nn.Dense(3)(nn.jit(Block, static_argnums=(2,))(name="compiled")(x, False))


IMAGES, IDS = normal(3, 8, 8, 3), (abs(normal(3, 6)) * 9).astype("int32") % 20
CASES: dict[str, tuple[nn.Module, tuple[Any, ...], dict[str, Any], list[tuple[str, str, tuple[int, ...]]]]] = {
    "vision_transformer": (
        Vit(),
        (IMAGES,),
        {"train": False},
        [("block_0/attention", "self", (2, 5, 5)), ("block_1/attention", "self", (2, 5, 5))],
    ),
    "causal_language_scanned": (Language(), (IDS,), {}, [("layers", "self", (4, 3, 6, 6))]),
    "squeeze_and_excitation": (Squeezed(), (IMAGES,), {}, [("sigmoid", "gate", (1, 8))]),
    "cross_attention": (
        Translation(),
        (IDS, IDS[:, :4]),
        {},
        [
            ("encoder_0", "self", (2, 6, 6)),
            ("encoder_1", "self", (2, 6, 6)),
            ("cross", "cross", (4, 4, 6)),
        ],
    ),
    "computed_again_for_gradients": (
        Saving(),
        (normal(3, 5, 8),),
        {},
        [
            ("saving_0/attention", "self", (2, 5, 5)),
            ("saving_1/attention", "self", (2, 5, 5)),
            ("compiled/attention", "self", (2, 5, 5)),
        ],
    ),
}
