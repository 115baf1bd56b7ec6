"""Text models of KerasHub: two layers, or two and two, of two heads each."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from collection.cases import Case

LAYERS = 2
_BASE: dict[str, Any] = {
    "vocabulary_size": 20,
    "vocab_size": 20,
    "num_layers": LAYERS,
    "num_layers_enc": LAYERS,
    "num_layers_dec": LAYERS,
    "encoder_num_layers": LAYERS,
    "decoder_num_layers": LAYERS,
    "num_heads": 2,
    "num_attention_heads": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "encoder_num_heads": 2,
    "decoder_num_heads": 2,
    "hidden_dim": 16,
    "embedding_dim": 16,
    "intermediate_dim": 24,
    "max_sequence_length": 16,
}
_ROTARY = {"head_dim": 8}
_GEMMA: dict[str, Any] = {**_ROTARY, "image_size": 16}
_T5GEMMA: dict[str, Any] = {
    f"{side}_{name}": value
    for side in ("encoder", "decoder")
    for name, value in {
        "hidden_dim": 16,
        "intermediate_dim": 24,
        "num_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "layer_types": ["full_attention"] * LAYERS,
    }.items()
}
_MOE = {"num_experts": 4, "top_k": 2, "moe_intermediate_dim": 8}
_SMOL: dict[str, Any] = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "rope_layer_enabled_list": [True] * LAYERS,
    "layer_types": ["full_attention"] * LAYERS,
    "mlp_bias": False,
    "layer_norm_epsilon": 1e-5,
    "max_position_embeddings": 16,
    "rope_theta": 1e4,
    "partial_rotary_factor": 1.0,
}
_GEMMA3N: dict[str, Any] = {
    "text_vocab_size": 20,
    "text_hidden_size": 16,
    "num_hidden_layers": LAYERS,
    "pad_token_id": 0,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": [24] * LAYERS,
    "hidden_activation": "gelu_approximate",
    "layer_types": ["full_attention"] * LAYERS,
    "sliding_window": 4,
    "rope_theta": 1e4,
    "max_position_embeddings": 16,
    "vocab_size_per_layer_input": 20,
    "hidden_size_per_layer_input": 8,
    "altup_num_inputs": 2,
    "laurel_rank": 4,
}

# Backbone, what its configuration has beside the base, maps.
_BACKBONES: list[tuple[str, dict[str, Any], int]] = [
    ("Albert", {}, LAYERS),
    ("Bart", {}, 3 * LAYERS),
    ("Bert", {}, LAYERS),
    ("Bloom", {}, LAYERS),
    ("DebertaV3", {"bucket_size": 4}, LAYERS),
    ("DistilBert", {}, LAYERS),
    ("ESM", {}, LAYERS),
    ("EdRec", {}, 3 * LAYERS),
    ("Electra", {}, LAYERS),
    ("FNet", {}, 0),
    ("Falcon", {}, LAYERS),
    ("GPT2", {}, LAYERS),
    ("GPTNeoX", {}, LAYERS),
    ("Gemma", _GEMMA, LAYERS),
    ("Gemma3", {**_GEMMA, "use_sliding_window_attention": True, "sliding_window_size": 4}, LAYERS),
    ("Gemma3n", _GEMMA3N, LAYERS),
    ("Gemma4", _GEMMA, LAYERS),
    ("GptOss", {"num_experts": 4, "sliding_window": 4}, LAYERS),
    ("Llama", {}, LAYERS),
    ("Llama3", {}, LAYERS),
    ("Mistral", {"sliding_window": 4}, LAYERS),
    ("Mixtral", {"num_experts": 4, "sliding_window": 4}, LAYERS),
    ("OPT", {}, LAYERS),
    ("Phi3", {}, LAYERS),
    ("Qwen", {}, LAYERS),
    ("Qwen3", _ROTARY, LAYERS),
    ("Qwen3Moe", {**_MOE, **_ROTARY}, LAYERS),
    ("QwenMoe", {**_MOE, "shared_expert_intermediate_dim": 8}, LAYERS),
    (
        "Qwen3_5",
        {
            **_ROTARY,
            "layer_types": ["full_attention", "linear_attention"],
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 2,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "partial_rotary_factor": 0.5,
        },
        1,
    ),
    ("RWKV7", {"hidden_size": 16, "head_size": 8, "gate_lora": 4, "mv_lora": 4, "aaa_lora": 4, "decay_lora": 4}, 0),
    ("Roberta", {}, LAYERS),
    ("RoformerV2", {"head_size": 8}, LAYERS),
    ("SmolLM3", _SMOL, LAYERS),
    ("T5", {}, 3 * LAYERS),
    ("T5Gemma", _T5GEMMA, 3 * LAYERS),
    ("T5Gemma2", _T5GEMMA, 2 * LAYERS),
    ("XLMRoberta", {}, LAYERS),
    ("XLNet", {}, LAYERS),
    ("Whisper", {"num_mels": 8, "max_encoder_sequence_length": 16, "max_decoder_sequence_length": 16}, 3 * LAYERS),
    ("Moonshine", {"filter_dim": 16, "max_position_embeddings": 64}, 3 * LAYERS),
]
# Task, backbone, its further arguments.
_TASKS: list[tuple[str, str, dict[str, Any]]] = [
    ("BertTextClassifier", "Bert", {"num_classes": 3}),
    ("BertMaskedLM", "Bert", {}),
    ("AlbertTextClassifier", "Albert", {"num_classes": 3}),
    ("AlbertMaskedLM", "Albert", {}),
    ("DebertaV3TextClassifier", "DebertaV3", {"num_classes": 3}),
    ("DebertaV3MaskedLM", "DebertaV3", {}),
    ("DistilBertTextClassifier", "DistilBert", {"num_classes": 3, "activation": "softmax"}),
    ("DistilBertMaskedLM", "DistilBert", {}),
    ("ESMProteinClassifier", "ESM", {"num_classes": 3}),
    ("FNetTextClassifier", "FNet", {"num_classes": 3}),
    ("RobertaTextClassifier", "Roberta", {"num_classes": 3, "activation": "sigmoid"}),
    ("RobertaMaskedLM", "Roberta", {}),
    ("RoformerV2TextClassifier", "RoformerV2", {"num_classes": 3}),
    ("XLMRobertaTextClassifier", "XLMRoberta", {"num_classes": 3}),
    ("BartSeq2SeqLM", "Bart", {}),
    ("T5Seq2SeqLM", "T5", {}),
    ("BloomCausalLM", "Bloom", {}),
    ("FalconCausalLM", "Falcon", {}),
    ("GPT2CausalLM", "GPT2", {}),
    ("GPTNeoXCausalLM", "GPTNeoX", {}),
    ("GemmaCausalLM", "Gemma", {}),
    ("Gemma3CausalLM", "Gemma3", {}),
    ("GptOssCausalLM", "GptOss", {}),
    ("LlamaCausalLM", "Llama", {}),
    ("Llama3CausalLM", "Llama3", {}),
    ("MistralCausalLM", "Mistral", {}),
    ("MixtralCausalLM", "Mixtral", {}),
    ("OPTCausalLM", "OPT", {}),
    ("Phi3CausalLM", "Phi3", {}),
    ("QwenCausalLM", "Qwen", {}),
    ("Qwen3CausalLM", "Qwen3", {}),
    ("Qwen3MoeCausalLM", "Qwen3Moe", {}),
    ("QwenMoeCausalLM", "QwenMoe", {}),
    ("SmolLM3CausalLM", "SmolLM3", {}),
    ("MoonshineAudioToText", "Moonshine", {}),
]


def _backbone(name: str, more: dict[str, Any]) -> keras.Model:
    import inspect

    kind = getattr(keras_hub.models, f"{name}Backbone")
    wanted = inspect.signature(kind.__init__).parameters
    return kind(**{key: value for key, value in {**_BASE, **more}.items() if key in wanted})


def _task(name: str, backbone: str, more: dict[str, Any]) -> keras.Model:
    kind = getattr(keras_hub.models, name)
    configuration = {other: more for other, more, _ in _BACKBONES}[backbone]
    return kind(backbone=_backbone(backbone, configuration), preprocessor=None, **more)


def cases() -> list[Case]:
    maps = {name: count for name, _, count in _BACKBONES}
    backbones = [
        Case(f"{name}Backbone", lambda name=name, more=more: _backbone(name, more), count)
        for name, more, count in _BACKBONES
    ]
    tasks = [
        Case(name, lambda name=name, of=of, more=more: _task(name, of, more), maps[of]) for name, of, more in _TASKS
    ]
    return [*backbones, *tasks]
