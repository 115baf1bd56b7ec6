"""What a case of the collection is, and inputs for a model of which nothing is known but its declared inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

SAMPLES, POSITIONS, SOUND = 2, 8, 4096


@dataclass(frozen=True)
class Case:
    """A model of the collection.

    Attributes:
        family: What it is printed as.
        build: Makes it, with random weights.
        maps: How many sites of kinds `self`, `cross` and `local` its configuration promises.
        gates: How many of kind `gate`.
        inputs: What it is fed; made from its declared inputs where this is None.
        kinds: How many sites of each kind there are, where that is known.
    """

    family: str
    build: Callable[[], keras.Model]
    maps: int = 0
    gates: int = 0
    inputs: Callable[[], Any] | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)


def make_inputs(model: keras.Model) -> Any:
    """Random samples for the declared inputs: whole numbers below 10, segments 0 and 1, masks of ones, numbers around 0."""
    random = np.random.default_rng(0)

    def one(tensor: Any) -> Any:
        # One channel along time is sound, of which many numbers make a frame.
        length = SOUND if len(tensor.shape) == 3 and tensor.shape[-1] == 1 else POSITIONS
        shape = (SAMPLES, *(length if size is None else size for size in tensor.shape[1:]))
        if "mask" in tensor.name:
            return np.ones(shape, tensor.dtype)
        if "segment" in tensor.name:
            return random.integers(0, 2, shape).astype(tensor.dtype)
        if tensor.dtype.startswith("int"):
            return random.integers(1, 10, shape).astype(tensor.dtype)
        return random.normal(size=shape).astype(tensor.dtype)

    return keras.tree.map_structure(one, model._inputs_struct)
