"""Run with KERAS_BACKEND=torch: captures and trains Keras models on PyTorch, and writes what came out for the tests to compare.

Args: the directory with `weights.npz`, which gets `sites.npz` and `report.json`, and a log in `run`.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

import tb_attention

TOKENS, WIDTH, CLASSES = 6, 16, 3


class Block(keras.layers.Layer):
    """Attention in a layer of the user's, with dropout, by an attribute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = keras.layers.MultiHeadAttention(2, 8, dropout=0.2)
        self.norm = keras.layers.LayerNormalization()

    def build(self, shape: Any) -> None:
        self.attention.build(shape, shape)
        self.norm.build(shape)

    def call(self, x: Any) -> Any:
        return self.norm(x + self.attention(x, x))


def build_texts() -> keras.Model:
    """Ids to classes."""
    inputs = keras.Input((TOKENS,), dtype="int32")
    x = keras.layers.Embedding(30, WIDTH)(inputs)
    for index in range(2):
        x = Block(name=f"block_{index}")(x)
    x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.3)(x))
    outputs = keras.layers.Dense(CLASSES, activation="softmax")(keras.layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, outputs)


def build_pictures() -> keras.Model:
    """A convolution with a squeeze-and-excitation gate, and attention over patches."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 2, strides=2, activation="relu")(inputs)
    squeezed = keras.layers.Dense(4, activation="relu")(keras.layers.GlobalAveragePooling2D()(x))
    gate = keras.layers.Dense(8, activation="sigmoid", name="gate")(squeezed)
    x = keras.layers.Multiply()([x, keras.layers.Reshape((1, 1, 8))(gate)])
    x = keras.layers.Reshape((16, 8))(x)
    scores = keras.layers.Dot(axes=2)([keras.layers.Dense(4)(x), keras.layers.Dense(4)(x)])
    x = keras.layers.Dot(axes=(2, 1))([keras.layers.Softmax(name="weights")(scores), x])
    outputs = keras.layers.Dense(CLASSES, activation="softmax")(keras.layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, outputs)


MODELS = {"texts": build_texts, "pictures": build_pictures}


def inputs_of(name: str, samples: int = 4) -> np.ndarray:
    drawn = np.random.default_rng(5)
    if name == "texts":
        return drawn.integers(0, 30, (samples, TOKENS)).astype("int32")
    return drawn.normal(size=(samples, 8, 8, 3)).astype("float32")


def described(site: Any) -> list[Any]:
    """What says what the site is, in the same words on each backend."""
    axes = [[axis.role, axis.kind, axis.size, list(axis.grid or ()), axis.input] for axis in site.axes]
    return [site.path, site.kind, axes]


def train(directory: Path | None) -> tuple[list[np.ndarray], dict[str, Any], list[Any]]:
    import torch

    keras.utils.set_random_seed(1)
    model = build_texts()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = inputs_of("texts", 24), np.arange(24) % CLASSES
    callbacks = []
    if directory is not None:
        callbacks = [
            tb_attention.AttentionCallback(directory / "run", (x[:4], y[:4])),
            tb_attention.ConfusionMatrixCallback(directory / "run", validation_data=(x, y)),
        ]
    fitted = model.fit(x, y, validation_data=(x, y), epochs=2, batch_size=8, verbose=0, callbacks=callbacks)
    states = [torch.get_rng_state().tolist(), random.random(), np.random.get_state()[1].tolist()]  # noqa: NPY002
    return model.get_weights(), fitted.history, states


def main(directory: Path) -> None:
    warnings.simplefilter("error", tb_attention.errors.AttentionWarning)
    arrays: dict[str, np.ndarray] = {}
    report: dict[str, Any] = {"backend": keras.backend.backend(), "sites": {}}
    given = np.load(directory / "weights.npz")
    for name, build in MODELS.items():
        model = build()
        model.set_weights([given[key] for key in sorted(given) if key.startswith(f"{name}_")])
        sites = tb_attention.capture(model, inputs_of(name))
        report["sites"][name] = [described(site) for site in sites.values()]
        arrays.update({f"{name}_{path.replace('/', '_')}": site.weights for path, site in sites.items()})
    np.savez(directory / "sites.npz", **arrays)
    plain, logged = train(None), train(directory)
    report["same"] = [
        all(np.array_equal(one, other) for one, other in zip(plain[0], logged[0], strict=True)),
        plain[1] == logged[1],
        plain[2] == logged[2],
    ]
    (directory / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
