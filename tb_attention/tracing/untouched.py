"""Restores the Python side of a model after it was called: attributes, losses, and random generators."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras.src.backend.common import global_state

from tb_attention.tracing.restored_attributes import attributes_restored

_GLOBAL_SEEDS = "global_seed_generator"


@contextlib.contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Puts back what a call of the model changes on its layers in Python, such as losses and counters.

    A layer that is not built yet is left as the call built it. Python's and NumPy's generators and the seeds of
    Keras go on as if nothing had been called; what lives in variables is not touched by tracing.
    """
    layers = [layer for layer in model._flatten_layers() if layer.built]
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    seeds = global_state.get_global_attribute(_GLOBAL_SEEDS)
    names = global_state.get_global_attribute("object_name_uids")
    name_counts = None if names is None else dict(names)
    try:
        with attributes_restored(layers):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        if seeds is None:
            global_state.set_global_attribute(_GLOBAL_SEEDS, None)
        if names is not None and name_counts is not None:
            names.clear()
            names.update(name_counts)
