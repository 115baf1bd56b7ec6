"""Counts the outputs of a model in a pass over validation data at the end of an epoch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from tb_attention.callbacks.class_counts import ClassCounts
from tb_attention.callbacks.counted_outputs import CountedOutput
from tb_attention.callbacks.data_sources import Batch, Source, bounded, labelled
from tb_attention.callbacks.model_inputs import taken_by
from tb_attention.callbacks.output_counter import OutputCounter
from tb_attention.errors import ArgumentError
from tb_attention.records.samples import ragged
from tb_attention.steps.failures import Warnings
from tb_attention.tracing.trace_cache import trace_cache_of

# Maximum for validation data that may never end, if neither `fit` nor the user gives a number.
_MOST_BATCHES = 1000
# Examples to detect the sites of a model with.
_FEW = 2


class ValidationPass:
    """Runs a model over validation data and counts.

    Args:
        source: The data.
        steps: Number of batches to use; None for all.
        warnings: Gets what is wrong with the data once training has begun.
    """

    def __init__(self, source: Source, steps: int | None, warnings: Warnings) -> None:
        self._source = source
        self._steps = steps
        self._warnings = warnings
        self._predict = Predictor()
        self._outputs: Sequence[CountedOutput] = ()
        self.counters: Sequence[OutputCounter] = ()
        self.failed: Mapping[int, Exception] = {}

    def first_batch(self, model: Any) -> Batch:
        """The first batch, or a description of it.

        Raises:
            ArgumentError: The data never end, or are not what `fit` takes.
        """
        first = self._source.first_labelled(model)
        if self._source.length == math.inf and self._steps is None:
            raise ArgumentError(
                "`validation_data` never ends, so `validation_steps` must say how many of its batches are counted. "
                f"Received: an infinite {self._source.type_name}, validation_steps=None."
            )
        return first

    def first_examples(self, model: Any) -> Any:
        """The inputs of a few examples, nested as the model takes them; None if there is none."""
        batch = next(self._source.batches(), None)
        return None if batch is None else ragged.rows(taken_by(model, batch.x), slice(0, _FEW))

    def labels_of(self, counted: CountedOutput, batch_size: int) -> int | None:
        """The maximum number of labels of an output in a pass, or None if it is not known.

        Args:
            counted: The output.
            batch_size: For arrays.
        """
        source, labels = self._source, counted.labels
        if labels is None or labels.values is None or source.length in (None, math.inf):
            return None
        batches = min(source.length or 0, self._steps or math.inf)
        return int(batches * (batch_size if source.kind == "arrays" else len(labels.values)))

    def begin_fit(self, outputs: Sequence[CountedOutput] = (), counters: Sequence[OutputCounter] = ()) -> None:
        """Begins a new `fit` with the outputs to count and a counter for each."""
        self._predict = Predictor()
        self._outputs, self.counters, self.failed = outputs, counters, {}

    def count(self, model: Any, validated: int, trained: int) -> list[ClassCounts | None]:
        """Counts once; None for outputs that fail.

        Args:
            model: The Keras model.
            validated: Batches that `fit` validates on; 0 for none.
            trained: Batches of an epoch; 0 if it is not known.
        """
        failed: dict[int, Exception] = {}
        self.failed = failed
        for counter in self.counters:
            counter.begin()
        for batch in self._batches(validated, trained):
            x, y, weight = labelled(batch, "validation_data")
            x = taken_by(model, x)
            outputs = self._predict(model, ragged.as_fed(x))
            for index, counter in enumerate(self.counters):
                if index not in failed:
                    try:
                        counter.add(x, y, weight, outputs)
                    except Exception as error:
                        failed[index] = error
        for index, reason in failed.items():
            self._warn_of_loss(self._outputs[index], reason)
        return [None if index in failed else counter.counted() for index, counter in enumerate(self.counters)]

    def _warn_of_loss(self, counted: CountedOutput, error: Exception) -> None:
        """Warns once that an output was not counted; the others are."""
        what = "The confusion matrix" if len(self._outputs) == 1 else f"The confusion matrix of {counted.output.name!r}"
        message = str(error) if isinstance(error, ArgumentError) else f"{type(error).__name__}: {error}"
        self._warnings.warn(
            f"lost: {counted.output.name}: {type(error).__name__}",
            f"{what} of an epoch was lost; training goes on. {message}",
        )

    def _batches(self, validated: int, trained: int) -> Iterator[Batch]:
        if self._steps is not None:
            return itertools.islice(self._source.batches(), self._steps)
        if self._source.length is not None:
            return self._source.batches()
        most = validated or max(_MOST_BATCHES, trained)

        def stop() -> None:
            reason = "as many as `fit` validates on" if validated else "the most where `fit` does not validate"
            self._warnings.warn(
                "endless",
                f"`validation_data`, whose length is not known, goes on behind {most} batches, {reason}; the confusion matrix "
                "counts these. `validation_steps` sets the number.",
            )

        return bounded(self._source.batches(), most, stop)


class Predictor:
    """Runs a model on batches in the middle of `fit`, and leaves its state bit-identical.

    The model gets its compiled prediction function back, if it had one. The function used here is kept with the model, as
    traces are, so that a later `fit` with new callbacks compiles nothing.
    """

    def __init__(self) -> None:
        self._function: Any = None

    def __call__(self, model: Any, x: Any) -> Any:
        """The model's outputs for one batch, as numpy arrays, nested as the model returns them."""
        with self._borrowed(model), unchanged(model):
            outputs = model.predict_on_batch(x)
        # Under a strategy every replica predicts the whole batch, and Keras concatenates their outputs.
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
    """Restores what predicting may change: seeds of layers that draw at inference, counters, states."""
    variables = [variable for variable in model.non_trainable_variables if variable.dtype != "string"]
    before = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            if not np.array_equal(keras.ops.convert_to_numpy(variable), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)
