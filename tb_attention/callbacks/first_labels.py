"""What inputs and labels look like before training, read without moving the data."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tb_attention.callbacks.sources import is_indexed_batches
from tb_attention.errors import ArgumentError

FORM = "`(x, y)` or `(x, y, sample_weight)`"


def first_batch(source: Any) -> tuple[Any, Any] | None:
    """Inputs and labels of a labelled source, nested: arrays, or specifications with `shape` and `dtype`.

    Arrays are there whole, and so is the first batch of data that have batches by index. Of a `tf.data.Dataset` it is known what
    its batches look like. None where nothing can be read without consuming it.

    Raises:
        ArgumentError: There are no labels.
    """
    spec = getattr(source, "element_spec", None)
    if spec is not None:
        return _pair(spec)
    if isinstance(source, tuple | list):
        return _pair(source)
    if is_indexed_batches(source) and len(source):
        with _generators_put_back():
            return _pair(source[0])
    return None


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        came = type(batch).__name__
        if isinstance(batch, tuple | list):
            came = f"{came} of {len(batch)}"
        elif isinstance(batch, Mapping):
            came = f"a dict with {sorted(map(str, batch))}"
        raise ArgumentError(
            f"Validation data must be {FORM}, or give such batches: without labels nothing can be counted. Received: {came}."
        )
    return batch[0], batch[1]


@contextmanager
def _generators_put_back() -> Iterator[None]:
    """Data that draw when a batch is read draw the same afterwards."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
