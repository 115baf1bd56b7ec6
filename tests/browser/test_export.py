"""What leaves the tab, in a real browser: a stand-alone page that opens from the disk with the network switched off."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import tb_attention
from tests.browser.tab import Tab, opened, save
from tests.conftest import TensorBoard
from tests.export.pages import HEADS, LAYERS, STEPS, WORDS, write_run

pytestmark = pytest.mark.browser

FIRST = "layer_0/attention"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("export")
    write_run(logs / "text")
    return logs


@contextmanager
def from_disk(browser: Browser, path: Path, choices: str = "") -> Iterator[Page]:
    """Opens a page from the disk, offline; it must ask for nothing and its console must be quiet."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or problems.append(request.url)
    )
    page.goto(f"{path.as_uri()}#attention{choices}")
    page.wait_for_selector("[role=tab]")
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def drawn(page: Page, view: str) -> None:
    page.wait_for_function(
        "view => performance.getEntriesByName('attention:drawn').at(-1)?.detail.view === view", arg=view
    )


def test_a_page_of_its_own_shows_the_weights_of_the_log(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "text", tmp_path / "page.html")
    weights = tb_attention.load(logs / "text").weights(1, 0, FIRST)[2, 1]
    key = int(weights.argmax())
    choices = (
        f"&p.attention.view=head&p.attention.step=1&p.attention.head=2&p.attention.query=1&p.attention.site={FIRST}"
    )
    with from_disk(chromium, tmp_path / "page.html", choices) as page:
        drawn(page, "head")
        sentence = page.locator("p[aria-live]").first.inner_text()
        assert f"“{WORDS[1]}” looks at" in sentence
        logged = re.search(r": (0\.\d+), rank 1", sentence)
        assert logged is not None, sentence
        assert float(logged[1]) == pytest.approx(float(weights[key]), rel=0.005)


def test_every_view_works_in_a_page_of_its_own(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "text", tmp_path / "page.html")
    with from_disk(chromium, tmp_path / "page.html") as page:
        for view in ("Head", "Sample", "Samples", "Confusion", "Epochs", "Compare", "Overview"):
            page.get_by_role("tab", name=view, exact=True).click()
            drawn(page, view.lower())
            page.wait_for_function("view => location.hash.includes(`p.attention.view=${view}`)", arg=view.lower())
            expect(page.locator("#view [role=alert]")).to_have_count(0)
        page.get_by_role("tab", name="Sample", exact=True).click()
        page.get_by_text("over layers", exact=True).click()
        page.wait_for_function("() => location.hash.includes('p.attention.view=sample')")
        page.reload()
        expect(page.get_by_role("tab", name="Sample", exact=True)).to_have_attribute("aria-selected", "true")
        assert page.evaluate("document.querySelectorAll('script').length") == 1


