"""The Confusion view used as a person uses it: from a matrix to a cell, its examples, their attention, and back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

import tb_attention
from tests.browser import confusion_logs
from tests.browser.confusion_logs import EPOCHS, NAMES
from tests.browser.tab import Tab, opened, save
from tests.browser.test_for_everyone import findings
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser
LAST = EPOCHS - 1


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("confusion")
    confusion_logs.write_all(logs)
    confusion_logs.write_many(logs / "thousand", 1000, 1)
    return logs


def where(run: str, **choices: str | int) -> str:
    found = {"run": run, "view": "confusion", **choices}
    return "".join(f"&p.attention.{key}={value}" for key, value in found.items())


def counted(logs: Path, step: int = LAST, split: str = "validation", run: str = "digits") -> np.ndarray:
    return tb_attention.load(logs / run, tag="confusion").confusion_matrix(step=step, split=split)


def worst_cell(matrix: np.ndarray) -> tuple[int, int]:
    wrong = matrix * (1 - np.eye(len(matrix), dtype=int))
    truth, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return int(truth), int(predicted)


def grid(tab: Tab) -> Locator:
    return tab.frame.get_by_role("grid", name="Confusion matrix")


def cell_text(tab: Tab) -> Locator:
    return tab.frame.locator("#confusion-cell")


def point_at(tab: Tab, truth: int, predicted: int, *, click: bool = False, shift: bool = False) -> None:
    box, size = grid(tab).bounding_box(), int(grid(tab).get_attribute("aria-rowcount") or 0)
    assert box is not None
    x, y = box["x"] + (predicted + 0.5) / size * box["width"], box["y"] + (truth + 0.5) / size * box["height"]
    tab.page.mouse.move(x - 2, y)
    tab.page.mouse.move(x, y)
    if click:
        if shift:
            tab.page.keyboard.down("Shift")
        tab.page.mouse.click(x, y)
        if shift:
            tab.page.keyboard.up("Shift")


def choose(tab: Tab, label: str, value: str) -> None:
    tab.frame.get_by_role("combobox", name=label, exact=True).select_option(value)


def sentence(tab: Tab) -> Locator:
    return tab.frame.locator("p[aria-live]").first


def table_of(tab: Tab) -> list[list[str]]:
    with tab.page.expect_download() as download:
        save(tab, "CSV")
    return list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))


def colors_at(tab: Tab, canvas: str, points: list[tuple[float, float]]) -> list[tuple[int, ...]]:
    """The colours of a canvas at points, as shares of its width and height."""
    found = tab.frame.locator(canvas).evaluate(
        """(canvas, points) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return points.map(([x, y]) => {
                const at = 4 * (Math.floor(y * canvas.height) * canvas.width + Math.floor(x * canvas.width));
                return [...data.slice(at, at + 3)];
            });
        }""",
        points,
    )
    return [tuple(color) for color in found]


def lightness(color: tuple[int, ...]) -> float:
    return float(np.dot(color[:3], [0.299, 0.587, 0.114]))


def test_of_two_classes_no_cell_is_clipped_and_no_frame_of_the_film_is_like_another(
    server: TensorBoard, chromium: Browser
) -> None:
    corner = 0.05  # of a cell, where no number is
    cells = [((p + corner) / 2, (t + corner) / 2) for t, p in ((0, 1), (1, 0))]
    with opened(chromium, server.address, where("two")) as tab:
        tab.wait_until_drawn("confusion", step=2)
        legend = tab.frame.locator(".matrix .legend")
        expect(legend.locator(".bar span")).to_have_text(["0", "5", "20", "61"])
        expect(tab.frame.get_by_role("combobox", name="scale of")).to_have_value("run")
        tab.slider.press("Home")
        tab.wait_until_drawn("confusion", step=0)
        more, fewer = (lightness(color) for color in colors_at(tab, ".cells canvas", cells))
        assert more < fewer - 10
        # Each frame of the film in the middle of its upper right cell.
        frames = tab.frame.locator(".film canvas").evaluate(
            """(canvas) => {
                const row = canvas.getContext("2d").getImageData(0, 8, canvas.width, 1).data, found = [];
                for (let from = 0, x = 0; x <= canvas.width; x++) {
                    if (x < canvas.width && row[4 * x + 3]) continue;
                    const at = Math.floor(from + 0.75 * (x - from));
                    if (x > from) found.push([...row.slice(4 * at, 4 * at + 3)]);
                    from = x + 1;
                }
                return found;
            }"""
        )
        shades = [lightness(frame) for frame in frames]
        assert shades == sorted(shades)
        assert len(set(shades)) == 3
        tab.frame.get_by_role("combobox", name="scale of").select_option("step")
        tab.slider.press("End")
        tab.wait_until_drawn("confusion", step=2)
        expect(legend.locator(".bar span")).to_have_text(["0", "1"])


def test_from_a_cell_to_where_the_model_looked_and_back(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    matrix = counted(logs)
    truth, predicted = worst_cell(matrix)
    kept = [
        each
        for each in tb_attention.load(logs / "digits", tag="confusion").examples(LAST)
        if (each.truth, each.predicted) == (truth, predicted)
    ]
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        point_at(tab, truth, predicted, click=True)
        examples = tab.frame.get_by_role("button", name=re.compile("^#"))
        expect(examples).to_have_count(len(kept))
        expect(tab.frame.get_by_role("img", name=re.compile("^Where .* looked"))).to_have_count(3)
        expect(tab.frame.locator(".beside")).to_contain_text(re.compile(r"JS 0\.\d+ bits"))
        chosen = next(each for each in kept if each.has_maps)
        examples.filter(has_text=chosen.id[:6]).first.click()
        tab.wait_until_drawn("sample", step=LAST, sample=chosen.id)
        others = int(matrix[truth, predicted]) - 1
        expect(tab.frame.get_by_role("button", name=re.compile(f"Its cell: {others} other"))).to_be_visible()
        expect(tab.frame.get_by_role("img", name=re.compile("looked in .*, correct"))).to_have_count(2)
        tab.slider.press("Escape")
        tab.wait_until_drawn("confusion", step=LAST)
        expect(sentence(tab)).to_contain_text(f"of class {NAMES[truth]} (true)")
        expect(examples).to_have_count(len(kept))


def test_a_kept_cell_filters_the_rail_visibly_beside_its_matrix_and_nowhere_else(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix, tracked = counted(logs), confusion_logs.TRACKED
    predicted = confusion_logs.scores(LAST, 6.0)[:tracked].argmax(1)
    there = (5, int(predicted[5]))
    nowhere = next((t, p) for t, p in np.argwhere(matrix > 0) if t != p and t > tracked)
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        rail = tab.frame.get_by_role("region", name="Samples")
        listed = rail.get_by_role("option").filter(has_text="#")
        expect(listed).to_have_count(tracked)
        point_at(tab, *there, click=True)
        expect(listed).to_have_count(1)
        point_at(tab, *nowhere, click=True)
        name = f"{NAMES[nowhere[0]]} → {NAMES[nowhere[1]]}"
        expect(rail).to_contain_text(f"None of the {tracked} samples is in the cell {name} at this step.")
        chip = rail.get_by_role("button", name=f"{name} ×")
        for view in ("Overview", "Samples"):
            tab.open(view)
            expect(listed).to_have_count(tracked)
            expect(chip).to_be_hidden()
        tab.open("Confusion")
        chip.click()
        expect(listed).to_have_count(tracked)
        expect(tab.page).not_to_have_url(re.compile("attention.cell="))


def test_the_rail_counts_no_samples_where_there_are_none(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, where("hundred")) as tab:
        tab.wait_until_drawn("confusion")
        expect(tab.frame.get_by_role("region", name="Samples")).to_have_text("Samples")


def test_a_cell_is_told_by_its_row_its_column_and_the_step_before(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix, before = counted(logs), counted(logs, LAST - 1)
    truth, predicted = worst_cell(matrix)
    count, change = int(matrix[truth, predicted]), int(matrix[truth, predicted] - before[truth, predicted])
    column = 100 * count / matrix[:, predicted].sum()
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        point_at(tab, truth, predicted)
        expect(sentence(tab)).to_contain_text(f"and {column:.0f} % of those predicted as {NAMES[predicted]}")
        since = f"{'+' if change > 0 else '−'}{abs(change)} since epoch {LAST}" if change else f"as in epoch {LAST}"
        expect(sentence(tab)).to_contain_text(since)
        assert table_of(tab)[1:] == [[NAMES[t], NAMES[p], str(matrix[t, p])] for t, p in np.argwhere(matrix > 0)]


def test_classes_stand_in_the_order_chosen_and_groups_fold(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    matrix = counted(logs)
    by_recall = np.argsort(matrix.diagonal() / matrix.sum(1), kind="stable")
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        for order, first in (("recall", by_recall[0]), ("similarity", 0), ("support", matrix.sum(1).argmax())):
            choose(tab, "Order", order)
            point_at(tab, 0, 0)
            expect(cell_text(tab)).to_have_text(
                f"true {NAMES[first]}, predicted {NAMES[first]}: {matrix[first, first]}"
            )
        choose(tab, "Order", "groups")
        tab.frame.get_by_role("button", name="Fold all").click()
        expect(grid(tab)).to_have_attribute("aria-rowcount", "2")
        point_at(tab, 0, 1)
        between = matrix[np.ix_([0, 6, 8, 9], [1, 2, 3, 4, 5, 7])].sum()
        expect(cell_text(tab)).to_have_text(f"true round, predicted straight: {between}")
        point_at(tab, 0, 1, click=True)
        expect(grid(tab)).to_have_attribute("aria-rowcount", "10")


def test_steps_splits_and_runs_are_compared_in_numbers(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    matrix = counted(logs)
    truth, predicted = worst_cell(matrix)
    sides = {
        "step": (counted(logs, 0), "epoch 1"),
        "split": (counted(logs, split="training"), "training"),
        "run": (counted(logs, run="noisier"), f"noisier, epoch {EPOCHS}"),
    }
    with opened(chromium, server.address, where("digits", versus=0)) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        for mode, (other, name) in sides.items():
            choose(tab, "Compare with", mode)
            if mode == "run":
                choose(tab, "Run to compare with", "noisier")
            point_at(tab, truth, predicted)
            by = int(matrix[truth, predicted] - other[truth, predicted])
            written = f"{'+' if by > 0 else '−' if by < 0 else '±'}{abs(by)}"
            expect(sentence(tab)).to_contain_text(f"{other[truth, predicted]} in {name}, ")
            expect(sentence(tab)).to_contain_text(f": {written}")
        rows = table_of(tab)
        assert rows[0][-1] == "difference"
        assert sum(int(row[-1]) for row in rows[1:]) == matrix.sum() - sides["run"][0].sum()


def test_a_cell_and_a_recall_are_lines_over_the_epochs(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    matrices = [counted(logs, step) for step in range(EPOCHS)]
    truth, predicted = worst_cell(matrices[-1])
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        point_at(tab, truth, predicted, click=True)
        named = f"{NAMES[truth]} → {NAMES[predicted]}"
        lane = tab.frame.get_by_role("img", name=re.compile(f"^{named}: "))
        expect(lane).to_have_text(re.compile(r"\s*".join(str(each[truth, predicted]) for each in matrices)))
        counts = tab.frame.get_by_role("img", name="Counts over the steps")
        expect(counts).to_have_attribute("aria-label", re.compile(f"{named} {matrices[-1][truth, predicted]}, "))
        tab.frame.get_by_role("button", name=re.compile("^recall of three: ")).click()
        recall = matrices[0][3, 3] / matrices[0][3].sum()
        tab.slider.press("Home")
        tab.wait_until_drawn("confusion", step=0)
        shares = tab.frame.get_by_role("img", name="Scores over the steps")
        expect(shares).to_have_attribute("aria-label", re.compile(f"recall of three {recall:.3f}"))
        point_at(tab, 1, 2, click=True, shift=True)
        expect(counts).to_have_attribute("aria-label", re.compile(f"one → two {matrices[0][1, 2]}"))


def test_scores_are_sorted_and_their_means_are_scikit_learns(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix = counted(logs)
    truth = np.repeat(np.repeat(range(10), 10), matrix.ravel())
    predicted = np.repeat(np.tile(range(10), 10), matrix.ravel())
    precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted)
    with opened(chromium, server.address, where("digits")) as tab:
        tab.wait_until_drawn("confusion", step=LAST)
        table = tab.frame.get_by_role("table", name="By class")
        row = table.get_by_role("row").nth(1)
        worst = int(np.argsort(recall, kind="stable")[0])
        expect(row).to_contain_text(NAMES[worst])
        for value in (precision, recall, f1):
            expect(row).to_contain_text(f"{value[worst]:.3f}"[1:])
        table.get_by_role("button", name="F1", exact=False).first.click()
        expect(table.get_by_role("columnheader", name="F1")).to_have_attribute("aria-sort", "ascending")
        for mean in ("macro", "weighted"):
            expected = f1_score(truth, predicted, average=mean)
            expect(table.get_by_role("row", name=mean)).to_contain_text(f"{expected:.3f}"[1:])


@pytest.mark.parametrize("run", ["binary", "softmax"])
def test_the_threshold_of_two_classes_moves_the_counts(run: str, server: TensorBoard, chromium: Browser) -> None:
    truth, score = confusion_logs.binary_scores(2)
    with opened(chromium, server.address, where(run)) as tab:
        tab.wait_until_drawn("confusion", step=2)
        roc = tab.frame.get_by_role("img", name=re.compile("^ROC"))
        area = float(re.search(r"area ([\d.]+)", roc.get_attribute("aria-label") or "")[1])  # type: ignore[index]
        assert area == pytest.approx(roc_auc_score(truth, score), abs=2e-3)
        other = tab.frame.get_by_role("img", name=re.compile("^Precision and recall"))
        mean = float(re.search(r"precision ([\d.]+)", other.get_attribute("aria-label") or "")[1])  # type: ignore[index]
        assert mean == pytest.approx(average_precision_score(truth, score), abs=5e-3)
        beside = tab.frame.locator("aside, .beside").get_by_text("positive: spam")
        expect(beside.first).to_contain_text(f"{int(((score >= 0.5) & (truth == 0)).sum())} false positives (FP)")
        slider = tab.frame.get_by_role("slider", name="Threshold")
        slider.press("ArrowRight")
        slider.press("ArrowRight")
        at = 0.5 + 2 / confusion_logs.BINS
        point_at(tab, 1, 0)
        missed = int(((score < at) & (truth == 1)).sum())
        expect(cell_text(tab)).to_have_text(f"true spam, predicted ham: {missed}")
        tab.frame.get_by_role("button", name="as counted").click()
        point_at(tab, 1, 0)
        expect(cell_text(tab)).to_have_text(f"true spam, predicted ham: {int(((score < 0.5) & (truth == 1)).sum())}")
        # Only of one score it is known which class is the positive one.
        said = expect(sentence(tab))
        (said.to_contain_text if run == "binary" else said.not_to_contain_text)("false negatives (FN)")


def test_labels_have_their_own_counts_and_stand_together(server: TensorBoard, chromium: Browser) -> None:
    truth, said = confusion_logs.label_truths(2)
    with opened(chromium, server.address, where("labels")) as tab:
        tab.wait_until_drawn("confusion", step=2)
        point_at(tab, 1, 0, click=True)
        together = int((truth[:, 1] & said[:, 0]).sum())
        expect(sentence(tab)).to_contain_text(f"{together} with label urgent were predicted to have invoice")
        table = tab.frame.get_by_role("table", name="Counts of the label urgent")
        missed, wrongly = int((truth[:, 1] & ~said[:, 1]).sum()), int((~truth[:, 1] & said[:, 1]).sum())
        expect(table).to_contain_text(f"✗ {missed} false negatives (FN)")
        expect(table).to_contain_text(f"✗ {wrongly} false positives (FP)")
        found = int((truth[:, 1] & said[:, 1]).sum())
        expect(table).to_contain_text(f"✓ {found} true positives (TP)")
        expect(table).to_contain_text(f"✓ {len(truth) - found - missed - wrongly} true negatives (TN)")


def test_the_table_of_classes_leaves_as_csv(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    """Counts and scores as scikit-learn has them, all digits; and of labels that are each a yes or no."""

    def saved(run: str, step: int) -> list[list[str]]:
        with opened(chromium, server.address, where(run)) as tab:
            tab.wait_until_drawn("confusion", step=step)
            with tab.page.expect_download() as download:
                tab.frame.get_by_role("button", name="CSV", exact=True).click()
            assert download.value.suggested_filename.endswith("classes.csv")
            return list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))

    matrix = counted(logs)
    truth, predicted = (np.repeat(index.ravel(), matrix.ravel()) for index in np.indices(matrix.shape))
    head, *rows = saved("digits", LAST)
    assert head[:5] == ["class", "true positives", "false positives", "false negatives", "true negatives"]
    assert [row[0] for row in rows] == [*NAMES, "macro mean", "weighted mean"]
    numbers = np.array([row[1:] for row in rows[:10]], float)
    each = multilabel_confusion_matrix(truth, predicted)
    np.testing.assert_array_equal(numbers[:, :4], each[:, [1, 0, 1, 0], [1, 1, 0, 0]])
    expected = precision_recall_fscore_support(truth, predicted, zero_division=np.nan)
    np.testing.assert_allclose(numbers[:, 4:], np.transpose(expected))
    macro = precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    np.testing.assert_allclose([float(value) for value in rows[10][5:8]], macro[:3])

    truth, said = confusion_logs.label_truths(2)
    _, *rows = saved("labels", 2)
    numbers = np.array([row[1:5] for row in rows[:3]], float)
    np.testing.assert_array_equal(numbers, multilabel_confusion_matrix(truth, said)[:, [1, 0, 1, 0], [1, 1, 0, 0]])


def test_groups_of_a_thousand_classes_are_folded_at_first_and_a_click_unfolds_them(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix = counted(logs, 0, run="thousand")
    with opened(chromium, server.address, where("thousand")) as tab:
        tab.wait_until_drawn("confusion", step=0)
        expect(grid(tab)).to_have_attribute("aria-rowcount", "100")
        # Of the classes: that a class was taken for another of its group is not right.
        expect(sentence(tab)).to_contain_text(f"accuracy {matrix.trace() / matrix.sum():.3f}")
        point_at(tab, 3, 4)
        between = matrix[30:40, 40:50].sum()
        expect(cell_text(tab)).to_have_text(f"true group 3, predicted group 4: {between}")
        point_at(tab, 3, 4, click=True)
        expect(grid(tab)).to_have_attribute("aria-rowcount", "118")
        tab.expect_link("p.attention.folded=-3%2C4")
        address = tab.page.url
        tab.frame.get_by_role("button", name="Fold all").click()
        expect(grid(tab)).to_have_attribute("aria-rowcount", "100")
    with opened(chromium, server.address, address.split("#attention")[1]) as tab:
        tab.wait_until_drawn("confusion", step=0)
        expect(grid(tab)).to_have_attribute("aria-rowcount", "118")


@pytest.mark.parametrize(("width", "height", "side"), [(1280, 800, 330), (1920, 1080, 560)])
def test_a_thousand_classes_use_the_room_before_a_click(
    width: int, height: int, side: int, logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix = counted(logs, 0, run="thousand")
    recall = matrix.diagonal() / matrix.sum(1)
    worst = np.argsort(recall, kind="stable")[0]
    size = {"width": width, "height": height}
    with opened(chromium, server.address, where("thousand", classes="given"), viewport=size) as tab:
        tab.wait_until_drawn("confusion", step=0)
        box = grid(tab).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= side
        rows = tab.frame.get_by_role("table", name="Classes with the lowest recall").get_by_role("row")
        expect(rows.first).to_contain_text(f"class {worst}")
        last = rows.last.bounding_box()
        assert last is not None
        assert last["x"] > box["x"] + box["width"]
        # What a class is taken for is a cell to be kept.
        wrong = matrix[worst] * (np.arange(1000) != worst)
        taken = int(wrong.argmax())
        rows.first.get_by_role("button", name=f"class {worst} → class {taken}: {wrong[taken]}", exact=True).click()
        tab.expect_link(f"p.attention.cell={worst}.{taken}")


def test_both_names_of_a_pair_of_long_names_can_be_read(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, where("two")) as tab:
        tab.wait_until_drawn("confusion")
        pair = tab.frame.locator("aside .pair").first
        expect(pair).to_contain_text("Staffordshire bull terrier, a dog of the terrier group → American")
        shown = pair.locator("[aria-hidden=true] bdi")
        expect(shown).to_have_text([re.compile("^Sta.*…"), re.compile("^Am.*…")])
        fits = pair.evaluate("pair => pair.firstElementChild.getBoundingClientRect().width <= pair.clientWidth")
        assert fits


def test_a_class_among_a_thousand_is_found_and_walked_to_by_keys(
    logs: Path, server: TensorBoard, chromium: Browser
) -> None:
    matrix = counted(logs, 0, run="thousand")
    with opened(chromium, server.address, where("thousand")) as tab:
        tab.wait_until_drawn("confusion", step=0)
        choose(tab, "Order", "given")
        tab.frame.get_by_role("searchbox", name="Find a class").fill("class 777")
        expect(tab.frame.get_by_text("1 of 1", exact=True)).to_be_visible()
        expect(tab.frame.locator(".left").get_by_role("button", name="class 777")).to_be_visible()
        grid(tab).focus()
        for key, row, column in (("ArrowDown", 1, 0), ("ArrowRight", 1, 1), ("ArrowRight", 1, 2)):
            tab.page.keyboard.press(key)
            expect(cell_text(tab)).to_have_text(f"true class {row}, predicted class {column}: {matrix[row, column]}")
        tab.page.keyboard.press("Enter")
        expect(tab.frame.get_by_role("img", name=re.compile("^class 1 → class 2: "))).to_be_visible()
        grid(tab).focus()
        tab.page.keyboard.press("Escape")
        expect(tab.frame.get_by_role("img", name=re.compile("^class 1 → class 2: "))).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_with_a_cell_kept_a_threshold_and_a_label(
    theme: str, server: TensorBoard, chromium: Browser
) -> None:
    kept = where("digits", cell="4.1", against="step", classes="groups")
    for choices in (kept, where("binary", cell="0.1"), where("labels", cell="1.0")):
        with opened(chromium, server.address, choices) as tab:
            tab.wait_until_drawn("confusion")
            if theme == "dark":
                tab.page.evaluate("document.body.classList.add('dark-mode')")
                tab.frame.wait_for_selector("html.dark")
            expect(tab.frame.get_by_role("img", name="Counts over the steps")).to_be_visible()
            assert findings(tab) == []


def test_a_class_in_a_folded_group_is_found_and_enter_unfolds_it(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, where("thousand")) as tab:
        tab.wait_until_drawn("confusion", step=0)
        search = tab.frame.get_by_role("searchbox", name="Find a class")
        search.fill("class 777")
        said = tab.frame.get_by_role("status").filter(has_text="Enter unfolds it")
        expect(said).to_contain_text("1 of 1, in ")
        search.press("Enter")
        expect(said).to_have_count(0)
        expect(tab.frame.locator(".left").get_by_role("button", name="class 777")).to_be_visible()
