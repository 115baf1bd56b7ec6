"""Gestures on one head: keys, zoom down to single weights of a large map, several heads, labels, two texts, a plane."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

import tb_attention
from tb_attention.site import Axis, WindowPlaces
from tests.browser import train_translation
from tests.browser.tab import Tab, opened
from tests.browser.test_reading import COUNT, SIDE, STEPS, TOKENS, choices, sentence, write_pictures, write_text
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

LARGE, HOT = 4096, (2777, 1333)
CROSS = "decoder_cross_attention"
EPOCHS = 2


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("head")
    train_translation.main(logs / "translation", EPOCHS)
    write_text(logs / "text")
    write_pictures(logs / "pictures")
    large = np.full((1, 1, LARGE, LARGE), 1e-6, "float32")
    large[0, 0, HOT[0], HOT[1]] = 0.9
    with tb_attention.AttentionWriter(logs / "large") as writer:
        writer.write(0, {"attention": large}, epoch=0)
    plane = np.random.default_rng(3).random((1, 1, 5, 6)).astype("float32")
    axes = {"gate": [Axis("heads", 1), Axis("key", 5), Axis("key", 6)]}
    samples = tb_attention.Samples(np.zeros((1, 3)), axes=axes)
    with tb_attention.AttentionWriter(logs / "plane", samples=samples) as writer:
        writer.write(0, {"gate": plane}, epoch=0)
    write_windows(logs / "windows")
    return logs


def write_windows(run: Path) -> None:
    """Two pictures of 8 x 12 pixels, each a cell, in shifted windows of 2 x 3 cells."""
    cells = np.roll(np.arange(96).reshape(8, 12), (-1, -1), (0, 1)).reshape(4, 2, 4, 3).transpose(0, 2, 1, 3)
    places = WindowPlaces((8, 12), tuple(tuple(map(int, window)) for window in cells.reshape(16, 6)))
    along = [Axis(role, 6, "grid", (2, 3), input=0) for role in ("query", "key")]
    axes = {"shifted": [Axis("heads", 1), Axis("windows", 16, places=places), *along]}
    pictures = np.random.default_rng(0).random((2, 8, 12, 3)).astype("float32")
    weights = np.random.default_rng(1).dirichlet(np.ones(6), (2, 1, 16, 6)).astype("float32")
    with tb_attention.AttentionWriter(run, samples=tb_attention.Samples(pictures, axes=axes)) as writer:
        writer.write(0, {"shifted": weights}, epoch=0)


def grid(tab: Tab) -> Locator:
    return tab.frame.get_by_role("grid", name="Map of")


def test_the_strongest_weights_are_a_table(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")
    own = weights[0, :COUNT, :COUNT]
    with opened(chromium, server.address, choices(run="text", view="head", sample="first")) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        tab.frame.get_by_text("The strongest weights as a table").press("Enter")
        rows = tab.frame.get_by_role("table", name=re.compile("strongest weights of layer_0")).get_by_role("row")
        expect(rows).to_have_count(1 + 20)
        for place, flat in enumerate(np.argsort(-own, axis=None)[:20], start=1):
            query, key = np.unravel_index(flat, own.shape)
            cells = rows.nth(place).get_by_role("cell")
            expect(cells).to_have_text([f"“{TOKENS[query]}”", f"“{TOKENS[key]}”", f"{own[query, key]:.3f}"])


def test_a_lone_hot_weight_of_a_large_map_is_seen_found_and_reached_by_the_wheel(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, choices(run="large", view="head")) as tab:
        tab.wait_until_drawn("head", step=0)
        expect(tab.frame.get_by_text(re.compile(r"the largest of .* weights is shown at each pixel"))).to_be_visible()
        box = grid(tab).bounding_box()
        assert box is not None
        x, y = hottest(grid(tab))
        assert (x - 1) * LARGE / box["width"] <= HOT[1] <= (x + 1) * LARGE / box["width"]
        assert (y - 1) * LARGE / box["height"] <= HOT[0] <= (y + 1) * LARGE / box["height"]
        for _ in range(12):
            tab.page.mouse.move(box["x"] + x + 0.5, box["y"] + y + 0.5)
            tab.page.mouse.wheel(0, -700)
            tab.page.wait_for_timeout(60)
            x, y = hottest(grid(tab))
        tab.page.mouse.move(box["x"] + x + 0.5, box["y"] + y + 0.5)
        expect(sentence(tab)).to_contain_text(f"position {HOT[0]} looks at position {HOT[1]}: 0.900")
        assert dark_share(grid(tab)) > 0.05
        tab.page.mouse.dblclick(box["x"] + x, box["y"] + y)
        tab.page.wait_for_timeout(100)
        assert dark_share(grid(tab)) < 0.001


# The middle of what is darkest, in CSS pixels: the highest weight, in the light theme.
DARKEST = """grid => {
    const canvas = grid.querySelector("canvas");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let [count, x, y] = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] !== 0x0a || data[i + 1] !== 0x2f || data[i + 2] !== 0x5c) continue;
        count++;
        x += (i / 4) % copy.width;
        y += Math.floor(i / 4 / copy.width);
    }
    return { x: x / count, y: y / count, share: count / (copy.width * copy.height) };
}"""


def hottest(map_: Locator) -> tuple[float, float]:
    found = map_.evaluate(DARKEST)
    assert found["share"] > 0
    return found["x"], found["y"]


def dark_share(map_: Locator) -> float:
    return float(map_.evaluate(DARKEST)["share"])


def test_keys_zoom_pan_and_keep_a_cell(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="head", sample="first")) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        map_ = grid(tab)
        labels = tab.frame.locator(".rows .left button")
        whole = labels.count()
        map_.press("ArrowDown")
        map_.press("ArrowRight")
        expect(sentence(tab)).to_contain_text("“dear” looks at “dear”")
        for _ in range(4):
            map_.press("+")
        assert labels.count() < whole
        for _ in range(COUNT):
            map_.press("ArrowDown")
        expect(sentence(tab)).to_contain_text("“[SEP]” looks at “dear”")
        expect(labels.filter(has_text="[SEP]")).to_be_visible()
        map_.press("Shift+ArrowUp")
        map_.press("Enter")
        tab.expect_link(f"p.attention.query={COUNT - 1}")
        map_.press("0")
        expect(labels).to_have_count(whole)


@pytest.mark.parametrize(
    "link", [{"run": "text"}, {"run": "pictures"}, {"run": "pictures", "hide": "yes"}, {"run": "large"}]
)
def test_labels_never_run_into_each_other(link: dict[str, str], server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(**link, view="head")) as tab:
        tab.wait_until_drawn("head")
        box = grid(tab).bounding_box()
        assert box is not None
        for turn in range(6):
            tab.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.6)
            for side in (".head", ".rows"):
                boxes = tab.frame.locator(f".matrix {side} button").evaluate_all(
                    "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.top, b.bottom])"
                )
                assert boxes
                along = (0, 1) if side == ".head" else (2, 3)
                ends = sorted((label[along[0]], label[along[1]]) for label in boxes)
                for (_, end), (start, _) in itertools.pairwise(ends):
                    assert start > end - 4  # two pixels of padding on either side
            tab.page.mouse.wheel(0, -300 - 200 * turn)
            tab.page.wait_for_timeout(80)


def test_left_out_keys_are_said(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")
    link = choices(run="text", view="head", sample="first", query="6", hide="yes")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        row = weights[0, 6, 1 : COUNT - 1]
        expect(sentence(tab)).to_contain_text(f": {row.max() / row.sum():.3f}"[:6])
        expect(sentence(tab)).to_contain_text("without 2 special keys; the rest sums to 1")


def test_rows_go_to_the_next_query_by_key(server: TensorBoard, chromium: Browser) -> None:
    link = choices(run="text", view="head", sample="first", mode="rows", query="2")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        query = tab.frame.get_by_role("slider", name="The query")
        expect(query).to_have_attribute("aria-valuetext", "“sir”")
        query.press("ArrowDown")
        expect(sentence(tab)).to_contain_text("“the” looks at")
        query.press("End")
        expect(sentence(tab)).to_contain_text("“[SEP]” looks at")


def test_a_gate_over_a_plane_without_a_picture_is_drawn_and_read_by_keys(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    values = tb_attention.load(logs / "plane").weights(step=0, sample=0, site="gate")[0]
    with opened(chromium, server.address, choices(run="plane", view="head")) as tab:
        plane = tab.frame.get_by_role("slider", name="The gate over the picture")
        expect(tab.frame.get_by_text("Over the feature map")).to_be_visible()
        plane.press("ArrowDown")
        plane.press("ArrowRight")
        plane.press("ArrowRight")
        expect(plane).to_have_attribute("aria-valuetext", re.compile(f"row 1, col 2: {values[1, 2]:.3f}"[:-1]))
        expect(sentence(tab)).to_contain_text("row 1, col 2")


def test_a_cell_of_the_picture_is_reached_by_keys(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="pictures", view="head", query="1")) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        picture = tab.frame.get_by_role("slider", name=re.compile("over the picture"))
        picture.press("ArrowDown")
        picture.press("ArrowRight")
        expect(sentence(tab)).to_contain_text("row 1, col 1 looks at")
        tab.expect_link(f"p.attention.query={1 + SIDE + 1}")


def test_a_window_is_outlined_in_the_picture_and_chosen_there(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="windows", view="head")) as tab:
        picture = tab.frame.get_by_role("slider", name="The window in the picture")
        expect(picture).to_have_attribute("aria-valuetext", "window 0 of 16, rows 1–2, columns 1–3, shifted by 1")
        box = picture.bounding_box()
        assert box is not None
        # The top left cell is the last of the last window: that one lies around both edges.
        picture.click(position={"x": 2, "y": 2})
        words = "window 15 of 16, rows 7 and 0, columns 10–11 and 0, shifted by 1"
        expect(picture).to_have_attribute("aria-valuetext", words)
        sentence = tab.frame.locator("p[aria-live]").first
        expect(sentence).to_contain_text(re.compile(f"^row 0, col 0 looks at .*{words}$"))
        picture.press("ArrowLeft")
        expect(sentence).to_contain_text("window 14 of 16, rows 7 and 0, columns 7–9, shifted by 1")
        # Cell (3, 4) is the first of window 5.
        picture.click(position={"x": box["width"] * 4.5 / 12, "y": box["height"] * 3.5 / 8})
        expect(sentence).to_contain_text("window 5 of 16, rows 3–4, columns 4–6, shifted by 1")
        expect(sentence).to_contain_text(re.compile("^row 3, col 4 looks at "))


def test_a_cell_of_any_window_is_the_query_of_the_sample(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="windows", view="sample")) as tab:
        tab.wait_until_drawn("sample")
        sentence = tab.frame.locator("p[aria-live]").first
        expect(sentence).to_contain_text(re.compile("^row 1, col 1 looks at "))
        tab.frame.get_by_role("slider", name="Cell of the picture").click(position={"x": 4, "y": 4})
        expect(sentence).to_contain_text(re.compile("^row 0, col 0 looks at "))
        expect(tab.frame.get_by_role("slider", name="window")).to_have_value("15")
        # Rows over steps and layers would be means over the windows.
        expect(tab.frame.get_by_text("over epochs", exact=True)).to_have_count(0)


def test_a_decoder_shows_the_text_it_writes_and_the_text_it_reads(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    log = tb_attention.load(logs / "translation")
    english, german = (log.samples.inputs[0][place]["tokens"] for place in (0, 1))
    weights = log.weights(step=EPOCHS - 1, sample=0, site=CROSS)
    with opened(chromium, server.address, choices(run="translation", view="sample", site=CROSS)) as tab:
        tab.wait_until_drawn("sample", step=EPOCHS - 1)
        queries = tab.frame.get_by_role("listbox", name=re.compile("choose the query"))
        keys = tab.frame.get_by_role("group", name="Words of the sample")
        for panel, words in ((queries, german), (keys, english)):
            shown = panel.evaluate("e => [...e.querySelectorAll('[data-word]')].map(s => s.firstChild.textContent)")
            assert shown == list(words)
        queries.get_by_role("option").nth(3).click()
        tab.page.mouse.move(5, 5)
        expect(sentence(tab)).to_contain_text(f"“{german[3]}”")
        expect(sentence(tab)).to_contain_text(f"“{english[int(weights[0, 3].argmax())]}”")
        expect(sentence(tab)).to_contain_text(f"{weights[0, 3].max():.3f}"[:5])
        tab.open("Head")
        expect(grid(tab)).to_have_attribute("aria-rowcount", str(len(german)))
        expect(tab.frame.get_by_role("heading", name="In the text: queries")).to_be_visible()
        expect(tab.frame.get_by_role("heading", name="In the text: keys")).to_be_visible()
