"""Writing weights from any framework and any training loop."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import operator
import os
import warnings
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError, AttentionWarning, LogError
from tb_attention.records.format.paths import Step, check_step, tag_folder
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.samples.default_axes import default_axes, default_kind, note_on_cells
from tb_attention.records.samples.nested import to_numpy
from tb_attention.records.samples.samples import Samples
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.writing.attempt_start import start_attempt
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.records.writing.generation import fill_up, generated_maps
from tb_attention.records.writing.generation_axes import token_inputs
from tb_attention.records.writing.predictions import to_predictions
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Kind, Site

_GENERATED = (
    "Layers of one pass are given by name: {f'layer_{i}': maps for i, maps in enumerate(attentions)}; `write_generation` takes "
    "what `generate` returns, token by token."
)


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
        tag_folder(tag)
        if attempt is not None and (isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 1):
            raise ArgumentError(f"`attempt` must be an integer of at least 1. Received: attempt={attempt!r}.")
        if max_bytes is not None and (isinstance(max_bytes, bool) or not 1 <= max_bytes < math.inf):
            raise ArgumentError(f"`max_bytes` must be a positive number of bytes. Received: max_bytes={max_bytes!r}.")
        self.log_dir = checked_directory(log_dir)
        self.tag = tag
        self.attempt = attempt
        self.samples = _to_samples(samples, class_names)
        self._with_summaries = summaries
        self._max_bytes = None if max_bytes is None else int(max_bytes)
        self._samples_name: str | None = None
        self._series: SeriesWriter | None = None
        self._closed = False
        self._best: dict[str, Any] | None = None

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
        self._submit(step, self._sites(weights, kinds or {}, axes or {}), predictions, metrics, epoch, batch)

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
        samples = None if self.samples is None else len(self.samples)
        weights = generated_maps(outputs, samples, iterations=iterations)
        inputs = token_inputs(outputs, weights, self.samples)
        weights = {
            path: maps if path.startswith("encoder") else fill_up(maps, inputs.length, keys=path.startswith("decoder"))
            for path, maps in weights.items()
        }
        said = {} if self.samples is None else self.samples.axes
        axes = {path: said.get(path) or inputs.axes(path, maps.shape) for path, maps in weights.items()}
        kinds: dict[str, Kind] = {path: "cross" if path.startswith("cross") else "self" for path in weights}
        self._check_open()
        self._raise_failures()
        sites = tuple(
            site if site.path in said else site.replace(note=note_on_cells(site.axes))
            for site in self._sites(weights, kinds, axes)
        )
        self._submit(step, sites, predictions, metrics, epoch, batch)

    def flush(self) -> None:
        """Waits until every step is written.

        Raises:
            LogError: One could not be written.
        """
        if self._series is not None:
            self._series.drain()
        self._raise_failures()

    def close(self) -> None:
        """Writes what waits and ends the writer.

        Raises:
            LogError: A step could not be written.
        """
        self._finish("finished", check=True)

    def _finish(self, state: str, *, check: bool) -> None:
        if self._series is not None and not self._closed:
            self._series.write_status(state=state)
            self._series.close()
        self._closed = True
        if check:
            self._raise_failures()

    def _started(self, record: StepRecord) -> SeriesWriter:
        if self._series is None:
            if self.attempt is None:
                self.attempt = start_attempt(self.log_dir, self.tag, record.epoch)
            series = SeriesWriter(
                self.log_dir, self.tag, self.attempt, summaries=self._with_summaries, max_bytes=self._max_bytes
            )
            if self.samples is not None:
                self._samples_name = series.write_samples(self.samples)
            self._series = series
        self._note_best(record)
        self._series.write_status(state="running", epoch=record.epoch, best=self._best)
        return self._series

    def _note_best(self, record: StepRecord) -> None:
        """Marks the step with the smallest "val_loss", or "loss" where there is none, as the callbacks do."""
        monitor = "val_loss" if "val_loss" in record.logs else "loss"
        value = record.logs.get(monitor)
        if record.step == "init" or value is None or not math.isfinite(value):
            return
        if self._best is None or monitor != self._best["monitor"] or value < self._best["value"]:
            self._best = {"step": record.step, "monitor": monitor, "value": value}

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
        step = _checked_step(step)
        count = len(sites[0].weights) if sites else (0 if self.samples is None else len(self.samples))
        _check_samples(sites, self.samples)
        record = StepRecord(
            step=step,
            epoch=_checked_count("epoch", epoch),
            batch=_checked_count("batch", batch),
            logs=_checked_metrics(metrics or {}),
            sites=sites,
            predictions=to_predictions(predictions, count, () if self.samples is None else self.samples.labels),
        )
        series = self._started(record)
        series.submit(dataclasses.replace(record, samples=self._samples_name))

    def _raise_failures(self) -> None:
        if self._series is None or not self._series.failures:
            return
        failures, self._series.failures = self._series.failures, []
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

    def _sites(
        self, weights: Mapping[str, Any], kinds: Mapping[str, Kind], axes: Mapping[str, Sequence[Axis]]
    ) -> tuple[Site, ...]:
        if not isinstance(weights, Mapping):
            raise ArgumentError(
                f"`weights` must map paths of sites to arrays. Received: {type(weights).__name__}. {_GENERATED}"
            )
        for name, given in (("kinds", kinds), ("axes", axes)):
            unknown = [path for path in given if path not in weights]
            if unknown:
                raise ArgumentError(f"`{name}` must be by paths of `weights`: {list(weights)}. Received: {unknown}.")
        return tuple(self._site(str(path), value, kinds.get(path), axes.get(path)) for path, value in weights.items())

    def _site(self, path: str, value: Any, kind: Kind | None, axes: Sequence[Axis] | None) -> Site:
        array = _checked_weights(path, value)
        axes = axes or (self.samples.axes.get(path) if self.samples is not None else None)
        if axes is None:
            if array.ndim not in (3, 4):
                raise ArgumentError(
                    "`weights` must have shape (samples, heads, queries, keys), or (samples, heads, keys) for a gate; other "
                    f"ranks need `axes`. Received: shape {array.shape} at {path!r}."
                )
            inner = default_axes(array.shape[2:], self.samples)
            note = note_on_cells(inner)
        else:
            note = None
            inner = tuple(axis for axis in axes if axis.role not in ("samples", "heads"))
        outer = (Axis("samples", array.shape[0]), Axis("heads", array.shape[1]))
        return Site(path, kind or default_kind(inner), (*outer, *inner), array, note)


def _to_samples(samples: Any, class_names: Sequence[str] | None) -> Samples | None:
    if samples is None:
        return None
    if not isinstance(samples, Samples):
        inputs, labels = samples if isinstance(samples, tuple) and len(samples) == 2 else (samples, None)
        return Samples(inputs, labels, class_names=class_names)
    return samples.replace(class_names=class_names)


def _checked_step(step: Any) -> Step:
    if not isinstance(step, str | bool):
        # What is no integer is told by the check that follows.
        with contextlib.suppress(TypeError):
            step = operator.index(step)
    check_step(step)
    return cast(Step, step)


def _checked_count(name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        count = operator.index(value)
    except TypeError:
        count = -1
    if count < 0 or isinstance(value, bool):
        raise ArgumentError(f"`{name}` must be an integer of at least 0, or None. Received: {name}={value!r}.")
    return count


def _checked_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    checked = {}
    for name, value in metrics.items():
        try:
            checked[str(name)] = float(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"`metrics` must be numbers by name. Received: {name}={value!r}.") from error
    return checked


def _check_samples(sites: Sequence[Site], samples: Samples | None) -> None:
    """Raises ArgumentError unless all sites are of as many samples as there are; names those that are not."""
    counts = {site.path: len(site.weights) for site in sites}
    wanted = len(samples) if samples is not None else next(iter(counts.values()), 0)
    if all(count == wanted for count in counts.values()):
        return
    listed = ", ".join(f"{count} at {path!r}" for path, count in list(counts.items())[:10])
    what = "have the same samples at every site" if samples is None else f"be of the {wanted} samples of this writer"
    raise ArgumentError(f"`weights` must {what}, along the first axis. Received: {listed}.")


def _checked_weights(path: str, value: Any) -> npt.NDArray[np.float32]:
    try:
        array = to_numpy(value)
    except Exception as error:
        nested = isinstance(value, list | tuple)
        received = f"{type(value).__name__} of {len(value)}" if nested else f"{type(value).__name__} ({error})"
        raise ArgumentError(
            f"`weights` must be arrays of shape (samples, heads, queries, keys), one for each site. Received: {received} at "
            f"{path!r}." + (f" {_GENERATED}" if nested else "")
        ) from error
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"`weights` must be arrays of numbers. Received: dtype={array.dtype} at {path!r}.")
    if array.ndim < 3 or 0 in array.shape[1:]:
        raise ArgumentError(
            "`weights` must have shape (samples, heads, queries, keys), or (samples, heads, keys) for a gate; only the samples "
            "may be none. "
            f"Received: shape {array.shape} at {path!r}."
        )
    # Training goes on in the very same memory while the thread encodes.
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float32, order="C", copy=True)
