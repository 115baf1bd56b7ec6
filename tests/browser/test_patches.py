"""A model that attends to the brightest patch, and the pixels that are tinted for it in the tab: those of this very patch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from playwright.sync_api import Browser

import tb_attention
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels, show
from tests.conftest import TensorBoard
from tests.tracing.test_cells import conv, flat, transposed
from tests.tracing.tokens_of_pictures import Learned, Step

pytestmark = pytest.mark.browser

DIM, BRIGHT = 0.2, 1.0

# Shape of the picture, the way to its tokens, and the rows and columns of the patch that is made bright.
CASES: dict[str, tuple[tuple[int, ...], list[Step], tuple[int, int, int, int]]] = {
    "class token last": ((24, 32, 3), [conv(8), flat, Learned(0, 1)], (8, 16, 24, 32)),
    "column by column": ((24, 32, 3), [conv(8), transposed, flat], (16, 24, 8, 16)),
    "transposed spectrogram": (
        (32, 16),
        [lambda x: ops.transpose(x, (0, 2, 1))[..., None], conv(8), flat],
        (16, 24, 8, 16),
    ),
    "a rest": ((30, 46, 3), [conv(10), flat, Learned(1)], (10, 20, 30, 40)),
    "a hang over": ((30, 44, 3), [conv(8, padding="same"), flat, Learned(1)], (23, 30, 30, 38)),
    "overlapping": ((24, 28, 1), [conv(12, 8), flat], (8, 20, 8, 20)),
}


class Brightest(layers.Layer):
    """Attention of every position to the one of the largest features."""

    def build(self, shape: Any) -> None:
        self.query = layers.Dense(shape[-1], kernel_initializer="zeros", bias_initializer="ones")
        self.key = layers.Dense(shape[-1], kernel_initializer=keras.initializers.Identity(20))
        self.query.build(shape)
        self.key.build(shape)

    def call(self, x: Any) -> Any:
        scores = ops.einsum("bqd,bkd->bqk", self.query(x), self.key(x))
        return x + ops.einsum("bqk,bkd->bqd", ops.softmax(scores), x)


def logged(name: str, logs: Path) -> None:
    shape, steps, (top, bottom, left, right) = CASES[name]
    inputs = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(Brightest()(x))))
    for weight in model.weights:
        if "conv" in weight.path and "kernel" in weight.path:
            weight.assign(np.full(weight.shape, 1 / np.prod(weight.shape[:3])))
        elif "tokens" in weight.path:
            weight.assign(np.zeros(weight.shape))
    pictures = np.full((2, *shape), DIM, "float32")
    pictures[:, top:bottom, left:right] = BRIGHT
    tb_attention.log(model, (pictures, np.array([0, 1])), logs / name.replace(" ", "-"), step=0)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("patches")
    for name in CASES:
        logged(name, logs)
    return logs


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_attended_to_is_tinted_and_nothing_else(theme: str, server: TensorBoard, chromium: Browser) -> None:
    for name, (shape, _, box) in CASES.items():
        address = f"&p.attention.run={name.replace(' ', '-')}&p.attention.view=head"
        with opened(chromium, server.address, address) as tab:
            tab.wait_until_drawn("head")
            show(tab, theme, "light")
            drawn = pixels(tab.frame.get_by_role("slider", name="over the picture").locator("canvas")).astype(int)
            height, width, _ = drawn.shape
            tinted = drawn[..., 2] - drawn[..., 0] > 100
            scales = (height / shape[0], height / shape[0], width / shape[1], width / shape[1])
            top, bottom, left, right = (round(at * scale) for at, scale in zip(box, scales, strict=True))
            inside = np.zeros_like(tinted)
            inside[top:bottom, left:right] = True
            near = np.zeros_like(tinted)
            near[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3] = True
            assert tinted[inside].mean() > 0.95, name  # The outline of the query may cross it.
            assert tinted[~near].mean() < 0.01, name
