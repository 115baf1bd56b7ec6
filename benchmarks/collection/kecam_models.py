"""Models of keras-cv-attention-models, as far as it runs on Keras 3.

The package was written for Keras 2 and Keras Core, and wants neither to be installed beside Keras 3:

    pip install --no-deps --target DIR keras-cv-attention-models==1.4.3 ftfy regex tqdm
    PYTHONPATH=DIR python benchmarks/capture_collection.py
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from collection.cases import Case
from collection.kecam_networks import NETWORKS, OTHERS
from collection.kecam_transformers import NEIGHBOURHOODS, TRANSFORMERS

_PACKAGE = "keras_cv_attention_models"


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
        functions: Any = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = functions
        spec.loader.exec_module(functions)
        # That of Keras multiplies with an identity matrix, of gigabytes for large windows.
        functions.extract_patches = tf.image.extract_patches
        functions.embedding_lookup = tf.nn.embedding_lookup


class _Lenient:
    """What Keras 2 took and Keras 3 does not, while the models are built.

    Layers had slashes in their names. A tensor times a number counts as sparse in Keras 3, and no layer of these takes that.
    """

    def __enter__(self) -> None:
        self._own = keras.KerasTensor.__init__, keras.Operation.__init__
        of_tensor, of_operation = self._own

        def init_tensor(tensor: Any, *args: Any, **kwargs: Any) -> None:
            of_tensor(tensor, *args, **{**kwargs, "sparse": False})

        def init_operation(operation: Any, name: str | None = None) -> None:
            of_operation(operation, name if name is None else name.replace("/", "_"))

        keras.KerasTensor.__init__, keras.Operation.__init__ = init_tensor, init_operation

    def __exit__(self, *_: object) -> None:
        keras.KerasTensor.__init__, keras.Operation.__init__ = self._own


def _build(module: str, name: str, options: dict[str, Any]) -> keras.Model:
    constructor = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    taken = inspect.signature(constructor).parameters
    # Constructors that take only further options hand these on to one that takes a picture's shape and classes.
    anything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    side = options.get("side", 64)
    channels = 4 if name in ("UNet", "Decoder") else 3
    general = {"input_shape": (side, side, channels), "num_classes": 4, "pretrained": None}
    chosen = {key: value for key, value in {**general, **options}.items() if key != "side"}
    with _Lenient():
        return constructor(**{key: value for key, value in chosen.items() if anything or key in taken})


def cases() -> list[Case]:
    _load()
    result = []
    for rows in (TRANSFORMERS, NEIGHBOURHOODS, NETWORKS, OTHERS):
        for module, name, options, kinds in rows:
            maps = sum(count for kind, count in kinds.items() if kind != "gate")
            build = partial(_build, module, name, options)
            result.append(Case(f"kecam {name}", build, maps, kinds.get("gate", 0), kinds=kinds))
    return result
