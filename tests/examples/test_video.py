"""examples/video.py: a grid of frames, rows and columns, one slice at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import pixels
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

__all__ = ["server"]

CHOICES = "&p.attention.view=sample&p.attention.site=block_1_attention&p.attention.query=53"
"""53 is row 1, column 1 of frame 3."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("video")
    trained("video", logs / "video")
    return logs


def test_every_epoch_is_logged_with_grids_of_three_dimensions(logs: Path) -> None:
    log = tb_attention.load(logs / "video")
    assert list(log.steps) == list(range(5))
    assert facts(log) == dict.fromkeys(("block_0_attention", "block_1_attention"), ("self", "grid", "grid"))
    key = log.site("block_0_attention").axes[-1]
    assert (key.grid, key.input) == ((8, 4, 4), 0)
    assert [(part.axis, part.size, part.stride) for part in key.pixels or ()] == [(1, 1, 1), (2, 6, 6), (3, 6, 6)]
    assert log.samples.image(0).shape == (8, 24, 24, 1)


def strongest_slices(logs: Path) -> tuple[int, int]:
    """The slice with the largest and that with the smallest of the largest weights of the query in head 0."""
    row = tb_attention.load(logs / "video").weights(4, 0, "block_1_attention")[0, 53].reshape(8, 16).max(axis=1)
    return int(row.argmax()), int(row.argmin())


def tint_of(tab: Tab) -> float:
    drawn = pixels(tab.frame.get_by_role("img", name="The picture, tinted by weight")).astype(int)
    return float((drawn[..., 2] - drawn[..., 0]).max())


@pytest.mark.browser
def test_a_slice_is_tinted_by_its_own_weights_and_chosen_with_the_keys(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    strongest, weakest = strongest_slices(logs)
    with opened(chromium, server.address, f"{CHOICES}&p.attention.slice={strongest}") as tab:
        tab.wait_until_drawn("sample")
        slider = tab.frame.get_by_role("slider", name="slice")
        expect(slider).to_have_attribute("aria-valuetext", f"slice {strongest} of 8")
        # The full tint is that of the largest weight of all slices.
        most = tint_of(tab)
        assert most > 120
        slider.focus()
        for _ in range(abs(weakest - strongest)):
            slider.press("ArrowRight" if weakest > strongest else "ArrowLeft")
        tab.expect_link(f"p.attention.slice={weakest}")
        expect(tab.frame.get_by_role("heading", name=f"slice {weakest} of 8")).to_be_visible()
        assert tint_of(tab) < most - 20
        if weakest != 3:
            tab.frame.get_by_role("button", name="query: slice 3").click()
            tab.expect_link("p.attention.slice=3")


@pytest.mark.browser
def test_the_picture_is_the_frame_of_the_slice_in_a_page_too(
    logs: Path, tmp_path: Path, server: TensorBoard, chromium: Browser
) -> None:
    frames = tb_attention.load(logs / "video").samples.image(0)[..., 0]
    with opened(chromium, server.address, CHOICES) as tab:
        tab.wait_until_drawn("sample")
        seen = [frame_drawn(tab.frame, slice_) for slice_ in (0, 7)]
    assert seen == [brightest(frames[0]), brightest(frames[7])]
    tb_attention.export_html(logs / "video", tmp_path / "page.html", steps=[4])
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{(tmp_path / 'page.html').as_uri()}#attention{CHOICES}")
    page.get_by_role("slider", name="slice").wait_for()
    assert [frame_drawn(page, slice_) for slice_ in (0, 7)] == seen
    page.close()


def brightest(frame: np.ndarray) -> tuple[int, int]:
    """Row and column of the patch with most light."""
    patches = frame.reshape(4, 6, 4, 6).astype(int).sum(axis=(1, 3))
    row, column = np.unravel_index(patches.argmax(), patches.shape)
    return int(row), int(column)


def frame_drawn(page: object, slice_: int) -> tuple[int, int]:
    page.get_by_role("slider", name="slice").fill(str(slice_))  # type: ignore[attr-defined]
    canvas = page.get_by_role("img", name="The picture, tinted by weight")  # type: ignore[attr-defined]
    page.get_by_role("heading", name=f"slice {slice_} of 8").wait_for()  # type: ignore[attr-defined]
    red = pixels(canvas)[..., 0]
    side = red.shape[0] // 24 * 24
    return brightest(red[:side, :side].reshape(24, side // 24, 24, side // 24).mean(axis=(1, 3)))
