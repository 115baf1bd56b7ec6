"""Writing weights from any framework and any training loop."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from tb_attention.errors import AttentionWarning, LogError
from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.arguments import checked_metrics, checked_optional_count, checked_step
from tb_attention.records.writing.attempt_start import start_attempt
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.records.writing.generated_sites import generated_sites
from tb_attention.records.writing.given_sites import check_sample_counts, to_sites
from tb_attention.records.writing.predictions import to_predictions
from tb_attention.records.writing.series_logger import SeriesLogger
from tb_attention.site import Axis, Kind, Site


class AttentionWriter:
    """Writes attention weights for TensorBoard's Attention tab.

    Example:

        with AttentionWriter("logs/run1", samples=Samples(images, labels)) as writer:
            for epoch in range(10):
                ...
                writer.write(epoch, {"encoder/attention": weights}, predictions=probabilities)

    Args:
        log_dir: The run's directory, or a URL that fsspec knows. Nothing is made before the first `write`.
        tag: Name of the series; "attention" by default.
        samples: The examples that the weights are of: a `Samples`, `(inputs, labels)`, or inputs; none by default.
        class_names: Names of the classes, by index.
        attempt: A number from 1 to go on with an attempt that is there; by default the first `write` begins a new one.
        summaries: Whether the event file gets an overview of each step; by default it does.
        max_bytes: Bytes that the steps may take on disk. Beyond, steps are removed: the first and the last stay, and the fewer of
            the others the older they are. 2e9 by default; None for no limit.

    Raises:
        ArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        tag: str = "attention",
        samples: Any = None,
        class_names: Sequence[str] | None = None,
        attempt: int | None = None,
        summaries: bool = True,
        max_bytes: float | None = MAX_BYTES,
    ) -> None:
        self._logger = SeriesLogger(log_dir, tag, summaries=summaries, max_bytes=max_bytes)
        self.log_dir = self._logger.log_dir
        self.tag = tag
        self.attempt = checked_optional_count("attempt", attempt, least=1)
        self.samples = _to_samples(samples, class_names)
        self._closed = False

    def __enter__(self) -> AttentionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish("finished" if kind is None else "stopped", check=kind is None)

    def write(
        self,
        step: Step,
        weights: Mapping[str, Any],
        predictions: Any = None,
        metrics: Mapping[str, Any] | None = None,
        epoch: int | None = None,
        batch: int | None = None,
        kinds: Mapping[str, Kind] | None = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
    ) -> None:
        """Hands a step over; encoding and writing happen in another thread. Waits while its queue is full.

        Args:
            step: An integer of at least 0, or "init" for the model before training. A step that is there is replaced.
            weights: Arrays (numpy, or tensors of any framework) by path of the site: `(samples, heads, queries, keys)`, or
                `(samples, heads, keys)` for a gate; other ranks need `axes`. They are copied.
            predictions: Class indices `(samples,)`, probabilities `(samples, classes)`, or a list with `(class, probability)` or
                None for each sample.
            metrics: Numbers by name, such as the loss. The step with the smallest "val_loss" (without it "loss") is marked as
                the best.
            epoch: From 0.
            batch: Batches that the model has seen.
            kinds: By path; by default "self" where queries and keys are as many, else "cross", and "gate" without queries.
            axes: By path, the axes behind samples and heads, in order. Without them, as many positions as a text of the samples
                has tokens are these, and as many as a picture of them has square patches are assumed to be patches row by row,
                extra ones such as CLS in front. Arrays do not tell whether that is so (CLS may come last, patches column by
                column): the site's note, which the tab shows, says what is assumed.

        Raises:
            ArgumentError: An argument is wrong; nothing is written.
            LogError: An earlier step could not be written, or the writer is closed.
        """
        self._check_open()
        self._raise_failures()
        sites = to_sites(weights, self.samples, kinds or {}, axes or {})
        self._submit(step, sites, predictions, metrics, epoch, batch)

    def write_generation(
        self,
        step: Step,
        outputs: Mapping[str, Any],
        *,
        iterations: bool = False,
        predictions: Any = None,
        metrics: Mapping[str, Any] | None = None,
        epoch: int | None = None,
        batch: int | None = None,
    ) -> None:
        """Hands the attention of generated sequences over, as `generate` of transformers returns it.

        The maps that were computed token by token are put together: sites "decoder/layer_0", "cross/layer_0" and
        "encoder/layer_0" and so on, `(sequences, heads, queries, keys)`, each query in the row of its position. Of a beam search
        the rows of the beams that were chosen (`beam_indices`) are taken. Rows that were never computed are NaN.

        Positions are tokens where the samples of this writer have them: an input equal to the "sequences" of `outputs`, or else
        of their length, has the generated ones; one of as many tokens as the encoder read has the source. Where both fit, the
        source is the first: `Samples([source, outputs.sequences])`.

        Args:
            step: As for `write`.
            outputs: What `generate(output_attentions=True, return_dict_in_generate=True)` returned, of a model with
                `attn_implementation="eager"`; or a dict with its "attentions", "decoder_attentions", "cross_attentions",
                "encoder_attentions" and "beam_indices", as far as there are any.
            iterations: Whether the maps of each token stay apart, along an axis of iterations, padded to the last one's queries
                and keys: `(sequences, heads, tokens, queries, keys)`. That takes as many times the room as there are tokens.
                Defaults to False.
            predictions, metrics, epoch, batch: As for `write`.

        Raises:
            ArgumentError: An argument is wrong, or beams lie beside each other and nobody said which were chosen; nothing is
                written.
            LogError: An earlier step could not be written, or the writer is closed.

        Example:
            outputs = model.generate(ids, output_attentions=True, return_dict_in_generate=True)
            with AttentionWriter("logs/run1", samples=Samples(outputs.sequences)) as writer:
                writer.write_generation(0, outputs)
        """
        self._check_open()
        self._raise_failures()
        sites = generated_sites(outputs, self.samples, iterations=iterations)
        self._submit(step, sites, predictions, metrics, epoch, batch)

    def flush(self) -> None:
        """Waits until every step is written.

        Raises:
            LogError: One could not be written.
        """
        self._logger.drain()
        self._raise_failures()

    def close(self) -> None:
        """Writes what waits and ends the writer.

        Raises:
            LogError: A step could not be written.
        """
        self._finish("finished", check=True)

    def _finish(self, state: str, *, check: bool) -> None:
        if not self._closed:
            self._logger.write_status(state=state)
            self._logger.close()
        self._closed = True
        if check:
            self._raise_failures()

    def _check_open(self) -> None:
        if self._closed:
            raise LogError("The writer is closed; make another one to go on.")

    def _submit(
        self,
        step: Step,
        sites: tuple[Site, ...],
        predictions: Any,
        metrics: Mapping[str, Any] | None,
        epoch: int | None,
        batch: int | None,
    ) -> None:
        step = checked_step(step)
        count = len(sites[0].weights) if sites else (0 if self.samples is None else len(self.samples))
        check_sample_counts(sites, self.samples)
        record = StepRecord(
            step=step,
            epoch=checked_optional_count("epoch", epoch, least=0),
            batch=checked_optional_count("batch", batch, least=0),
            logs=checked_metrics(metrics),
            sites=sites,
            predictions=to_predictions(predictions, count, () if self.samples is None else self.samples.labels),
        )
        if self._logger.writer is None:
            if self.attempt is None:
                self.attempt = start_attempt(self.log_dir, self.tag, record.epoch)
            self._logger.open(self.attempt)
        if step != "init":
            self._logger.note_best(step, record.logs)
        self._logger.write_status(state="running", epoch=record.epoch)
        self._logger.log(record, self.samples)

    def _raise_failures(self) -> None:
        failures = self._logger.take_failures()
        if not failures:
            return
        for step, error in failures:
            if step is not None:
                raise LogError(
                    f"Step {step} of {self.tag!r} in {self.log_dir} could not be written: {error}"
                ) from error
        warnings.warn(
            f"All steps of {self.tag!r} in {self.log_dir} are written, but not the index, the status or the event file: "
            f"{failures[0][1]}",
            AttentionWarning,
            stacklevel=3,
        )


def _to_samples(samples: Any, class_names: Sequence[str] | None) -> Samples | None:
    if samples is None:
        return None
    if not isinstance(samples, Samples):
        inputs, labels = samples if isinstance(samples, tuple) and len(samples) == 2 else (samples, None)
        return Samples(inputs, labels, class_names=class_names)
    return samples.replace(class_names=class_names)
