"""Attention of generated text: `generate` of Hugging Face chooses the tokens, and one pass over them gives the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tb_attention.errors import CaptureError
from tb_attention.records.samples.samples import Samples
from tb_attention.site import Axis, Site
from tb_attention.torch.generated_tokens import (
    DECODER_IDS,
    IDS,
    MASK,
    GeneratedTokens,
    arguments_of_pass,
    generate_tokens,
    log_probabilities,
)
from tb_attention.tracing.capturer import Capturer
from tb_attention.tracing.select import SiteFilter

# How far the probabilities of a token may lie from each other, by the bits of the numbers that the model computes with.
_MOST_APART = {16: 0.05, 32: 1e-3, 64: 1e-3}


@dataclass(frozen=True, eq=False)
class Generation:
    """Generated sequences, and what the model looked at while it read and wrote them.

    Attributes:
        sequences: Token ids: int64 `(sequences, positions)`. The first `prompt` positions were given; a sequence that ended
            early is padded. Of an encoder-decoder model these are the tokens of the decoder.
        prompt: How many positions were given.
        mask: Which positions are tokens and no padding: bool `(sequences, positions)`.
        probabilities: What probability, from 0 to 1, the model gave to each generated token, before temperature, top k and the
            like: float32 `(sequences, positions - prompt)`. NaN after the end of a sequence.
        sites: By path, in the order of the model. Weights of the decoder are `(sequences, heads, positions, positions)`. The row
            of a position is what the model looked at when it read this token, to write the next one; rows of the last token,
            which is never read, and of padding are NaN. Cross-attention has the encoder's positions as keys. With `iterations` a
            site of the decoder is `(sequences, heads, generated, 1, keys)`: one row for each generated token.
        inputs: What the encoder read, by name, a row for each sequence. Empty for a model without an encoder.
    """

    sequences: npt.NDArray[np.int64]
    prompt: int
    mask: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.float32]
    sites: Mapping[str, Site]
    inputs: Mapping[str, npt.NDArray[Any]]

    def samples(self, tokenizer: Any = None, **arguments: Any) -> Samples:
        """The sequences as samples for `AttentionWriter`, whose positions are their tokens.

        Args:
            tokenizer: One of Hugging Face, or a function from a list of ids to a list of strings. By default the ids are shown.
            **arguments: More of what `tb_attention.Samples` takes, such as `labels` and `ids`.
        """
        arrays = _shown_inputs(self.inputs, self.sequences)
        words = getattr(tokenizer, "convert_ids_to_tokens", tokenizer) or (lambda ids: [str(each) for each in ids])
        tokens = {
            name: [list(words(row.tolist())) for row in arrays[name]] for name in (IDS, DECODER_IDS) if name in arrays
        }
        masks = {list(arrays)[-1]: self.mask}
        if IDS in self.inputs and MASK in self.inputs:
            masks[IDS] = self.inputs[MASK].astype(bool)
        return Samples(arrays, **{"tokens": tokens, "masks": masks, **arguments})


def capture_generation(
    model: Any, inputs: Any, *, sites: SiteFilter = None, iterations: bool = False, **generate_kwargs: Any
) -> Generation:
    """Generates with a model of Hugging Face transformers, and captures what it looked at.

    `model.generate` chooses the tokens, without dropout, with caches, beams or sampling as it is asked to. Then one pass reads
    the chosen sequences. Its weights are those of the generation with any kernel (`sdpa`, `flex_attention`).
    The probabilities of the generated tokens are compared, so that a model that does not read as it generates is refused.

    Args:
        model: The model, such as a `GPT2LMHeadModel` or a `T5ForConditionalGeneration`.
        inputs: What `generate` takes, samples along the first axis: token ids `(samples, positions)`, or a dict such as a
            tokenizer's or processor's.
        sites: Which sites to capture, as for `tb_attention.capture`. Defaults to all.
        iterations: Whether sites of the decoder have an axis of iterations, with a row for each generated token. Defaults to
            False: a map of all positions.
        **generate_kwargs: More of what `model.generate` takes, such as `max_new_tokens`, `num_beams` and `do_sample`. With
            `num_return_sequences` there are so many sequences for each sample, one after another.

    Raises:
        ArgumentError: `model` has no `generate`, or `inputs` are not what it takes.
        CaptureError: The model cannot be captured, or its pass over the sequences gives their tokens other probabilities than
            they had when they were generated.

    Example:
        generation = tb_attention.torch.capture_generation(model, tokenizer("Dear", return_tensors="pt"), max_new_tokens=20)
        with tb_attention.AttentionWriter("logs/letter", samples=generation.samples(tokenizer)) as writer:
            writer.write(0, generation.sites)
    """
    made = generate_tokens(model, inputs, generate_kwargs)
    read = arguments_of_pass(model, made)
    captured = Capturer(model, sites=sites)(read, use_cache=False)
    _check_same(made, captured.outputs)
    encoded = {name: tensor.cpu().numpy() for name, tensor in made.inputs.items()} if made.has_encoder else {}
    encoded.pop(DECODER_IDS, None)
    sequences = made.sequences.cpu().numpy()
    shown = _Shown(made, list(read), list(_shown_inputs(encoded, sequences)), iterations)
    return Generation(
        sequences=sequences,
        prompt=made.prompt,
        mask=made.is_token,
        probabilities=np.where(made.is_generated, made.log_probabilities.exp().cpu().numpy(), np.nan).astype(
            np.float32
        ),
        sites={site.path: shown.site(site) for site in captured.sites},
        inputs=encoded,
    )


def _shown_inputs(encoded: Mapping[str, npt.NDArray[Any]], sequences: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """The inputs of the samples: what the encoder read, and at the end the sequences."""
    return {**encoded, (DECODER_IDS if encoded else IDS): sequences}


def _check_same(made: GeneratedTokens, outputs: Any) -> None:
    logits = torch.as_tensor(outputs["logits"])[:, made.prompt - 1 :]
    log = log_probabilities(logits, made.sequences[:, made.prompt :].cpu())
    apart = np.abs(log.exp().numpy() - made.log_probabilities.exp().cpu().numpy())[made.is_generated].max(initial=0)
    if not apart <= _MOST_APART[torch.finfo(logits.dtype).bits]:
        raise CaptureError(
            "The pass over the generated tokens does not give them the probabilities that they had when they were generated "
            f"(they differ by up to {apart:.2g}), so its attention is not that of the generation. Use `AttentionWriter."
            "write_generation` with the attentions that `generate` returns."
        )


class _Shown:
    """Makes the sites of a generation from those of the pass over its tokens.

    Args:
        made: What was generated.
        read: The names of what the pass read.
        inputs: The names of the inputs of the samples; the last is that of the sequences.
        iterations: As for `capture_generation`.
    """

    def __init__(self, made: GeneratedTokens, read: list[str], inputs: list[str], iterations: bool) -> None:
        self._made, self._iterations = made, iterations
        self._places = {index: inputs.index(name) for index, name in enumerate(read) if name in inputs}
        self._texts = {index for index, name in enumerate(inputs) if name in (IDS, DECODER_IDS)}
        self._written = len(inputs) - 1

    def site(self, site: Site) -> Site:
        axes = [self._axis(axis) for axis in site.axes]
        weights = np.array(site.weights, np.float32)
        reads = [number for number, axis in enumerate(axes) if axis.role == "query" and self._is_written(axis)]
        if not reads:
            return site.replace(axes=tuple(axes))
        # The last token has no row yet, and what is read of it has no weight.
        for number, axis in enumerate(axes):
            if self._is_written(axis):
                edge = [(0, int(number == other)) for other in range(weights.ndim)]
                weights = np.pad(weights, edge, constant_values=np.nan if axis.role == "query" else 0)
                axes[number] = replace(axis, size=axis.size + 1)
        queries = np.moveaxis(weights, reads[0], 1)
        for row, length in enumerate(self._made.lengths):
            queries[row, length - 1 :] = np.nan
        if self._iterations:
            rows = range(self._made.prompt - 1, weights.shape[reads[0]] - 1)
            weights = np.expand_dims(np.moveaxis(queries[:, list(rows)], 1, 2), 3)
            query = Axis("query", 1)
            axes = [*axes[:2], Axis("iteration", len(rows)), query, *axes[reads[0] + 1 :]]
        return site.replace(axes=tuple(axes), weights=np.ascontiguousarray(weights))

    def _is_written(self, axis: Axis) -> bool:
        return axis.role in ("query", "key") and axis.input == self._written

    def _axis(self, axis: Axis) -> Axis:
        """With the index of its input among those of the samples; positions of a text are its tokens."""
        if axis.input is None or axis.role not in ("query", "key"):
            return axis
        place = self._places.get(axis.input)
        if place in self._texts and axis.kind == "positions" and axis.grid is None:
            return Axis(axis.role, axis.size, "tokens", input=place)
        return Axis(axis.role, axis.size) if place is None else replace(axis, input=place)
