"""A pass over validation data at the end of an epoch, in which the outputs of the model are counted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tb_attention.callbacks.counted import Counted
from tb_attention.callbacks.counted_outputs import CountedOutput
from tb_attention.callbacks.data_sources import Batch, Source, bounded, labelled
from tb_attention.callbacks.failures import Warnings
from tb_attention.callbacks.model_inputs import taken_by
from tb_attention.callbacks.output_counter import OutputCounter
from tb_attention.callbacks.second_pass import SecondPass
from tb_attention.errors import ArgumentError
from tb_attention.records.samples import ragged

# Of validation data that may never end, where neither `fit` nor the user says how many.
_MOST_BATCHES = 1000
# So many examples show which sites a model has.
_FEW = 2


class ValidationPass:
    """Runs a model over validation data and counts.

    Args:
        source: The data.
        steps: How many batches are used; None for all.
        warnings: Get what is wrong with the data once training has begun.
    """

    def __init__(self, source: Source, steps: int | None, warnings: Warnings) -> None:
        self._source = source
        self._steps = steps
        self._warnings = warnings
        self._second_pass = SecondPass()
        self._outputs: Sequence[CountedOutput] = ()
        self.counters: Sequence[OutputCounter] = ()
        self.failed: Mapping[int, Exception] = {}

    def first_batch(self, model: Any) -> Batch:
        """What the batches look like.

        Raises:
            ArgumentError: They cannot be counted to their end, or are not what `fit` takes.
        """
        first = self._source.first_labelled(model)
        if self._source.length == math.inf and self._steps is None:
            raise ArgumentError(
                "`validation_data` never ends, so `validation_steps` must say how many of its batches are counted. "
                f"Received: an infinite {self._source.type_name}, validation_steps=None."
            )
        return first

    def first_examples(self, model: Any) -> Any:
        """The inputs of a few examples, nested as the model takes them; None where there is none."""
        batch = next(self._source.batches(), None)
        return None if batch is None else ragged.rows(taken_by(model, batch.x), slice(0, _FEW))

    def labels_of(self, counted: CountedOutput, batch_size: int) -> int | None:
        """How many labels of an output a pass has at most, or None where that is not known.

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
        """Forgets the `fit` before, and takes what is counted and a counter for each."""
        self._second_pass = SecondPass()
        self._outputs, self.counters, self.failed = outputs, counters, {}

    def count(self, model: Any, validated: int, trained: int) -> list[Counted | None]:
        """Counts once; None for an output that could not be.

        Args:
            model: The Keras model.
            validated: Batches that `fit` validates on; 0 where it does not.
            trained: Batches of an epoch; 0 where that is not known.
        """
        failed: dict[int, Exception] = {}
        self.failed = failed
        for counter in self.counters:
            counter.begin()
        for batch in self._batches(validated, trained):
            x, y, weight = labelled(batch, "validation_data")
            x = taken_by(model, x)
            outputs = self._second_pass(model, ragged.as_fed(x))
            for index, counter in enumerate(self.counters):
                if index not in failed:
                    try:
                        counter.add(x, y, weight, outputs)
                    except Exception as error:
                        failed[index] = error
        for index, reason in failed.items():
            self._say_lost(self._outputs[index], reason)
        return [None if index in failed else counter.counted() for index, counter in enumerate(self.counters)]

    def _say_lost(self, counted: CountedOutput, error: Exception) -> None:
        """Says once that an output was not counted; the others are."""
        what = "The confusion matrix" if len(self._outputs) == 1 else f"The confusion matrix of {counted.output.name!r}"
        told = str(error) if isinstance(error, ArgumentError) else f"{type(error).__name__}: {error}"
        self._warnings.warn(
            f"lost: {counted.output.name}: {type(error).__name__}",
            f"{what} of an epoch was lost; training goes on. {told}",
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
                "counts these. `validation_steps` says how many to count.",
            )

        return bounded(self._source.batches(), most, stop)
