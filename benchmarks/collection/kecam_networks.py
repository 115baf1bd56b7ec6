"""Networks, diffusion models and detectors of keras-cv-attention-models, made small. Rows are read as in `kecam_transformers`."""

from __future__ import annotations

from collection.kecam_transformers import NARROW, ONE_EACH, Row

NETWORKS: list[Row] = [
    ("aotnet", "AotNet50", {}, {}),
    ("aotnet", "AotNet", {"num_blocks": ONE_EACH, "se_ratio": 0.25}, {"gate": 4}),
    ("aotnet", "AotNet", {"num_blocks": ONE_EACH, "use_eca": True}, {"gate": 4}),
    ("aotnet", "AotNet", {"num_blocks": ONE_EACH, "attn_types": ["sa", "cot", None, None]}, {"gate": 2}),
    ("botnet", "BotNet26T", {}, {"self": 3}),
    ("botnet", "BotNextECA26T", {}, {"self": 3, "gate": 5}),
    ("botnet", "BotNetSE33T", {}, {"self": 4, "gate": 6}),
    ("convnext", "ConvNeXt", {"num_blocks": ONE_EACH, "out_channels": NARROW}, {}),
    ("convnext", "ConvNeXtV2", {"num_blocks": ONE_EACH, "out_channels": NARROW}, {}),
    # Two branches are weighed against each other, channel by channel.
    ("cotnet", "CotNet", {"num_blocks": ONE_EACH, "strides": [1, 2, 2, 2]}, {"gate": 4}),
    ("cotnet", "CotNetSE50D", {}, {"gate": 16}),
    ("cspnext", "CSPNeXtTiny", {}, {"gate": 4}),
    ("efficientnet", "EfficientNetV1B0", {}, {"gate": 16}),
    ("efficientnet", "EfficientNetV1Lite0", {}, {}),
    ("efficientnet", "EfficientNetV2B0", {}, {"gate": 16}),
    ("efficientnet", "EfficientNetEdgeTPUSmall", {}, {}),
    # In the last three of six stages: a softmax that pools all positions, then a gate.
    (
        "efficientnet",
        "EfficientNetV2",
        {"depthes": [1] * 6, "out_channels": [8, 16, 16, 24, 24, 32], "use_global_context_instead_of_se": True},
        {"cross": 3, "gate": 3},
    ),
    ("fasternet", "FasterNetT0", {}, {}),
    ("ghostnet", "GhostNet_050", {}, {"gate": 7}),
    # Its other sigmoids are resized to the size of what they multiply; of one cell they would be gates over channels.
    ("ghostnet", "GhostNetV2", {"width_mul": 0.5, "side": 128}, {"gate": 7}),
    ("hornet", "HorNetTiny", {}, {}),
    ("inceptionnext", "InceptionNeXt", {"num_blocks": ONE_EACH, "out_channels": NARROW}, {}),
    (
        "mlp_family",
        "MLPMixer",
        {"num_blocks": 2, "patch_size": 16, "stem_width": 16, "tokens_mlp_dim": 8, "channels_mlp_dim": 16},
        {},
    ),
    ("mlp_family", "ResMLP", {"num_blocks": 2, "patch_size": 16, "stem_width": 16, "channels_mlp_dim": 16}, {}),
    ("mlp_family", "GMLP", {"num_blocks": 2, "patch_size": 16, "stem_width": 16, "channels_mlp_dim": 32}, {}),
    # Three branches (rows, columns, channels) are weighed against one another, channel by channel.
    ("mlp_family", "WaveMLP", {"num_blocks": ONE_EACH, "out_channels": NARROW}, {"gate": 4}),
    ("mobilenetv3_family", "MobileNetV3Small050", {}, {"gate": 9}),
    ("mobilenetv3_family", "MobileNetV3Large075", {}, {"gate": 8}),
    ("mobilenetv3_family", "LCNet050", {}, {"gate": 2}),
    ("mobilenetv3_family", "TinyNet", {"num_blocks": [1] * 7, "out_channels": [8, 8, 16, 16, 16, 24, 24]}, {"gate": 7}),
    ("mobilenetv3_family", "FBNetV3B", {}, {"gate": 18}),
    ("moganet", "MogaNet", {"num_blocks": ONE_EACH, "out_channels": NARROW}, {}),
    (
        "nfnets",
        "NormFreeNet",
        {"num_blocks": ONE_EACH, "out_channels": [32] * 4, "group_size": 8, "stem_width": 32},
        {"gate": 4},
    ),
    (
        "nfnets",
        "NormFreeNet",
        {"num_blocks": ONE_EACH, "out_channels": [32] * 4, "group_size": 8, "stem_width": 32, "attn_type": "eca"},
        {"gate": 4},
    ),
    # Every other block of a stage, but not its last.
    ("repvit", "RepViT", {"num_blocks": [3, 1, 2, 3], "out_channels": NARROW}, {"gate": 3}),
    ("resnest", "ResNest", {"num_blocks": ONE_EACH, "groups": 2}, {"gate": 4}),
    ("resnet_family", "ResNeXt50", {}, {}),
    ("resnet_family", "ResNet50D", {}, {}),
    ("resnet_family", "ResNet51Q", {}, {}),
    ("resnet_family", "ResNeXt", {"num_blocks": ONE_EACH, "se_ratio": 0.25}, {"gate": 4}),
    ("resnet_family", "RegNetY", {"num_blocks": ONE_EACH, "out_channels": [24] * 4, "group_size": 8}, {"gate": 4}),
    ("resnet_family", "RegNetZB16", {}, {"gate": 22}),
    ("vanillanet", "VanillaNet", {"out_channels": [16, 32, 64], "stem_width": 16}, {}),
]

OTHERS: list[Row] = [
    (
        "stable_diffusion.unet",
        "UNet",
        {
            "num_blocks": [1, 1],
            "hidden_channels": 32,
            "hidden_expands": [1, 2],
            "num_attention_blocks": [1, 0],
            "num_heads": 2,
            "conditional_embedding": 16,
            "side": 16,
            "num_classes": 0,
        },
        # One down, two up, one in the middle, each looking at itself and then at the text.
        {"self": 4, "cross": 4},
    ),
    (
        "stable_diffusion.encoder_decoder",
        "Encoder",
        {"num_blocks": [1, 1], "hidden_channels": 32, "hidden_expands": [1, 2], "side": 32},
        {"self": 1},
    ),
    (
        "stable_diffusion.encoder_decoder",
        "Decoder",
        {"num_blocks": [1, 1], "hidden_channels": 32, "hidden_expands": [2, 1], "side": 8},
        {"self": 1},
    ),
    # Detectors; scores of classes and objects are sigmoids.
    ("yolox", "YOLOXNano", {"side": 128}, {}),
    ("yolor", "YOLOR", {"csp_depthes": ONE_EACH, "csp_channels": NARROW, "side": 128}, {}),
    ("yolov7", "YOLOV7_Tiny", {"side": 128}, {}),
    ("yolov8", "YOLOV8_N", {"side": 128}, {}),
    ("yolov8", "YOLOV8_N_SEG", {"side": 128}, {}),
    ("yolov8", "YOLO_NAS_S", {"side": 128}, {}),
]
