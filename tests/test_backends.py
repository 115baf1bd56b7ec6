"""Keras on other backends: their tests run in a process for each, and compare with what is captured on TensorFlow here."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from tb_attention.tracing.capturer import Capturer
from tests.backends.zoo_core import CORE
from tests.conftest import ROOT
from tests.tracing.zoo import CASES


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the weights of each model, and its sites and outputs on TensorFlow."""
    keras.utils.set_random_seed(3)
    found = {}
    for name in CORE:
        model, inputs, _ = CASES[name]()
        captured = Capturer(model)(inputs)
        sites = [(repr(site.axes), site.weights, site.note) for site in captured.sites]
        found[name] = (model.get_weights(), sites, keras.tree.flatten(captured.outputs))
    path = tmp_path_factory.mktemp("reference") / "zoo.pickle"
    path.write_bytes(pickle.dumps(found))
    return path


@pytest.mark.parametrize(
    ("backend", "tests"), [("jax", "tests/backends"), ("torch", "tests/backends/test_same_sites.py")]
)
def test_what_holds_on_tensorflow_holds_on(backend: str, tests: str, reference: Path) -> None:
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend, "TB_ATTENTION_REFERENCE": str(reference)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tests]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
