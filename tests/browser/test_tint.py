"""The tint of pictures with many patches: it fits the row, or all steps where one asks for it, and its legend says so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import pixels, show
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

SIDE = 14
CELLS = SIDE * SIDE
BACK = 90
BLUE = np.array([22, 132, 240])
STRONGEST = (3, 5)
# Of the strongest patch in the row of CLS, at each of two steps.
WEIGHTS = (0.03, 0.07)


def rows(step: int) -> npt.NDArray[np.float32]:
    """The row of CLS: most of it on CLS itself, the patches far below 0.2."""
    row = np.random.default_rng(0).uniform(0.001, 0.002, CELLS + 1).astype(np.float32)
    row[1 + STRONGEST[0] * SIDE + STRONGEST[1]] = WEIGHTS[step]
    row[0] = 1 - row[1:].sum()
    return row


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("tint")
    along = {"kind": "grid", "grid": (SIDE, SIDE), "extra": ("CLS",), "input": 0}
    axes = {"attention": [Axis("heads", 2), Axis("query", CELLS + 1, **along), Axis("key", CELLS + 1, **along)]}
    pictures = np.full((1, 8 * SIDE, 8 * SIDE, 3), BACK, "uint8")
    samples = tb_attention.Samples(pictures, images=pictures, axes=axes)
    with tb_attention.AttentionWriter(logs / "vit", samples=samples) as writer:
        for step in range(2):
            weights = np.broadcast_to(rows(step), (1, 2, CELLS + 1, CELLS + 1))
            writer.write(step, {"attention": weights}, epoch=step)
    return logs


def tint_of_strongest(tab: Tab, canvas: npt.NDArray[np.uint8]) -> float:
    """The opacity of the tint in the middle of the strongest patch."""
    height, width, _ = canvas.shape
    row, column = STRONGEST
    pixel = canvas[round((row + 0.5) * height / SIDE) - 3, round((column + 0.5) * width / SIDE) + 3].astype(int)
    return float((pixel[2] - BACK) / (BLUE[2] - BACK))


@pytest.mark.parametrize("view", ["head", "sample"])
def test_the_strongest_patch_has_the_full_tint_however_weak_it_is(
    view: str, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, f"&p.attention.view={view}&p.attention.step=0") as tab:
        tab.wait_until_drawn(view)
        show(tab, "light", "light")
        picture = tab.frame.get_by_role("slider", name="over the picture" if view == "head" else "Cell of the picture")
        legend = tab.frame.locator(".stage .tint").first
        assert tint_of_strongest(tab, pixels(picture.locator("canvas"))) == pytest.approx(0.9, abs=0.02)
        expect(legend).to_contain_text("weight, linear; full: the largest of the row")
        expect(legend).to_contain_text("0.030")
        expect(legend).not_to_contain_text("≥")
        tab.frame.get_by_role("button", name="all steps").first.click()
        expect(legend).to_contain_text("full: the largest of all steps")
        expect(legend).to_contain_text(re.compile(r"0\.0(70|69)"))
        tab.expect_link("attention.full=steps")
        tab.page.mouse.move(5, 5)
        tab.page.wait_for_timeout(200)
        share = WEIGHTS[0] / WEIGHTS[1]
        assert tint_of_strongest(tab, pixels(picture.locator("canvas"))) == pytest.approx(0.9 * share, abs=0.02)


def test_a_scale_by_quantile_says_that_it_clips(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=sample&p.attention.full=quantile") as tab:
        tab.wait_until_drawn("sample")
        legend = tab.frame.locator(".stage .tint").first
        expect(legend).to_contain_text("98 % of the row's cells")
        expect(legend).to_contain_text("≥")


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_picture_fills_the_room_and_all_heads_stand_beside_it(
    size: tuple[int, int], server: TensorBoard, chromium: Browser
) -> None:
    width, height = size
    with opened(
        chromium, server.address, "&p.attention.view=sample", viewport={"width": width, "height": height}
    ) as tab:
        tab.wait_until_drawn("sample")
        picture = tab.frame.get_by_role("slider", name="Cell of the picture").bounding_box()
        heads = tab.frame.get_by_role("button", name="head 1", exact=True)
        assert picture is not None
        assert picture["height"] > 0.35 * height
        box = heads.bounding_box()
        assert box is not None
        assert box["x"] >= picture["x"] + picture["width"]
        assert box["y"] + box["height"] <= picture["y"] + picture["height"] + 20
        heads.click()
        tab.wait_until_drawn("sample", head=1)
