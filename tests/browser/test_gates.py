"""Gates: their bars by change, a channel found by its number, and both sides of a comparison in one order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import opened
from tests.browser.test_pictures import color, pixels, show
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

BEFORE = np.array([0.9, 0.2, 0.5, 0.1], "float32")
NOW = np.array([0.8, 0.9, 0.5, 0.4], "float32")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("gates")
    samples = tb_attention.Samples(np.zeros((1, 3)))
    for name, axis in (("channels", Axis("key", 4, "channels")), ("plane", Axis("key", 4, "grid", grid=(2, 2)))):
        with tb_attention.AttentionWriter(logs / name, samples=samples) as writer:
            for step, values in enumerate((BEFORE, NOW)):
                writer.write(
                    step, {"gate": values[None, None]}, kinds={"gate": "gate"}, axes={"gate": [axis]}, epoch=step
                )
    return logs


def test_bars_stand_in_the_order_of_their_change(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=channels&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        tab.frame.get_by_role("button", name="change", exact=True).click()
        tab.expect_link("attention.bars=change")
        chart = tab.frame.get_by_role("grid", name="Values of")
        chart.focus()
        box = chart.bounding_box()
        assert box is not None
        tab.page.mouse.move(box["x"] + box["width"] / 8, box["y"] + 20)
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("channel 1")
        tab.page.mouse.move(box["x"] + box["width"] * 3 / 8, box["y"] + 20)
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("channel 3")


def test_a_channel_is_found_by_its_number(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=channels&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        tab.frame.get_by_role("searchbox", name="Find by number or name").fill("3")
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("channel 3 it lets through 0.400")


@pytest.mark.parametrize(("run", "places"), [("channels", [[1, 0, 2, 3]]), ("plane", [[0, 1], [2, 3]])])
def test_a_compared_gate_is_sorted_or_a_plane(
    run: str, places: list[list[int]], server: TensorBoard, chromium: Browser
) -> None:
    link = f"&p.attention.run={run}&p.attention.view=compare&p.attention.versus=0"
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("compare")
        show(tab, "light", "light")
        for title, values in (("A", BEFORE), ("B", NOW)):
            drawn = pixels(tab.frame.get_by_role("group", name=title, exact=True).locator("canvas"))
            height, width, _ = drawn.shape
            for row, line in enumerate(places):
                for column, position in enumerate(line):
                    y, x = (row + 0.5) * height / len(places), (column + 0.5) * width / len(line)
                    assert (drawn[int(y), int(x)] == color("light", values[position])).all(), (title, position)
