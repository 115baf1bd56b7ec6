"""Tasks of KerasHub that see, backbones made of other backbones, and models of several inputs, at tiny sizes; with kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import numpy as np

from collection import hub_text, hub_vision
from collection.cases import SAMPLES, Case

LAYERS, _SIDE = hub_vision.LAYERS, 16
_ENCODER: dict[str, Any] = {**hub_vision.ENCODER, "intermediate_dim": 24}
models = keras_hub.models


def _normal(*shape: int) -> Any:
    return np.random.default_rng(2).normal(size=(SAMPLES, *shape)).astype("float32")


def _words(length: int = 8) -> Any:
    return hub_vision.words(length).astype("int32")


def _ones(*shape: int, dtype: str = "int32") -> Any:
    return np.ones((SAMPLES, *shape), dtype)


def _classifier(name: str, backbone: Callable[[], Any]) -> Callable[[], keras.Model]:
    return lambda: getattr(models, name)(backbone=backbone(), num_classes=3, preprocessor=None)


def mobile_net() -> Any:
    return models.MobileNetBackbone(
        stackwise_expansion=[[40, 56], [64, 144, 144]],
        stackwise_num_blocks=[2, 3],
        stackwise_num_filters=[[16, 16], [24, 24, 24]],
        stackwise_kernel_size=[[3, 3], [5, 5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2, 2]],
        output_num_filters=32,
        input_activation="hard_swish",
        output_activation="hard_swish",
        input_num_filters=16,
        image_shape=(32, 32, 3),
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        squeeze_and_excite=0.5,
        last_layer_filter=32,
    )


def mobile_net_v5() -> Any:
    """Blocks of convolutions, then attention of many heads with keys of one, then of many."""
    types = [["er"], ["uir", "mqa", "mha"]]

    def each(first: Any, *others: Any) -> Any:
        return [[first], list(others)]

    return models.MobileNetV5Backbone(
        stackwise_block_types=types,
        stackwise_num_blocks=[1, 3],
        stackwise_num_filters=each(16, 24, 24, 24),
        stackwise_strides=each(2, 2, 1, 1),
        stackwise_act_layers=each("relu", "relu", "relu", "relu"),
        stackwise_exp_ratios=each(4.0, 6.0, 1.0, 1.0),
        stackwise_se_ratios=each(0.0, 0.0, 0.0, 0.0),
        stackwise_dw_kernel_sizes=each(0, 5, 3, 3),
        stackwise_dw_start_kernel_sizes=each(0, 0, 0, 0),
        stackwise_dw_end_kernel_sizes=each(0, 0, 0, 0),
        stackwise_exp_kernel_sizes=each(3, 0, 0, 0),
        stackwise_pw_kernel_sizes=each(1, 0, 0, 0),
        stackwise_num_heads=each(0, 0, 2, 2),
        stackwise_key_dims=each(0, 0, 8, 8),
        stackwise_value_dims=each(0, 0, 8, 8),
        stackwise_kv_strides=each(0, 0, 2, 1),
        stackwise_use_cpe=each(False, False, False, False),
        image_shape=(32, 32, 3),
        stem_size=16,
        use_msfa=False,
    )


def depth_anything() -> Any:
    encoder = models.DINOV2Backbone(
        patch_size=4,
        image_shape=(_SIDE, _SIDE, 3),
        position_embedding_shape=(_SIDE, _SIDE),
        **{**_ENCODER, "num_layers": 4},
    )
    return models.DepthAnythingBackbone(
        image_encoder=encoder,
        reassemble_factors=[4, 2, 1, 1],
        neck_hidden_dims=[8, 8, 16, 16],
        fusion_hidden_dim=16,
        head_hidden_dim=8,
        head_in_index=-1,
        feature_keys=["stage1", "stage2", "stage3", "stage4"],
    )


def segformer() -> Any:
    return models.SegFormerBackbone(image_encoder=hub_vision.mix_transformer(), projection_filters=8)


def meta_clip() -> Any:
    vision = models.MetaCLIP2VisionEncoder(patch_size=4, image_shape=(_SIDE, _SIDE, 3), **_ENCODER)
    text = models.MetaCLIP2TextEncoder(vocabulary_size=20, embedding_dim=16, max_sequence_length=8, **_ENCODER)
    return models.MetaCLIP2Backbone(vision, text, 8)


def mm_dit() -> Any:
    """The transformer of Stable Diffusion 3: pictures and texts attend to both, in one map."""
    from keras_hub.src.models.stable_diffusion_3.mmdit import MMDiT

    return MMDiT(
        2,
        32,
        LAYERS,
        2,
        16,
        qk_norm=None,
        dual_attention_indices=None,
        latent_shape=(8, 8, 16),
        context_shape=(5, 24),
        pooled_projection_shape=(16,),
    )


def flux() -> Any:
    return models.FluxBackbone(
        input_channels=16,
        hidden_size=16,
        mlp_ratio=2.0,
        num_heads=2,
        depth=LAYERS,
        depth_single_blocks=LAYERS,
        axes_dim=[2, 4, 2],
        theta=10000,
        use_bias=True,
        guidance_embed=True,
        image_shape=(16, 16),
        text_shape=(5, 16),
        image_ids_shape=(16, 3),
        text_ids_shape=(5, 3),
        y_shape=(12,),
    )


def _flux_inputs() -> Any:
    return {
        "image": _normal(16, 16),
        "image_ids": _normal(16, 3),
        "text": _normal(5, 16),
        "text_ids": _normal(5, 3),
        "y": _normal(12),
        "timesteps": _ones(dtype="float32"),
        "guidance": _ones(dtype="float32"),
    }


def gemma_with_pictures() -> Any:
    encoder = models.Gemma3VisionEncoder(image_size=_SIDE, patch_size=4, pool_size=2, output_dim=16, **_ENCODER)
    return models.Gemma3Backbone(vision_encoder=encoder, **hub_vision.GEMMA)


def _words_with_pictures() -> Any:
    return {
        "token_ids": _words(12),
        "padding_mask": _ones(12),
        "images": np.random.default_rng(0).random((SAMPLES, 1, _SIDE, _SIDE, 3), "float32"),
        "vision_indices": np.tile(np.arange(2, 6, dtype="int32"), (SAMPLES, 1)),
        "vision_mask": np.tile(np.arange(12) // 2 == 1, (SAMPLES, 1)).astype("int32"),
    }


def blip() -> Any:
    vision = models.BLIP2VisionEncoder(
        image_size=(_SIDE, _SIDE),
        patch_size=(4, 4),
        use_patch_bias=True,
        use_class_token=True,
        use_mha_bias=True,
        use_mlp_bias=True,
        dropout_rate=0.0,
        layer_norm_epsilon=1e-6,
        initializer_range=0.02,
        **_ENCODER,
    )
    former = models.BLIP2QFormer(
        num_query_tokens=3, vision_dim=16, cross_attention_frequency=2, dropout=0.0, layer_norm_epsilon=1e-6, **_ENCODER
    )
    language = models.BLIP2CustomOPT(
        vocabulary_size=20, num_query_tokens=3, dropout=0.0, max_sequence_length=16, qformer_hidden_dim=16, **_ENCODER
    )
    return models.BLIP2Backbone(vision, former, language)


def _picture_and_text() -> Any:
    return {"images": hub_vision.pictures(), "token_ids": _words(), "padding_mask": _ones(8)}


def _task_of(name: str, backbone: Callable[[], Any], **more: Any) -> Callable[[], keras.Model]:
    return lambda: getattr(models, name)(backbone=backbone(), preprocessor=None, **more)


def _text(name: str, **more: Any) -> Callable[[], keras.Model]:
    configuration = {other: options for other, options, _ in hub_text._BACKBONES}.get(name, {})
    return lambda: hub_text._backbone(name, {**configuration, **more})


# Name, builder, sites of each kind, inputs.
_MODELS: list[tuple[str, Callable[[], keras.Model], dict[str, int], Callable[[], Any] | None]] = [
    ("MobileNet", mobile_net, {"gate": 4}, None),
    ("MobileNetV5", mobile_net_v5, {"self": 2}, None),
    ("DepthAnything", depth_anything, {"self": 4}, None),
    (
        "DepthAnythingDepthEstimator",
        _task_of("DepthAnythingDepthEstimator", depth_anything, depth_estimation_type="relative"),
        {"self": 4},
        None,
    ),
    ("SegFormer", segformer, {"self": 2}, None),
    ("SegFormerImageSegmenter", _task_of("SegFormerImageSegmenter", segformer, num_classes=3), {"self": 2}, None),
    ("MetaCLIP2", meta_clip, {"self": 2 * LAYERS}, lambda: {"images": hub_vision.pictures(), "token_ids": _words()}),
    ("MMDiT", mm_dit, {"self": LAYERS}, None),
    ("Flux", flux, {"self": 2 * LAYERS}, _flux_inputs),
    ("Gemma3 with pictures", gemma_with_pictures, {"self": 2 * LAYERS}, _words_with_pictures),
    # Learned queries attend to each other in both layers, and to the picture in the first.
    ("BLIP2", blip, {"self": 3 * LAYERS, "cross": 1}, _picture_and_text),
    ("ViTImageClassifier", _classifier("ViTImageClassifier", hub_vision.vit), {"self": LAYERS}, None),
    ("DeiTImageClassifier", _classifier("DeiTImageClassifier", hub_vision.deit), {"self": LAYERS}, None),
    (
        "SwinTransformerImageClassifier",
        _classifier("SwinTransformerImageClassifier", hub_vision.swin_transformer),
        {"local": 2, "self": 2},
        None,
    ),
    ("MiTImageClassifier", _classifier("MiTImageClassifier", hub_vision.mix_transformer), {"self": 2}, None),
    ("MobileNetImageClassifier", _classifier("MobileNetImageClassifier", mobile_net), {"gate": 4}, None),
    (
        "EfficientNetImageClassifier",
        _classifier("EfficientNetImageClassifier", hub_vision.efficient_net),
        {"gate": 3},
        None,
    ),
    ("ResNetImageClassifier", _classifier("ResNetImageClassifier", hub_vision.res_net), {}, None),
    # A window and the whole picture; in each of two layers tokens then attend to themselves and to the picture, and it to them.
    (
        "SAMImageSegmenter",
        _task_of("SAMImageSegmenter", hub_vision.segment_anything),
        {"local": 1, "self": 1 + LAYERS, "cross": 2 * LAYERS + 1},
        hub_vision.prompts,
    ),
    (
        "DFineObjectDetector",
        _task_of("DFineObjectDetector", hub_vision.detection_transformer, num_classes=5, bounding_box_format="yxyx"),
        {"self": 1 + LAYERS, "cross": LAYERS},
        lambda: {"images": hub_vision.pictures(64)},
    ),
    (
        "PaliGemmaCausalLM",
        _task_of("PaliGemmaCausalLM", hub_vision.pali_gemma),
        {"self": 2 * LAYERS},
        hub_vision.picture_and_words,
    ),
    (
        "CLIPVisionEncoder",
        lambda: models.CLIPVisionEncoder(patch_size=4, image_shape=(_SIDE, _SIDE, 3), **_ENCODER),
        {"self": LAYERS},
        None,
    ),
    ("ESM2", _text("ESM2"), {"self": LAYERS}, None),
    ("Qwen2", _text("Qwen2"), {"self": LAYERS}, None),
    ("Bart", _text("Bart"), {"self": 2 * LAYERS, "cross": LAYERS}, None),
    ("T5", _text("T5"), {"self": 2 * LAYERS, "cross": LAYERS}, None),
    ("T5Gemma", _text("T5Gemma"), {"self": 2 * LAYERS, "cross": LAYERS}, None),
    ("Whisper", _text("Whisper"), {"self": 2 * LAYERS, "cross": LAYERS}, None),
    ("Moonshine", _text("Moonshine"), {"self": 2 * LAYERS, "cross": LAYERS}, None),
    ("Bert", _text("Bert"), {"self": LAYERS}, None),
    ("DebertaV3", _text("DebertaV3"), {"self": LAYERS}, None),
    ("GPT2", _text("GPT2"), {"self": LAYERS}, None),
    ("Gemma3", _text("Gemma3"), {"self": LAYERS}, None),
    ("Mistral", _text("Mistral"), {"self": LAYERS}, None),
    ("GptOss", _text("GptOss"), {"self": LAYERS}, None),
    ("XLNet", _text("XLNet"), {"self": LAYERS}, None),
]


def cases() -> list[Case]:
    result = []
    for name, build, kinds, inputs in _MODELS:
        maps = sum(count for kind, count in kinds.items() if kind != "gate")
        result.append(Case(f"hub task {name}", build, maps, kinds.get("gate", 0), inputs, kinds))
    return result
