"""In a collection of small models all attention is found, and nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tb_attention.capture.capturer import Capturer
from tests.capture.zoo import CASES, SAMPLES


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
