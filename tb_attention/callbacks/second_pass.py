"""Predictions for a second data set in the middle of `fit`, without a trace in the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from tb_attention.tracing.tensorflow.trace_cache import trace_cache_of


class SecondPass:
    """Runs the model in batches; its state afterwards is what it was before, to the bit.

    The model's own compiled prediction function, if it has one, is put back. The one used here is kept with the model as traces
    are, so that a later `fit` with new callbacks compiles nothing.
    """

    def __init__(self) -> None:
        self._function: Any = None

    def __call__(self, model: Any, x: Any) -> Any:
        """The model's outputs for one batch, as numpy arrays, nested as the model returns them."""
        with self._borrowed(model), unchanged(model):
            outputs = model.predict_on_batch(x)
        # Under a strategy every replica predicts the whole batch, and Keras puts their outputs one behind the other.
        replicas = getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1)
        return keras.tree.map_structure(lambda array: array[: len(array) // replicas], outputs)

    @contextmanager
    def _borrowed(self, model: Any) -> Iterator[None]:
        if self._function is None:
            with trace_cache_of(model).lent_prediction(model):
                yield
                self._function = model.predict_function
            return
        theirs = model.predict_function
        model.predict_function = self._function
        try:
            yield
        finally:
            self._function = model.predict_function
            model.predict_function = theirs


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Puts back what predicting may change: seeds of layers that draw at inference, counters, states."""
    variables = [variable for variable in model.non_trainable_variables if variable.dtype != "string"]
    before = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            if not np.array_equal(keras.ops.convert_to_numpy(variable), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)
