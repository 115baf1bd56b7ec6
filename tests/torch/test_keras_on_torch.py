"""Keras on PyTorch, in a process of its own: the same sites as on TensorFlow with the same weights, and an untouched training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tb_attention

from ..conftest import ROOT
from .on_torch import MODELS, described, inputs_of


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """The directory of the other process, its report, and the sites that are found here."""
    directory = tmp_path_factory.mktemp("torch")
    weights, here = {}, {}
    for name, build in MODELS.items():
        keras.utils.set_random_seed(2)
        model = build()
        weights.update({f"{name}_{index:03}": array for index, array in enumerate(model.get_weights())})
        here[name] = tb_attention.capture(model, inputs_of(name))
    np.savez(directory / "weights.npz", **weights)
    environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.torch.on_torch", str(directory)]
    subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
    return directory, json.loads((directory / "report.json").read_text()), here


@pytest.mark.parametrize("name", MODELS)
def test_sites_axes_and_values_are_those_on_tensorflow(name: str, done: tuple[Path, dict[str, Any], Any]) -> None:
    directory, report, here = done
    assert report["backend"] == "torch"
    assert report["sites"][name] == [described(site) for site in here[name].values()]
    there = np.load(directory / "sites.npz")
    for path, site in here[name].items():
        np.testing.assert_allclose(there[f"{name}_{path.replace('/', '_')}"], site.weights, atol=1e-5)


def test_fit_is_the_same_to_the_bit_and_its_log_is_whole(done: tuple[Path, dict[str, Any], Any]) -> None:
    directory, report, _ = done
    assert report["same"] == [True, True, True]
    log = tb_attention.load(directory / "run")
    assert (log.has_init, log.steps, log.tags) == (True, [0, 1], ["attention", "confusion"])
    assert log.sites == ["block/attention", "block_1/attention"]
    assert log.confusion_matrix(1).sum() == 24
    assert all(log.predictions(1))
