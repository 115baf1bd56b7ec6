"""Small pictures of maps on a real screen: what a person sees of a strong column, at every step and on every screen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

STEPS, LAYERS, HEADS, SIZE = 16, 3, 4, 50
"""50 positions: a class token and 7 x 7 patches."""
CLASS_TOKEN = 0.65
MANY = 400


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All heads look at the class token, the first position, with 0.65."""
    logs = tmp_path_factory.mktemp("film")
    write_many(logs / "many")
    write_picture(logs / "picture")
    # The one written last opens.
    random = np.random.default_rng(0)
    samples = tb_attention.Samples(np.zeros((1, SIZE), int), [0], ids=["a"], class_names=["ham", "spam"])
    with tb_attention.AttentionWriter(logs / "run", samples=samples) as writer:
        for step in range(STEPS):
            weights = random.dirichlet(np.full(SIZE, 5), (LAYERS, 1, HEADS, SIZE)).astype("float32") * (1 - CLASS_TOKEN)
            weights[..., 0] += CLASS_TOKEN
            named = {f"layer_{layer}/attention": weights[layer] for layer in range(LAYERS)}
            writer.write(step, named, np.array([[0.8, 0.2]]), {"val_loss": 1 / (1 + step)}, epoch=step)
    return logs


def write_many(run: Path) -> None:
    """So many steps that each has less than two pixels; all look at the first position."""
    weights = np.zeros((1, 1, SIZE, SIZE), np.float32)
    weights[..., 0] = 1
    with tb_attention.AttentionWriter(run) as writer:
        for step in range(MANY):
            writer.write(step, {"attention": weights}, epoch=step)


def write_picture(run: Path) -> None:
    """A white picture; at each step all of it looks at the patch with the number of the step."""
    samples = tb_attention.Samples(np.ones((1, 8, 8, 3), np.float32), [0], ids=["white"])
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(4):
            weights = np.zeros((1, 1, 16, 16), np.float32)
            weights[..., step] = 1
            writer.write(step, {"attention": weights}, epoch=step)


def pixels_of(tab: Tab, box: FloatRect | None) -> npt.NDArray[np.uint8]:
    assert box is not None
    picture = Image.open(io.BytesIO(tab.page.screenshot(clip=box))).convert("RGB")
    return np.asarray(picture)


