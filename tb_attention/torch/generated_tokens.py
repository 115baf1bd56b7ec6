"""The tokens that `generate` of Hugging Face chooses, and the probabilities that they had."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tb_attention.errors import ArgumentError
from tb_attention.tracing.restored_attributes import attributes_restored

IDS, MASK = "input_ids", "attention_mask"
DECODER_IDS, DECODER_MASK = f"decoder_{IDS}", f"decoder_{MASK}"


@dataclass(frozen=True, eq=False)
class GeneratedTokens:
    """What was generated.

    Attributes:
        inputs: What the model was given, by name, a row for each sequence.
        sequences: `(sequences, positions)`, the prompt first, padded at the end.
        prompt: How many positions were given.
        lengths: `(sequences,)`: positions up to the last generated token.
        log_probabilities: The logarithms of the probabilities of the generated tokens, `(sequences, positions - prompt)`;
            what comes after the end of a sequence has no meaning.
        has_encoder: Whether an encoder read the inputs.
    """

    inputs: Mapping[str, torch.Tensor]
    sequences: torch.Tensor
    prompt: int
    lengths: npt.NDArray[np.int64]
    log_probabilities: torch.Tensor
    has_encoder: bool

    @property
    def is_token(self) -> npt.NDArray[np.bool_]:
        """Of each position, whether it is a token and no padding: `(sequences, positions)`."""
        there = np.arange(self.sequences.shape[1]) < self.lengths[:, None]
        mask = self.inputs.get(DECODER_MASK if self.has_encoder else MASK)
        if mask is not None:
            there[:, : self.prompt] &= mask.cpu().numpy().astype(bool)
        return there

    @property
    def is_generated(self) -> npt.NDArray[np.bool_]:
        """Of each position after the prompt, whether a token was generated there: `(sequences, positions - prompt)`."""
        return self.is_token[:, self.prompt :]


def generate_tokens(model: Any, inputs: Any, arguments: Mapping[str, Any]) -> GeneratedTokens:
    """Lets a model generate.

    Args:
        model, inputs: As for `capture_generation`.
        arguments: More of `model.generate`.

    Raises:
        ArgumentError: `model` has no `generate`, `inputs` are not what it takes, or the arguments ask for another result.
    """
    if not callable(getattr(model, "generate", None)) or not hasattr(model, "generation_config"):
        raise ArgumentError(
            f"`model` must be a model of Hugging Face transformers with `generate`. Received: {type(model).__name__}."
        )
    given = _named_tensors(inputs)
    fixed = [name for name in ("return_dict_in_generate", "output_logits", "output_attentions") if name in arguments]
    if fixed:
        raise ArgumentError(f"`generate_kwargs` must leave the form of the result to us. Received: {fixed}.")
    ends = arguments.get("eos_token_id", model.generation_config.eos_token_id)
    if IDS in given and MASK not in given:
        padding = arguments.get("pad_token_id", model.generation_config.pad_token_id)
        given[MASK] = _mask(given[IDS], padding, ends)
    modules = list(model.modules())
    with attributes_restored(modules):
        for module in modules:
            module.training = False
        result = model.generate(**given, **arguments, return_dict_in_generate=True, output_logits=True)
    sequences = result.sequences
    has_encoder = bool(model.config.is_encoder_decoder)
    prompt = sequences.shape[1] - len(result.logits)
    times = len(sequences) // len(next(iter(given.values())))
    rows = getattr(result, "beam_indices", None)
    if rows is None:
        rows = torch.arange(len(sequences), device=sequences.device)[:, None].expand(-1, len(result.logits))
    return GeneratedTokens(
        inputs={name: tensor.repeat_interleave(times, 0) for name, tensor in given.items()},
        sequences=sequences,
        prompt=prompt,
        lengths=_lengths(sequences, prompt, rows, ends),
        log_probabilities=log_probabilities(
            torch.stack([logits[rows[:, step].clamp(min=0)] for step, logits in enumerate(result.logits)], 1),
            sequences[:, prompt:],
        ),
        has_encoder=has_encoder,
    )


def log_probabilities(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """The logarithms of the probabilities of tokens `(sequences, steps)`, of logits `(sequences, steps, words)`: float32."""
    return logits.float().log_softmax(-1).gather(-1, tokens[..., None].to(logits.device))[..., 0]


def arguments_of_pass(model: Any, made: GeneratedTokens) -> dict[str, torch.Tensor]:
    """What the model is given so that it reads all tokens but the last, as it read them one by one.

    Raises:
        ArgumentError: The inputs have more of each position than the ids and the mask, so that it is not known what generated
            positions have.
    """
    tokens = made.sequences[:, :-1]
    if made.has_encoder:
        given = {name: tensor for name, tensor in made.inputs.items() if name != DECODER_MASK}
        return {**given, DECODER_IDS: tokens}
    others = {name: tensor for name, tensor in made.inputs.items() if name not in (IDS, MASK)}
    longer = [name for name, tensor in others.items() if tensor.shape[1:] == (made.prompt,)]
    if longer:
        raise ArgumentError(f"`inputs` must not have more of each position than ids and mask. Received: {longer}.")
    mask = made.inputs.get(MASK, torch.ones_like(made.inputs[IDS]))
    written = torch.as_tensor(made.is_generated[:, :-1], device=mask.device).to(mask.dtype)
    mask = torch.cat([mask, written], 1)
    read = {**others, IDS: tokens, MASK: mask}
    if "position_ids" in inspect.signature(model.forward).parameters:
        # Those of `generate`, which counts from the first position that is no padding.
        read["position_ids"] = (mask.long().cumsum(-1) - 1).clamp(min=0)
    return read


def _named_tensors(inputs: Any) -> dict[str, torch.Tensor]:
    named = {IDS: inputs} if not isinstance(inputs, Mapping) else {name: inputs[name] for name in inputs}
    named = {str(name): torch.as_tensor(value) for name, value in named.items() if value is not None}
    if not named or "inputs_embeds" in named or any(tensor.ndim == 0 or not len(tensor) for tensor in named.values()):
        raise ArgumentError(
            "`inputs` must be token ids (samples, positions), or a dict of arrays with samples along the first axis, such as a "
            f"tokenizer's. Received: { {name: tuple(tensor.shape) for name, tensor in named.items()} }."
        )
    return named


def _mask(ids: torch.Tensor, padding: Any, ends: Any) -> torch.Tensor:
    """What `generate` takes for padding where it is not told: the token for it, unless that ends sequences too."""
    if padding is None or bool(np.isin(padding, _listed(ends)).any()):
        return torch.ones_like(ids)
    return (ids != padding).to(ids.dtype)


def _listed(ends: Any) -> npt.NDArray[Any]:
    """The tokens that end a sequence."""
    return np.zeros(0, int) if ends is None else np.atleast_1d(np.asarray(ends))


def _lengths(sequences: torch.Tensor, prompt: int, rows: torch.Tensor, ends: Any) -> npt.NDArray[np.int64]:
    """Up to the token that ended a sequence, and of a beam up to its last step."""
    generated = sequences[:, prompt:].cpu().numpy()
    is_end = np.isin(generated, _listed(ends))
    steps = np.where(is_end.any(1), is_end.argmax(1) + 1, generated.shape[1])
    return np.asarray(prompt + np.minimum(steps, (rows.cpu().numpy() >= 0).sum(1)), np.int64)
