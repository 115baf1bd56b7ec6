"""Logs that are not as one would wish: one token, no samples, NaN, steps that are gone, event files alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

VIEWS = ("Overview", "Head", "Sample", "Samples", "Epochs", "Compare")
TOKENS = ["dear", "sir", "late", "now"]
HEBREW = ["[CLS]", "שלום", "עולם", "טוב"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("odd")
    random = np.random.default_rng(0)
    along = [Axis(role, 1, "tokens", input=0) for role in ("query", "key")]
    one = tb_attention.Samples(np.zeros((1, 1)), [0], tokens=[["alone"]], axes={"a": [Axis("heads", 2), *along]})
    with tb_attention.AttentionWriter(logs / "one", samples=one) as writer:
        for step in range(2):
            writer.write(step, {"a": np.ones((1, 2, 1, 1), "float32")}, epoch=step)
    with tb_attention.AttentionWriter(logs / "unnamed") as writer:
        for step in range(2):
            writer.write(step, {"a": random.dirichlet(np.ones(4), (3, 2, 4)).astype("float32")}, epoch=step)
    hebrew = tb_attention.Samples(np.zeros((2, 4)), [0, 1], tokens=[HEBREW, TOKENS], ids=["hebrew", "english"])
    with tb_attention.AttentionWriter(logs / "hebrew", samples=hebrew) as writer:
        for step in range(2):
            writer.write(step, {"a": random.dirichlet(np.ones(4), (2, 2, 4)).astype("float32")}, epoch=step)
    samples = tb_attention.Samples(np.zeros((2, 4)), [0, 1], tokens=[TOKENS] * 2)
    for run in ("nan", "gaps", "diverged"):
        with tb_attention.AttentionWriter(logs / run, samples=samples) as writer:
            for step in range(4):
                weights = random.dirichlet(np.ones(4), (2, 2, 4)).astype("float32")
                loss = 1.0
                if run == "nan" and step > 1:
                    weights[:, :, 1:3] = np.nan
                if run == "diverged" and step > 1:
                    weights[:, 1] = loss = np.nan
                writer.write(step, {"a": weights}, random.dirichlet(np.ones(2), 2), {"loss": loss}, epoch=step)
    for step in (1, 2):
        next((logs / "gaps").rglob(f"step-{step:012d}.npz")).unlink()
    matrices = SeriesWriter(logs / "matrices", "confusion", 1)
    matrices.submit(ConfusionRecord(0, {"validation": np.eye(3, dtype=int)}, epoch=0))
    assert matrices.close(10)
    with tb_attention.AttentionWriter(logs / "no sites", samples=samples) as writer:
        writer.write(0, {}, random.dirichlet(np.ones(2), 2), {"loss": 1.0}, epoch=0)
    shutil.copytree(logs / "nan", logs / "events", ignore=shutil.ignore_patterns("plugins"))
    return logs


def link(run: str, **values: str) -> str:
    return "".join(f"&p.attention.{key}={value}" for key, value in {"run": run, **values}.items())


def sentence(tab: Tab) -> str:
    return tab.frame.locator("p[aria-live]").first.inner_text()


@pytest.mark.parametrize("run", ["one", "unnamed", "nan", "gaps"])
def test_every_view_stands_it(run: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(run, view="overview")) as tab:
        for view in VIEWS:
            tab.frame.get_by_role("tab", name=view, exact=True).click()
            tab.wait_until_drawn(view.lower())
            assert sentence(tab)


def test_one_token_looks_at_itself(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link("one", view="head")) as tab:
        tab.wait_until_drawn("head")
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("“alone” looks at “alone”: 1.00, rank 1 of 1")


def test_samples_that_were_not_logged_have_their_places(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link("unnamed", view="samples")) as tab:
        rows = tab.frame.get_by_role("region", name="Table of samples").locator("tbody tr[aria-rowindex]")
        expect(rows).to_have_count(3)
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("none can be judged")


def test_weights_that_are_no_numbers_are_hatched_and_said(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link("nan", view="head", query="1")) as tab:
        tab.wait_until_drawn("head", step=3)
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text(
            "not a number: the model's weights have diverged"
        )
        cells = tab.frame.get_by_role("grid", name="Map of").locator("canvas")
        shades = cells.evaluate(SHADES)
        # Rows 1 and 2 are hatched in two greys; row 0 has the colours of four weights.
        assert {"154,154,154", "200,200,200"} <= set(shades["2"])
        assert not {"154,154,154", "200,200,200"} & set(shades["0"])
        tab.frame.get_by_role("group", name="Draw").get_by_role("button", name="Lines").click()
        expect(tab.frame.get_by_text(re.compile("^8 lines"))).to_be_visible()
        tab.open("Sample")
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("not a number")


SHADES = """canvas => {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const found = {};
    for (const row of [0, 2]) {
        const y = Math.floor(((row + 0.3) / 4) * copy.height);
        const { data } = context.getImageData(0, y, copy.width, Math.floor(copy.height / 10));
        const colors = new Set();
        for (let i = 0; i < data.length; i += 4) colors.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
        found[row] = [...colors];
    }
    return found;
}"""


def test_a_head_that_has_diverged_is_said_to_be_no_number_in_every_view(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link("diverged", view="compare", head="1", versus="1")) as tab:
        said = tab.frame.locator("p[aria-live]").first
        tab.wait_until_drawn("compare", step=3)
        expect(said).to_contain_text("the entropy of this head is not a number")
        expect(said).to_contain_text("no change is a number")
        entropy = tab.frame.get_by_role("row").filter(has_text="entropy (bits)").get_by_role("cell")
        expect(entropy).to_have_text(["entropy (bits)", re.compile(r"^\d"), "NaN", "NaN"])
        tab.open("Overview")
        expect(said).to_contain_text("The weights of 1 head of 2 at epoch 4 are not a number")
        tab.open("Epochs")
        expect(said).to_contain_text("At epoch 3 the weights of 1 head are not a number")
        expect(tab.frame.locator(".readout")).to_contain_text("NaN")


@pytest.mark.parametrize(("sample", "words", "sign"), [("hebrew", HEBREW, -1), ("english", TOKENS, 1)])
def test_a_text_runs_in_the_direction_of_its_letters(
    sample: str, words: list[str], sign: int, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, link("hebrew", view="sample", sample=sample)) as tab:
        tab.wait_until_drawn("sample")
        text = tab.frame.locator(".text")
        area, *boxes = [part.bounding_box() or {} for part in (text, *(text.get_by_text(word).first for word in words))]
        lefts = [box["x"] for box in boxes]
        assert lefts == sorted(lefts, reverse=sign < 0)
        # The first word stands at the edge where the text begins.
        edge = lambda box: box["x"] if sign > 0 else box["x"] + box["width"]  # noqa: E731
        assert abs(edge(boxes[0]) - edge(area)) < 30


def test_steps_that_are_gone_are_not_on_the_timeline(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link("gaps", view="overview")) as tab:
        tab.wait_until_drawn("overview", step=3)
        tab.slider.press("ArrowLeft")
        while "no step" in tab.step_text or "not logged" in tab.step_text:
            tab.slider.press("ArrowLeft")
        tab.wait_until_drawn("overview", step=0)


def test_a_run_without_maps_says_what_it_has_and_nothing_that_nobody_checked(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, link("no sites", view="overview")) as tab:
        body = tab.frame.locator("#view")
        expect(body).to_contain_text("No maps were logged at this step")
        expect(body).to_contain_text("2 samples with predictions and the metrics on the timeline")
    with opened(chromium, server.address, link("matrices", view="overview")) as tab:
        body = tab.frame.locator("#view")
        expect(body).to_contain_text("This run has confusion matrices and no maps")
        expect(body).not_to_contain_text(re.compile("sample|found in this model|search"))
        tab.frame.get_by_role("button", name="Open the matrices").click()
        tab.wait_until_drawn("confusion")


def test_event_files_alone_show_overviews_and_say_where_the_weights_are(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, link("events")) as tab:
        tab.wait_until_drawn("overview", step=3)
        body = tab.frame.locator("#view")
        expect(body).to_contain_text("Its weights are in plugins/attention")
        tab.slider.press("Home")
        tab.wait_until_drawn("overview", step=0)
        tab.frame.get_by_role("tab", name="Head", exact=True).click()
        expect(body).to_contain_text("copy it into the run's directory")
        tab.frame.get_by_role("button", name="Open the overview").click()
        tab.open("Samples")
        tab.open("Epochs")
        # The rest of the log is copied: nothing else has to be done.
        shutil.copytree(logs / "nan" / "plugins", logs / "events" / "plugins")
        tab.frame.get_by_role("tab", name="Head", exact=True).click()
        tab.wait_until_drawn("head")