def hot_columns(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """The pixel columns that are dark blue over most of the picture's height."""
    red, blue = pixels[..., 0].astype(int), pixels[..., 2].astype(int)
    return np.flatnonzero(((red < 90) & (blue > red + 30)).mean(axis=0) > 0.7)


def lines_in(columns: npt.NDArray[np.intp]) -> int:
    """How many separate lines some pixel columns are."""
    return int(np.count_nonzero(np.diff(columns) > 1) + 1) if columns.size else 0


def canvas_in(part: Locator) -> FloatRect | None:
    return part.locator("canvas").first.bounding_box()


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
def test_the_class_tokens_column_is_a_line_at_every_step_of_the_film(
    server: TensorBoard, chromium: Browser, ratio: float
) -> None:
    options: dict[str, Any] = {"device_scale_factor": ratio}
    with opened(chromium, server.address, "&p.attention.view=head", **options) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        film = tab.frame.locator(".film")
        for slot in (STEPS - 1, 7, 0):
            tab.slider.press("Home")
            for _ in range(slot):
                tab.slider.press("ArrowRight")
            tab.wait_until_drawn("head", step=slot)
            tab.page.wait_for_timeout(400)
            # The middle of the film, without the border of the chosen frame.
            box = canvas_in(film)
            assert box is not None
            middle: FloatRect = {**box, "y": box["y"] + 6, "height": 20}
            assert lines_in(hot_columns(pixels_of(tab, middle))) == STEPS


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
def test_the_class_tokens_column_is_a_line_in_every_small_picture(
    server: TensorBoard, chromium: Browser, ratio: float
) -> None:
    options: dict[str, Any] = {"device_scale_factor": ratio}
    with opened(chromium, server.address, **options) as tab:
        tab.wait_until_drawn("overview")
        grid = tab.frame.get_by_role("grid", name="Heads")
        for cell in grid.get_by_role("gridcell").all():
            assert lines_in(hot_columns(pixels_of(tab, cell.bounding_box()))) == 1
        tab.slider.hover(position={"x": 60, "y": 60})
        card = tab.slider.locator(".card .frame")
        expect(card).to_be_visible()
        tab.page.wait_for_timeout(300)
        assert lines_in(hot_columns(pixels_of(tab, card.bounding_box()))) == 0, "the card shows the focus of all heads"
        tab.open("Head")
        tab.slider.hover(position={"x": 60, "y": 60})
        expect(card).to_be_visible()
        tab.page.wait_for_timeout(300)
        assert lines_in(hot_columns(pixels_of(tab, card.bounding_box()))) == 1
        tab.page.mouse.move(5, 5)
        for head in range(HEADS):
            sibling = tab.frame.get_by_role("button", name=f"Head {head}", exact=True)
            assert lines_in(hot_columns(pixels_of(tab, sibling.bounding_box()))) == 1


def test_a_hover_over_the_film_says_the_prediction_and_whether_it_is_right(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address) as tab:
        tab.wait_until_drawn("overview")
        tab.slider.hover(position={"x": 60, "y": 60})
        expect(tab.slider).to_contain_text("prediction ✓ ham, right")


def test_in_a_narrow_window_nothing_of_the_film_lies_in_the_readout(server: TensorBoard, chromium: Browser) -> None:
    for width in (1280, 780, 640, 480):
        with opened(
            chromium, server.address, "&p.attention.view=head", viewport={"width": width, "height": 800}
        ) as tab:
            tab.wait_until_drawn("head", step=STEPS - 1)
            readout = tab.frame.locator(".readout").bounding_box()
            assert readout is not None
            for frame in tab.frame.locator(".film i").all():
                box = frame.bounding_box()
                assert box is not None
                # The border lies around the box: 1 pixel away from it, 2 pixels wide.
                assert box["x"] + box["width"] + 3 <= readout["x"]
            assert tab.frame.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_ranked_heads_have_their_names_and_values_under_them(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    log = tb_attention.load(logs / "run")
    entropies = {}
    for layer in range(LAYERS):
        weights = np.asarray(log.weights(step=STEPS - 1, sample="a", site=f"layer_{layer}/attention"), dtype=np.float64)
        for head in range(HEADS):
            rows = weights[head]
            bits = -(rows * np.log2(np.where(rows > 0, rows, 1))).sum(axis=-1).mean()
            entropies[f"{layer} · {head}"] = bits
    with opened(chromium, server.address, "&p.attention.order=measure&p.attention.measure=entropy") as tab:
        tab.wait_until_drawn("overview")
        texts = [text.split("\n") for text in tab.frame.get_by_role("gridcell").all_inner_texts()]
        captions = [("".join(name), value) for *name, value in texts]
        assert {name for name, _ in captions} == set(entropies)
        values = [float(value) for _, value in captions]
        assert values == sorted(values)
        for name, value in captions:
            assert float(value) == pytest.approx(entropies[name], rel=0.01)


def test_a_of_a_comparison_is_dragged_on_the_timeline_and_moved_by_keys(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=compare") as tab:
        tab.wait_until_drawn("compare", step=STEPS - 1)
        handle = tab.frame.get_by_role("slider", name="A on the timeline")
        expect(handle).to_have_attribute("aria-valuetext", "epoch 1 (step 0)")
        start, stage = handle.bounding_box(), tab.slider.bounding_box()
        assert start is not None
        assert stage is not None
        tab.page.mouse.move(start["x"] + 9, start["y"] + 9)
        tab.page.mouse.down()
        tab.page.mouse.move(stage["x"] + stage["width"] * 5.5 / STEPS, start["y"] + 9, steps=6)
        tab.page.mouse.up()
        expect(handle).to_have_attribute("aria-valuetext", "epoch 6 (step 5)")
        tab.expect_link("p.attention.versus=5")
        tab.page.keyboard.press("ArrowRight")
        expect(handle).to_have_attribute("aria-valuetext", "epoch 7 (step 6)")
        expect(tab.frame.get_by_label("Step of A")).to_have_value("6")
        tab.expect_link("p.attention.versus=6")
        tab.expect_step(f"epoch {STEPS} (step {STEPS - 1})")
        tab.slider.focus()
        tab.page.keyboard.press("ArrowLeft")
        tab.expect_step(f"epoch {STEPS - 1} (step {STEPS - 2})")
        expect(handle).to_have_attribute("aria-valuetext", "epoch 7 (step 6)")
        tab.open("Head")
        expect(handle).to_have_count(0)


def test_the_rows_of_epochs_fit_with_their_numbers_and_whole_outlines(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=epochs") as tab:
        tab.wait_until_drawn("epochs")
        rows = tab.frame.get_by_role("slider", name="over time")
        box, outline = rows.bounding_box(), tab.frame.locator("i.head").bounding_box()
        assert box is not None
        assert outline is not None
        assert outline["y"] - 3 >= box["y"]
        numbers = tab.frame.locator(".gutter b").all_inner_texts()
        assert numbers == [str(head) for head in range(HEADS)] * LAYERS


def test_of_very_many_steps_the_film_has_some_and_says_which(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=many&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=MANY - 1)
        expect(tab.frame.get_by_text("every 20th epoch")).to_be_visible()
        expect(tab.frame.get_by_label("Timeline").get_by_text("the map over steps")).to_be_visible()
        film = tab.frame.locator(".film")
        tab.page.wait_for_timeout(3000)
        box = canvas_in(film)
        assert box is not None
        middle: FloatRect = {**box, "y": box["y"] + 6, "height": 20}
        # Every 20th, of which those at the ends may lie under their neighbours.
        assert MANY // 20 - 2 <= lines_in(hot_columns(pixels_of(tab, middle))) <= MANY // 20 + 1
        tab.page.set_viewport_size({"width": 1920, "height": 1080})
        expect(tab.frame.get_by_text("every 10th epoch")).to_be_visible()


def test_the_film_of_a_picture_shows_its_tint_at_each_step(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=picture&p.attention.view=sample") as tab:
        tab.wait_until_drawn("sample", step=3)
        expect(tab.frame.get_by_text("the tint over steps")).to_be_visible()
        tab.page.wait_for_timeout(500)
        pixels = pixels_of(tab, canvas_in(tab.frame.locator(".film"))).astype(int)
        tinted = (pixels[..., 2] > 180) & (pixels[..., 0] < 120)
        for step in range(4):
            frame = tinted[:, 120 * step : 120 * (step + 1)]
            rows, columns = np.nonzero(frame)
            # A frame is 28 pixels high, a patch 7; it lies in the middle of its slot of 120 pixels, 2 below the top.
            assert abs(rows.mean() - (2 + 3)) <= 1
            assert abs(columns.mean() - (60 - 14 + 7 * step + 3)) <= 1
            assert 40 <= len(rows) <= 60
        tab.open("Head")
        expect(tab.frame.get_by_text("the map over steps")).to_be_visible()
