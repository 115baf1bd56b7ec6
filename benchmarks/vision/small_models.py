"""Small models of timm and torchvision with random weights: nothing is downloaded."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from typing import Any

import torch


def _import_torchvision() -> None:
    """Imports it where it was built for another PyTorch too: it looks for two operators then, which no model here calls."""
    with contextlib.suppress(RuntimeError):
        import_module("torchvision")
        return
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import_module("torchvision")


_import_torchvision()

import timm  # noqa: E402

Options = dict[str, Any]

# By name in timm, what makes them small: at their own size most of them would take minutes.
TIMM: dict[str, Options] = {
    # One map of all patches.
    "vit_tiny_patch16_224": dict(img_size=64, depth=2),
    "vit_base_patch16_siglip_224": dict(img_size=64, depth=1, embed_dim=48, num_heads=4),
    "vit_relpos_small_patch16_224": dict(img_size=64, depth=2),
    "vit_srelpos_small_patch16_224": dict(img_size=64, depth=2),
    "vit_relpos_medium_patch16_rpn_224": dict(img_size=64, depth=1),
    "vit_tiny_r_s16_p8_224": dict(img_size=64, depth=2),
    "vit_base_patch16_rope_224": dict(img_size=64, depth=1, embed_dim=48, num_heads=4),
    "samvit_base_patch16_224": dict(
        img_size=64, depth=2, embed_dim=48, num_heads=4, window_size=2, global_attn_indexes=(1,)
    ),
    "deit_tiny_distilled_patch16_224": dict(img_size=64, depth=2),
    "deit3_small_patch16_224": dict(img_size=64, depth=2),
    "beit_base_patch16_224": dict(img_size=64, depth=2, embed_dim=48, num_heads=4),
    "eva02_tiny_patch14_224": dict(img_size=56, depth=2),
    "naflexvit_base_patch16_map": dict(depth=1, embed_dim=48, num_heads=4),
    "cait_xxs24_224": dict(img_size=64, depth=2),
    "convit_tiny": dict(img_size=64),
    "pit_ti_224": dict(img_size=64),
    "tnt_s_patch16_224": dict(img_size=64, depth=2),
    "crossvit_9_240": dict(),
    "volo_d1_224": dict(img_size=64),
    # Windows.
    "swin_tiny_patch4_window7_224": dict(img_size=64, window_size=4, depths=(2, 2, 1, 1)),
    "swin_s3_tiny_224": dict(img_size=64, window_size=(4, 4, 4, 2), depths=(2, 2, 1, 1)),
    "swinv2_tiny_window8_256": dict(img_size=64, window_size=4, depths=(2, 2, 1, 1)),
    "swinv2_cr_tiny_ns_224": dict(img_size=64, depths=(2, 2, 1, 1)),
    "maxvit_rmlp_pico_rw_256": dict(),
    "coatnet_rmlp_nano_rw_224": dict(img_size=64),
    "gcvit_xxtiny": dict(img_size=64),
    "davit_tiny": dict(depths=(1, 1, 1, 1)),
    "nest_tiny": dict(img_size=64),
    "twins_svt_small": dict(img_size=64, depths=(2, 2, 2, 1)),
    "tiny_vit_5m_224": dict(),
    "hiera_tiny_224": dict(img_size=64, stages=(1, 1, 1, 1)),
    "sam2_hiera_tiny": dict(stages=(1, 1, 1, 1)),
    "vitamin_small_224": dict(img_size=64),
    # Keys that are pooled, or of several sizes.
    "twins_pcpvt_small": dict(img_size=64, depths=(1, 1, 1, 1)),
    "pvt_v2_b0": dict(),
    "mvitv2_tiny": dict(img_size=64),
    "nextvit_small": dict(),
    "levit_128s": dict(img_size=64),
    "levit_conv_128s": dict(img_size=64),
    "visformer_tiny": dict(img_size=64),
    "efficientformer_l1": dict(),
    "efficientformerv2_s0": dict(),
    "efficientvit_m0": dict(img_size=128),
    "mobilevit_xxs": dict(),
    "mobilenetv4_hybrid_medium": dict(),
    "shvit_s1": dict(),
    "iformer_t": dict(),
    "fastvit_sa12": dict(),
    "caformer_s18": dict(),
    "lowformer_b0": dict(),
    # Channels that attend to channels.
    "xcit_nano_12_p16_224": dict(img_size=64, depth=2),
    "edgenext_xx_small": dict(),
    # Networks of kernels, with attention or gates in between.
    "botnet26t_256": dict(img_size=64),
    "halonet26t": dict(),
    "resnet50_clip": dict(),
    "resnest14d": dict(),
    "skresnet18": dict(),
    "seresnet33ts": dict(),
    "legacy_seresnet18": dict(),
    "ecaresnet26t": dict(),
    "eca_resnext26ts": dict(),
    "gcresnext26ts": dict(),
    "bat_resnext26ts": dict(),
    "regnety_002": dict(),
    "efficientnet_b0": dict(),
    "mobilenetv3_small_050": dict(),
    "ghostnet_050": dict(),
    "repvit_m0_9": dict(),
    "rexnet_100": dict(),
    "ese_vovnet19b_slim_dw": dict(),
}
TORCHVISION: dict[str, Options] = {
    "VisionTransformer": dict(
        image_size=64, patch_size=16, num_layers=2, num_heads=4, hidden_dim=48, mlp_dim=64, num_classes=5
    ),
    "SwinTransformer": dict(
        patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=5
    ),
    "SwinTransformer v2": dict(
        patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=5
    ),
}
CASES = (*TIMM, "resnet18 with cbam", *(f"torchvision {name}" for name in TORCHVISION))
SIZE, SAMPLES = 64, 2
SIZES = {
    "crossvit_9_240": 240,
    "maxvit_rmlp_pico_rw_256": 256,
    "efficientformer_l1": 224,
    "efficientformerv2_s0": 224,
    "halonet26t": 256,
    "shvit_s1": 128,
    "bat_resnext26ts": 256,
    "resnet50_clip": 224,
}


def make(name: str, *, fused: bool) -> tuple[torch.nn.Module, torch.Tensor]:
    """A model at inference, with weights that tell positions apart, and pictures for it.

    Args:
        name: One of `CASES`.
        fused: Whether timm may use fused attention.
    """
    timm.layers.set_fused_attn(fused)
    torch.manual_seed(0)
    if name.startswith("torchvision"):
        model = _of_torchvision(name.removeprefix("torchvision "))
        size = SIZE
    elif name in TIMM:
        model = timm.create_model(name, pretrained=False, **{"num_classes": 5, **TIMM[name]})
        size = SIZES.get(name, TIMM[name].get("img_size", SIZE))
    else:
        model = timm.create_model("resnet18", num_classes=5, block_args=dict(attn_layer="cbam"))
        size = SIZE
    # Trained weights are larger than those that models begin with, whose maps are flat.
    with torch.no_grad():
        for parameter in model.parameters():
            deviation = parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.1
            parameter.add_(torch.randn_like(parameter) * deviation)
    # In float64, since networks with random weights magnify differences.
    pictures = torch.randn(SAMPLES, 3, size, size, generator=torch.Generator().manual_seed(1))
    return model.double().eval(), pictures.double()


def _of_torchvision(name: str) -> torch.nn.Module:
    from torchvision.models import swin_transformer, vision_transformer

    if name == "VisionTransformer":
        return vision_transformer.VisionTransformer(**TORCHVISION[name])
    if name == "SwinTransformer":
        return swin_transformer.SwinTransformer(**TORCHVISION[name])
    return swin_transformer.SwinTransformer(
        **TORCHVISION[name],
        block=swin_transformer.SwinTransformerBlockV2,
        downsample_layer=swin_transformer.PatchMergingV2,
    )
