"""Gates: their bars, the values over steps and the means of classes below them, and both sides of a comparison in one order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import color, pixels, show
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

BEFORE = np.array([0.9, 0.2, 0.5, 0.1], "float32")
NOW = np.array([0.8, 0.9, 0.5, 0.4], "float32")
# Of three samples, the second and third of one class.
CLASSES = np.array([[0.9, 0.1, 0.2, 0.3], [0.0, 0.8, 0.4, 0.1], [0.2, 1.0, 0.0, 0.5]], "float32")


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
    samples = tb_attention.Samples(np.zeros((3, 3)), [0, 1, 1], class_names=["petal", "thorn"], ids=["a", "b", "c"])
    with tb_attention.AttentionWriter(logs / "classes", samples=samples) as writer:
        for step in range(2):
            axes = {"gate": [Axis("key", 4, "channels")]}
            writer.write(step, {"gate": CLASSES[:, None]}, kinds={"gate": "gate"}, axes=axes, epoch=step)
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


def shown(tab: Tab, name: str, rows: list[list[float]]) -> None:
    """The heat map of this name has the colours of these values, column by column below the bars."""
    cells = tab.frame.get_by_role("slider", name=name)
    chart = tab.frame.get_by_role("grid", name="Values of")
    box, above = cells.bounding_box(), chart.bounding_box()
    assert box is not None
    assert above is not None
    assert (box["x"], box["width"]) == pytest.approx((above["x"], above["width"]), abs=1)
    drawn = pixels(cells.locator("canvas"))
    height, width, _ = drawn.shape
    for row, line in enumerate(rows):
        for column, value in enumerate(line):
            y, x = (row + 0.5) * height / len(rows), (column + 0.5) * width / len(line)
            assert np.abs(drawn[int(y), int(x)].astype(int) - color("light", value)).max() <= 3, (row, column)


def test_the_values_over_steps_lie_below_the_bars(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=channels&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=1)
        cells = tab.frame.get_by_role("slider", name="Over steps")
        expect(cells).to_have_attribute("aria-valuetext", "epoch 2")
        show(tab, "light", "light")
        order = np.argsort(-NOW, kind="stable")
        shown(tab, "Over steps", [BEFORE[order].tolist(), NOW[order].tolist()])
        # A click on the first line goes to its step; the bars and the columns then have the order of that step.
        box = cells.bounding_box()
        assert box is not None
        tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
        tab.wait_until_drawn("head", step=0)
        show(tab, "light", "light")
        order = np.argsort(-BEFORE, kind="stable")
        shown(tab, "Over steps", [BEFORE[order].tolist(), NOW[order].tolist()])
        expect(tab.frame.get_by_role("slider", name="Mean by class")).to_have_count(0)


def test_the_mean_of_each_class_lies_below_the_bars(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=classes&p.attention.view=head&p.attention.sample=a") as tab:
        tab.wait_until_drawn("head", step=1)
        order = np.argsort(-CLASSES[0], kind="stable")
        means = np.stack([CLASSES[1:].mean(0), CLASSES[0]])
        names = tab.frame.locator(".lines .names").last
        expect(names).to_contain_text("thorn, mean of 2")
        expect(names).to_contain_text("petal, 1 sample")
        show(tab, "light", "light")
        shown(tab, "Mean by class", means[:, order].tolist())
        # The values at the channel that the keyboard points at are said for each class.
        chart = tab.frame.get_by_role("grid", name="Values of")
        chart.press("ArrowRight")
        channel = int(order[1])
        said = f"channel {channel}: thorn, mean of 2 {means[0, channel]:.3f} · petal, 1 sample {means[1, channel]:.3f}"
        expect(tab.frame.locator("#view")).to_contain_text(said)
        # A click shows the mean of the class as bars.
        cells = tab.frame.get_by_role("slider", name="Mean by class")
        cells.click(position={"x": 20, "y": 4})
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("Mean of 2 samples of this label")
        expect(cells).to_have_attribute("aria-valuetext", "thorn, mean of 2")


def test_channels_stand_in_the_order_in_which_they_tell_the_classes_apart(
    server: TensorBoard, chromium: Browser
) -> None:
    link = "&p.attention.run=classes&p.attention.view=head&p.attention.sample=a"
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head", step=1)
        means = np.stack([CLASSES[1:].mean(0), CLASSES[0]])
        above = means - means.mean(0)
        expect(tab.frame.locator("#view")).to_contain_text(f"petal: channel 0 (+{above[1, 0]:.3f})")
        tab.frame.get_by_role("button", name="by class", exact=True).click()
        tab.frame.get_by_role("button", name="above the others", exact=True).click()
        tab.expect_link("attention.means=above")
        order = np.argsort(-means.std(0), kind="stable")
        # The colours of what lies above the others go from one hue for most below to another for most above.
        cells = pixels(tab.frame.get_by_role("slider", name="Mean by class").locator("canvas")).astype(int)
        height, width, _ = cells.shape
        for row in range(2):
            for column, channel in enumerate(order):
                red, green, _ = cells[int((row + 0.5) * height / 2), int((column + 0.5) * width / 4)]
                if abs(above[row, channel]) > 0.1:
                    assert (green > red) == (above[row, channel] > 0), (row, channel)


def test_a_gate_over_places_is_drawn_alone_too(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=plane&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=1)
        show(tab, "light", "light")
        expect(tab.frame.get_by_text("The values, 2 × 2")).to_be_visible()
        drawn = pixels(tab.frame.get_by_role("img", name="cell by cell"))
        height, width, _ = drawn.shape
        for cell, value in enumerate(NOW):
            y, x = (cell // 2 + 0.5) * height / 2, (cell % 2 + 0.5) * width / 2
            assert np.abs(drawn[int(y), int(x)].astype(int) - color("light", value)).max() <= 3, cell


def test_the_film_of_a_gate_shows_its_values_and_says_so(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=channels&p.attention.view=overview") as tab:
        tab.wait_until_drawn("overview")
        expect(tab.frame.get_by_text("values over steps", exact=True)).to_have_attribute("title", "values of all gates")
