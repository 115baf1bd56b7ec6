"""Every family of `keras.applications`, with random weights: squeeze-and-excitation in three of them, nothing in the others."""

from __future__ import annotations

import keras

from collection.cases import Case

# Name, side of the picture, gates: one a block with squeeze-and-excitation.
_MODELS = [
    ("ConvNeXtTiny", 64, 0),
    ("DenseNet121", 64, 0),
    ("EfficientNetB0", 64, 16),
    ("EfficientNetV2B0", 64, 16),
    ("InceptionV3", 96, 0),
    ("MobileNet", 64, 0),
    ("MobileNetV2", 64, 0),
    ("MobileNetV3Small", 64, 9),
    ("MobileNetV3Large", 64, 8),
    ("NASNetMobile", 64, 0),
    ("ResNet50", 64, 0),
    ("ResNet50V2", 64, 0),
    ("VGG16", 64, 0),
    ("Xception", 96, 0),
]


def _build(name: str, side: int) -> keras.Model:
    return getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=5)


def cases() -> list[Case]:
    return [Case(name, lambda name=name, side=side: _build(name, side), gates=gates) for name, side, gates in _MODELS]
