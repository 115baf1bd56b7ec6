"""A denoiser that paints captions: each half of the picture asks for the words of its own digit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

pytestmark = pytest.mark.browser

SITE, STEPS = "denoiser/words_to_cells", 8


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("image_generation")
    trained("image_generation", logs / "painter")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "painter")


def pictures(log: tb_attention.Log, sample: int) -> npt.NDArray[np.uint8]:
    made = log.pictures(log.steps[-1], sample)
    assert made is not None
    return made


def caption(log: tb_attention.Log, sample: int) -> list[str]:
    return list(log.samples.inputs[sample][1]["tokens"])


def test_cells_of_the_picture_attend_to_words_in_each_step_of_the_generation(log: tb_attention.Log) -> None:
    assert log.steps == list(range(len(log.steps)))
    assert len(log.steps) >= 4
    assert facts(log) == {SITE: ("cross", "grid", "tokens")}
    heads, iterations, query, key = log.site(SITE).axes
    assert (heads.size, iterations.role, iterations.size) == (4, "iteration", STEPS)
    assert (query.grid, query.input, key.size, key.input) == ((8, 16), 0, 5, 1)
    for sample in range(len(log.samples)):
        np.testing.assert_allclose(log.weights(log.steps[-1], sample, SITE).sum(-1), 1, atol=2e-2)


def test_what_was_painted_has_the_colors_of_the_caption(log: tb_attention.Log) -> None:
    by_name = import_module("image_generation").COLORS
    names, colors = list(by_name), np.array(list(by_name.values()))
    right = 0
    for sample in range(len(log.samples)):
        made = pictures(log, sample)
        assert made.shape == (STEPS, 8, 16, 3)
        words = caption(log, sample)
        for half, asked in ((made[-1, :, :8], words[0]), (made[-1, :, 8:], words[3])):
            mean = half.astype(float).sum(axis=(0, 1))
            right += names[int((colors @ mean / np.linalg.norm(colors, axis=1)).argmax())] == asked
    assert right >= 0.8 * 2 * len(log.samples)


def test_each_half_attends_to_the_words_of_its_own_digit(log: tb_attention.Log) -> None:
    weights = np.stack([log.weights(log.steps[-1], sample, SITE) for sample in range(len(log.samples))])
    cells = weights.mean(axis=(0, 1, 2)).reshape(8, 16, 5)
    for half, own, other in ((cells[:, :8], [0, 1], [3, 4]), (cells[:, 8:], [3, 4], [0, 1])):
        assert half[..., own].sum(-1).mean() > 2 * half[..., other].sum(-1).mean()


def test_the_tab_shows_what_was_painted_by_then(
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
    log: tb_attention.Log,
) -> None:
    words = caption(log, 0)
    with opened(chromium, server.address, choices(run="painter", view="head")) as tab:
        tab.wait_until_drawn("head")
        slider = tab.frame.get_by_role("slider", name="iteration")
        for iteration in (0, STEPS - 1):
            slider.fill(str(iteration))
            tab.page.wait_for_timeout(500)
            drawn = pixels(tab.frame.get_by_role("slider", name="over the picture").locator("canvas"))
            made = pictures(log, 0)[iteration]
            height, width, _ = drawn.shape
            for row, column in ((2, 3), (5, 12), (6, 9)):
                there = drawn[int((row + 0.5) * height / 8), int((column + 0.5) * width / 16)]
                assert np.abs(there.astype(int) - made[row, column]).max() <= 3
        # A click on a word shows the cells that attend to it.
        tab.frame.locator(".side [data-position]", has_text=words[1]).first.click()
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"“{words[1]}” is looked at")
