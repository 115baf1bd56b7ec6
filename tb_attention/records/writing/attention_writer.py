"""Writing weights from any framework and any training loop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.samples.made_pictures import given_pictures
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.arguments import checked_header
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.records.writing.generated_sites import generated_sites
from tb_attention.records.writing.given_sites import check_sample_counts, to_sites
from tb_attention.records.writing.predictions import to_predictions
from tb_attention.records.writing.step_writer import StepWriter
from tb_attention.site import Axis, Kind, Site


class AttentionWriter(StepWriter):
    """Writes attention weights for TensorBoard's Attention tab.

    Example:

        with AttentionWriter("logs/run1", samples=Samples(images, labels)) as writer:
            for epoch in range(10):
                ...
                writer.write(epoch, {"encoder/attention": weights}, predictions=probabilities)

    Args:
        log_dir: The run's directory, or a URL that fsspec knows. Nothing is created before the first `write`.
        tag: Name of the series. Defaults to "attention".
        samples: The examples that the weights belong to: a `Samples`, `(inputs, labels)`, or inputs. Defaults to none.
        class_names: Names of the classes, by index. Defaults to the names of a `Samples`, or none.
        attempt: Number of an existing attempt to continue, from 1. By default the first `write` begins a new attempt. While
            another process writes that attempt, a new one is begun too, with a warning that names the process.
        summaries: Whether to write overviews of steps to the event file. Defaults to True.
        max_bytes: Bytes that the steps may take on disk. Beyond, steps are removed: the first, the last and the best stay, and
            older steps are thinned more. Defaults to 2e9; None for no limit.

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
        super().__init__(log_dir, tag, attempt=attempt, summaries=summaries, max_bytes=max_bytes)
        self.samples = _to_samples(samples, class_names)

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
        pictures: Any = None,
    ) -> None:
        """Hands over a step, to be encoded and written in another thread. Waits while that thread's queue is full.

        Args:
            step: An integer of at least 0, or "init" for the model before training. An existing step is replaced.
            weights: Arrays (numpy, or tensors of any framework) by path of the site: `(samples, heads, queries, keys)`, or
                `(samples, heads, keys)` for a gate; other ranks need `axes`. They are copied. Or the sites that
                `tb_attention.capture` returns.
            predictions: Class indices `(samples,)`, probabilities `(samples, classes)`, or a list with `(class, probability)` or
                None for each sample.
            metrics: Numbers by name, such as the loss. The step with the smallest "val_loss" (or "loss", if there is none) is
                marked as the best.
            epoch: From 0.
            batch: Batches that the model has seen.
            kinds: Kinds by path. Defaults to "self" for as many queries as keys, "cross" for other numbers, and "gate" without
                queries.
            axes: By path, the axes after samples and heads, in order. Without them, an axis as long as a text of the samples has
                tokens is taken for these tokens, and one as long as a picture has square patches for these patches, row by row,
                after extra positions such as CLS. Arrays do not show whether that is right (CLS may be last, or patches in
                columns), so the site's note, which the tab shows, says what is assumed. Where both axes are the nodes of a
                graph, weights may be of its edges, `(samples, heads, edges)`, in the order of `Axis.edges`: the target of each
                looks at its source.
            pictures: What the model made of each sample, or what there was to see: `(samples, rows, columns, 1 or 3)`, or
                `(samples, iterations, rows, columns, 1 or 3)` for a picture in each iteration. The tab shows it beside the maps.

        Raises:
            ArgumentError: An argument is wrong; nothing is written.
            LogError: An earlier step could not be written, or the writer is closed.
        """
        self._check()
        sites = to_sites(weights, self.samples, kinds or {}, axes or {})
        self._submit(step, sites, predictions, metrics, epoch, batch, pictures)

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
        """Hands over the attention of generated sequences, as `generate` of transformers returns it.

        The maps of single tokens are joined into sites "decoder/layer_0", "cross/layer_0", "encoder/layer_0" and so on, of shape
        `(sequences, heads, queries, keys)`; each query is in the row of its position. Of a beam search, the rows of the chosen
        beams (`beam_indices`) are used. Rows that were never computed are NaN.

        Positions are tokens if the samples of this writer have them. The generated tokens are those of an input that equals
        the "sequences" of `outputs`, or else has their length. The source tokens are those of an input with as many tokens as
        the encoder read. If two inputs fit both, the first is the source: `Samples([source, outputs.sequences])`.

        Args:
            step: As for `write`.
            outputs: What `generate(output_attentions=True, return_dict_in_generate=True)` returned, of a model with
                `attn_implementation="eager"`; or a dict with those of its "attentions", "decoder_attentions",
                "cross_attentions", "encoder_attentions" and "beam_indices" that exist.
            iterations: Whether to store the maps of each token separately, along an axis of iterations, padded to the queries and
                keys of the last one: `(sequences, heads, tokens, queries, keys)`. That multiplies the size by the number of
                tokens. Defaults to False.
            predictions, metrics, epoch, batch: As for `write`.

        Raises:
            ArgumentError: An argument is wrong, or there are several beams and no `beam_indices`; nothing is written.
            LogError: An earlier step could not be written, or the writer is closed.

        Example:
            outputs = model.generate(ids, output_attentions=True, return_dict_in_generate=True)
            with AttentionWriter("logs/run1", samples=Samples(outputs.sequences)) as writer:
                writer.write_generation(0, outputs)
        """
        self._check()
        sites = generated_sites(outputs, self.samples, iterations=iterations)
        self._submit(step, sites, predictions, metrics, epoch, batch)

    def write_record(self, record: StepRecord) -> None:
        """Hands over a step whose sites have their axes. Its arrays must not be changed afterwards.

        Raises:
            LogError: An earlier step could not be written, or the writer is closed.
        """
        self._check()
        self._hand_over(record, self.samples)

    def _submit(
        self,
        step: Step,
        sites: tuple[Site, ...],
        predictions: Any,
        metrics: Mapping[str, Any] | None,
        epoch: int | None,
        batch: int | None,
        pictures: Any = None,
    ) -> None:
        header = checked_header(step, metrics, epoch, batch)
        count = len(sites[0].weights) if sites else (0 if self.samples is None else len(self.samples))
        check_sample_counts(sites, self.samples)
        record = StepRecord(
            **header,
            sites=sites,
            predictions=to_predictions(predictions, count, () if self.samples is None else self.samples.labels),
            pictures=None if pictures is None else given_pictures(pictures, count),
        )
        self._hand_over(record, self.samples)


def _to_samples(samples: Any, class_names: Sequence[str] | None) -> Samples | None:
    if samples is None:
        return None
    if not isinstance(samples, Samples):
        inputs, labels = samples if isinstance(samples, tuple) and len(samples) == 2 else (samples, None)
        return Samples(inputs, labels, class_names=class_names)
    return samples.replace(class_names=class_names)
