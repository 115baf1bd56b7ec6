"""Transformers of keras-cv-attention-models, made small: how each is built, and the sites that its sources have, counted by hand.

Read of a row: module, constructor, options, sites of each kind. Windows of which there is only one are the whole feature map,
so its site is `self`; a pyramid's last stages often are. Attention of channels with channels is `self` too.
"""

from __future__ import annotations

from typing import Any

Row = tuple[str, str, dict[str, Any], dict[str, int]]

ONE_EACH = [1, 1, 1, 1]
NARROW = [16, 32, 64, 64]
HEADS = [1, 2, 4, 4]
VOLO = {"num_blocks": [2, 2], "embed_dims": [16, 32], "num_heads": [2, 4], "mlp_ratios": [3, 3], "stem_hidden_dim": 16}
VIT = {"depth": 2, "embed_dim": 32, "num_heads": 2, "patch_size": 16}

TRANSFORMERS: list[Row] = [
    ("beit", "Beit", VIT, {"self": 2}),
    # Tokens are merged to 8 after the first block: learned queries pool the patches.
    ("beit", "Beit", {**VIT, "patch_merging_block_id": 0, "use_abs_pos_emb": True}, {"self": 2, "cross": 1}),
    ("beit", "ViT", VIT, {"self": 2}),
    ("beit.vit5", "ViT5", VIT, {"self": 2}),
    ("beit", "FlexiViT", VIT, {"self": 2}),
    ("beit", "MetaTransformer", VIT, {"self": 2}),
    ("beit", "EVA", VIT, {"self": 2}),
    ("beit", "EVA02", VIT, {"self": 2}),
    ("beit", "DINOv2", VIT, {"self": 2}),
    ("beit", "ViTText", {**VIT, "vocab_size": 50, "max_block_size": 16, "activation": "gelu"}, {"self": 2}),
    (
        "gpt2",
        "GPT2",
        {"num_blocks": 2, "embedding_size": 32, "num_heads": 2, "vocab_size": 50, "max_block_size": 16},
        {"self": 2},
    ),
    (
        "llama2",
        "LLaMA2",
        {
            "num_blocks": 2,
            "embedding_size": 32,
            "num_heads": 4,
            "num_kv_heads": 2,
            "vocab_size": 50,
            "max_block_size": 16,
        },
        {"self": 2},
    ),
    ("caformer", "CAFormer", {"num_blocks": ONE_EACH, "out_channels": [32] * 4}, {"self": 2}),
    ("caformer", "CAFormer", {"num_blocks": ONE_EACH, "out_channels": [32] * 4, "block_types": ["conv"] * 4}, {}),
    ("cmt", "CMT", {"num_blocks": ONE_EACH, "out_channels": NARROW, "num_heads": HEADS}, {"self": 4}),
    ("cmt.cmt", "CMT_torch", {"num_blocks": ONE_EACH, "out_channels": NARROW, "num_heads": HEADS}, {"self": 4}),
    # Keys are softmaxed over positions and mix the values to contexts, one a channel.
    ("coat", "CoaT", {"serial_depths": ONE_EACH, "embed_dims": [16] * 4}, {"cross": 4}),
    ("coat", "CoaT", {"serial_depths": ONE_EACH, "embed_dims": [16] * 4, "parallel_depth": 1}, {"cross": 7}),
    (
        "coatnet",
        "CoAtNet",
        {"num_blocks": [1, 1, 2, 2], "out_channels": [32, 32, 64, 64], "stem_width": 16},
        {"self": 4, "gate": 2},
    ),
    # Attention of windows of 2 x 2 cells, then of channels.
    (
        "davit",
        "DaViT",
        {"num_blocks": [2, 2, 2, 2], "out_channels": NARROW, "num_heads": HEADS},
        {"local": 3, "self": 5},
    ),
    ("edgenext", "EdgeNeXt", {"num_blocks": ONE_EACH, "out_channels": [24, 48, 48, 48]}, {"self": 3}),
    ("efficientformer", "EfficientFormer", {"num_blocks": [1, 1, 1, 2], "out_channels": NARROW}, {"self": 1}),
    (
        "efficientformer",
        "EfficientFormerV2",
        {
            "num_blocks": [1, 1, 2, 2],
            "out_channels": NARROW,
            "mlp_ratios": 4,
            "num_attn_blocks_each_stack": [0, 0, 1, 1],
        },
        # The last stage attends in its downsampling too.
        {"self": 3},
    ),
    # Products of rectified queries and keys, divided by their sum once the values are mixed: linear attention.
    ("efficientvit", "EfficientViT_B", {"num_blocks": [1, 1, 2, 2]}, {}),
    # One softmax a head, in a cascade; gates in the two downsamplings.
    (
        "efficientvit",
        "EfficientViT_M",
        {"num_blocks": [1, 1, 1], "out_channels": [32, 32, 64], "num_heads": 2, "window_size": 2, "side": 128},
        {"local": 4, "self": 2, "gate": 2},
    ),
    (
        "fastervit",
        "FasterViT",
        {"num_blocks": [1, 1, 2, 2], "num_heads": [1, 1, 2, 2], "stem_hidden_dim": 16, "embed_dim": 16},
        # Of two blocks with windows each attends among carrier tokens first.
        {"local": 2, "self": 4},
    ),
    (
        "fastvit",
        "FastViT",
        {"num_blocks": ONE_EACH, "out_channels": [32] * 4, "block_types": ["conv"] * 3 + ["attn"]},
        {"self": 1, "gate": 1},
    ),
    # Gates: four downsamplings (the stem's too), and 3 + 2 + 1 + 1 steps to the global queries.
    (
        "gcvit",
        "GCViT",
        {"num_blocks": [2, 2, 2, 2], "num_heads": [1, 2, 4, 8], "embed_dim": 16},
        {"local": 4, "self": 4, "gate": 11},
    ),
    (
        "gpvit",
        "GPViT",
        {
            "num_layers": 3,
            "embed_dims": 24,
            "num_window_heads": 4,
            "num_group_heads": 2,
            "group_attention_layer_ids": [1],
            "group_attention_layer_group_tokens": [4],
        },
        # Two layers with stripes of columns and of rows; learned queries, then what they found for the cells; the neck.
        {"local": 4, "cross": 3},
    ),
    ("hiera", "Hiera", {"num_blocks": [1, 1, 2, 1], "embed_dim": 16}, {"local": 3, "self": 2}),
    (
        "iformer",
        "InceptionTransformer",
        {
            "num_blocks": ONE_EACH,
            "embed_dims": [32, 32, 64, 64],
            "num_heads": [2, 2, 4, 4],
            "num_attn_low_heads": [1, 1, 2, 2],
        },
        {"self": 4},
    ),
    (
        "levit",
        "LeViT",
        {"patch_channel": 32, "out_channels": [48, 64, 64], "num_heads": [2, 2, 3], "depthes": [1, 1, 1], "side": 128},
        # Two of them shrink the feature map.
        {"self": 5},
    ),
    (
        "maxvit",
        "MaxViT",
        {"num_blocks": ONE_EACH, "out_channels": [32] * 4, "stem_width": 16},
        {"local": 6, "self": 2, "gate": 4},
    ),
    (
        "mobilevit",
        "MobileViT",
        {
            "num_blocks": [1, 1, 2, 3, 2],
            "out_channels": [16, 16, 24, 24, 24],
            "attn_channels": [0, 0, 16, 16, 16],
            "side": 128,
        },
        {"local": 4},
    ),
    (
        "mobilevit",
        "MobileViT_V2",
        {"num_blocks": [1, 1, 2, 3, 2], "out_channels": [16, 16, 32, 32, 32], "side": 128},
        # Pooled with one score for each position; the pooled context multiplies all positions.
        {"local": 4},
    ),
    (
        "pvt",
        "PyramidVisionTransformerV2",
        {"num_blocks": ONE_EACH, "embed_dims": NARROW, "num_heads": HEADS},
        {"self": 4},
    ),
    (
        "swin_transformer_v2",
        "SwinTransformerV2",
        {"num_blocks": [2, 2, 2, 2], "num_heads": HEADS, "embed_dim": 16, "window_size": 4},
        {"local": 4, "self": 4},
    ),
    (
        "tinyvit",
        "TinyViT",
        {"num_blocks": ONE_EACH, "out_channels": NARROW, "num_heads": HEADS},
        {"local": 1, "self": 2},
    ),
    (
        "uniformer",
        "Uniformer",
        {"num_blocks": ONE_EACH, "out_channels": [32, 32, 64, 64], "head_dimension": 32},
        {"self": 2},
    ),
]

