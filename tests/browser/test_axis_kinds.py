"""Objects with names of their own, columns of a table, dated series and sounds, as a person sees them in the tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.browser.test_pictures import pixels
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

BOXES = np.array([[[0.5, 0.5, 1, 1], [0, 0.25, 0.5, 0.75], [0.6, 0.1, 0.9, 0.4]]] * 2)
FOUND = [["", "cat 0.93", "dog 0.71"], ["bird 0.55", "", ""]]
RATE, FRAMES = 8000, 10
WORDS = ["find", "the", "high", "tone"]
DAYS = np.arange("2023-12-20", "2024-03-29", dtype="datetime64[D]")


def looking(queries: int, keys: int, at: Any) -> np.ndarray:
    """Of 2 samples and 2 heads: query i gives 0.7 to key `at(i)`, and the rest to the others alike."""
    weights = np.full((2, 2, queries, keys), 0.3 / (keys - 1), "float32")
    for query in range(queries):
        weights[:, :, query, at(query)] = 0.7
    return weights


def sound() -> np.ndarray:
    """A second: a low tone, and a high one in the sixth of ten parts."""
    time = np.arange(RATE) / RATE
    high = (time >= 0.5) & (time < 0.6)
    return np.where(high, np.sin(2 * np.pi * 2000 * time), 0.3 * np.sin(2 * np.pi * 200 * time)).astype("float32")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("kinds")
    objects, cells = (
        {"kind": "objects", "boxes": BOXES, "names": FOUND, "input": 0},
        {"kind": "grid", "grid": (4, 4), "input": 0},
    )
    with tb_attention.AttentionWriter(logs / "found", samples=np.full((2, 64, 64, 3), 60, "uint8")) as writer:
        axes = {
            "to_cells": [Axis("query", 3, **objects), Axis("key", 16, **cells)],
            "to_objects": [Axis("query", 16, **cells), Axis("key", 3, **objects)],
        }
        weights = {"to_cells": looking(3, 16, lambda i: 5 * i), "to_objects": looking(16, 3, lambda i: i % 3)}
        writer.write(0, weights, axes=axes)
    table = tb_attention.Samples(np.array([[41, 1234.5], [20, 0.5]]), names=["age", "income"])
    with tb_attention.AttentionWriter(logs / "table", samples=table) as writer:
        writer.write(0, {"a": looking(2, 2, lambda i: 1 - i)})
    series = tb_attention.Samples(np.sin(np.arange(200)).reshape(2, 100), dates=DAYS)
    with tb_attention.AttentionWriter(logs / "series", samples=series) as writer:
        writer.write(0, {"a": looking(100, 100, lambda i: 20)})
    heard = tb_attention.Samples(
        {"text": np.zeros((2, 4), int), "sound": np.stack([sound()] * 2)},
        tokens={"text": [WORDS] * 2},
        audio={"sound": np.stack([sound()] * 2)},
        rate=RATE,
    )
    with tb_attention.AttentionWriter(logs / "heard", samples=heard) as writer:
        words, frames = Axis("query", 4, "tokens", input=0), Axis("key", FRAMES, "frames", input=1)
        writer.write(0, {"a": looking(4, FRAMES, lambda i: 5 if i == 2 else 0)}, axes={"a": [words, frames]})
    return logs


def at(run: str, view: str, site: str = "a") -> str:
    return f"&p.attention.run={run}&p.attention.view={view}&p.attention.site={site}"


def blue(drawn: np.ndarray, x: float, y: float) -> int:
    """By how much a patch is bluer than it is red."""
    height, width, _ = drawn.shape
    row, column = round(y * height), round(x * width)
    patch = drawn[row - 2 : row + 3, column - 2 : column + 3].astype(int)
    return int((patch[..., 2] - patch[..., 0]).mean())


def test_objects_are_called_what_the_sample_has_and_point_at_cells(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("found", "head", "to_cells")) as tab:
        tab.wait_until_drawn("head")
        # The first that was found, not the first query.
        assert "“cat 0.93” looks at row 1, col 1: 0.700" in tab.sentence
        assert tab.frame.get_by_role("button", name="object 0", exact=True).count() == 1
        picture = tab.frame.get_by_role("slider", name="over the picture")
        size = picture.bounding_box()
        assert size is not None
        # Pointed at is the box, not the cell below it.
        picture.hover(position={"x": 0.75 * size["width"], "y": 0.25 * size["height"]})
        assert "“dog 0.71” looks at row 2, col 2: 0.700" in tab.sentence
        picture.hover(position={"x": 0.9 * size["width"], "y": 0.9 * size["height"]})
        assert "object 0 looks at row 0, col 0: 0.700" in tab.sentence
        tab.frame.get_by_role("listbox", name="Samples").get_by_role("option").nth(1).click()
        tab.wait_until_drawn("head")
        assert "“bird 0.55” looks at" in tab.sentence


def test_names_stand_at_their_boxes(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("found", "sample", "to_cells")) as tab:
        tab.wait_until_drawn("sample")
        canvas = tab.frame.get_by_role("img", name="tinted by weight").first

        def written(x: float, y: float) -> bool:
            """Whether there is white on black just above this corner."""
            drawn = pixels(canvas).astype(int)
            height, width, _ = drawn.shape
            row, column = round(y * height), round(x * width)
            chip = drawn[row - 14 : row - 1, column + 2 : column + 40]
            return bool(chip.max() > 200 and np.median(chip) < 40)

        for _ in range(50):
            if written(0, 0.25):
                break
            tab.page.wait_for_timeout(100)
        assert written(0, 0.25)
        assert written(0.6, 0.1)
        assert not written(0.5, 0.5), "an object that is nothing has no name"


def test_a_cell_and_the_objects_that_it_asks_show_each_other(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("found", "sample", "to_objects")) as tab:
        tab.wait_until_drawn("sample")
        asking = tab.frame.get_by_role("slider", name="Cell of the picture")
        asking.press("ArrowRight")
        assert "row 0, col 1 looks at “cat 0.93”: 0.700" in tab.sentence
        answering = tab.frame.get_by_role("group", name="The picture", exact=True)
        size = answering.bounding_box()
        assert size is not None
        answering.hover(position={"x": 0.75 * size["width"], "y": 0.75 * size["height"]})
        drawn = pixels(asking.locator("canvas"))
        # Cells 0, 3, 6, ... look at the first object, which is pointed at.
        assert blue(drawn, 0.875, 0.125) > 120 > 60 > blue(drawn, 0.375, 0.125)


def test_columns_stand_beside_their_values(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("table", "head")) as tab:
        tab.wait_until_drawn("head")
        assert "“age” = 41 looks at “income” = 1235: 0.700" in tab.sentence
        ranking = tab.frame.get_by_role("list", name="Ranking").get_by_role("listitem").first
        expect(ranking).to_contain_text("income")
        expect(ranking).to_contain_text("1235")
        tab.open("Sample")
        expect(tab.frame.get_by_role("listbox", name="Words")).to_contain_text("age 41")


def test_dates_are_labelled_by_week_and_month_and_the_series_is_drawn(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("series", "head")) as tab:
        tab.wait_until_drawn("head")
        assert "20 Dec 2023 looks at 9 Jan 2024: 0.700" in tab.sentence
        for label in ("2024", "Feb", "Mar"):
            assert tab.frame.get_by_role("button", name=label, exact=True).count() >= 1
        series = tab.frame.get_by_role("slider", name="In the series")
        series.press("ArrowRight")
        assert "21 Dec 2023 looks at" in tab.sentence
        drawn = pixels(series.locator("canvas"))
        assert blue(drawn, 20.5 / 100, 0.05) > 40 > 5 > abs(blue(drawn, 0.7, 0.05))


STARTED = """
    window.started = [];
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...given) {
        window.started.push([...given, this.buffer.length, this.buffer.sampleRate]);
        return start.apply(this, given);
    };
