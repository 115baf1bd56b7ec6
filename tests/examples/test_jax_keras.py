"""The README's lines with Keras on JAX: the same sites, axes and matrices as on TensorFlow."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_digits

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

pytest.importorskip("jax")

EPOCHS = 6


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("jax")
    trained("jax_keras", logs / "jax_keras")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "jax_keras", tag="attention")


def test_every_epoch_has_all_heads_over_patches(log: tb_attention.Log) -> None:
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    assert facts(log) == {f"block_{block}_attention": ("self", "grid", "grid") for block in range(4)}
    key = log.site("block_0_attention").axes[-1]
    assert (key.grid, key.extra) == ((4, 4), ("CLS",))
    weights = log.weights(step=EPOCHS - 1, sample=3, site="block_2_attention")
    assert weights.shape == (4, 17, 17)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-4)


def test_the_matrix_of_each_epoch_is_that_of_its_validation(log: tb_attention.Log) -> None:
    held_out = math.ceil(len(load_digits().target) / 4)
    for step in log.steps:
        matrix = log.confusion_matrix(step=step)
        assert matrix.sum() == held_out
        assert matrix.trace() / held_out == pytest.approx(log.logs(step)["val_accuracy"], abs=1e-6)


def test_the_tab_shows_patches_of_digits_and_the_matrix(server: TensorBoard, chromium: Browser) -> None:  # noqa: F811
    with opened(chromium, server.address, "&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=EPOCHS - 1)
        assert re.match(r"CLS looks at", tab.sentence)
        tab.open("Confusion")
        expect(tab.frame.get_by_text("450 examples (validation)")).to_be_visible()
