"""Tiny models of many architectures of Hugging Face, with random weights: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import transformers

SAMPLES, TOKENS, WORDS = 3, 9, 99

Inputs = dict[str, torch.Tensor]


def text() -> Inputs:
    """Ids, with padding at the end of the second sample."""
    ids = torch.randint(5, WORDS, (SAMPLES, TOKENS), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    return {"input_ids": ids, "attention_mask": mask}


def translated() -> Inputs:
    """Ids of a sequence and of another one."""
    others = torch.randint(5, WORDS, (SAMPLES, 6), generator=torch.Generator().manual_seed(2))
    return {**text(), "decoder_input_ids": others}


def pixels(size: int = 32, channels: int = 3) -> Inputs:
    return {"pixel_values": torch.rand(SAMPLES, channels, size, size, generator=torch.Generator().manual_seed(3))}


def sound(samples: int = 2000) -> Inputs:
    return {"input_values": torch.randn(SAMPLES, samples, generator=torch.Generator().manual_seed(4))}


def spectrogram() -> Inputs:
    features = torch.randn(SAMPLES, 16, 40, generator=torch.Generator().manual_seed(5))
    others = torch.randint(5, WORDS, (SAMPLES, 6), generator=torch.Generator().manual_seed(2))
    return {"input_features": features, "decoder_input_ids": others}


SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40, vocab_size=WORDS)
DECODER = dict(SMALL, num_key_value_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2, head_dim=8)
VISION = dict(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40, image_size=32, patch_size=8
)
SEQ2SEQ = dict(
    vocab_size=WORDS,
    d_model=32,
    encoder_layers=2,
    decoder_layers=2,
    encoder_attention_heads=4,
    decoder_attention_heads=4,
    encoder_ffn_dim=40,
    decoder_ffn_dim=40,
    pad_token_id=0,
    bos_token_id=1,
    eos_token_id=2,
    decoder_start_token_id=2,
)
T5 = dict(
    vocab_size=WORDS, d_model=32, d_kv=8, d_ff=40, num_layers=2, num_decoder_layers=2, num_heads=4, pad_token_id=0
)
CONVOLUTIONS = dict(
    conv_dim=(16, 16),
    conv_stride=(5, 4),
    conv_kernel=(10, 4),
    num_feat_extract_layers=2,
    num_conv_pos_embeddings=4,
    num_conv_pos_embedding_groups=2,
    do_stable_layer_norm=False,
    mask_time_prob=0.0,
)

CASES: dict[str, tuple[str, dict[str, Any], Callable[[], Inputs]]] = {
    # Encoders of text
    "Bert": ("BertModel", SMALL, text),
    "Roberta": ("RobertaModel", dict(SMALL, pad_token_id=1), text),
    "DistilBert": ("DistilBertModel", dict(vocab_size=WORDS, dim=32, n_layers=2, n_heads=4, hidden_dim=40), text),
    "Albert": ("AlbertModel", dict(SMALL, embedding_size=16), text),
    "Electra": ("ElectraModel", dict(SMALL, embedding_size=16), text),
    "MPNet": ("MPNetModel", dict(SMALL, pad_token_id=1), text),
    "DebertaV2": ("DebertaV2Model", dict(SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"]), text),
    "Deberta": ("DebertaModel", dict(SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"]), text),
    "ModernBert": (
        "ModernBertModel",
        dict(SMALL, pad_token_id=0, local_attention=4, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2),
        text,
    ),
    "XLNet": ("XLNetModel", dict(vocab_size=WORDS, d_model=32, n_layer=2, n_head=4, d_inner=40), text),
    "RoFormer": ("RoFormerModel", dict(SMALL, embedding_size=32), text),
    "FNet": (
        "FNetModel",
        {k: v for k, v in SMALL.items() if k != "num_attention_heads"},
        lambda: {"input_ids": text()["input_ids"]},
    ),
    "ConvBert": ("ConvBertModel", dict(SMALL, embedding_size=32), text),
    "Funnel": (
        "FunnelModel",
        dict(vocab_size=WORDS, d_model=32, n_head=4, d_head=8, d_inner=40, block_sizes=[1, 1], num_decoder_layers=1),
        text,
    ),
    "Longformer": (
        "LongformerModel",
        dict(SMALL, attention_window=4, max_position_embeddings=64, pad_token_id=1),
        text,
    ),
    "IBert": ("IBertModel", dict(SMALL, pad_token_id=1), text),
    "MegatronBert": ("MegatronBertModel", SMALL, text),
    "Camembert": ("CamembertModel", dict(SMALL, pad_token_id=1), text),
    "XLMRoberta": ("XLMRobertaModel", dict(SMALL, pad_token_id=1), text),
    "Esm": ("EsmModel", dict(SMALL, pad_token_id=1, mask_token_id=4, position_embedding_type="rotary"), text),
    "NomicBert": ("NomicBertModel", dict(SMALL), text),
    # Decoders of text
    "GPT2": ("GPT2Model", dict(vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4), text),
    "GPTNeo": (
        "GPTNeoModel",
        dict(
            vocab_size=WORDS,
            hidden_size=32,
            num_layers=2,
            num_heads=4,
            attention_types=[[["global", "local"], 1]],
            window_size=4,
        ),
        text,
    ),
    "GPTNeoX": ("GPTNeoXModel", SMALL, text),
    "GPTJ": ("GPTJModel", dict(vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4, rotary_dim=4), text),
    "OPT": (
        "OPTModel",
        dict(
            vocab_size=WORDS,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            ffn_dim=40,
            word_embed_proj_dim=32,
        ),
        text,
    ),
    "Bloom": ("BloomModel", dict(vocab_size=WORDS, hidden_size=32, n_layer=2, n_head=4), text),
    "Llama": ("LlamaModel", DECODER, text),
    "Mistral": ("MistralModel", dict(DECODER, sliding_window=4), text),
    "Qwen2": ("Qwen2Model", DECODER, text),
    "Qwen3": ("Qwen3Model", DECODER, text),
    "Gemma": ("GemmaModel", DECODER, text),
    "Gemma2": ("Gemma2Model", dict(DECODER, sliding_window=4), text),
    "Gemma3Text": ("Gemma3TextModel", dict(DECODER, sliding_window=4), text),
    "Phi": ("PhiModel", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "Phi3": ("Phi3Model", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "Cohere": ("CohereModel", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "Olmo2": ("Olmo2Model", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "StableLm": ("StableLmModel", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "Falcon": ("FalconModel", dict(vocab_size=WORDS, hidden_size=32, num_hidden_layers=2, num_attention_heads=4), text),
    "MPT": ("MptModel", dict(vocab_size=WORDS, d_model=32, n_layers=2, n_heads=4), text),
    "Starcoder2": ("Starcoder2Model", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "SmolLM3": ("SmolLM3Model", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    "Granite": ("GraniteModel", {k: v for k, v in DECODER.items() if k != "head_dim"}, text),
    # Mixtures of experts
    "Mixtral": ("MixtralModel", dict(DECODER, num_local_experts=4, num_experts_per_tok=2), text),
    "Qwen2Moe": (
        "Qwen2MoeModel",
        dict(
            {k: v for k, v in DECODER.items() if k != "head_dim"},
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=16,
            shared_expert_intermediate_size=16,
        ),
        text,
    ),
    "Qwen3Moe": ("Qwen3MoeModel", dict(DECODER, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16), text),
    "Olmoe": (
        "OlmoeModel",
        dict({k: v for k, v in DECODER.items() if k != "head_dim"}, num_experts=4, num_experts_per_tok=2),
        text,
    ),
    "GptOss": (
        "GptOssModel",
        dict(
            DECODER,
            num_local_experts=4,
            num_experts_per_tok=2,
            sliding_window=4,
            layer_types=["sliding_attention", "full_attention"],
        ),
        text,
    ),
    # Encoders with decoders
    "Bart": ("BartModel", SEQ2SEQ, translated),
    "Marian": ("MarianModel", SEQ2SEQ, translated),
    "Pegasus": ("PegasusModel", SEQ2SEQ, translated),
    "MBart": ("MBartModel", SEQ2SEQ, translated),
    "T5": ("T5Model", T5, translated),
    "MT5": ("MT5Model", T5, translated),
    "LongT5": ("LongT5Model", dict(T5, local_radius=3), translated),
    "M2M100": ("M2M100Model", SEQ2SEQ, translated),
    "BlenderbotSmall": ("BlenderbotSmallModel", SEQ2SEQ, translated),
    # Pictures
    "ViT": ("ViTModel", VISION, pixels),
    "DeiT": ("DeiTModel", VISION, pixels),
    "Dinov2": ("Dinov2Model", VISION, pixels),
    "Beit": ("BeitModel", VISION, pixels),
    "ViTMAE": ("ViTMAEModel", dict(VISION, mask_ratio=0.0), pixels),
    "Swin": (
        "SwinModel",
        dict(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
        pixels,
    ),
    "Swinv2": (
        "Swinv2Model",
        dict(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
        pixels,
    ),
    "Segformer": (
        "SegformerModel",
        dict(
            num_encoder_blocks=2,
            depths=[1, 1],
            sr_ratios=[2, 1],
            hidden_sizes=[16, 32],
            patch_sizes=[7, 3],
            strides=[4, 2],
            num_attention_heads=[2, 4],
            mlp_ratios=[2, 2],
        ),
        pixels,
    ),
    "Pvt": (
        "PvtModel",
        dict(
            image_size=32,
            num_encoder_blocks=2,
            depths=[1, 1],
            sequence_reduction_ratios=[2, 1],
            hidden_sizes=[16, 32],
            patch_sizes=[4, 2],
            strides=[4, 2],
            num_attention_heads=[2, 4],
            mlp_ratios=[2, 2],
        ),
        pixels,
    ),
    "CLIPVision": ("CLIPVisionModel", VISION, pixels),
    "Siglip": ("SiglipVisionModel", VISION, pixels),
    "MobileViT": (
        "MobileViTModel",
        dict(
            image_size=64,
            hidden_sizes=[16, 24, 32],
            neck_hidden_sizes=[8, 8, 16, 16, 24, 24, 32],
            num_attention_heads=4,
        ),
        lambda: pixels(64),
    ),
    "Yolos": ("YolosModel", dict(VISION, image_size=[32, 32], num_detection_tokens=3), pixels),
    "DPT": ("DPTModel", VISION, pixels),
    "Hiera": (
        "HieraModel",
        dict(
            image_size=[32, 32],
            embed_dim=16,
            depths=[1, 1],
            num_heads=[1, 2],
            query_stride=[2, 2],
            masked_unit_size=[4, 4],
            masked_unit_attention=[True, False],
            num_query_pool=1,
            patch_stride=[2, 2],
            patch_padding=[1, 1],
            patch_size=[3, 3],
        ),
        pixels,
    ),
    # Sound
    "Wav2Vec2": ("Wav2Vec2Model", dict(SMALL, **CONVOLUTIONS), sound),
    "Hubert": ("HubertModel", dict(SMALL, **CONVOLUTIONS), sound),
    "WavLM": ("WavLMModel", dict(SMALL, **CONVOLUTIONS), sound),
    "SEW": ("SEWModel", dict(SMALL, **CONVOLUTIONS, squeeze_factor=1), sound),
    "Whisper": (
        "WhisperModel",
        dict(SEQ2SEQ, num_mel_bins=16, max_source_positions=20, max_target_positions=20),
        spectrogram,
    ),
    "ASTransformer": (
        "ASTModel",
        dict(
            {k: v for k, v in VISION.items() if k != "image_size"},
            num_mel_bins=16,
            max_length=32,
            frequency_stride=8,
            time_stride=8,
        ),
        lambda: {"input_values": torch.randn(SAMPLES, 32, 16)},
    ),
    "Speech2Text": (
        "Speech2TextModel",
        dict(
            SEQ2SEQ,
            input_feat_per_channel=16,
            input_channels=1,
            conv_channels=16,
            max_source_positions=60,
            max_target_positions=20,
        ),
        lambda: {
            "input_features": torch.randn(SAMPLES, 40, 16),
            "decoder_input_ids": translated()["decoder_input_ids"],
        },
    ),
    # Several of these at once
    "CLIP": (
        "CLIPModel",
        dict(
            text_config=dict(SMALL, eos_token_id=2, pad_token_id=0, bos_token_id=1),
            vision_config=VISION,
            projection_dim=16,
        ),
        lambda: {**text(), **pixels()},
    ),
    "BLIP": (
        "BlipModel",
        dict(
            text_config=dict(SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2),
            vision_config=VISION,
            projection_dim=16,
        ),
        lambda: {**text(), **pixels()},
    ),
    "ViLT": ("ViltModel", dict(SMALL, image_size=32, patch_size=8), lambda: {**text(), **pixels()}),
}


def make(name: str, attention: str = "sdpa") -> tuple[torch.nn.Module, Inputs]:
    """A tiny model with random weights, at inference, and inputs for it.

    Args:
        name: One of `CASES`.
        attention: How it computes attention: "eager", "sdpa" or another one that transformers knows.
    """
    model_name, settings, inputs = CASES[name]
    kind = getattr(transformers, model_name)
    torch.manual_seed(0)
    # Decoders of a composed configuration take their settings by name.
    config = kind.config_class(**settings)
    model = kind._from_config(config, attn_implementation=attention)
    with torch.no_grad():
        for tensor in model.parameters():
            # Weights as small as at the start of a training attend uniformly.
            tensor.copy_(torch.randn(tensor.shape) * (0.25 if tensor.dim() > 1 else 0.1) + (tensor.dim() == 1) * 0.3)
    return model.eval(), inputs()
