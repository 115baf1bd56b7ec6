"""Tiny maps compared pixel by pixel with what their weights, the scale and the colour table say."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

# The default colours of the light and the dark theme, from 0 to the top.
STOPS = {
    "light": ["f7f9fb", "cbdfed", "84b5d8", "2f78b3", "0a2f5c"],
    "dark": ["2a2d30", "2b4459", "2f74a6", "74b8e4", "f1f9ff"],
    "greys": ["ffffff", "c8c8c8", "8c8c8c", "4a4a4a", "000000"],
}
MAP = np.array([[0.6, 0.4, 0, 0], [0, 1, 0, 0], [0.25, 0.25, 0.25, 0.25], [np.nan] * 4], "float32")
GATE = np.array([1, 0.5, 0.25, 0, 0.75], "float32")
TINT = np.array([[0, 1], [0.5, 0.25]], "float32")
BACK = 90


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("pictures")
    with tb_attention.AttentionWriter(logs / "map") as writer:
        writer.write(0, {"attention": MAP[None, None]}, epoch=0)
    axes = {"gate": [Axis("heads", 1), Axis("key", 5, "channels")]}
    samples = tb_attention.Samples(np.zeros((1, 3)), axes=axes)
    with tb_attention.AttentionWriter(logs / "gate", samples=samples) as writer:
        writer.write(0, {"gate": GATE[None, None]}, kinds={"gate": "gate"}, epoch=0)
    pictures = np.full((1, 16, 16, 3), BACK, "uint8")
    plane = {"plane": [Axis("heads", 1), Axis("key", 4, "grid", grid=(2, 2), input=0)]}
    samples = tb_attention.Samples(pictures, images=pictures, axes=plane)
    with tb_attention.AttentionWriter(logs / "plane", samples=samples) as writer:
        writer.write(0, {"plane": TINT.reshape(1, 1, 4)}, kinds={"plane": "gate"}, epoch=0)
    return logs


def pixels(canvas: Locator) -> npt.NDArray[np.uint8]:
    """Red, green and blue of every pixel of a canvas."""
    address = canvas.evaluate("canvas => canvas.toDataURL('image/png')")
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    return np.asarray(picture.convert("RGB"))


def color(name: str, weight: float, curve: str = "sqrt") -> npt.NDArray[np.int64]:
    """The entry of a table of 256 colours, for a weight of which 1 is the top."""
    share = np.sqrt(weight) if curve == "sqrt" else max(0, 1 + np.log10(max(weight, 1e-9)) / 3)
    place = np.floor(share * 255 + 0.5) / 255 * (len(STOPS[name]) - 1)
    stops = np.array([list(bytes.fromhex(stop)) for stop in STOPS[name]], float)
    left = min(int(place), len(stops) - 2)
    return np.floor(stops[left] + (stops[left + 1] - stops[left]) * (place - left) + 0.5).astype(int)


@pytest.mark.parametrize(
    ("theme", "ramp", "curve"), [("light", "light", "sqrt"), ("dark", "dark", "sqrt"), ("light", "greys", "log")]
)
def test_a_map_has_the_colour_of_each_weight(
    theme: str, ramp: str, curve: str, server: TensorBoard, chromium: Browser
) -> None:
    with opened(
        chromium, server.address, f"&p.attention.run=map&p.attention.view=head&p.attention.curve={curve}"
    ) as tab:
        tab.wait_until_drawn("head")
        show(tab, theme, ramp)
        drawn = pixels(tab.frame.get_by_role("grid", name="Map of").locator("canvas"))
        height, width, _ = drawn.shape
        edge = 6  # of the outline of the first row, which is the query
        for y in range(height // 4 + edge, height):
            row = int((y + 0.5) * 4 / height)
            for column in range(4):
                start, end = -(-column * width // 4) + 1, (column + 1) * width // 4 - 1
                got = drawn[y, start:end]
                if np.isnan(MAP[row, column]):
                    assert {tuple(one) for one in got.tolist()} == {(154,) * 3, (200,) * 3}
                else:
                    assert (got == color(ramp, MAP[row, column], curve)).all(), (y, row, column, got[0])


def show(tab: Tab, theme: str, ramp: str) -> None:
    if theme == "dark":
        tab.page.evaluate("document.body.classList.add('dark-mode')")
        tab.frame.wait_for_selector("html.dark")
    if ramp == "greys":
        tab.frame.get_by_role("combobox", name="Colours").select_option("greys")
    tab.page.mouse.move(5, 5)
    tab.page.wait_for_timeout(150)


def test_a_bar_is_as_high_as_its_value(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=gate&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        tab.frame.get_by_role("button", name="as in the model").click()
        show(tab, "light", "light")
        drawn = pixels(tab.frame.get_by_role("grid", name="Values of").locator("canvas"))
        height, width, _ = drawn.shape
        filled = (drawn == [0x4A, 0x8B, 0xBF]).all(-1)
        for place, value in enumerate(GATE):
            inside = filled[:, round(place * width / 5) + 1 : round((place + 1) * width / 5) - 2]
            assert (inside == inside[:, :1]).all()
            assert abs(inside[:, 0].sum() - value * (height - 2)) <= 1


def test_a_tint_is_in_proportion_over_an_untouched_picture(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=plane&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        show(tab, "light", "light")
        drawn = pixels(tab.frame.get_by_role("slider", name="The gate over the picture").locator("canvas")).astype(int)
        height, width, _ = drawn.shape
        for row in range(2):
            for column in range(2):
                # The picture is drawn larger than it is, and at its outermost pixels not quite covers the canvas.
                cell = drawn[
                    row * height // 2 + 2 : (row + 1) * height // 2 - 2,
                    column * width // 2 + 2 : (column + 1) * width // 2 - 2,
                ]
                strength = 0.9 * TINT[row, column]
                wanted = BACK + (np.array([22, 132, 240]) - BACK) * strength
                assert np.abs(cell - wanted).max() <= 2, (row, column, cell[0, 0], wanted)