def test_a_redacted_page_of_one_head_opens(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(
        logs / "text", tmp_path / "page.html", steps=[1, 2], samples=["b"], sites=FIRST, heads=1, redact=True
    )
    with from_disk(chromium, tmp_path / "page.html", "&p.attention.view=head&p.attention.head=1") as page:
        drawn(page, "head")
        text = page.locator("body").inner_text()
        assert "dear" not in text
        assert "#1" in text
        assert np.isfinite(tb_attention.load(logs / "text").weights(2, "b", FIRST)[1]).all()


HEAD = f"&p.attention.view=head&p.attention.step=1&p.attention.head=2&p.attention.query=1&p.attention.site={FIRST}"
CAPTION = f"run text · epoch 2 (step 1) · layer {FIRST} · head 2 · sample a (ham)"
SVG = "{http://www.w3.org/2000/svg}"


def saved(tab: Tab, kind: str, directory: Path) -> Path:
    with tab.page.expect_download() as download:
        save(tab, kind)
    path = directory / download.value.suggested_filename
    download.value.save_as(path)
    return path


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_the_shown_numbers_leave_as_npz(logs: Path, server: TensorBoard, chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, server.address, HEAD) as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        file = arrays(saved(tab, "NPZ", tmp_path))
        weights = tb_attention.load(logs / "text").weights(1, "a", FIRST)[2]
        np.testing.assert_array_equal(file["map"], weights)
        np.testing.assert_allclose(file["weight"], weights.ravel())
        assert file["query"][: len(WORDS)].tolist() == [f"“{WORDS[0]}”"] * len(WORDS)
        assert file["caption"].tolist() == [CAPTION]
        tab.open("Overview")
        measures = arrays(saved(tab, "NPZ", tmp_path))
        logged = tb_attention.load(logs / "text").measures(1)[0]
        np.testing.assert_allclose(measures["entropy"], logged[:, 0], rtol=1e-5)
        assert len(measures["layer"]) == LAYERS * HEADS
        tab.open("Epochs")
        entropy = arrays(saved(tab, "NPZ", tmp_path))
        assert entropy["step"][:STEPS].tolist() == [str(step) for step in range(STEPS)]
        np.testing.assert_allclose(entropy["entropy"][1::STEPS], logged[:, 0], rtol=1e-5)
        tab.open("Compare")
        maps = arrays(saved(tab, "NPZ", tmp_path))
        np.testing.assert_array_equal(maps["map_b"], weights)


def test_a_picture_as_svg_has_real_text(server: TensorBoard, chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, server.address, HEAD) as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        path = saved(tab, "SVG", tmp_path)
        root = ET.parse(path).getroot()
        texts = [text.text for text in root.iter(f"{SVG}text")]
        assert CAPTION in texts
        # A long word may be broken into lines.
        for word in WORDS:
            assert word in texts or word in "".join(filter(None, texts))
        assert root.findtext(f"{SVG}title") == CAPTION
        assert not list(root.iter(f"{SVG}script"))
        image = next(root.iter(f"{SVG}image"))
        assert image.get("href", "").startswith("data:image/png;base64,")
        # In the picture every word is where it is on the screen, but for one shift of all.
        words = [(text.text, float(text.get("x", ""))) for text in root.iter(f"{SVG}text") if text.text in WORDS[1:4]]
        labels = [
            (word, each.bounding_box() or {})
            for word in WORDS[1:4]
            for each in tab.frame.locator(f"#view .stage button:text-is('{word}')").all()
        ]
        assert labels

        def lie(dx: float) -> bool:
            return all(
                any(word == text and -16 <= x - dx - box["x"] <= box["width"] + 16 for text, x in words)
                for word, box in labels
            )

        word, first = labels[0]
        assert any(lie(x - first["x"]) for text, x in words if text == word)


# Words of controls and of the details, which are no part of a figure.
NOT_IN_A_FIGURE = {
    "Colour",
    "Order",
    "Matrix",
    "Lines",
    "Rows",
    "looks at",
    "This head",
    "Biggest changes",
    "none",
    "⇄ swap",
}


@pytest.mark.parametrize("view", ["overview", "head", "sample", "samples", "confusion", "epochs", "compare"])
def test_a_figure_has_title_legend_picture_and_caption_and_no_controls(
    view: str, server: TensorBoard, chromium: Browser, tmp_path: Path
) -> None:
    with opened(chromium, server.address, f"&p.attention.view={view}") as tab:
        tab.wait_until_drawn(view)
        sentence = " ".join(tab.sentence.split())
        legends = tab.frame.locator("#view .toolbar .legend").evaluate_all("all => all.map(one => one.title)")
        frame = tab.frame.locator("#view").bounding_box()
        assert frame is not None
        root = ET.parse(saved(tab, "SVG", tmp_path)).getroot()
        texts = [text.text or "" for text in root.iter(f"{SVG}text")]
        written = " ".join(texts)
        assert texts[0].startswith(f"run text · epoch {STEPS} (step {STEPS - 1})")
        assert sentence in written
        for legend in legends:
            assert legend in written
        assert not NOT_IN_A_FIGURE & set(texts)
        # The last line is the caption, and nothing lies beyond the edges.
        assert texts[-1].split()[-1] == sentence.split()[-1]
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        for text in root.iter(f"{SVG}text"):
            assert 0 <= float(text.get("x", "")) <= width
            assert 0 <= float(text.get("y", "")) <= height


@pytest.fixture(scope="module")
def long_text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    logs = tmp_path_factory.mktemp("long")
    random = np.random.default_rng(0)
    tokens = [[f"word{place}" for place in range(200)]]
    samples = tb_attention.Samples(np.zeros((1, 200)), [0], tokens=tokens)
    with tb_attention.AttentionWriter(logs / "text", samples=samples) as writer:
        weights = {f"layer_{i}": random.dirichlet(np.ones(200), (1, 8, 200)).astype("float32") for i in range(12)}
        writer.write(0, weights, epoch=0)
    server = TensorBoard(logs)
    yield server
    server.stop()


@pytest.mark.parametrize("view", ["head", "sample", "overview", "epochs", "compare"])
def test_what_scrolls_is_whole_in_the_figure(
    view: str, long_text: TensorBoard, chromium: Browser, tmp_path: Path
) -> None:
    with opened(chromium, long_text.address, f"&p.attention.view={view}") as tab:
        tab.wait_until_drawn(view)
        hidden = tab.frame.evaluate(HIDDEN_TEXTS)
        root = ET.parse(saved(tab, "SVG", tmp_path)).getroot()
        texts = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
        for text in hidden:
            assert text in texts
        assert hidden or view not in ("head", "sample")
        if view == "head":
            assert "word199" in hidden
            lowest = max(float(text.get("y", "")) for text in root.iter(f"{SVG}text") if text.text == "word199")
            assert lowest < float(root.get("height", ""))


# Texts of the picture that one has to scroll to.
HIDDEN_TEXTS = """() => [...document.querySelectorAll("#view *")]
    .filter(e => !e.closest("aside, .toolbar, details, select, .unseen, [data-aside], .segments, .name, p[aria-live]")
        && e.checkVisibility() && e.children.length === 0 && e.textContent.trim().length > 1
        && e.getBoundingClientRect().top > e.closest("#view").getBoundingClientRect().bottom)
    .map(e => e.textContent.trim())"""


def test_lines_are_lines_in_the_svg(server: TensorBoard, chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, server.address, f"{HEAD}&p.attention.mode=lines") as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        root = ET.parse(saved(tab, "SVG", tmp_path)).getroot()
        curves = [path for path in root.iter(f"{SVG}path") if "C" in path.get("d", "") and path.get("fill") == "none"]
        assert len(curves) >= len(WORDS)


def test_every_view_leaves_as_svg_pdf_and_png(server: TensorBoard, chromium: Browser, tmp_path: Path) -> None:
    title = f"run text · epoch {STEPS} (step {STEPS - 1})"
    with opened(chromium, server.address) as tab:
        for view in ("Overview", "Sample", "Samples", "Confusion", "Epochs", "Compare"):
            tab.open(view)
            root = ET.parse(saved(tab, "SVG", tmp_path)).getroot()
            texts = [text.text or "" for text in root.iter(f"{SVG}text")]
            assert any(text.startswith(title) for text in texts)
            assert tab.sentence.split()[0] in " ".join(texts)
            assert len(list(root.iter(f"{SVG}path"))) > 5
            width, height = float(root.get("width", "")), float(root.get("height", ""))
            page = pypdf.PdfReader(saved(tab, "PDF", tmp_path)).pages[0]
            assert title in page.extract_text()
            assert (page.mediabox.width, page.mediabox.height) == pytest.approx((0.75 * width, 0.75 * height), abs=1)
            with Image.open(saved(tab, "PNG", tmp_path)) as png:
                assert png.width / png.height == pytest.approx(width / height, rel=0.01)
                assert png.width >= width
                # Maps, curves and texts, not a blank sheet.
                assert len(png.convert("RGB").getcolors(1 << 24) or []) > 50


def test_a_picture_as_pdf_has_its_fonts_inside(server: TensorBoard, chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, server.address, HEAD) as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        path = saved(tab, "PDF", tmp_path)
        page = pypdf.PdfReader(path).pages[0]
        text = page.extract_text()
        assert CAPTION in text
        assert "</script><script>alert(1)</script>" in text
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        embedded = [
            font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            for font in fonts
            if "/DescendantFonts" in font
        ]
        assert embedded
        assert all("/FontFile2" in descriptor for descriptor in embedded)
        # Only the letters that are used.
        assert all(len(descriptor["/FontFile2"].get_object().get_data()) < 100_000 for descriptor in embedded)
        svg = ET.parse(saved(tab, "SVG", tmp_path)).getroot()
        assert float(page.mediabox.width) == pytest.approx(0.75 * float(svg.get("width", "")), abs=1)


def test_the_tab_saves_a_page_of_the_choice_and_tells_its_size(
    logs: Path, server: TensorBoard, chromium: Browser, tmp_path: Path
) -> None:
    with opened(chromium, server.address, HEAD) as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        tab.frame.get_by_role("button", name="Save", exact=True).click()
        panel = tab.frame.get_by_role("group", name="Save")
        expect(panel.get_by_text("about")).to_have_text(re.compile(r"about 0\.\d MB"))
        panel.get_by_label("Steps").select_option("one")
        panel.get_by_label("Heads").select_option("head")
        panel.get_by_label("without texts").check()
        expect(panel.get_by_role("button", name="Save page")).to_be_enabled()
        with tab.page.expect_download() as download:
            panel.get_by_role("button", name="Save page").click()
        assert download.value.suggested_filename == "attention-text.html"
        download.value.save_as(tmp_path / "page.html")
        expect(panel).to_be_hidden()
    weights = tb_attention.load(logs / "text").weights(1, "a", FIRST)[2, 1]
    with from_disk(chromium, tmp_path / "page.html", HEAD) as page:
        drawn(page, "head")
        sentence = page.locator("p[aria-live]").first.inner_text()
        assert f"{weights.max():.3g}" in sentence
        assert "dear" not in page.locator("body").inner_text()


def test_escape_closes_the_panel_and_not_the_view(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, HEAD) as tab:
        tab.wait_until_drawn("head", step=1, head=2)
        button = tab.frame.get_by_role("button", name="Save", exact=True)
        button.focus()
        tab.page.keyboard.press("Enter")
        panel = tab.frame.get_by_role("group", name="Save")
        expect(panel).to_be_visible()
        panel.get_by_role("button", name="SVG").focus()
        tab.page.keyboard.press("2")
        tab.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(button).to_be_focused()
        assert "view=head" in tab.page.url


ISOLATES = str.maketrans("", "", "\u2068\u2069")
# A comma belongs to the word before it: it stands at the left of it.
HEBREW = ["[CLS]", "שלום", "עולם,", "42", "טוב"]

# The middle of every letter of every text of a file, and of every word on the screen, along the line.
LETTERS_OF_FILE = """() => [...document.querySelectorAll("text")].map(text => [text.textContent,
    Array.from({length: text.getNumberOfChars()}, (_, i) => {
        const {x, width} = text.getExtentOfChar(i);
        return x + width / 2;
    })])"""
LETTERS_OF_WORD = """word => Array.from(word.firstChild.data, (_, i) => {
    const range = document.createRange();
    range.setStart(word.firstChild, i);
    range.setEnd(word.firstChild, i + 1);
    const {x, width} = range.getBoundingClientRect();
    return x + width / 2;
})"""


@pytest.fixture(scope="module")
def hebrew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    logs = tmp_path_factory.mktemp("hebrew")
    size = len(HEBREW)
    samples = tb_attention.Samples(np.zeros((1, size)), [0], tokens=[HEBREW])
    weights = np.full((1, 1, size, size), 0.1, "float32")
    weights[..., 2] = 0.6
    with tb_attention.AttentionWriter(logs / "text", samples=samples) as writer:
        writer.write(0, {"layer": weights}, epoch=0)
    server = TensorBoard(logs)
    yield server
    server.stop()


def test_a_text_from_right_to_left_keeps_its_direction_in_the_svg(
    hebrew: TensorBoard, chromium: Browser, tmp_path: Path
) -> None:
    with opened(chromium, hebrew.address, "&p.attention.view=sample&p.attention.query=1") as tab:
        tab.wait_until_drawn("sample")
        words = tab.frame.locator(".text [data-word]")
        on_screen = dict(zip(HEBREW, (word.evaluate(LETTERS_OF_WORD) for word in words.all()), strict=True))
        assert on_screen["שלום"][0] > on_screen["שלום"][-1] > on_screen["טוב"][0]
        path = saved(tab, "SVG", tmp_path)
        said = tab.sentence.translate(ISOLATES)
    page = chromium.new_page()
    try:
        page.goto(path.as_uri())
        texts = page.evaluate(LETTERS_OF_FILE)
    finally:
        page.close()
    in_file: dict[str, list[float]] = {}
    for text, letters in texts:
        # The words of the sample come before those of strips and labels.
        if text in HEBREW:
            in_file.setdefault(text, letters)
    shift = in_file["שלום"][0] - on_screen["שלום"][0]
    for word in HEBREW:
        assert np.argsort(in_file[word]).tolist() == np.argsort(on_screen[word]).tolist(), word
        assert in_file[word] == pytest.approx(np.add(on_screen[word], shift), abs=5), word
    # The sentence below runs from left to right, whatever words it is of, and its numbers stay where they are.
    captions = [(text, letters) for text, letters in texts if text and text.translate(ISOLATES) in said]
    found = [text.translate(ISOLATES) for text, _ in captions]
    assert any("שלום" in text and "עולם" in text for text in found)
    for text, letters in captions:
        starts = np.cumsum([0, *(len(word) + 1 for word in text.split(" "))])
        lefts = [min(letters[start : end - 1]) for start, end in pairwise(starts)]
        assert lefts == sorted(lefts), text
