"""Models of keras-cv-attention-models, as far as it runs on Keras 3; the attention that its sources have, by hand.

The package was written for Keras 2 and Keras Core, and wants neither to be installed beside Keras 3:

    pip install --no-deps --target DIR keras-cv-attention-models==1.4.3 ftfy regex tqdm
    PYTHONPATH=DIR python benchmarks/capture_collection.py
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import keras

from collection.cases import Case

_PACKAGE = "keras_cv_attention_models"

# Module, model, maps, gates.
_MODELS = [
    ("aotnet", "AotNet50", 0, 0),
    ("beit", "DINOv2_ViT_Small14", 12, 0),
    ("beit", "EVA02TinyPatch14", 12, 0),
    ("beit", "FlexiViTSmall", 12, 0),
    ("beit", "MetaTransformerBasePatch16", 12, 0),
    ("botnet", "BotNet26T", 3, 0),
    ("botnet", "BotNextECA26T", 3, 5),
    ("caformer", "CAFormerS18", 12, 0),
    ("caformer", "ConvFormerS18", 0, 0),
    ("cmt", "CMTTiny_torch", 16, 0),
    ("coat", "CoaTLiteTiny", 8, 0),
    ("convnext", "ConvNeXtTiny", 0, 0),
    ("convnext", "ConvNeXtV2Atto", 0, 0),
    ("cotnet", "CotNet50", 0, 16),
    ("cotnet", "CotNetSE50D", 0, 16),
    ("cspnext", "CSPNeXtTiny", 0, 4),
    ("davit", "DaViT_T", 12, 0),
    ("efficientnet", "EfficientNetV1B0", 0, 16),
    ("efficientnet", "EfficientNetV2B0", 0, 16),
    ("efficientvit", "EfficientViT_B0", 0, 0),
    ("fasternet", "FasterNetT0", 0, 0),
    ("fastvit", "FastViT_SA12", 2, 1),
    ("ghostnet", "GhostNet_100", 0, 7),
    ("ghostnet", "GhostNetV2_100", 0, 7),
    ("hiera", "HieraTiny", 12, 0),
    ("iformer", "IFormerSmall", 18, 0),
    ("mlp_family", "WaveMLP_T", 0, 10),
    ("mobilevit", "MobileViT_V2_050", 9, 0),
    ("mobilevit", "MobileViT_XXS", 9, 0),
    ("moganet", "MogaNetXtiny", 0, 0),
    ("pvt", "PVT_V2B0", 8, 0),
    ("repvit", "RepViT_M09", 0, 10),
    ("resnest", "ResNest50", 0, 16),
    ("resnet_family", "RegNetZB16", 0, 22),
    ("swin_transformer_v2", "SwinTransformerV2Tiny_ns", 12, 0),
    ("uniformer", "UniformerSmall32", 11, 0),
]


def _load() -> None:
    """Imports the package with the functions that it has for Keras Core in place of those on tensors of TensorFlow."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    sys.modules.setdefault("keras_core", keras)
    sys.modules.setdefault("keras_core.ops", keras.ops)
    path = Path(package.origin).parent / "keras_core_functional.py"
    spec = importlib.util.spec_from_file_location(f"{_PACKAGE}.tf_functional", path)
    if spec is not None and spec.loader is not None and spec.name not in sys.modules:
        sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[spec.name])


def _build(module: str, name: str) -> keras.Model:
    model = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    side = 128 if module == "swin_transformer_v2" else 64
    return model(input_shape=(side, side, 3), num_classes=4, pretrained=None)


def cases() -> list[Case]:
    _load()
    return [
        Case(f"kecam {name}", lambda module=module, name=name: _build(module, name), maps, gates)
        for module, name, maps, gates in _MODELS
    ]
