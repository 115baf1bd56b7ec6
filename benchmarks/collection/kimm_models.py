"""Models of kimm, timm's models for Keras 3: `pip install --no-deps --target DIR kimm==0.2.5`, then PYTHONPATH=DIR."""

from __future__ import annotations

import keras
import kimm

from collection.cases import Case

# Model, maps, gates.
_MODELS = [
    ("VisionTransformerTiny16", 12, 0),
    ("MobileViTXXS", 9, 0),
    ("MobileViTV2W050", 9, 0),
    ("GhostNetW050", 0, 7),
    ("GhostNetV2W100", 0, 7),
    ("GhostNetV3W050", 0, 7),
    ("HGNetTiny", 0, 5),
    ("HGNetV2B0", 0, 0),
    ("RegNetX002", 0, 0),
    ("RepVGGA0", 0, 0),
    ("ConvMixer736D32", 0, 0),
    ("MobileNetV3W050Small", 0, 9),
    ("LCNet035", 0, 2),
    ("RegNetY002", 0, 13),
    ("EfficientNetB0", 0, 16),
    ("ConvNeXtAtto", 0, 0),
    ("ResNet18", 0, 0),
    ("InceptionNeXtTiny", 0, 0),
]


def _build(name: str) -> keras.Model:
    return getattr(kimm.models, name)(input_shape=(128, 128, 3), classes=4, weights=None)


def cases() -> list[Case]:
    return [Case(f"kimm {name}", lambda name=name: _build(name), maps, gates) for name, maps, gates in _MODELS]
