"""Compare in a real browser: heads and samples as A and B, the row in the sample, and the distances of all heads."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

LAYERS, HEADS, SIZE = 2, 3, 5
WORDS = [["[CLS]", "dear", "sir", "late", "[SEP]"], ["[CLS]", "dear", "madam", "soon", "[SEP]"]]


def weights(step: int, layer: int) -> np.ndarray:
    return np.random.default_rng([step, layer]).dirichlet(np.full(SIZE, 0.4), (2, HEADS, SIZE)).astype("f4")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("compare")
    pictures = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3)).astype("u1")
    along = {"kind": "grid", "grid": (2, 2), "extra": ("CLS",), "input": 0}
    axes = [Axis("query", SIZE, **along), Axis("key", SIZE, **along)]
    texts = tb_attention.Samples(np.zeros((2, SIZE), int), [0, 1], tokens=WORDS, ids=["t", "u"])
    images = tb_attention.Samples(pictures, [0, 1], images=pictures, ids=["p", "q"])
    for name, samples, given in (("texts", texts, None), ("pictures", images, axes)):
        with tb_attention.AttentionWriter(logs / name, samples=samples) as writer:
            for step in range(3):
                maps = {f"block_{layer}/attention": weights(step, layer) for layer in range(LAYERS)}
                writer.write(step, maps, epoch=step, axes=dict.fromkeys(maps, given) if given else None)
    return logs


def link(**choices: str) -> str:
    return "".join(f"&p.attention.{key}={value}" for key, value in {"view": "compare", **choices}.items())


def sentence(tab: Tab, pattern: str) -> None:
    expect(tab.frame.locator("p[aria-live]").first).to_have_text(re.compile(pattern))


def number(value: float) -> str:
    return re.escape(f"{value:#.3g}".rstrip("."))


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    """The mean Jensen-Shannon divergence of the rows, in bits."""
    a, b = (each.astype("f8") for each in (a, b))
    bits = lambda p: -np.where(p > 0, p * np.log2(np.maximum(p, 1e-300)), 0).sum(-1)  # noqa: E731
    return float((bits((a + b) / 2) - (bits(a) + bits(b)) / 2).mean())


def largest(change: np.ndarray) -> str:
    value = change.flat[np.abs(change).argmax()]
    return ("\\+" if value > 0 else "−") + number(abs(value))


def test_two_heads_of_any_layers_are_compared(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="texts", sample="t")) as tab:
        tab.wait_until_drawn("compare")
        tab.frame.get_by_role("button", name="heads", exact=True).click()
        sentence(tab, "^B, block_0 · head 0, is (more|less) focused than A, block_0 · head 1")
        tab.frame.get_by_role("combobox", name="Head of A").select_option("block_1 · head 2")
        a, b = weights(2, 1)[0, 2], weights(2, 0)[0, 0]
        sentence(tab, f"divergence {number(divergence(a, b))} bits.*{largest(b - a)}\\.$")
        tab.expect_link("p.attention.versusHead=2")
        tab.frame.get_by_role("button", name="⇄ swap").click()
        sentence(tab, f"^B, block_1 · head 2, .* A, block_0 · head 0.*{largest(a - b)}\\.$")


def test_two_samples_are_compared_where_positions_mean_the_same(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="pictures", sample="p", compare="samples")) as tab:
        tab.wait_until_drawn("compare")
        a, b = weights(2, 0)[1, 0], weights(2, 0)[0, 0]
        sentence(tab, f"A, 1 #q .*{largest(b - a)}\\.$")
        expect(tab.frame.get_by_role("img", name="the row over the picture")).to_have_count(3)
        # The first row is that of CLS; its own weight lies on no cell of the picture.
        change = np.abs(b - a)[0, 1:].max()
        expect(tab.frame.get_by_text("B − A: full at ±")).to_have_text(re.compile(f"±{number(change)}$"))
    with opened(chromium, server.address, link(run="texts", sample="t", compare="samples")) as tab:
        sentence(tab, "^The two samples have different words")


def test_the_row_is_shown_in_the_text_of_both_sides(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="texts", sample="t", versus="0")) as tab:
        tab.wait_until_drawn("compare")
        expect(tab.frame.get_by_text("The row of “[CLS]” in the text")).to_be_visible()
        a, b = (weights(step, 0)[0, 0, 0, 3] for step in (0, 2))
        words = tab.frame.get_by_title(re.compile("^“late”: "))
        expect(words.nth(0)).to_have_attribute("title", re.compile(f": {number(a)}$"))
        expect(words.nth(1)).to_have_attribute("title", re.compile(f": {number(b)}$"))
        # A click on a word asks for its row.
        words.nth(1).click()
        expect(tab.frame.get_by_text("The row of “late” in the text")).to_be_visible()
        tab.expect_link("p.attention.query=3")


def test_the_distances_of_all_heads_lead_to_a_head(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="texts", sample="t", versus="0")) as tab:
        tab.wait_until_drawn("compare")
        grid = tab.frame.get_by_role("slider", name="Head, by its distance")
        # The small maps are kept in eight bits.
        apart = divergence(weights(0, 0)[0, 0], weights(2, 0)[0, 0])
        name = f"block_0 · head 0: {re.escape(f'{apart:#.3g}'[:4])}"
        expect(grid).to_have_attribute("aria-valuetext", re.compile(name))
        box = grid.bounding_box()
        assert box is not None
        grid.click(position={"x": box["width"] * 5 / 6, "y": box["height"] * 3 / 4})
        tab.wait_until_drawn("compare", head=2, site="block_1/attention")
        grid.press("ArrowLeft")
        tab.wait_until_drawn("compare", head=1, site="block_1/attention")


def test_what_is_left_out_is_left_out_of_both_sides(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="texts", sample="t", versus="0", hide="yes")) as tab:
        tab.wait_until_drawn("compare")
        a, b = (weights(step, 0)[0, 0, 1:4, 1:4].astype("f8") for step in (0, 2))
        a, b = (each / each.sum(-1, keepdims=True) for each in (a, b))
        sentence(tab, f"{largest(b - a)}\\.$")
