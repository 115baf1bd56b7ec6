"""Tiny models of Hugging Face with random weights: each map of the eager model is a site, with fused attention too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tb_attention

transformers = pytest.importorskip("transformers")

SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40)
DECODER = dict(SMALL, num_key_value_heads=2, vocab_size=99, pad_token_id=0, bos_token_id=1, eos_token_id=2)
EXPERTS = dict(num_local_experts=4, num_experts_per_tok=2)
WHISPER = dict(vocab_size=99, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4, num_mel_bins=8)
WHISPER |= dict(
    decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=40, max_source_positions=10, pad_token_id=0
)
WHISPER |= dict(bos_token_id=1, eos_token_id=2, decoder_start_token_id=2, max_target_positions=20)
T5 = dict(vocab_size=99, d_model=32, d_kv=8, d_ff=40, num_layers=1, num_decoder_layers=1, num_heads=4)


def ids(seed: int, tokens: int) -> torch.Tensor:
    return torch.randint(5, 99, (3, tokens), generator=torch.Generator().manual_seed(seed))


def padded() -> dict[str, torch.Tensor]:
    mask = torch.ones(3, 9, dtype=torch.long)
    mask[1, 6:] = 0
    return {"input_ids": ids(1, 9), "attention_mask": mask}


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))


CASES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "text": ("BertModel", dict(SMALL, vocab_size=99), padded),
    "decoder": ("LlamaModel", DECODER, padded),
    "experts": ("MixtralModel", dict(DECODER, **EXPERTS), padded),
    "two parts": ("T5Model", T5, lambda: {**padded(), "decoder_input_ids": ids(3, 5)}),
    "pictures": ("ViTModel", dict(SMALL, image_size=32, patch_size=8), lambda: {"pixel_values": noise(3, 32, 32)}),
    "sound": ("WhisperModel", WHISPER, lambda: {"input_features": noise(8, 20), "decoder_input_ids": ids(3, 5)}),
}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("case", CASES)
def test_each_map_of_the_eager_model_is_a_site(case: str, attention: str) -> None:
    name, settings, make_inputs = CASES[case]
    kind, inputs = getattr(transformers, name), make_inputs()
    config = kind.config_class(**settings)
    torch.manual_seed(0)
    eager = kind._from_config(config, attn_implementation="eager").eval()
    for parameter in eager.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        returned = eager(**inputs, output_attentions=True)
    maps = [weights.numpy() for key in returned if "attentions" in key for weights in returned[key]]
    model = kind._from_config(config, attn_implementation=attention).train()
    model.load_state_dict(eager.state_dict())
    sites = tb_attention.capture(model, inputs)
    assert len(sites) == len(maps)
    left = [site.weights for site in sites.values()]
    for want in maps:
        found = next(
            index for index, got in enumerate(left) if got.shape == want.shape and np.allclose(got, want, atol=1e-5)
        )
        del left[found]


def test_swin_shows_the_maps_that_it_does_not_return() -> None:
    config = transformers.SwinConfig(
        image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4
    )
    torch.manual_seed(0)
    model = transformers.SwinModel(config).eval()
    sites = tb_attention.capture(model, pixel_values=noise(3, 32, 32))
    assert [site.kind for site in sites.values()] == ["local"] * 4
    assert [site.weights.shape for site in sites.values()] == [(3, 2, 16, 16, 16)] * 2 + [(3, 4, 4, 16, 16)] * 2
    for site in sites.values():
        np.testing.assert_allclose(site.weights.sum(-1), 1, atol=1e-5)
        assert site.axes[2].places is not None


def test_samples_are_given_as_tokenizers_give_them() -> None:
    model = transformers.BertModel(transformers.BertConfig(**SMALL, vocab_size=99))
    encoding = transformers.BatchEncoding({name: tensor.tolist() for name, tensor in padded().items()})
    by_dict, by_name = tb_attention.capture(model, encoding), tb_attention.capture(model, **padded())
    assert list(by_dict) == list(by_name)
    for path, site in by_dict.items():
        np.testing.assert_array_equal(site.weights, by_name[path].weights)
