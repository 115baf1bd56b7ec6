"""Keeps the Python side of a model as it was while it is traced: attributes, losses, and random generators."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras.src.backend.common import global_state

_GLOBAL_SEEDS = "global_seed_generator"
_COPIED = (list, dict, set)


@contextlib.contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Puts back what a call of the model changes on its layers in Python, such as losses and counters.

    A layer that is not built yet is left as the call built it. Python's and NumPy's generators and the seeds of
    Keras go on as if nothing had been called; what lives in variables is not touched by tracing.
    """
    layers = [layer for layer in model._flatten_layers() if layer.built]
    before = [(vars(layer), dict(vars(layer)), _contents(vars(layer))) for layer in layers]
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    seeds = global_state.get_global_attribute(_GLOBAL_SEEDS)
    names = global_state.get_global_attribute("object_name_uids")
    name_counts = None if names is None else dict(names)
    try:
        yield
    finally:
        for attributes, old, contents in before:
            attributes.clear()
            attributes.update(old)
            for container, copy in contents:
                _refill(container, copy)
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        if seeds is None:
            global_state.set_global_attribute(_GLOBAL_SEEDS, None)
        if names is not None and name_counts is not None:
            names.clear()
            names.update(name_counts)


def _contents(attributes: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The containers among attributes that are Python's own, each with a copy."""
    return [(value, value.copy()) for value in attributes.values() if type(value) in _COPIED]


def _refill(container: Any, copy: Any) -> None:
    if isinstance(container, dict):
        unchanged = len(container) == len(copy) and all(container.get(key) is value for key, value in copy.items())
    else:
        unchanged = len(container) == len(copy) and all(a is b for a, b in zip(container, copy, strict=True))
    if unchanged:
        return
    container.clear()
    if isinstance(container, list):
        container.extend(copy)
    else:
        container.update(copy)
