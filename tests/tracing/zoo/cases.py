"""What the cases of the zoo share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

Expected = list[tuple[str, str, tuple[int, ...]]]
"""Path, kind and shape of one sample's weights, for each site in order."""

Case = tuple[keras.Model, Any, Expected]

CASES: dict[str, Callable[[], Case]] = {}

SAMPLES = 3


def case(build: Callable[[], Case]) -> Callable[[], Case]:
    CASES[build.__name__] = build
    return build


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(SAMPLES, *shape)).astype("float32")


def ids(length: int, top: int = 11) -> np.ndarray:
    numbers = np.random.default_rng(7).integers(1, top, size=(SAMPLES, length))
    numbers[:, -2:] = 0
    return numbers.astype("int32")


def head(x: Any) -> Any:
    """Pools and classifies, so that a class softmax is always there to be left out."""
    pool = {3: layers.GlobalAveragePooling1D, 4: layers.GlobalAveragePooling2D}.get(len(x.shape))
    return layers.Dense(4, activation="softmax", name="classes")(pool()(x) if pool else x)


def block(x: Any, name: str, heads: int = 2) -> Any:
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(heads, 4, dropout=0.1, name=f"{name}_attention")(y, y)
    x = layers.Add()([x, y])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(x.shape[-1])(y)])
