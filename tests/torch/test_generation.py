"""Attention of generated text, against what `generate` returns of the eager model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import tb_attention
from tb_attention.errors import ArgumentError, CaptureError
from tb_attention.records.writing.generated_maps import generated_maps
from tb_attention.torch import capture_generation

WORDS, NEW = 40, 6
IDS = torch.tensor([[0, 0, 5, 6, 7], [9, 8, 30, 12, 11]])
GIVEN = {"input_ids": IDS, "attention_mask": (IDS > 0).long()}


def gpt(**options: Any) -> Any:
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_layer=2, n_head=2, n_embd=16, vocab_size=WORDS, n_positions=32, bos_token_id=1, eos_token_id=2, pad_token_id=0
    )
    return _made(transformers.GPT2LMHeadModel, config, **options)


def bart(**options: Any) -> Any:
    torch.manual_seed(0)
    config = transformers.BartConfig(
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        d_model=16,
        vocab_size=WORDS,
        max_position_embeddings=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
    )
    return _made(transformers.BartForConditionalGeneration, config, **options)


def _made(kind: Any, config: Any, sharp: float = 8.0, attention: str = "sdpa") -> Any:
    config._attn_implementation = attention
    model = kind(config).eval()
    with torch.no_grad():  # far from uniform, so that tokens and weights differ
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "wte" not in name:
                weight.mul_(sharp)
    return model


CHOICES: dict[str, dict[str, Any]] = {
    "greedy": {},
    "beams": {"num_beams": 3},
    "two of the beams": {"num_beams": 4, "num_return_sequences": 2},
    "sampling": {"do_sample": True, "temperature": 2.0, "num_return_sequences": 2},
    "without caches": {"use_cache": False},
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("make", [gpt, bart])
def test_the_weights_are_those_of_each_token_as_it_was_generated(make: Any, choice: str) -> None:
    options = {**CHOICES[choice], "max_new_tokens": NEW, "eos_token_id": None}
    torch.manual_seed(1)
    generation = capture_generation(make(), GIVEN, **options)
    torch.manual_seed(1)
    eager = make(attention="eager").generate(**GIVEN, **options, output_attentions=True, return_dict_in_generate=True)
    np.testing.assert_array_equal(generation.sequences, eager.sequences)
    wanted = generated_maps(eager, None, iterations=False)
    # The eager model gives rows to padding, and none to the last token.
    is_read = generation.mask[:, :-1]
    compared = set()
    for path, site in generation.sites.items():
        layer = next(layer for layer in range(2) if f"h.{layer}/" in path or f"layers.{layer}/" in path)
        name = "encoder" if "/encoder/" in path else "cross" if "encoder_attn" in path else "decoder"
        theirs = wanted[f"{name}/layer_{layer}"].swapaxes(1, 2)
        ours = site.weights.swapaxes(1, 2)
        if name != "encoder":
            assert np.isnan(ours[:, -1]).all()
            ours, theirs = ours[:, :-1][is_read], theirs[:, : is_read.shape[1]][is_read]
        np.testing.assert_allclose(ours[..., : theirs.shape[-1]], theirs, atol=1e-5)
        assert np.ptp(ours) > 0.3
        compared.add(f"{name}/layer_{layer}")
    assert compared == set(wanted)


def test_probabilities_are_those_of_the_tokens_and_end_with_a_sequence() -> None:
    model = gpt()
    generation = capture_generation(model, GIVEN, max_new_tokens=NEW)
    ends = int(generation.sequences[0, generation.prompt + 1])
    ended = capture_generation(model, GIVEN, max_new_tokens=NEW, eos_token_id=ends, pad_token_id=0)
    first = generation.prompt + list(generation.sequences[0, generation.prompt :]).index(ends)
    assert list(ended.mask[0].nonzero()[0]) == list(range(2, first + 1))
    assert np.isnan(ended.probabilities[0, first + 1 - generation.prompt :]).all()
    for site in ended.sites.values():
        assert np.isnan(site.weights[0, :, first:]).all()
        np.testing.assert_allclose(site.weights[0, :, 2:first].sum(-1), 1, atol=1e-5)
    with torch.no_grad():
        for row in range(2):
            real = torch.as_tensor(generation.sequences[row : row + 1])[:, int(2 * (row == 0)) :]
            logits = model(input_ids=real).logits[0].softmax(-1)
            wanted = [float(logits[at - 1, real[0, at]]) for at in range(real.shape[1] - NEW, real.shape[1])]
            np.testing.assert_allclose(generation.probabilities[row], wanted, atol=1e-5)


def test_iterations_are_the_rows_of_the_generated_tokens() -> None:
    maps = capture_generation(bart(), GIVEN, max_new_tokens=NEW)
    steps = capture_generation(bart(), GIVEN, max_new_tokens=NEW, iterations=True)
    assert list(maps.sites) == list(steps.sites)
    for path, site in steps.sites.items():
        if path.startswith("model/encoder"):
            np.testing.assert_array_equal(site.weights, maps.sites[path].weights)
            continue
        assert [axis.role for axis in site.axes] == ["samples", "heads", "iteration", "query", "key"]
        assert site.weights.shape[2] == NEW
        for step in range(NEW):
            np.testing.assert_array_equal(site.weights[:, :, step, 0], maps.sites[path].weights[:, :, step])


def test_padding_that_no_mask_tells_is_what_generate_takes_for_it() -> None:
    told = capture_generation(gpt(), GIVEN, max_new_tokens=NEW)
    ids = capture_generation(gpt(), IDS, max_new_tokens=NEW)
    np.testing.assert_array_equal(ids.sequences, told.sequences)
    np.testing.assert_array_equal(ids.mask, told.mask)
    # Where padding is what ends a sequence too, all of the prompt is read.
    both = capture_generation(gpt(), IDS, max_new_tokens=NEW, pad_token_id=0, eos_token_id=0)
    assert both.mask[:, : both.prompt].all()


def test_a_model_in_training_generates_without_dropout_and_trains_on() -> None:
    model = gpt().train()
    model.transformer.ln_f.eval()
    flags = {name: module.training for name, module in model.named_modules()}
    generation = capture_generation(model, GIVEN, max_new_tokens=NEW)
    np.testing.assert_array_equal(generation.sequences, capture_generation(gpt(), GIVEN, max_new_tokens=NEW).sequences)
    assert {name: module.training for name, module in model.named_modules()} == flags
    assert all(weight.grad is None for weight in model.parameters())


def test_a_generation_is_written_with_its_words(tmp_path: Path) -> None:
    generation = capture_generation(bart(), GIVEN, max_new_tokens=NEW)
    samples = generation.samples(lambda ids: [f"word{each}" for each in ids], ids=["a", "b"])
    with tb_attention.AttentionWriter(tmp_path, samples=samples) as writer:
        writer.write(0, generation.sites)
    log = tb_attention.load(tmp_path)
    cross = next(path for path in generation.sites if "encoder_attn" in path)
    site = generation.sites[cross]
    np.testing.assert_array_equal(log.weights(0, "b", cross), site.weights[1])
    assert site.kind == "cross"
    assert [axis.kind for axis in site.axes[2:]] == ["tokens", "tokens"]
    names = [samples.input_names[axis.input] for axis in site.axes[2:] if axis.input is not None]
    assert names == ["decoder_input_ids", "input_ids"]
    assert samples.tokens[site.axes[2].input or 0][1][1] == f"word{generation.sequences[1, 1]}"


def test_a_model_that_reads_otherwise_than_it_generates_is_refused() -> None:
    class Changed(transformers.GPT2LMHeadModel):  # type: ignore[misc]
        def forward(self, *args: Any, **named: Any) -> Any:
            result = super().forward(*args, **named)
            if named.get("use_cache") is not False:
                result.logits = result.logits.roll(1, -1)
            return result

    model = Changed(gpt().config).eval()
    with pytest.raises(CaptureError, match="not that of the generation"):
        capture_generation(model, GIVEN, max_new_tokens=NEW)


@pytest.mark.parametrize(
    ("model", "inputs", "options", "sentence"),
    [
        (torch.nn.Linear(2, 2), GIVEN, {}, "with `generate`. Received: Linear"),
        (gpt(), {}, {}, "`inputs` must be token ids"),
        (gpt(), GIVEN, {"output_attentions": True}, r"Received: \['output_attentions'\]"),
        (gpt(), {**GIVEN, "token_type_ids": torch.zeros_like(IDS)}, {}, r"Received: \['token_type_ids'\]"),
    ],
)
def test_what_cannot_be_generated_is_said(model: Any, inputs: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        capture_generation(model, inputs, max_new_tokens=2, **options)
