"""The feature map behind a gate over channels is what the layer before it made."""

from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.reduce.pooling import pool_mean
from tb_attention.site import Axis, Site

RANDOM = np.random.default_rng(0)


def squeeze_and_excite(size: int) -> keras.Model:
    image = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="swish", name="features")(image)
    gate = keras.layers.Dense(2, activation="relu")(keras.layers.GlobalAveragePooling2D()(x))
    gate = keras.layers.Dense(6, activation="sigmoid", name="gate")(gate)
    x = keras.layers.Multiply()([x, keras.layers.Reshape((1, 1, 6))(gate)])
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))


def output_of(model: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(x))


def test_the_features_of_a_gate_are_what_it_multiplies() -> None:
    model, x = squeeze_and_excite(9), RANDOM.normal(size=(3, 9, 9, 3)).astype("float32")
    [site] = tb_attention.capture(model, x).values()
    assert site.features is not None
    assert site.features.shape == (3, 9, 9, 6)
    np.testing.assert_allclose(site.features, output_of(model, "features", x), atol=1e-5)


def test_large_features_are_averaged_to_32_cells_a_side() -> None:
    model, x = squeeze_and_excite(96), RANDOM.normal(size=(2, 96, 96, 3)).astype("float32")
    [site] = tb_attention.capture(model, x).values()
    assert site.features is not None
    means = output_of(model, "features", x).reshape(2, 32, 3, 32, 3, 6).mean((2, 4))
    np.testing.assert_allclose(site.features, means, atol=1e-5)


def test_the_features_of_a_gate_over_averages_are_the_map_before_them() -> None:
    keras.utils.set_random_seed(0)
    model = importlib.import_module("article").build_model(gated=True)
    x = RANDOM.random((4, 32, 32, 3)).astype("float32")
    [site] = tb_attention.capture(model, x).values()
    assert site.features is not None
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.MaxPooling2D))
    np.testing.assert_allclose(site.features, output_of(model, last.name, x), atol=1e-5)


def test_samples_in_chunks_have_the_features_of_all() -> None:
    image = keras.Input(batch_shape=(2, 6, 6, 3))
    free = squeeze_and_excite(6)
    bound = keras.Model(image, free(image))
    x = RANDOM.normal(size=(5, 6, 6, 3)).astype("float32")
    [site], [other] = tb_attention.capture(bound, x).values(), tb_attention.capture(free, x).values()
    assert site.features is not None
    assert other.features is not None
    assert site.features.shape == (5, 6, 6, 6)
    np.testing.assert_allclose(site.features, other.features, atol=1e-5)


def test_a_gate_over_space_has_no_features() -> None:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(image)
    x = keras.layers.Multiply()([x, keras.layers.Conv2D(1, 7, padding="same", activation="sigmoid")(x)])
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    [site] = tb_attention.capture(model, np.ones((2, 8, 8, 3), "float32")).values()
    assert site.features is None


def test_averages_of_parts_of_different_sizes_are_exact() -> None:
    pooled = pool_mean(np.array([[0.0, 1.0, 2.0, 3.0, 4.0]]), dimensions=1, most=2)
    np.testing.assert_array_equal(pooled, [[0.5, 3.0]])


@pytest.mark.parametrize("shape", [(2, 5, 5, 6), (3, 5, 5, 7), (3, 5, 6)])
def test_features_that_do_not_fit_the_weights_are_refused(shape: tuple[int, ...]) -> None:
    axes = (Axis("samples", 3), Axis("heads", 1), Axis("key", 6, "channels"))
    with pytest.raises(ArgumentError, match="features"):
        Site("gate", "gate", axes, np.ones((3, 1, 6), "float32"), features=np.ones(shape, "float32"))
