"""Each view used as a person uses it, on a real training of the article's models and on a log of texts."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser
EPOCHS = 3
WORDS = ["dear", "sir", "the", "invoice", "is", "late", ",", "please", "pay", "now"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("views")
    importlib.import_module("article").main(str(logs / "article"), epochs=EPOCHS, verbose=0, images=1_000)
    write_texts(logs / "text")
    return logs


def write_texts(run: Path) -> None:
    random = np.random.default_rng(0)
    tokens = [[*WORDS, "", ""], [*WORDS[::-1], "", ""]]
    masks = [[1] * 10 + [0] * 2] * 2
    samples = tb_attention.Samples(
        np.zeros((2, 12), int), [0, 1], tokens=tokens, masks=masks, class_names=["ham", "spam"]
    )
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(2):
            weights = random.dirichlet(np.ones(12), (2, 2, 12)).astype("float32")
            probabilities = np.array([[0.9, 0.1], [0.7, 0.3]])
            writer.write(step, {"encoder/attention": weights}, probabilities, {"val_loss": 1 - step / 4}, epoch=step)


def choices(**values: str) -> str:
    return "".join(f"&p.attention.{key}={value}" for key, value in values.items())


def test_a_cell_opens_its_samples_and_a_sample_its_attention(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix = tb_attention.load(logs / "article").confusion_matrix(step=EPOCHS - 1, tag="attention confusion")
    log = tb_attention.load(logs / "article", tag="attention")
    labels = [int(label) for label in log.samples.labels]
    wrong = next(
        (truth, prediction.class_index)
        for truth, prediction in zip(labels, log.predictions(EPOCHS - 1), strict=True)
        if prediction.class_index != truth
    )
    with opened(chromium, server.address, choices(run="article", tag="attention", view="confusion")) as tab:
        tab.wait_until_drawn("confusion", step=EPOCHS - 1)
        point_at_cell(tab, *wrong)
        share = round(100 * matrix[wrong] / matrix[wrong[0]].sum())
        truth, predicted = (log.samples.class_names[index] for index in wrong)
        expect(tab.frame.locator("p[aria-live]").first).to_have_text(
            re.compile(rf"{matrix[wrong]} of class {truth} \(true\) (was|were) predicted as {predicted}: {share} %")
        )
        point_at_cell(tab, *wrong, click=True)
        tab.frame.get_by_role("button", name=re.compile("^#")).first.click()
        drawn = tab.wait_until_drawn("sample", step=EPOCHS - 1)
        position = list(log.samples.ids).index(drawn["sample"])
        assert labels[position] == wrong[0]


def test_the_timeline_moves_the_matrix(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    log = tb_attention.load(logs / "article")
    with opened(chromium, server.address, choices(run="article", tag="attention", view="confusion")) as tab:
        for step in range(EPOCHS - 1, -1, -1):
            tab.wait_until_drawn("confusion", step=step)
            matrix = log.confusion_matrix(step=step, tag="attention confusion")
            point_at_cell(tab, 3, 3)
            expect(tab.frame.locator("#confusion-cell")).to_contain_text(str(matrix[3, 3]))
            tab.slider.press("ArrowLeft")


def point_at_cell(tab: Tab, truth: int, predicted: int, *, click: bool = False) -> None:
    box = tab.frame.get_by_role("grid", name="Confusion matrix").bounding_box()
    assert box is not None
    x, y = box["x"] + (predicted + 0.5) / 10 * box["width"], box["y"] + (truth + 0.5) / 10 * box["height"]
    tab.page.mouse.move(x - 2, y)
    tab.page.mouse.move(x, y)
    if click:
        tab.page.mouse.click(x, y)


@pytest.mark.parametrize(("tag", "kind"), [("attention", "activation"), ("gated", "gate")])
def test_a_gate_is_bars_over_channels_with_their_values(
    logs: Path, server: TensorBoard, chromium: Browser, tag: str, kind: str
) -> None:
    log = tb_attention.load(logs / "article", tag=tag)
    with opened(chromium, server.address, choices(run="article", tag=tag, view="head")) as tab:
        drawn = tab.wait_until_drawn("head", step=EPOCHS - 1)
        values = log.weights(step=EPOCHS - 1, sample=drawn["sample"], site="attention")[0]
        expect(tab.frame.locator("body")).to_contain_text(f"channel {values.argmax()}")
        expect(tab.frame.locator("body")).to_contain_text(f"{values.max():.3f}")
        expect(tab.frame.get_by_text(kind, exact=True)).to_be_visible()
        if kind == "activation":
            expect(tab.frame.locator("body")).to_contain_text("multiply nothing")


def test_a_word_shows_what_it_looks_at_and_padding_is_hidden(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    log = tb_attention.load(logs / "text")
    with opened(chromium, server.address, choices(run="text", view="head")) as tab:
        tab.wait_until_drawn("head", step=1)
        expect(tab.frame.get_by_role("grid", name="Map of")).to_have_attribute("aria-colcount", "10")
        weights = log.weights(step=1, sample=0, site="encoder/attention")[0, :10, :10]
        tab.frame.locator("p[role=presentation]").get_by_text("invoice").click()
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("“invoice” looks at")
        key = int(weights[3].argmax())
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"“{WORDS[key]}”")
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(f"{weights[3, key]:.3f}")


def test_samples_are_filtered_by_words_and_by_right_and_wrong(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text")) as tab:
        tab.wait_until_drawn("overview", step=1)
        options = tab.frame.get_by_role("listbox", name="Samples").get_by_role("option")
        expect(options).to_have_count(2)
        tab.frame.get_by_role("button", name="wrong").click()
        expect(options).to_have_count(1)
        expect(options).to_contain_text("ham")
        tab.frame.get_by_role("button", name="all", exact=True).click()
        search = tab.frame.get_by_placeholder(re.compile("^Find"))
        search.fill("now pay")
        expect(options).to_have_count(1)
        search.fill("nothing like this")
        expect(options).to_have_count(0)


def test_a_damaged_step_is_named_and_all_others_are_readable(
    logs: Path, tmp_path: Path, server: TensorBoard, chromium: Browser
) -> None:
    shutil.copytree(logs / "text", tmp_path / "text")
    [path] = tmp_path.rglob("step-000000000000.npz")
    path.write_bytes(path.read_bytes()[:200])
    damaged = TensorBoard(tmp_path)
    try:
        with opened(chromium, damaged.address) as tab:
            tab.wait_until_drawn("overview", step=1)
            tab.slider.press("ArrowLeft")
            expect(tab.frame.locator("body")).to_contain_text("epoch 1 (step 0) cannot be read")
            tab.slider.press("End")
            tab.wait_until_drawn("overview", step=1)
    finally:
        damaged.stop()


def test_without_a_log_the_tab_says_what_to_do(tmp_path: Path, chromium: Browser) -> None:
    server = TensorBoard(tmp_path)
    try:
        with opened(chromium, server.address, wait=False) as tab:
            body = tab.plugin.locator("body")
            expect(body).to_contain_text("AttentionCallback", timeout=20_000)
            expect(body).to_contain_text(str(tmp_path))
    finally:
        server.stop()


CELL_LUMINANCES = """(canvas, [rows, columns]) => {
    // Reading the page's own canvas again and again makes the browser complain.
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const cells = [];
    for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
            const x = Math.floor(((column + 0.5) / columns) * canvas.width);
            const y = Math.floor(((row + 0.5) / rows) * canvas.height);
            const [red, green, blue] = context.getImageData(x, y, 1, 1).data;
            cells.push(0.2126 * red + 0.7152 * green + 0.0722 * blue);
        }
    return cells;
}"""


@pytest.mark.parametrize(("tag", "said"), [("attention", "Before pooling: mean"), ("gated", "Before the gate: mean")])
def test_each_bar_shows_the_feature_map_of_its_channel(
    logs: Path, server: TensorBoard, chromium: Browser, tag: str, said: str
) -> None:
    log = tb_attention.load(logs / "article", tag=tag)
    fetched: list[str] = []
    with opened(chromium, server.address, choices(run="article", tag=tag, view="overview")) as tab:
        tab.page.on("request", lambda request: fetched.append(request.url))
        tab.open("Head")
        drawn = tab.wait_until_drawn("head", step=EPOCHS - 1)
        gate = log.weights(step=EPOCHS - 1, sample=drawn["sample"], site="attention")[0]
        maps = log.features(step=EPOCHS - 1, sample=drawn["sample"], site="attention")
        assert maps is not None
        order = np.argsort(-gate, kind="stable")
        expect_channel(tab, int(order[0]), maps)
        expect(tab.frame.get_by_text(said)).to_be_visible()
        ranking = tab.frame.get_by_role("list", name="Ranking").get_by_role("listitem")
        expect(ranking.locator("canvas")).to_have_count(12)
        bars = tab.frame.get_by_role("grid", name="Values of")
        bars.focus()
        bars.press("ArrowRight")
        expect_channel(tab, int(order[1]), maps)
    features = [url for url in fetched if "/features?" in url]
    assert len(features) == len(set(features)) == 1


def expect_channel(tab: Tab, channel: int, maps: np.ndarray) -> None:
    """The thumbnail of the channel is there, and its cells are darker (in the light theme) the larger they are."""
    canvas = tab.frame.get_by_role("img", name=f"Feature map of channel {channel}", exact=True)
    expect(canvas).to_be_visible()
    tab.page.wait_for_timeout(100)
    shades = np.array(canvas.evaluate(CELL_LUMINANCES, list(maps.shape[1:])))
    values = maps[channel].ravel()
    assert np.ptp(values) > 0
    assert (np.diff(shades[np.argsort(values)]) <= 0.5).all()
    assert shades[values.argmax()] < shades[values.argmin()]


@pytest.mark.parametrize("tag", ["attention", "gated"])
def test_the_matrices_are_those_of_the_maps(server: TensorBoard, chromium: Browser, tag: str) -> None:
    with opened(chromium, server.address, choices(run="article", tag=tag, view="confusion")) as tab:
        tab.wait_until_drawn("confusion", step=EPOCHS - 1)
        menu = tab.frame.get_by_role("combobox", name="Matrices")
        expect(menu).to_have_value(f"{tag} confusion")
        other = "gated" if tag == "attention" else "attention"
        menu.select_option(f"{other} confusion")
        expect(menu).to_have_value(f"{other} confusion")
        tab.wait_until_drawn("confusion", step=EPOCHS - 1)


def test_epochs_shows_gates_by_a_measure_that_they_have(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="article", tag="gated", view="epochs")) as tab:
        tab.wait_until_drawn("epochs")
        shown = tab.frame.get_by_role("combobox", name="Measure")
        expect(shown).to_have_value("largest")
        assert "entropy" not in shown.locator("option").evaluate_all("all => all.map(one => one.value)")
        rows = tab.frame.get_by_role("img", name=re.compile("^largest value .* over 4 steps$"))
        assert max(rows.evaluate(CELL_LUMINANCES, [1, EPOCHS + 1])) > 0, "a blank row"
