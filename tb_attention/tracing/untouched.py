"""Restores the Python side of a model after it was called: attributes, losses, and random generators."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras.src.backend.common import global_state

_GLOBAL_SEEDS = "global_seed_generator"
_CONTAINERS = (list, dict, set)


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
    """The containers among attributes, each with a plain copy."""
    copies: list[tuple[Any, Any]] = []
    for value in attributes.values():
        for kind in _CONTAINERS:
            if isinstance(value, kind):
                copies.append((value, kind(value)))
    return copies


def _refill(container: Any, copy: Any) -> None:
    """Puts back what a container held, past the tracking of lists and dicts by Keras."""
    if isinstance(copy, dict):
        if len(container) != len(copy) or any(container.get(key) is not value for key, value in copy.items()):
            dict.clear(container)
            dict.update(container, copy)
    elif len(container) != len(copy) or any(a is not b for a, b in zip(container, copy, strict=True)):
        if isinstance(copy, list):
            list.clear(container)
            list.extend(container, copy)
        else:
            set.clear(container)
            set.update(container, copy)
