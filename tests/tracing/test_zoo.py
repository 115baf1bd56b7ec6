"""In a collection of small models all attention is found, and nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import CASES, SAMPLES, by_others, gated_units, keras_2, raw_inputs

BY_LAYERS = {room.__name__ for room in (by_others, gated_units, keras_2, raw_inputs)}
"""Rooms of the zoo in which weights are what a layer gives out."""


@pytest.mark.parametrize("name", list(CASES))
def test_all_attention_is_found_and_nothing_else(name: str) -> None:
    keras.utils.set_random_seed(3)
    model, inputs, expected = CASES[name]()
    captured = Capturer(model)(inputs)
    assert [(site.path, site.kind, site.weights.shape[1:]) for site in captured.sites] == expected
    assert captured.failed == ()
    for site in captured.sites:
        assert site.weights.dtype == np.float32
        assert len(site.weights) == SAMPLES
        assert np.isfinite(site.weights).all()


@pytest.mark.parametrize("name", list(CASES))
def test_outputs_are_the_models_own(name: str) -> None:
    keras.utils.set_random_seed(3)
    model, inputs, _ = CASES[name]()
    captured = Capturer(model)(inputs)
    own = model(
        inputs if not isinstance(inputs, list) else [keras.ops.convert_to_tensor(x) for x in inputs], training=False
    )
    for ours, theirs in zip(keras.tree.flatten(captured.outputs), keras.tree.flatten(own), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name", [name for name, build in CASES.items() if build.__module__ in BY_LAYERS])
def test_weights_are_what_the_layer_gives_out(name: str) -> None:
    """All of them, where a layer gives out nothing but its weights."""
    keras.utils.set_random_seed(3)
    model, inputs, _ = CASES[name]()
    for site in Capturer(model)(inputs).sites:
        given_out = keras.Model(model.input, model.get_layer(site.path).output).predict(inputs, verbose=0)
        if given_out.size == site.weights.size:
            np.testing.assert_allclose(np.sort(site.weights, axis=None), np.sort(given_out, axis=None), atol=1e-5)