NEIGHBOURHOODS: list[Row] = [
    # Blocks of 8 x 8 cells; in the last stage a single one is left.
    ("halonet", "HaloNet", {"num_blocks": ONE_EACH, "num_heads": 2, "expansion": 1, "side": 128}, {"local": 4}),
    ("halonet", "HaloNet26T", {"side": 256}, {"local": 2, "self": 1}),
    ("halonet", "HaloNextECA26T", {"side": 256}, {"local": 2, "self": 1, "gate": 5}),
    ("halonet", "HaloNetSE33T", {"side": 256}, {"local": 3, "self": 1, "gate": 6}),
    ("halonet", "HaloNet50T", {"side": 256}, {"local": 4, "self": 1}),
    (
        "nat",
        "NAT",
        {"num_blocks": ONE_EACH, "out_channels": NARROW, "num_heads": HEADS, "attn_kernel_size": 3},
        {"local": 4},
    ),
    (
        "nat",
        "NAT",
        {
            "num_blocks": [2, 2, 1, 1],
            "out_channels": NARROW,
            "num_heads": HEADS,
            "attn_kernel_size": 3,
            "use_every_other_dilations": True,
        },
        {"local": 6},
    ),
    (
        "volo",
        "VOLO",
        VOLO,
        # Two blocks attend to a window each, two to all, and twice the class token attends to all.
        {"local": 2, "self": 2, "cross": 2},
    ),
    (
        "volo",
        "VOLO",
        {**VOLO, "first_attn_type": "outlook_simple"},
        {"local": 2, "self": 2, "cross": 2},
    ),
    (
        "aotnet",
        "AotNet",
        {"num_blocks": ONE_EACH, "attn_types": [None, "outlook", "bot", "halo"], "side": 128},
        {"local": 2, "self": 1},
    ),
]
