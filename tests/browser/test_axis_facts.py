"""Names of features, times of frames and boxes of objects, as a person sees them in the tab."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.site import Axis
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels, show
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

FEATURES = ["age", "income", "<b>ward</b>", "days in hospital before the visit"]
BOXES = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0.75, 0, 1, 0.25]], [[0, 0.5, 0.5, 1]] * 3])


def rows(queries: int, keys: int, strongest: int) -> np.ndarray:
    """Of 2 samples and 2 heads, all queries with the same row: 0.7 for one key, the rest for the others alike."""
    row = np.full(keys, 0.3 / (keys - 1), "float32")
    row[strongest] = 0.7
    return np.tile(row, (2, 2, queries, 1))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("facts")
    named = [Axis(role, 4, "features", names=FEATURES) for role in ("query", "key")]
    with tb_attention.AttentionWriter(logs / "features", samples=np.zeros((2, 4))) as writer:
        weights = {"rows": rows(4, 4, 1), "mask": rows(1, 4, 2)[:, :1, 0]}
        writer.write(0, weights, axes={"rows": named, "mask": named[1:]})
    frames = [Axis(role, 5, "frames", seconds=0.16 * np.arange(5)) for role in ("query", "key")]
    with tb_attention.AttentionWriter(logs / "sound", samples=np.zeros((2, 800))) as writer:
        writer.write(0, {"rows": rows(5, 5, 2)}, axes={"rows": frames})
    pictures = np.full((2, 64, 64, 3), 60, "uint8")
    objects = [Axis(role, 3, "objects", names=["cat", "dog", "car"], boxes=BOXES) for role in ("query", "key")]
    cells = Axis("key", 16, "grid", (4, 4), input=0)
    with tb_attention.AttentionWriter(logs / "boxes", samples=pictures) as writer:
        writer.write(
            0, {"among": rows(3, 3, 1), "image": rows(3, 16, 15)}, axes={"among": objects, "image": [objects[0], cells]}
        )
    write_graph(logs / "graph")
    return logs


def write_graph(run: Path) -> None:
    """A square of nodes with three of its sides as edges; all look at the node at the lower right, with and without an edge."""
    points = [(0, 0), (1, 0), (1, 1), (0, 1)]
    nodes = [
        Axis(role, 4, "nodes", names=["Ann", "Bo", "Cy", "Di"], edges=[(0, 1), (1, 2), (2, 3)], points=points)
        for role in ("query", "key")
    ]
    with tb_attention.AttentionWriter(run, samples=np.zeros((2, 4))) as writer:
        for step in range(2):
            writer.write(step, {"gat": rows(4, 4, 2)}, axes={"gat": nodes}, epoch=step)


def at(run: str, view: str, site: str = "") -> str:
    return f"&p.attention.run={run}&p.attention.view={view}" + (f"&p.attention.site={site}" if site else "")


def test_features_are_called_by_their_names(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("features", "head")) as tab:
        tab.wait_until_drawn("head")
        assert "“age” looks at “income”: 0.700" in tab.sentence
        for name in ("age", "<b>ward</b>", "days in hosp…"):
            assert tab.frame.get_by_role("button", name=name, exact=True).count() == 2
        ranking = tab.frame.get_by_role("list", name="Ranking")
        expect(ranking.get_by_role("listitem").first).to_contain_text("income")
        tab.frame.get_by_role("button", name="Rows", exact=True).click()
        expect(tab.frame.get_by_role("slider", name="The query")).to_have_attribute("aria-valuetext", "“age”")
        tab.open("Sample")
        assert "income" in tab.sentence
        assert tab.frame.locator("b", has_text="ward").count() == 0


def test_bars_of_a_gate_are_called_by_their_names(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("features", "head", "mask")) as tab:
        tab.wait_until_drawn("head")
        bars = tab.frame.get_by_role("grid", name="Values of")
        bars.press("ArrowRight")
        for name in ("age", "income", "days in hosp…"):
            expect(tab.frame.locator(".labels").get_by_text(name, exact=True)).to_be_visible()
        assert "<b>ward</b>" in tab.sentence or "age" in tab.sentence


def test_frames_are_labelled_in_seconds(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("sound", "head")) as tab:
        tab.wait_until_drawn("head")
        assert "frame at 0.00 s looks at frame at 0.32 s: 0.700" in tab.sentence
        for time in ("0.16 s", "0.32 s"):
            assert tab.frame.get_by_role("button", name=time, exact=True).count() == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_boxes_are_tinted_in_the_picture_by_their_weights(theme: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("boxes", "head")) as tab:
        tab.wait_until_drawn("head")
        show(tab, theme, "light")
        picture = tab.frame.get_by_role("slider", name="over the picture")
        drawn = pixels(picture.locator("canvas")).astype(int)
        height, width, _ = drawn.shape

        def blue(x: float, y: float) -> int:
            patch = drawn[round(y * height) - 3 : round(y * height) + 3, round(x * width) - 3 : round(x * width) + 3]
            return int((patch[..., 2] - patch[..., 0]).mean())

        strongest, others, nothing = blue(0.75, 0.8), [blue(0.25, 0.3), blue(0.87, 0.12)], blue(0.25, 0.75)
        assert strongest > max(others) >= min(others) > nothing + 10
        assert abs(nothing) < 5
        picture.press("ArrowRight")
        assert "“dog” looks at “dog”: 0.700" in tab.sentence
        picture.hover(position={"x": 10, "y": 10})
        assert "“cat” looks at" in tab.sentence


def test_a_sample_has_its_own_boxes(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("boxes", "sample")) as tab:
        tab.wait_until_drawn("sample")
        canvas = tab.frame.get_by_role("img", name="tinted by weight").first

        def blue(x: float, y: float) -> int:
            drawn = pixels(canvas).astype(int)
            height, width, _ = drawn.shape
            return int((drawn[round(y * height), round(x * width), 2]) - drawn[round(y * height), round(x * width), 0])

        assert blue(0.65, 0.8) > 50 > 10 > blue(0.2, 0.85)
        tab.frame.locator("body").press("ArrowDown")
        second = tab.frame.get_by_role("listbox", name="Samples").get_by_role("option").nth(1)
        second.click()
        tab.wait_until_drawn("sample")
        assert blue(0.2, 0.85) > 50 > 10 > blue(0.65, 0.8)


def test_the_box_of_a_query_is_outlined_where_its_keys_are_cells(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("boxes", "head", "image")) as tab:
        tab.wait_until_drawn("head")
        assert "“cat” looks at row 3, col 3: 0.700" in tab.sentence
        drawn = pixels(tab.frame.get_by_role("slider", name="over the picture").locator("canvas")).astype(int)
        height, width, _ = drawn.shape
        # The box of the cat ends in the middle; its outline is orange.
        line = drawn[round(0.25 * height), round(0.45 * width) : round(0.55 * width)]
        assert (line[:, 0] - line[:, 2]).max() > 80


def blueness(drawn: np.ndarray, x: float, y: float) -> int:
    """How blue a place in a picture is, of 0 to 1 across and down."""
    height, width, _ = drawn.shape
    patch = drawn[round(y * height) - 1 : round(y * height) + 2, round(x * width) - 1 : round(x * width) + 2].astype(
        int
    )
    return int((patch[..., 2] - patch[..., 0]).mean())


# In a square picture the points lie from 0.07 to 0.93.
LEFT, RIGHT, MIDDLE = 0.07, 0.93, 0.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_graph_shows_weights_at_nodes_and_along_edges(theme: str, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("graph", "head")) as tab:
        tab.wait_until_drawn("head")
        assert "“Ann” looks at “Cy”: 0.700" in tab.sentence
        graph = tab.frame.get_by_role("slider", name="in the graph")
        # From Bo, at the upper right, an edge leads down to Cy and none across to Di.
        graph.press("ArrowRight")
        assert "“Bo” looks at “Cy”: 0.700" in tab.sentence
        show(tab, theme, "light")
        drawn = pixels(graph.locator("canvas"))
        assert blueness(drawn, RIGHT, RIGHT) > blueness(drawn, LEFT, RIGHT) + 30
        assert blueness(drawn, RIGHT, MIDDLE) > 60 > blueness(drawn, LEFT, MIDDLE)
        graph.hover(position={"x": 10, "y": 10})
        assert "“Ann” looks at" in tab.sentence
        graph.click(position={"x": 10, "y": 150})
        tab.expect_link("p.attention.query=3")


def test_lines_of_a_graph_are_drawn_in_it(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("graph", "head") + "&p.attention.mode=lines") as tab:
        tab.wait_until_drawn("head")
        graph = tab.frame.get_by_role("slider", name="Graph of")
        expect(graph.get_by_role("img", name="strongest weights of gat · head 0 along the edges")).to_be_visible()
        drawn = pixels(graph.locator("canvas"))
        # The edge to Cy is wide; the diagonal that is no edge is dashed, so that it has gaps.
        assert blueness(drawn, RIGHT, 0.7) > 60
        diagonal = [blueness(drawn, share, share) > 30 for share in np.linspace(0.2, 0.8, 120)]
        assert {True, False} == set(diagonal)
        graph.press("ArrowDown")
        expect(graph).to_have_attribute("aria-valuetext", "“Di”")


def test_sample_and_compare_draw_the_graph_too(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, at("graph", "sample")) as tab:
        tab.wait_until_drawn("sample")
        graph = tab.frame.get_by_role("slider", name="Node of the graph: the query")
        assert blueness(pixels(graph.locator("canvas")), RIGHT, RIGHT) > 100
        expect(tab.frame.get_by_role("img", name="The picture 2 times")).to_have_count(2)
        tab.open("Compare")
        rows_over = tab.frame.get_by_role("img", name="the row over the picture")
        expect(rows_over).to_have_count(3)
        assert blueness(pixels(rows_over.first), RIGHT, RIGHT) > 100
