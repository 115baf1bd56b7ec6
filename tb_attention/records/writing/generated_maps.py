"""Attention of generated sequences, as `generate` of transformers returns it: for each token a tuple of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import to_numpy

FORM = "what `generate(output_attentions=True, return_dict_in_generate=True)` returns"

# By name in the output, the prefix of the sites. The encoder has one map for each layer, the others one for each token and layer.
_BY_TOKEN = {"attentions": "decoder", "decoder_attentions": "decoder", "cross_attentions": "cross"}
_ENCODER = "encoder_attentions"

Map = npt.NDArray[Any]


def generated_maps(outputs: Any, samples: int | None, *, iterations: bool) -> dict[str, Map]:
    """The maps of each layer as one array.

    Args:
        outputs: What `generate` returned, or a dict with what is needed of it: "attentions", "decoder_attentions",
            "cross_attentions", "encoder_attentions" and, of a beam search, "beam_indices".
        samples: How many sequences there must be; None for as many as there are.
        iterations: Whether the maps of the tokens stay separate.

    Returns:
        By path ("decoder/layer_0", "cross/layer_0", "encoder/layer_0"): `(sequences, heads, queries, keys)`, or with `iterations`
        `(sequences, heads, steps, queries, keys)`. A query is in the row of its position, counted over all steps; rows that no
        step computed, or that come after the end of a beam, are NaN. Keys that a step did not have yet are 0.

    Raises:
        ArgumentError: `outputs` is something else, or has several beams without `beam_indices`.
    """
    if not isinstance(outputs, Mapping):
        raise ArgumentError(f"`outputs` must be {FORM}. Received: {type(outputs).__name__}.")
    named = {name: outputs[name] for name in (*_BY_TOKEN, _ENCODER) if outputs.get(name) is not None}
    if not named:
        raise ArgumentError(
            f"`outputs` must be {FORM}, with a model of attn_implementation='eager'. Received: {list(outputs)}."
        )
    beams = outputs.get("beam_indices")
    chosen = None if beams is None else np.asarray(to_numpy(beams))
    wanted = samples if chosen is None else len(chosen)
    if samples is not None and wanted != samples:
        raise ArgumentError(
            f"`outputs` must be of the {samples} samples of this writer, one for each sequence. Received: {wanted} sequences."
        )
    # The search may have continued after the chosen beams had ended.
    used = None if chosen is None else max(1, int((chosen >= 0).any(0).nonzero()[0].max(initial=0)) + 1)
    found: dict[str, Map] = {}
    for name, site in _BY_TOKEN.items():
        if name in named:
            layers = zip(*_steps(name, named[name])[:used], strict=True)
            for number, steps in enumerate(layers):
                rows = [_rows(name, step, token, chosen, wanted) for token, step in enumerate(steps)]
                found[f"{site}/layer_{number}"] = _joined(name, rows, iterations=iterations)
    count = next((len(maps) for maps in found.values()), samples)
    for number, layer in enumerate(named.get(_ENCODER, ())):
        found[f"encoder/layer_{number}"] = _repeated(_array(f"{_ENCODER}[{number}]", layer), count)
    return found


def _steps(name: str, steps: Any) -> list[Sequence[Map]]:
    """For each token the maps of the layers, all as arrays."""
    if not isinstance(steps, Sequence) or not steps or not all(isinstance(step, Sequence) and step for step in steps):
        raise ArgumentError(
            f"`{name}` must be a tuple over tokens of tuples over layers. Received: {_described(steps)}. Weights of one pass are "
            "for `write`."
        )
    if len({len(step) for step in steps}) > 1:
        raise ArgumentError(f"Every token of `{name}` must have the same layers. Received: {[len(s) for s in steps]}.")
    return [
        [_array(f"{name}[{token}][{number}]", layer) for number, layer in enumerate(step)]
        for token, step in enumerate(steps)
    ]


def _array(name: str, value: Any) -> Map:
    shape = getattr(value, "shape", None)
    if shape is None or len(shape) != 4:
        raise ArgumentError(
            f"`{name}` must have shape (sequences, heads, queries, keys); attn_implementation='eager' makes models return it. "
            f"Received: {_described(value)}."
        )
    return to_numpy(value)


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, Sequence) else type(value).__name__


def _rows(name: str, step: Map, token: int, chosen: Map | None, wanted: int | None) -> Map:
    """The rows of the chosen beams, NaN after the end of one; without beams all rows."""
    if chosen is None:
        if wanted is not None and len(step) != wanted:
            raise ArgumentError(
                f"`{name}` must have a row for each of the {wanted} samples of this writer. Received: {len(step)} rows. Rows of "
                "several beams need `beam_indices` of the output; of several sequences a sample, the samples are the sequences."
            )
        return step
    index = chosen[:, token] if token < chosen.shape[1] else np.full(len(chosen), -1)
    if index.max(initial=-1) >= len(step):
        raise ArgumentError(f"`beam_indices` must be rows of `{name}`, which has {len(step)}. Received: {index.max()}.")
    picked = np.array(step[np.maximum(index, 0)], np.float32)
    picked[index < 0] = np.nan
    return picked


def _joined(name: str, steps: Sequence[Map], *, iterations: bool) -> Map:
    """The steps in one array: each query in the row of its position, keys padded with 0."""
    first = steps[0]
    queries, keys = [step.shape[2] for step in steps], [step.shape[3] for step in steps]
    if len({step.shape[:2] for step in steps}) > 1:
        raise ArgumentError(
            f"The steps of `{name}` must have the same sequences and heads. Received: shapes {[s.shape for s in steps]}."
        )
    # Without a cache all positions are computed anew at every step.
    anew = len(steps) > 1 and queries == [queries[0] + number for number in range(len(steps))]
    starts = [0 if anew else sum(queries[:number]) for number in range(len(steps))]
    ends = [start + count for start, count in zip(starts, queries, strict=True)]
    if keys != ends and len(set(keys)) > 1:
        raise ArgumentError(
            f"The keys of `{name}` must grow with its queries or stay as many, so that each position is known; those of a "
            f"sliding window do neither. Received: queries {queries}, keys {keys}."
        )
    shape = (*first.shape[:2], *((len(steps),) if iterations else ()), ends[-1], max(keys))
    joined = np.full(shape, np.nan, np.float32)
    for number, (step, start, end) in enumerate(zip(steps, starts, ends, strict=True)):
        target = joined[:, :, number] if iterations else joined
        target[:, :, start:end] = 0
        target[:, :, start:end, : step.shape[3]] = step
        ended = np.isnan(step).all((1, 2, 3))
        target[ended, :, start:end] = np.nan
    return joined


def _repeated(array: Map, count: int | None) -> Map:
    """An encoder's rows, once for each sequence that was generated from them."""
    if count is None or len(array) == count:
        return array
    if len(array) == 0 or count % len(array):
        raise ArgumentError(
            f"`{_ENCODER}` must have as many rows as there are sequences, or a part of them. Received: {len(array)} rows, "
            f"{count} sequences."
        )
    return np.repeat(array, count // len(array), axis=0)


def fill_up(maps: Map, length: int | None, *, keys: bool) -> Map:
    """Maps of whole sequences with a row for their last token, which nothing has read yet.

    Args:
        maps: `(..., queries, keys)`.
        length: Of the generated sequences, if it is known.
        keys: Whether the keys are the tokens too, so that there is one more of them.
    """
    if maps.shape[-2] + 1 != length:
        return maps
    if keys:
        maps = np.concatenate([maps, np.where(np.isnan(maps[..., :1]), maps[..., :1], 0)], axis=-1)
    return np.concatenate([maps, np.full_like(maps[..., :1, :], np.nan)], axis=-2)