"""


def played(tab: Tab) -> list[list[float]]:
    return [[round(number, 3) for number in each] for each in tab.frame.evaluate("window.started")]


def test_a_sound_is_drawn_and_a_frame_of_it_played(server: TensorBoard, chromium: Browser) -> None:
    def spy(page: Page) -> None:
        page.add_init_script(STARTED)

    with opened(chromium, server.address, at("heard", "head"), prepare=spy) as tab:
        tab.wait_until_drawn("head")
        heard = tab.frame.get_by_role("slider", name="In the sound")
        tab.frame.get_by_role("button", name="▶ all").click()
        expect(tab.frame.get_by_role("button", name="▶ all")).to_be_visible()
        size = heard.bounding_box()
        assert size is not None
        heard.click(position={"x": 0.55 * size["width"], "y": 20})
        assert "frame at 0.5 s is looked at most by “high”: 0.700" in tab.sentence
        tab.frame.get_by_role("button", name="▶ 0.5 s").click()
        assert played(tab) == [[0, 0, 1, RATE, RATE], [0, 0.5, 0.1, RATE, RATE]]
        drawn = pixels(heard.locator("canvas")).mean(axis=2)
        height, width = drawn.shape
        # In the spectrogram, below the wave, a pitch of 2 kHz stands in the middle, in the sixth part alone.
        middle = drawn[round((0.38 + 0.62 / 2) * height)]
        assert middle[round(0.55 * width)] < middle[round(0.3 * width)] - 60
        assert middle[round(0.55 * width)] < middle[round(0.8 * width)] - 60


def test_words_and_sound_show_each_other(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("heard", "sample")) as tab:
        tab.wait_until_drawn("sample")
        words = tab.frame.get_by_role("listbox", name="Words")
        sound = tab.frame.get_by_role("slider", name="The sound")
        words.get_by_role("option").nth(2).hover()
        assert "“high” looks at frame at 0.5 s: 0.700" in tab.sentence
        drawn = pixels(sound.locator("canvas"))
        assert blue(drawn, 0.55, 0.05) > 40 > 10 > blue(drawn, 0.85, 0.05)
        size = sound.bounding_box()
        assert size is not None
        sound.hover(position={"x": 0.55 * size["width"], "y": 20})
        # The word that looks there is coloured, the others are not.
        styles = [words.get_by_role("option").nth(i).get_attribute("style") or "" for i in range(4)]
        assert ["background" in style for style in styles] == [False, False, True, False]


def test_a_page_plays_its_sounds_offline(logs: Path, tmp_path: Path, chromium: Browser) -> None:
    tb_attention.export_html(logs / "heard", tmp_path / "page.html", samples=[0])
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.add_init_script(STARTED)
    page.goto(f"{(tmp_path / 'page.html').as_uri()}#p.attention.view=sample")
    page.get_by_role("button", name="▶ all").click()
    assert page.evaluate("window.started[0].slice(2)") == [1, RATE, RATE]
    assert problems == []
    page.close()
