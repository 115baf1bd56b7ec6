"""The sentence of a view: its numbers are never cut, its names are buttons, and it is one text for screen readers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Locator, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

LONG = "x" * 300
TOKENS = ["short", LONG, "late"]
STEPS, HEADS = 3, 2


def weights_of(step: int) -> dict[str, npt.NDArray[np.float32]]:
    """Head 1 of b is the most focused, and stays so; head 0 of a is the only one that changes."""
    a, b = (np.full((1, HEADS, 3, 3), 1 / 3, np.float32) for _ in range(2))
    a[0, 0] = [[0.1 + 0.2 * step, 0.7 - 0.2 * step, 0.2]] * 3
    b[0, 1] = [[0.01, 0.98, 0.01]] * 3
    return {"a/attention": a, "b/attention": b}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("sentences")
    samples = tb_attention.Samples(np.zeros((1, 3), int), tokens=[TOKENS], ids=["only"])
    with tb_attention.AttentionWriter(logs / "words", samples=samples) as writer:
        for step in range(STEPS):
            writer.write(step, weights_of(step), epoch=step)
    with tb_attention.AttentionWriter(logs / "gates") as writer:
        values = np.linspace(0.1, 1, 8, dtype=np.float32).reshape(1, 1, 8)
        for step in range(2):
            writer.write(step, {"squeeze": 0.9 * values, "excite": values}, epoch=step)
    return logs


def link(**values: str) -> str:
    return "".join(f"&p.attention.{key}={value}" for key, value in values.items())


def sentence(tab: Tab) -> Locator:
    return tab.frame.locator("p[aria-live]").first


@pytest.mark.parametrize("width", [1280, 700])
def test_a_long_name_gives_way_to_the_numbers_behind_it(server: TensorBoard, chromium: Browser, width: int) -> None:
    address = link(run="words", view="head", site="b/attention", head="1", query="0", step="2")
    with opened(chromium, server.address, address, viewport={"width": width, "height": 800}) as tab:
        tab.wait_until_drawn("head", step=2)
        expect(sentence(tab)).to_contain_text("0.980, rank 1 of 3, 2.9 times uniform (0.333); epoch 2: 0.980")
        # All of it is inside its box, and nothing behind the box is covered.
        assert sentence(tab).evaluate("p => p.scrollWidth <= p.clientWidth && p.scrollHeight <= p.clientHeight")
        seen = sentence(tab).locator("[aria-hidden]").inner_text()
        assert re.fullmatch("“x+…x+”", seen)
        # Who listens to it, or rests the pointer on it, gets the whole name.
        assert LONG in sentence(tab).locator(".unseen").inner_text()
        assert LONG in (sentence(tab).get_attribute("title") or "")


def test_the_sentence_does_not_move_the_view_when_it_becomes_long(server: TensorBoard, chromium: Browser) -> None:
    heights = []
    for query in ("0", "1"):
        address = link(run="words", view="head", site="b/attention", head="1", query=query, step="2")
        with opened(chromium, server.address, address) as tab:
            tab.wait_until_drawn("head", step=2)
            heights.append(sentence(tab).evaluate("p => p.getBoundingClientRect().height"))
    assert heights == [34, 34]


def test_names_in_a_sentence_lead_there(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="words", view="overview")) as tab:
        tab.wait_until_drawn("overview", step=STEPS - 1)
        # By hand: 0.98, 0.01, 0.01 have 0.161 bits; 0.3, 0.5, 0.2 have 1.485 and 0.5, 0.3, 0.2 the same.
        expect(sentence(tab)).to_have_text(
            re.compile(r"^b · head 1 is the most focused of 4 heads \(lowest entropy, 0\.16\d bits\); ")
        )
        sentence(tab).get_by_role("button", name="epoch 2").click()
        tab.expect_step("epoch 2 (step 1)")
        sentence(tab).get_by_role("button", name="b · head 1").first.focus()
        tab.page.keyboard.press("Enter")
        drawn = tab.wait_until_drawn("head", step=1)
        assert (drawn["site"], drawn["head"]) == ("b/attention", 1)


def test_the_measure_that_was_chosen_is_that_of_all_views(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="words", runs="", view="overview", measure="largest")) as tab:
        tab.wait_until_drawn("overview", step=STEPS - 1)
        expect(sentence(tab)).to_contain_text(re.compile(r"\(largest weight, 0\.9[78]\d? on average\)"))
        expect(tab.frame.get_by_role("combobox", name="Measure")).to_have_value("largest")
        tab.open("Epochs")
        expect(tab.frame.get_by_role("combobox", name="Measure")).to_have_value("largest")
        tab.open("Runs")
        expect(sentence(tab)).to_contain_text("largest weight")
        tab.frame.get_by_role("tab", name="Epochs", exact=True).click()
        tab.frame.get_by_role("combobox", name="Measure").select_option("previous")
        tab.expect_link("p.attention.measure=previous")
        tab.open("Overview")
        expect(sentence(tab)).to_contain_text("looks most at the previous key, of 4 heads")


def test_a_step_is_not_compared_with_itself(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="words", view="compare", step="1", versus="1")) as tab:
        tab.wait_until_drawn("compare", step=1)
        expect(sentence(tab)).to_have_text("A and B are the same map, of epoch 2: choose another step or run for A.")


def test_nothing_in_a_run_of_gates_is_called_attention_or_a_head(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run="gates", view="overview")) as tab:
        tab.wait_until_drawn("overview", step=1)
        expect(sentence(tab)).to_contain_text("excite has the largest value of 2 gates (1.00)")
        for view in ("Overview", "Epochs", "Runs"):
            tab.frame.get_by_role("tab", name=view, exact=True).click()
            tab.wait_until_drawn(view.lower())
            # The tabs are names of views, whatever these show.
            said = "\n".join(tab.frame.locator("#view, aside, nav, [aria-label=Timeline]").all_inner_texts()).lower()
            said = said.replace("worth a look", "")
            found = re.findall(r".*\b(?:heads?|attention|look(?:s|ed)?|focus(?:ed)?)\b.*", said)
            assert found == [], view
