"""Whole transformers of PyTorch, and modules that were adapted: LoRA, quantised weights, half precision, autocast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tb_attention

from .attending import HEADS, WIDTH, Attending, as_array, heads, softmax, some_features

SCALE = (WIDTH // HEADS) ** 0.5


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("norm_first", [True, False])
def test_an_encoder_and_a_decoder_show_the_weights_that_each_attention_returns(norm_first: bool) -> None:
    model = torch.nn.Transformer(WIDTH, HEADS, 2, 2, 20, batch_first=True, norm_first=norm_first)
    source, target = some_features(tokens=7), some_features(tokens=5) * 2
    padding = torch.arange(7) >= torch.tensor([7, 4, 6])[:, None]
    causal = torch.nn.Transformer.generate_square_subsequent_mask(5)
    given = dict(tgt_mask=causal, src_key_padding_mask=padding, memory_key_padding_mask=padding, tgt_is_causal=True)
    sites = tb_attention.capture(model, source, target, **given)
    returned: dict[str, Any] = {}
    asked = dict(need_weights=True, average_attn_weights=False)
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.MultiheadAttention):
            module.register_forward_pre_hook(lambda _, args, kwargs: (args, {**kwargs, **asked}), with_kwargs=True)
            module.register_forward_hook(lambda _, args, result, name=name: returned.update({name: result[1]}))
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            model.eval()(source, target, **given)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    assert [path.replace("/", ".") for path in sites] == list(returned)
    for path, site in sites.items():
        assert site.kind == ("cross" if "multihead_attn" in path else "self")
        np.testing.assert_allclose(site.weights, returned[path.replace("/", ".")], atol=1e-6)


def test_low_rank_adapters_are_in_the_weights_and_stay_apart() -> None:
    peft = pytest.importorskip("peft")
    model, x = Attending("causal"), some_features()
    config = peft.LoraConfig(
        target_modules=["query", "key"], r=2, lora_alpha=6, lora_dropout=0.3, init_lora_weights=False
    )
    adapted = peft.get_peft_model(model, config)
    adapted.base_model.model.key.lora_dropout.eval()
    flags = [module.training for module in adapted.modules()]
    before = {name: tensor.clone() for name, tensor in adapted.state_dict().items()}
    (site,) = tb_attention.capture(adapted, x).values()

    def projected(layer: Any) -> np.ndarray:
        down, up = (as_array(each["default"].weight) for each in (layer.lora_A, layer.lora_B))
        return as_array(x) @ (as_array(layer.base_layer.weight) + up @ down * 3).T + as_array(layer.base_layer.bias)

    q, k = (heads(projected(layer)) for layer in (model.query, model.key))
    scores = np.where(np.tri(5, dtype=bool), q @ k.swapaxes(-1, -2) / SCALE, -np.inf)
    np.testing.assert_allclose(site.weights, softmax(scores), atol=1e-5)
    assert not model.query.merged
    assert not model.key.merged
    assert [module.training for module in adapted.modules()] == flags
    assert all(torch.equal(tensor, before[name]) for name, tensor in adapted.state_dict().items())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:torch", "ignore::FutureWarning")
def test_weights_of_whole_numbers_are_those_that_the_model_computes_with() -> None:
    model, x = Attending("causal").eval(), some_features()
    quantised = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    for _ in range(2):
        (site,) = tb_attention.capture(quantised, x).values()
        assert site.kind == "self"
        with torch.no_grad():
            q, k = (heads(as_array(layer(x))) for layer in (quantised.query, quantised.key))
        scores = np.where(np.tri(5, dtype=bool), q @ k.swapaxes(-1, -2) / SCALE, -np.inf)
        np.testing.assert_allclose(site.weights, softmax(scores), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_half_precision_are_computed_from_its_queries_and_keys(dtype: torch.dtype) -> None:
    model, x = Attending().to(dtype), some_features().to(dtype)
    (site,) = tb_attention.capture(model, x).values()
    with torch.no_grad():
        q, k = (heads(as_array(layer(x))) for layer in (model.query, model.key))
    np.testing.assert_allclose(site.weights, softmax(q @ k.swapaxes(-1, -2) / SCALE), atol=1e-5)
    assert site.weights.dtype == np.float32
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}
