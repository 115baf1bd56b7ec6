"""Small models that cut pictures into tokens in every order, and which pixels each token really sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

Step = Callable[[Any], Any]


class Learned(layers.Layer):
    """Learned tokens in front of the others, behind them, or in the middle, where `front` of them come first."""

    def __init__(self, front: int = 0, back: int = 0, middle: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.counts = (front, middle, back)

    def build(self, shape: Any) -> None:
        self.tokens = [
            self.add_weight(shape=(1, count, shape[-1]), name=f"tokens_{i}") if count else None
            for i, count in enumerate(self.counts)
        ]

    def call(self, x: Any) -> Any:
        half = x.shape[1] // 2
        front, middle, back = (None if one is None else ops.repeat(one, ops.shape(x)[0], 0) for one in self.tokens)
        parts = [front, x[:, :half], middle, x[:, half:], back] if middle is not None else [front, x, back]
        return ops.concatenate([part for part in parts if part is not None], 1)


class Looking(layers.Layer):
    """Attention by hand, whose scores a test can set by its keys."""

    def build(self, shape: Any) -> None:
        self.query, self.key = layers.Dense(4), layers.Dense(4)
        self.query.build(shape)
        self.key.build(shape)

    def call(self, x: Any) -> Any:
        weights = ops.softmax(ops.einsum("bqd,bkd->bqk", self.query(x), self.key(x)) / 2)
        return x + ops.einsum("bqk,bkd->bqd", weights, x)


def model_of(shape: tuple[int, ...], *steps: Step) -> tuple[keras.Model, keras.Model]:
    """A model with attention over what the steps make of pictures, and the one that gives out its tokens."""
    inputs = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    answer = layers.Dense(2)(layers.GlobalAveragePooling1D()(Looking(name="looking")(x)))
    return keras.Model(inputs, answer), keras.Model(inputs, x)


def seen_pixels(tokens: keras.Model, axes: tuple[int, ...] = (1, 2)) -> npt.NDArray[np.bool_]:
    """Which pixels change each token: `(tokens, *pixels)`, found by changing one pixel after the other."""
    rng = np.random.default_rng(0)
    shape = tokens.input_shape[1:]
    pictures = rng.normal(size=(1, *shape)).astype("float32")
    sizes = [shape[axis - 1] for axis in axes]
    changed = np.repeat(pictures, np.prod(sizes), 0)
    for entry, pixel in enumerate(np.ndindex(*sizes)):
        index: list[Any] = [slice(None)] * len(shape)
        for axis, at in zip(axes, pixel, strict=True):
            index[axis - 1] = at
        changed[entry][tuple(index)] += rng.normal(size=changed[entry][tuple(index)].shape) + 3
    before, after = tokens.predict(pictures, verbose=0), tokens.predict(changed, verbose=0, batch_size=512)
    return np.any(np.abs(after - before) > 1e-6, -1).T.reshape(-1, *sizes)


def box_of(seen: npt.NDArray[np.bool_]) -> tuple[tuple[int, int], ...] | None:
    """First pixel and the one behind the last along each axis; None where none is seen."""
    if not seen.any():
        return None
    lines = [np.flatnonzero(seen.any(tuple(set(range(seen.ndim)) - {axis}))) for axis in range(seen.ndim)]
    return tuple((int(line[0]), int(line[-1]) + 1) for line in lines)
