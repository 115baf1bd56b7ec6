"""The models of the zoo have the same sites with the same weights as on TensorFlow."""

from __future__ import annotations

import os
import pickle
from typing import Any

import keras
import numpy as np
import pytest

from tb_attention.tracing.capturer import Capturer
from tests.backends.zoo_core import CORE
from tests.tracing.zoo import CASES


@pytest.fixture(scope="module")
def on_tensorflow() -> dict[str, Any]:
    """What `tests/test_backends.py` captured: weights of the model, sites and outputs, by name."""
    with open(os.environ["TB_ATTENTION_REFERENCE"], "rb") as file:
        reference: dict[str, Any] = pickle.load(file)
    return reference


@pytest.mark.parametrize("name", CORE)
def test_sites_are_those_on_tensorflow(name: str, on_tensorflow: dict[str, Any]) -> None:
    model, inputs, expected = CASES[name]()
    weights, sites, outputs = on_tensorflow[name]
    model.set_weights(weights)
    captured = Capturer(model)(inputs)
    assert [(site.path, site.kind, site.weights.shape[1:]) for site in captured.sites] == expected
    assert captured.failed == ()
    for site, (axes, values, note) in zip(captured.sites, sites, strict=True):
        np.testing.assert_allclose(site.weights, values, atol=1e-5)
        assert repr(site.axes) == axes
        assert site.note == note
    for ours, theirs in zip(keras.tree.flatten(captured.outputs), outputs, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
