"""The kinds that the tab gives to heads whose pattern is known: what it names is right, and it names most."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, expect

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site
from tests.browser.tab import opened
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

Map = npt.NDArray[np.float64]

SITES = [(8, False), (8, True), (50, False), (50, True), (197, False), (512, False), (512, True)]
"""Numbers of positions, and whether a causal mask hides later keys. 197 are a class token and 14 x 14 patches."""


def distances(size: int) -> Map:
    """Between positions; for 197 between patches, where the class token is next to all."""
    query = np.arange(size)
    if size != 197:
        return np.abs(query[:, None] - query).astype(float)
    rows, columns = (query - 1) // 14, (query - 1) % 14
    apart: Map = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    apart[0], apart[1:, 0] = 0, 3
    return apart


def known_heads(size: int, causal: bool, random: np.random.Generator) -> list[tuple[str, Map]]:
    """Maps with the kind that each was made to have."""
    query = np.arange(size)
    hidden = np.where(causal & (query > query[:, None]), -np.inf, 0.0)

    def softmax(scores: Map) -> Map:
        weights: Map = np.exp(scores + hidden - (scores + hidden).max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def noise() -> Map:
        return softmax(random.normal(0, 0.4, (size, size)))

    def pointed(keys: npt.NDArray[np.intp], share: float) -> Map:
        """Each query gives a share to one key; those that may not see it spread all they have."""
        weights = noise()
        seen = (keys >= 0) & (keys < size) & ((keys <= query) | (not causal))
        weights[seen] *= 1 - share
        weights[query[seen], keys[seen]] += share
        return weights

    anything = random.integers(0, query + 1 if causal else size, size)
    heads = []
    for share in (0.75, 0.9):
        heads += [
            ("previous token", pointed(query - 1, share)),
            ("first token", pointed(np.zeros(size, int), share)),
            ("diagonal", pointed(query, share)),
            ("by content", pointed(anything, share)),
            # Nearly all queries have to see the key.
            ("one key", pointed(np.full(size, size // 8 if causal else size - 1), share)),
        ]
    heads += [("broad", noise()), ("broad", noise())]
    segment = query >= size // 3
    heads.append(("block", softmax(np.where(segment[:, None] == segment, 0.0, -6.0))))
    heads.append(("mixed", (pointed(np.zeros(size, int), 0.9) + pointed(query, 0.9)) / 2))
    width = 1 if size == 197 else max(1, size / 50)
    heads.append(("diagonal", softmax(-((distances(size) / width) ** 2) / 2)))
    return heads


@pytest.fixture(scope="module")
def made() -> list[list[tuple[str, Map]]]:
    random = np.random.default_rng(0)
    return [known_heads(size, causal, random) for size, causal in SITES]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, made: list[list[tuple[str, Map]]]) -> Path:
    logs = tmp_path_factory.mktemp("kinds")
    sites = []
    for (size, causal), heads in zip(SITES, made, strict=True):
        grid = {"kind": "grid", "grid": (14, 14), "extra": ("CLS",)} if size == 197 else {}
        axes = (
            Axis("samples", 1),
            Axis("heads", len(heads)),
            Axis("query", size, **grid),  # type: ignore[arg-type]
            Axis("key", size, **grid),  # type: ignore[arg-type]
        )
        weights = np.stack([weights for _, weights in heads])[None].astype("float32")
        sites.append(Site(f"{'causal' if causal else 'full'}_{size}", "self", axes, weights))
    sites.append(
        Site(
            "gate", "gate", (Axis("samples", 1), Axis("heads", 1), Axis("key", 16)), np.full((1, 1, 16), 0.5, "float32")
        )
    )
    writer = SeriesWriter(logs / "known", "attention", 1)
    writer.submit(StepRecord(step=0, sites=tuple(sites)))
    writer.close()
    return logs


def test_heads_of_known_kind_are_named_right_and_most_are_named(
    server: TensorBoard, chromium: Browser, made: list[list[tuple[str, Map]]]
) -> None:
    with opened(chromium, server.address, choices(run="known", view="overview")) as tab:
        tab.wait_until_drawn("overview")
        group = tab.frame.get_by_role("group", name="Kinds of heads")
        expect(group).to_be_visible()
        named: Counter[str] = Counter()
        right: Counter[str] = Counter()
        there: Counter[str] = Counter()
        for site, heads in enumerate(made):
            for head, (kind, _) in enumerate(heads):
                label = tab.frame.locator(f"#head-{site}-{head}").get_attribute("aria-label") or ""
                said = label.rpartition(", ")[2]
                # Among 8 keys, 3 of which are a segment, and under a mask, more than one name is true.
                if SITES[site][0] == 8 and kind in ("block", "by content"):
                    assert said in ("mixed", "diagonal"), (label, kind)
                    continue
                named[said] += 1
                there[kind] += 1
                right[kind] += said == kind
                assert said in (kind, "mixed"), f"{label} was made {kind}"
        assert named.total() == there.total() > 80
        recall = {kind: right[kind] / there[kind] for kind in there}
        assert {kind: share for kind, share in recall.items() if share < 0.9 and kind != "by content"} == {}
        # Under a causal mask the early queries of such a head share their few keys.
        assert recall["by content"] >= 0.6
        gate = tab.frame.locator(f"#head-{len(made)}-0").get_attribute("aria-label") or ""
        assert gate == "gate"


def test_a_kind_in_the_legend_dims_the_others_and_is_in_the_link(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, choices(run="known", view="overview", color="kind")) as tab:
        tab.wait_until_drawn("overview")
        canvas = tab.frame.locator("[role=grid] canvas")
        alpha = """(canvas, id) => {
            const cell = document.getElementById(id).getBoundingClientRect();
            const box = canvas.getBoundingClientRect();
            const ratio = canvas.width / box.width;
            const x = (cell.left + cell.width / 2 - box.left) * ratio, y = (cell.top + cell.height / 2 - box.top) * ratio;
            const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            pixel.drawImage(canvas, -Math.round(x), -Math.round(y));
            return pixel.getImageData(0, 0, 1, 1).data[3];
        }"""
        for head in (0, 1):
            tab.frame.wait_for_function(f"(c) => ({alpha})(c, 'head-0-{head}') === 255", arg=canvas.element_handle())
        # What is mixed has no colour: the measure must not shine through.
        mixed = tab.frame.get_by_role("gridcell", name=re.compile("head 13, mixed$")).first.get_attribute("id")
        tab.frame.wait_for_function(f"(c) => ({alpha})(c, '{mixed}') === 0", arg=canvas.element_handle())
        button = tab.frame.get_by_role("group", name="Kinds of heads").get_by_role(
            "button", name=re.compile("^first token")
        )
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        tab.expect_link("only=first")
        tab.frame.wait_for_function(f"(canvas) => ({alpha})(canvas, 'head-0-0') < 60", arg=canvas.element_handle())
        assert canvas.evaluate(alpha, "head-0-1") == 255
        button.click()
        tab.frame.wait_for_function(f"(canvas) => ({alpha})(canvas, 'head-0-0') === 255", arg=canvas.element_handle())


def test_the_kind_of_the_chosen_head_is_named_in_the_rail_and_in_its_details(
    server: TensorBoard, chromium: Browser
) -> None:
    chosen = choices(run="known", view="head", site="full_50", head=0)
    with opened(chromium, server.address, chosen) as tab:
        tab.wait_until_drawn("head")
        rail = tab.frame.get_by_role("slider", name="Head", exact=True)
        expect(rail).to_have_attribute("aria-valuetext", re.compile("head 0, previous token$"))
        expect(tab.frame.get_by_role("complementary", name="Details").get_by_text("previous token")).to_be_visible()


def test_epochs_has_the_colours_of_the_kinds_that_measures_tell(server: TensorBoard, chromium: Browser) -> None:
    chosen = choices(run="known", view="epochs", epochs="kind", site="full_50", head=0)
    with opened(chromium, server.address, chosen) as tab:
        tab.wait_until_drawn("epochs")
        for name in ("previous token", "first token", "diagonal", "broad", "few keys", "mixed"):
            expect(tab.frame.locator(".toolbar").get_by_text(name, exact=True)).to_be_visible()
        colors = """(canvas) => {
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const context = copy.getContext("2d", { willReadFrequently: true });
            context.drawImage(canvas, 0, 0);
            const { data } = context.getImageData(10, 0, 1, canvas.height);
            const found = new Set();
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] === 255) found.add([...data.slice(i, i + 3)].join(" "));
            }
            return [...found].sort();
        }"""
        canvas = tab.frame.get_by_role("img", name=re.compile("^Kinds of 106 ")).and_(tab.frame.locator("canvas"))
        # As color/headKinds.ts has them: previous, diagonal, first, broad, few keys.
        expected = sorted(["8 145 60", "99 98 169", "56 202 254", "173 189 185", "213 183 55"])
        tab.frame.wait_for_function(f"(c) => ({colors})(c).length >= 5", arg=canvas.element_handle())
        assert canvas.evaluate(colors) == expected
