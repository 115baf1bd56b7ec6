"""Reading attention: the sample in full, the head in lines and rows, heads by measure, steps beside each other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

import tb_attention
from tests.browser.tab import Tab, opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

TEXT = "Dear Sir,\nthe unbelievable invoice is late.\nPay now"
TOKENS = ["[CLS]", "dear", "sir", "the", "un", "##believable", "invoice", "is", "late", "pay", "now", "[SEP]", "", ""]
COUNT = 12
STEPS, LAYERS, HEADS, SIDE = 3, 3, 2, 4


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("reading")
    write_text(logs / "text")
    write_pictures(logs / "pictures")
    with tb_attention.AttentionWriter(logs / "lone") as writer:
        writer.write(0, {"attention": np.full((1, 1, 4, 4), 0.25, "float32")}, epoch=0)
    return logs


def write_text(run: Path) -> None:
    random = np.random.default_rng(0)
    size = len(TOKENS)
    masks = [[1] * COUNT + [0] * (size - COUNT)]
    samples = tb_attention.Samples(
        np.zeros((3, size), int),
        [0, 1, 1],
        tokens=[TOKENS, TOKENS[::-1], TOKENS],
        masks=[*masks, masks[0][::-1], *masks],
        texts=[TEXT, "", TEXT],
        ids=["first", "reversed", "third"],
        class_names=["ham", "spam"],
    )
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(STEPS):
            weights = {
                f"layer_{layer}/attention": random.dirichlet(np.full(size, 0.3), (3, HEADS, size)).astype("float32")
                for layer in range(LAYERS)
            }
            spam = np.array([0.2, 0.6 + step / 10, 0.4 + step / 10])
            writer.write(step, weights, np.stack([1 - spam, spam], 1), {"val_loss": 1 - step / 4}, epoch=step)


def write_pictures(run: Path) -> None:
    random = np.random.default_rng(1)
    pictures = random.integers(0, 255, (2, 8 * SIDE, 8 * SIDE, 3)).astype("uint8")
    samples = tb_attention.Samples(pictures, [0, 1], images=pictures)
    size = SIDE * SIDE + 1
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(STEPS):
            weights = random.dirichlet(np.full(size, 0.3), (2, HEADS, size)).astype("float32")
            writer.write(step, {"block/attention": weights}, epoch=step)


def choices(**values: str) -> str:
    return "".join(f"&p.attention.{key}={value}" for key, value in values.items())


def sentence(tab: Tab) -> Locator:
    return tab.frame.locator("p[aria-live]").first


def word(tab: Tab, text: str) -> Locator:
    return tab.frame.get_by_role("listbox", name=re.compile("Words")).get_by_role(
        "option", name=re.compile(f"^{text}\\b")
    )


def test_the_sample_is_running_text_with_its_line_breaks(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="sample", sample="first")) as tab:
        tab.wait_until_drawn("sample", step=STEPS - 1)
        text = tab.frame.get_by_role("listbox", name=re.compile("Words"))
        shown = text.evaluate("e => [...e.querySelectorAll('small')].map(s => s.remove()) && e.textContent")
        assert "Dear Sir,\nthe unbelievable invoice is late.\nPay now" in shown


def test_a_click_on_a_word_makes_it_the_query(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")
    with opened(chromium, server.address, choices(run="text", view="sample", sample="first")) as tab:
        tab.wait_until_drawn("sample", step=STEPS - 1)
        word(tab, "invoice").click()
        tab.page.mouse.move(5, 5)
        row = weights[0, 6, :COUNT]
        expect(sentence(tab)).to_contain_text("“invoice” looks at")
        expect(sentence(tab)).to_contain_text(f"{row.max():.3g}"[:5])
        expect(word(tab, "invoice")).to_have_attribute("aria-selected", "true")
        tab.expect_link("p.attention.query=6")


def test_pieces_are_read_as_words_and_heads_and_layers_are_averaged(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    log = tb_attention.load(logs / "text")
    maps = np.stack([log.weights(step=STEPS - 1, sample="first", site=f"layer_{n}/attention") for n in range(LAYERS)])
    link = choices(run="text", view="sample", sample="first", heads="mean", layers="mean", pieces="words", query="4")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("sample", step=STEPS - 1)
        row = maps.mean((0, 1))[[4, 5], :COUNT].mean(0)
        whole = np.append(np.delete(row, [4, 5]), row[4] + row[5])
        expect(sentence(tab)).to_contain_text("“unbelievable” (words 4–5) looks at")
        expect(sentence(tab)).to_contain_text(f": {whole.max():.3f}"[:6])
        expect(sentence(tab)).to_contain_text(f"mean of {HEADS} heads, mean of {LAYERS} layers")


def test_special_tokens_are_left_out_and_the_rest_sums_to_one(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")
    link = choices(run="text", view="sample", sample="first", query="6", hide="yes")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("sample", step=STEPS - 1)
        row = weights[0, 6, 1 : COUNT - 1]
        values = tab.frame.get_by_role("list", name="Ranking").get_by_role("listitem")
        expect(values).to_have_count(COUNT - 2)
        expect(values.first).to_contain_text(f"{row.max() / row.sum():.3f}"[:5])


def test_a_line_of_the_strip_goes_to_its_step(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="sample", sample="first")) as tab:
        tab.wait_until_drawn("sample", step=STEPS - 1)
        strip = tab.frame.get_by_role("slider", name="The row of the query over epochs")
        strip.press("ArrowUp")
        tab.wait_until_drawn("sample", step=STEPS - 2)
        expect(strip).to_have_attribute("aria-valuetext", "epoch 2")


def test_a_cell_of_the_picture_becomes_the_query(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    log = tb_attention.load(logs / "pictures")
    with opened(chromium, server.address, choices(run="pictures", view="sample")) as tab:
        drawn = tab.wait_until_drawn("sample", step=STEPS - 1)
        picture = tab.frame.get_by_role("slider", name="Cell of the picture")
        box = picture.bounding_box()
        assert box is not None
        tab.page.mouse.click(box["x"] + box["width"] * 2.5 / SIDE, box["y"] + box["height"] * 1.5 / SIDE)
        tab.page.mouse.move(5, 5)
        expect(sentence(tab)).to_contain_text("row 1, col 2 looks at")
        row = log.weights(step=STEPS - 1, sample=drawn["sample"], site="block/attention")[0, 1 + SIDE + 2]
        expect(sentence(tab)).to_contain_text(f"{row.max():.3f}"[:5])
        tab.frame.get_by_role("group", name="Tint").get_by_role("button", name="smooth").click()
        tab.expect_link("p.attention.tint=smooth")


def test_lines_are_as_many_as_asked_for_and_of_several_heads(server: TensorBoard, chromium: Browser) -> None:
    link = choices(run="text", view="head", sample="first", mode="lines", links="top20")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        expect(tab.frame.get_by_text(re.compile("^20 lines"))).to_be_visible()
        tab.frame.get_by_role("group", name="Heads drawn").get_by_role("button", name="Head 1").click()
        expect(tab.frame.get_by_text(re.compile("^40 lines"))).to_be_visible()
        lines = tab.frame.get_by_role("slider", name=re.compile("^Lines of"))
        lines.press("ArrowDown")
        expect(sentence(tab)).to_contain_text("“dear” looks at")
        box = lines.bounding_box()
        assert box is not None
        tab.page.mouse.click(box["x"] + 3, box["y"] + box["height"] * 6.5 / COUNT)
        expect(sentence(tab)).to_contain_text("“invoice” looks at")


def test_rows_rank_every_key_of_a_query(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")
    link = choices(run="text", view="head", sample="first", mode="rows", query="6")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        rows = tab.frame.get_by_role("table", name=re.compile("^Ranking")).get_by_role("row")
        expect(rows).to_have_count(1 + COUNT)
        row = weights[0, 6, :COUNT]
        best = int(row.argmax())
        expect(rows.nth(1)).to_contain_text(TOKENS[best])
        expect(rows.nth(1)).to_contain_text(f"{row[best]:.3f}"[:5])


def test_the_legend_says_what_colours_are_relative_to(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="head", sample="first")) as tab:
        tab.wait_until_drawn("head", step=STEPS - 1)
        tab.frame.get_by_role("combobox", name="Colour relative to").select_option("row")
        tab.frame.get_by_role("checkbox", name="log").check()
        expect(tab.frame.locator(".legend")).to_have_attribute(
            "title", re.compile("share of the row's largest, log scale")
        )
        tab.expect_link("p.attention.norm=row")
        tab.expect_link("p.attention.curve=log")


def test_heads_are_coloured_and_ordered_by_a_measure(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    link = choices(run="text", view="overview", sample="first")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("overview", step=STEPS - 1)
        tab.frame.get_by_role("combobox", name="Measure").select_option("largest")
        tab.frame.get_by_role("combobox", name="Order").select_option("measure")
        tab.frame.get_by_role("combobox", name="Colour", exact=True).select_option("measure")
        expect(sentence(tab)).to_contain_text(f"of {LAYERS * HEADS} heads")
        log = tb_attention.load(logs / "text")
        means = {
            (layer, head): log.weights(step=STEPS - 1, sample="first", site=f"layer_{layer}/attention")[head, :COUNT]
            .max(-1)
            .mean()
            for layer in range(LAYERS)
            for head in range(HEADS)
        }
        layer, head = max(means, key=lambda place: means[place])
        first = tab.frame.get_by_role("grid", name="Heads").get_by_role("gridcell").first
        value = f"{means[layer, head]:.3g}"
        expect(first).to_have_attribute(
            "aria-label", re.compile(rf"^layer_{layer} · head {head}, .*{re.escape(value)}$")
        )
        expect(first).to_have_text(re.compile(rf"{layer} · {head}\s*{re.escape(value)}"))
        first.click()
        drawn = tab.wait_until_drawn("head")
        assert (drawn["site"], drawn["head"]) == (f"layer_{layer}/attention", head)


def test_rows_of_the_overview_fold(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="overview", sample="first")) as tab:
        tab.wait_until_drawn("overview", step=STEPS - 1)
        cell = tab.frame.get_by_role("gridcell", name="layer_1 · head 0")
        before = cell.bounding_box()
        tab.frame.get_by_role("button", name="layer_1").click()
        after = cell.bounding_box()
        assert before is not None
        assert after is not None
        assert after["height"] < before["height"] / 2


def test_one_head_opens_as_head(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="lone")) as tab:
        tab.wait_until_drawn("head")


def test_samples_are_sorted_and_those_that_changed_are_found(server: TensorBoard, chromium: Browser) -> None:
    # At the last step the third sample turns from ham (a tie, at 0.5) to spam (0.6).
    with opened(chromium, server.address, choices(run="text", view="samples")) as tab:
        tab.wait_until_drawn("samples")
        rows = tab.frame.get_by_role("region", name="Table of samples").get_by_role("row")
        expect(rows).to_have_count(1 + 3)
        tab.frame.get_by_role("columnheader", name="prediction").get_by_role("button").click()
        expect(rows.nth(1)).to_contain_text("0.80")
        tab.frame.get_by_role("group", name="Since the last step").get_by_role("button", name="changed").click()
        expect(rows).to_have_count(1 + 1)
        expect(rows.nth(1)).to_contain_text("other class")
        expect(sentence(tab)).to_contain_text("1 changed since epoch 2")


def test_a_word_is_found_with_what_it_gets_and_what_it_looks_at(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    weights = tb_attention.load(logs / "text").weights(step=STEPS - 1, sample="first", site="layer_0/attention")[0]
    with opened(chromium, server.address, choices(run="text", view="samples")) as tab:
        tab.wait_until_drawn("samples")
        tab.frame.get_by_role("searchbox", name="Find a word").fill("Invoice")
        expect(sentence(tab)).to_contain_text("occurs 3 times in 3 of 3 samples")
        row = tab.frame.get_by_role("region", name="Table of samples").get_by_role("row").nth(1)
        expect(row).to_contain_text(re.compile(f"{weights[:COUNT, 6].mean():.3g}".rstrip("0") + "0* at 6"))
        expect(row).to_contain_text(f": {weights[6, :COUNT].max():.3f}"[:6])
        row.get_by_role("button", name="6", exact=True).click()
        tab.wait_until_drawn("sample", sample="first")
        expect(sentence(tab)).to_contain_text("“invoice” looks at")


def test_a_cell_of_epochs_goes_to_its_head_and_step(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="text", view="epochs", sample="first")) as tab:
        tab.wait_until_drawn("epochs")
        expect(sentence(tab)).to_contain_text(f"changed most of {LAYERS * HEADS} heads")
        cells = tab.frame.get_by_role("slider", name="over time")
        box, slot = cells.bounding_box(), tab.slider.bounding_box()
        assert box is not None
        assert slot is not None
        width = min(120, slot["width"] / STEPS)
        tab.page.mouse.click(box["x"] + 1.5 * width, box["y"] + 30)
        tab.expect_step("epoch 2 (step 1)")
        expect(cells).to_have_attribute("aria-valuetext", re.compile(r"^layer_0 · head 1 at epoch 2: entropy"))


def test_two_steps_are_compared_weight_by_weight(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    log = tb_attention.load(logs / "text")
    first, last = (log.weights(step=step, sample="first", site="layer_0/attention")[0] for step in (0, STEPS - 1))
    change = (last - first)[:COUNT, :COUNT]
    query, key = np.unravel_index(np.abs(change).argmax(), change.shape)
    with opened(chromium, server.address, choices(run="text", view="compare", sample="first")) as tab:
        tab.wait_until_drawn("compare")
        expect(sentence(tab)).to_contain_text("From epoch 1 to epoch 3")
        sign = "+" if change[query, key] > 0 else "−"
        expect(sentence(tab)).to_contain_text(f"{TOKENS[key]}”: {sign}{abs(change[query, key]):.3f}"[:-1])
        tab.frame.get_by_text("The largest differences as a table").click()
        rows = tab.frame.get_by_role("table", name="The largest differences of the two maps").get_by_role("row")
        expect(rows).to_have_count(1 + 20)
        expect(rows.nth(1)).to_contain_text(f"{sign}{abs(change[query, key]):.3f}"[:-1])
        tab.frame.get_by_role("combobox", name="Step of A").select_option("1")
        expect(sentence(tab)).to_contain_text("From epoch 2 to epoch 3")
        tab.expect_link("p.attention.versus=1")


def test_a_run_without_the_layer_is_said_not_drawn(server: TensorBoard, chromium: Browser) -> None:
    link = choices(run="text", view="compare", sample="first", versusRun="pictures")
    with opened(chromium, server.address, link) as tab:
        expect(sentence(tab)).to_contain_text("pictures has no layer layer_0/attention")
