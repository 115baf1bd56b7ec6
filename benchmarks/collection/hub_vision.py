"""Models of pictures and of pictures with texts in KerasHub, at tiny sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import numpy as np

from collection.cases import SAMPLES, Case

LAYERS, _SIDE = 2, 16
ENCODER: dict[str, Any] = {"num_layers": LAYERS, "num_heads": 2, "hidden_dim": 16}
GEMMA: dict[str, Any] = {
    "vocabulary_size": 20,
    "image_size": _SIDE,
    "num_layers": LAYERS,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 24,
    "head_dim": 8,
}
_TEXT = {**ENCODER, "vocabulary_size": 20, "embedding_dim": 16, "intermediate_dim": 24, "max_sequence_length": 8}


def pictures(side: int = _SIDE, channels: int = 3) -> Any:
    return np.random.default_rng(0).random((SAMPLES, side, side, channels), "float32")


def words(length: int = 8) -> Any:
    return np.random.default_rng(1).integers(1, 20, (SAMPLES, length))


def vit() -> keras.Model:
    return keras_hub.models.ViTBackbone(image_shape=(_SIDE, _SIDE, 3), patch_size=4, mlp_dim=24, **ENCODER)


def deit() -> keras.Model:
    return keras_hub.models.DeiTBackbone(image_shape=(_SIDE, _SIDE, 3), patch_size=4, intermediate_dim=24, **ENCODER)


def dinov2() -> keras.Model:
    return keras_hub.models.DINOV2Backbone(
        patch_size=4,
        intermediate_dim=24,
        num_register_tokens=2,
        image_shape=(_SIDE, _SIDE, 3),
        position_embedding_shape=(_SIDE, _SIDE),
        **ENCODER,
    )


def dinov3() -> keras.Model:
    return keras_hub.models.DINOV3Backbone(
        patch_size=4, intermediate_dim=24, num_register_tokens=2, image_shape=(_SIDE, _SIDE, 3), **ENCODER
    )


def swin_transformer() -> keras.Model:
    return keras_hub.models.SwinTransformerBackbone(
        image_shape=(32, 32, 3), embed_dim=8, depths=(2, 2), num_heads=(2, 2), window_size=4, patch_size=4
    )


def mix_transformer() -> keras.Model:
    return keras_hub.models.MiTBackbone(
        layerwise_depths=[1, 1],
        image_shape=(_SIDE, _SIDE, 3),
        hidden_dims=[8, 16],
        num_layers=2,
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[2, 1],
        max_drop_path_rate=0.1,
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[2, 2],
    )


def vit_det() -> keras.Model:
    return keras_hub.models.ViTDetBackbone(
        hidden_size=16,
        num_layers=LAYERS,
        intermediate_dim=24,
        num_heads=2,
        global_attention_layer_indices=[1],
        patch_size=4,
        num_output_channels=8,
        window_size=2,
        image_shape=(32, 32, 3),
    )


def segment_anything() -> keras.Model:
    encoder = keras_hub.models.ViTDetBackbone(
        hidden_size=16,
        num_layers=LAYERS,
        intermediate_dim=24,
        num_heads=2,
        global_attention_layer_indices=[1],
        patch_size=16,
        num_output_channels=8,
        window_size=2,
        image_shape=(64, 64, 3),
    )
    prompts = keras_hub.layers.SAMPromptEncoder(
        hidden_size=8, image_embedding_size=(4, 4), input_image_size=(64, 64), mask_in_channels=16
    )
    decoder = keras_hub.layers.SAMMaskDecoder(
        num_layers=LAYERS,
        hidden_size=8,
        intermediate_dim=16,
        num_heads=2,
        embedding_dim=8,
        num_multimask_outputs=3,
        iou_head_depth=2,
        iou_head_hidden_dim=8,
    )
    return keras_hub.models.SAMBackbone(image_encoder=encoder, prompt_encoder=prompts, mask_decoder=decoder)


def prompts() -> Any:
    return {
        "images": pictures(64),
        "points": np.ones((SAMPLES, 1, 2), "float32"),
        "labels": np.ones((SAMPLES, 1), "float32"),
        "boxes": np.ones((SAMPLES, 1, 2, 2), "float32"),
        "masks": np.zeros((SAMPLES, 0, 64, 64, 1), "float32"),
    }


def clip() -> keras.Model:
    vision = keras_hub.models.CLIPVisionEncoder(
        patch_size=4, intermediate_dim=24, image_shape=(_SIDE, _SIDE, 3), **ENCODER
    )
    text = keras_hub.models.CLIPTextEncoder(**_TEXT)
    return keras_hub.models.CLIPBackbone(vision, text, 8)


def siglip() -> keras.Model:
    vision = keras_hub.models.SigLIPVisionEncoder(
        patch_size=4, intermediate_dim=24, image_shape=(_SIDE, _SIDE, 3), **ENCODER
    )
    text = keras_hub.models.SigLIPTextEncoder(**_TEXT)
    return keras_hub.models.SigLIPBackbone(vision, text)


def _pairs() -> Any:
    return {"images": pictures(), "token_ids": words()}


def pali_gemma() -> keras.Model:
    return keras_hub.models.PaliGemmaBackbone(
        vit_patch_size=4,
        vit_num_heads=2,
        vit_hidden_dim=16,
        vit_num_layers=LAYERS,
        vit_intermediate_dim=24,
        **GEMMA,
    )


def picture_and_words() -> Any:
    masks = {"padding_mask": np.ones((SAMPLES, 24), "int32"), "response_mask": np.zeros((SAMPLES, 24), "int32")}
    return {"images": pictures(), "token_ids": words(), **{name: mask[:, :8] for name, mask in masks.items()}}


def parseq() -> keras.Model:
    encoder = keras_hub.models.ViTBackbone(
        image_shape=(_SIDE, _SIDE, 3), patch_size=4, mlp_dim=24, use_class_token=False, **ENCODER
    )
    return keras_hub.models.PARSeqBackbone(
        vocabulary_size=20,
        max_label_length=8,
        image_encoder=encoder,
        decoder_hidden_dim=16,
        num_decoder_layers=1,
        num_decoder_heads=2,
        decoder_mlp_dim=24,
    )


def _picture_and_label() -> Any:
    return {"images": pictures(), "token_ids": words(), "padding_mask": np.ones((SAMPLES, 8), "int32")}


def video_prism() -> keras.Model:
    return keras_hub.models.VideoPrismBackbone(
        num_frames=2,
        patch_size=4,
        hidden_dim=16,
        intermediate_dim=24,
        num_heads=2,
        num_spatial_layers=LAYERS,
        num_temporal_layers=LAYERS,
        num_auxiliary_layers=0,
        image_shape=(_SIDE, _SIDE, 3),
    )


def detection_transformer() -> keras.Model:
    """D-FINE: a hybrid encoder with attention, a decoder with attention among queries and to sampled points."""
    stages = keras_hub.models.HGNetV2Backbone(
        stem_channels=[3, 8, 8],
        stackwise_stage_filters=[
            [8, 8, 16, 1, 3, 3],
            [16, 8, 32, 1, 3, 3],
            [32, 16, 32, 1, 3, 5],
            [32, 16, 32, 1, 3, 5],
        ],
        apply_downsample=[False, True, True, True],
        use_lightweight_conv_block=[False, False, True, True],
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 32, 32, 32],
        embedding_size=8,
        use_learnable_affine_block=True,
        hidden_act="relu",
        image_shape=(None, None, 3),
        out_features=["stage3", "stage4"],
    )
    return keras_hub.models.DFineBackbone(
        backbone=stages,
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_denoising=0,
        num_labels=5,
        hidden_dim=16,
        learn_initial_query=False,
        num_queries=6,
        anchor_image_size=(64, 64),
        feat_strides=[16, 32],
        num_feature_levels=2,
        encoder_in_channels=[32, 32],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=24,
        num_encoder_layers=1,
        hidden_expansion=0.34,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=LAYERS,
        decoder_attention_heads=2,
        decoder_ffn_dim=24,
        decoder_n_points=[2, 2],
        lqe_hidden_dim=8,
        num_lqe_layers=2,
        out_features=["stage3", "stage4"],
        image_shape=(None, None, 3),
        seed=0,
    )


def efficient_net() -> keras.Model:
    return keras_hub.models.EfficientNetBackbone(
        stackwise_kernel_sizes=[3, 5],
        stackwise_num_repeats=[1, 2],
        stackwise_input_filters=[8, 8],
        stackwise_output_filters=[8, 16],
        stackwise_expansion_ratios=[1, 4],
        stackwise_strides=[1, 2],
        stackwise_block_types=["v1", "v1"],
        stackwise_force_input_filters=[0, 0],
        stackwise_nores_option=[False, False],
        stackwise_squeeze_and_excite_ratios=[0.25, 0.25],
        width_coefficient=1.0,
        depth_coefficient=1.0,
        image_shape=(32, 32, 3),
    )


def res_net() -> keras.Model:
    return keras_hub.models.ResNetBackbone([64], [3], [64, 64], [1, 1], [1, 2], "basic_block", image_shape=(32, 32, 3))


# Builder, maps, gates, inputs.
_MODELS: list[tuple[Callable[[], keras.Model], int, int, Callable[[], Any] | None]] = [
    (vit, LAYERS, 0, None),
    (deit, LAYERS, 0, None),
    (dinov2, LAYERS, 0, lambda: {"images": pictures(), "masks": np.zeros((SAMPLES, 16), "bool")}),
    (dinov3, LAYERS, 0, lambda: {"pixel_values": pictures()}),
    (swin_transformer, 4, 0, None),
    (mix_transformer, 2, 0, None),
    (vit_det, LAYERS, 0, None),
    # The backbone of SAM gives out what its mask decoder needs; that is not in the graph.
    (segment_anything, LAYERS, 0, prompts),
    (clip, 2 * LAYERS, 0, _pairs),
    # One more pools the picture.
    (siglip, 2 * LAYERS + 1, 0, _pairs),
    (pali_gemma, 2 * LAYERS, 0, picture_and_words),
    # Queries attend to the label so far and at the picture.
    (parseq, LAYERS + 2, 0, _picture_and_label),
    # One more pools the frames.
    (video_prism, 2 * LAYERS, 0, None),
    # One in the encoder; two a layer of the decoder.
    (detection_transformer, 1 + 2 * LAYERS, 0, lambda: pictures(64)),
    (efficient_net, 0, 3, None),
    (res_net, 0, 0, None),
]


def cases() -> list[Case]:
    return [Case(f"hub {build.__name__}", build, maps, gates, inputs) for build, maps, gates, inputs in _MODELS]
