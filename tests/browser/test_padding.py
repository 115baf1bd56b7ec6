"""Padding is left out of every picture, or drawn in all of them where one asks for it; what cannot be seen has a mark."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import color, pixels, show
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

WORDS = ["[CLS]", " ", "late", "[SEP]"]
SIZE = 8


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("padding")
    tokens = [WORDS + ["[PAD]"] * (SIZE - len(WORDS))]
    masks = np.array([[i < len(WORDS) for i in range(SIZE)]])
    weights = np.zeros((1, 2, SIZE, SIZE), "float32")
    weights[..., : len(WORDS)] = 1 / len(WORDS)
    samples = tb_attention.Samples(np.zeros((1, SIZE)), tokens=tokens, masks=masks)
    with tb_attention.AttentionWriter(logs / "text", samples=samples) as writer:
        for step in range(2):
            writer.write(step, {"attention": weights}, epoch=step)
    return logs


def share_of_nothing(tab: Tab, selector: str) -> float:
    """How much of a canvas is of the colour of the weight 0."""
    drawn = pixels(tab.frame.locator(selector).first)
    return float((drawn == color("light", 0)).all(-1).mean())


@pytest.mark.parametrize(("view", "canvas"), [("overview", "[role=grid] canvas"), ("head", "[role=grid] canvas")])
def test_padding_is_drawn_where_one_asks_for_it(view: str, canvas: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, f"&p.attention.view={view}") as tab:
        tab.wait_until_drawn(view)
        show(tab, "light", "light")
        assert share_of_nothing(tab, canvas) == 0
        assert share_of_nothing(tab, ".film canvas") == 0
        tab.frame.get_by_role("checkbox", name="padding").check()
        tab.expect_link("attention.padding=shown")
        tab.page.mouse.move(5, 5)
        tab.page.wait_for_timeout(300)
        assert share_of_nothing(tab, canvas) > 0.25
        tab.open("Sample")
        padding = tab.frame.get_by_role("listbox", name="Words of the sample").get_by_role("option", name="[PAD]")
        expect(padding).to_have_count(SIZE - len(WORDS))
        tab.frame.get_by_role("checkbox", name="padding").uncheck()
        expect(padding).to_have_count(0)


@pytest.mark.parametrize("padding", ["hidden", "shown"])
def test_a_comparison_leaves_padding_out_of_both_sides(padding: str, server: TensorBoard, chromium: Browser) -> None:
    address = f"&p.attention.view=compare&p.attention.versus=0&p.attention.padding={padding}"
    with opened(chromium, server.address, address) as tab:
        heads = tab.frame.get_by_role("slider", name="Head, by its distance")
        expect(heads).to_have_attribute("aria-valuetext", re.compile(": 0 bits apart$"))


def test_a_space_has_a_mark_and_its_position(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=head&p.attention.query=1") as tab:
        tab.wait_until_drawn("head")
        expect(tab.frame.get_by_role("button", name="␣ 1").first).to_be_visible()
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("“␣” (word 1)")
        tab.open("Sample")
        expect(tab.frame.get_by_role("option", name="␣")).to_be_visible()
