"""A site that is computed in several iterations: its slider, and the picture that the model had made by then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import pixels
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

WORDS = ["red", "seven"]
GRID = (2, 4)
ITERATIONS = 3
COLORS = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200]], "uint8")
"""Of what was made in each iteration, the same all over."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In iteration i all cells look at word i % 2; the input is grey."""
    logs = tmp_path_factory.mktemp("iterations")
    grey = np.full((1, 8, 16, 3), 90, "uint8")
    samples = tb_attention.Samples({"noise": grey, "words": np.ones((1, 2), int)}, tokens={"words": [WORDS]}, ids=["a"])
    weights = np.zeros((1, 1, ITERATIONS, 8, 2), "float32")
    for iteration in range(ITERATIONS):
        weights[:, :, iteration, :, iteration % 2] = 1
    axes = [
        tb_attention.Axis("iteration", ITERATIONS),
        tb_attention.Axis("query", 8, "grid", grid=GRID, input=0),
        tb_attention.Axis("key", 2, "tokens", input=1),
    ]
    made = np.broadcast_to(COLORS[None, :, None, None], (1, ITERATIONS, 8, 16, 3))
    for name, frames in (("painter", made), ("mask", made[:, -1])):
        with tb_attention.AttentionWriter(logs / name, samples=samples) as writer:
            writer.write(0, {"words": weights}, axes={"words": axes}, pictures=frames, epoch=0)
    return logs


def color_of_the_picture(tab: Tab) -> list[int]:
    """The color in the middle of the picture beside the map, which nothing tints where no word is looked at."""
    drawn = pixels(tab.frame.get_by_role("slider", name="over the picture").locator("canvas"))
    return [int(value) for value in drawn[drawn.shape[0] // 2 + 6, drawn.shape[1] // 2 + 6][:3]]


def test_the_slider_goes_through_the_iterations_with_what_was_made_by_then(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, choices(run="painter", view="head", query=0)) as tab:
        tab.wait_until_drawn("head")
        slider = tab.frame.get_by_role("slider", name="iteration")
        expect(slider).to_have_attribute("aria-valuetext", "iteration 0 of 3")
        for iteration in range(ITERATIONS):
            expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"looks at “{WORDS[iteration % 2]}”: 1.00")
            tab.page.wait_for_timeout(200)
            assert color_of_the_picture(tab) == COLORS[iteration].tolist()
            slider.press("ArrowRight")
        tab.expect_link("attention.iteration=2")


def test_an_iteration_stands_in_the_link(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="painter", view="sample", iteration=1)) as tab:
        tab.wait_until_drawn("sample")
        expect(tab.frame.get_by_role("slider", name="iteration")).to_have_value("1")


def test_the_picture_is_the_input_or_what_was_made(server: TensorBoard, chromium: Browser) -> None:
    """Without a picture for each iteration it is the input at first."""
    with opened(chromium, server.address, choices(run="mask", view="head")) as tab:
        tab.wait_until_drawn("head")
        tab.page.wait_for_timeout(300)
        assert color_of_the_picture(tab) == [90, 90, 90]
        tab.frame.get_by_role("button", name="output", exact=True).click()
        tab.expect_link("attention.picture=output")
        tab.page.wait_for_timeout(500)
        assert color_of_the_picture(tab) == COLORS[-1].tolist()


def test_what_is_below_the_picture_stays_under_the_pointer(server: TensorBoard, chromium: Browser) -> None:
    """Hovering a word tints the picture; the legend of the tint must not push the word away."""
    with opened(chromium, server.address, choices(run="painter", view="head")) as tab:
        tab.wait_until_drawn("head")
        word = tab.frame.locator(".side [data-position]", has_text=WORDS[1]).first
        before = word.bounding_box()
        word.hover()
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"“{WORDS[1]}” is looked at")
        tab.page.wait_for_timeout(300)
        assert word.bounding_box() == before
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"“{WORDS[1]}” is looked at")
