"""Parts that several models of the collection are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import layers


class Function(layers.Layer):
    """A layer whose `call` is a function of its inputs and some dense layers."""

    def __init__(self, function: Callable[..., Any], units: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.projections = [layers.Dense(count) for count in units]

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs, *self.projections)


def mlp(x: Any, width: int) -> Any:
    return layers.Dense(width)(layers.Dropout(0.1)(layers.Dense(2 * width, activation="gelu")(x)))


def encoder_block(x: Any, heads: int) -> Any:
    """Attention and a small network, normalised before."""
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.Add()([layers.MultiHeadAttention(heads, 4, dropout=0.1)(y, y), x])
    return layers.Add()([mlp(layers.LayerNormalization(epsilon=1e-6)(x), x.shape[-1]), x])
