"""Adds amounts to some cells of a variable."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def add_at(variable: Any, cells: Any, amounts: Any) -> None:
    """`variable[cells] += amounts`, each of several equal cells counting.

    Args:
        variable: A Keras variable of one dimension.
        cells: int64 (n,), places in it.
        amounts: (n,), of its dtype; None for 1 each.
    """
    handle = handle_of(variable)
    if handle is None:
        amounts = ops.ones_like(cells, dtype=variable.dtype) if amounts is None else amounts
        variable.assign(variable + ops.segment_sum(amounts, cells, num_segments=variable.shape[0]))
        return
    import tensorflow as tf

    # Touches the cells of the batch alone: a million of them, for 1,000 classes, would be read and written otherwise.
    updates = tf.ones((), variable.dtype) if amounts is None else amounts
    tf.raw_ops.ResourceScatterAdd(resource=handle, indices=cells, updates=updates)


def handle_of(variable: Any) -> Any:
    """TensorFlow's handle of the variable of this replica; None where there is none.

    That is so on other backends, and in stateless calls, such as that by which Keras builds a model under a strategy.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    try:
        return getattr(variable.value, "handle", None)
    except ValueError:
        return None
