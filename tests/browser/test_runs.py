"""A sweep of 50 runs: found, ordered and chosen; one head across those chosen; two of them compared."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Locator, Request, expect

import tb_attention
from tests.browser.tab import Tab, opened, save
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

RUNS, STEPS, HEADS = 50, 2, 2
WORDS = ["the", "invoice", "is", "late", "pay", "now"]
SITE = "block/attention"


def name(run: int) -> str:
    return f"lr={run:02d}"


def weights_of(run: int, step: int, samples: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng([run, step])
    size = len(WORDS)
    # The later the run, the flatter its rows.
    return random.dirichlet(np.full(size, 0.2 + run / 10), (samples, HEADS, size)).astype("float32")


def loss_of(run: int, step: int) -> float:
    return 1 + ((7 * run) % RUNS) / 100 - step / 10


def accuracy_of(run: int, step: int) -> float:
    return 0.5 + ((11 * run + step) % RUNS) / 100


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("sweep")
    for run in range(RUNS):
        # Every run has the samples in another order; one has not tracked the first of them.
        ids = ["first", "second"] if run % 2 == 0 else ["second", "first"]
        ids = ["other", "second"] if run == 9 else ids
        samples = tb_attention.Samples(
            np.zeros((2, len(WORDS)), int),
            tokens=[WORDS, WORDS[::-1]] if ids[0] != "second" else [WORDS[::-1], WORDS],
            ids=ids,
        )
        with tb_attention.AttentionWriter(logs / name(run), samples=samples) as writer:
            for step in range(STEPS):
                site = "other/attention" if run == 8 else SITE
                writer.write(
                    step,
                    {site: weights_of(run, step, 2)},
                    metrics={"val_loss": loss_of(run, step), "val_accuracy": accuracy_of(run, step)},
                    epoch=step,
                )
    return logs


def link(**values: str) -> str:
    values = {"run": name(0), **values}
    return "".join(f"&p.attention.{key}={value}" for key, value in values.items())


def sentence(tab: Tab) -> Locator:
    return tab.frame.locator("p[aria-live]").first


def choose_best(tab: Tab, count: int) -> None:
    tab.frame.get_by_role("spinbutton", name="How many of the best runs").fill(str(count))
    tab.frame.get_by_role("button", name="choose best").click()


class Requests:
    """The requests to the plugin's routes that name a run, in order."""

    def __init__(self, tab: Tab) -> None:
        self.urls: list[str] = []
        tab.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if "/data/plugin/attention/" in request.url and "run=" in request.url:
            self.urls.append(request.url)

    @property
    def runs(self) -> set[str]:
        # The first answer is asked for with the run as it stands in the link, where "=" may be itself.
        return {re.sub(r".*run=(lr)(?:%3D|=)(\d+).*", r"\1=\2", url) for url in self.urls}


def test_nothing_is_fetched_for_runs_that_are_not_chosen(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(), wait=False) as tab:
        requests = Requests(tab)
        tab.wait_until_shown()
        tab.wait_until_drawn("overview")
        tab.open("Runs")
        tab.page.wait_for_timeout(500)
        assert requests.runs == {name(0)}
        expect(sentence(tab)).to_contain_text("the only chosen run of 50")
        tab.frame.get_by_role("checkbox", name="Choose lr=03").check()
        expect(sentence(tab)).to_contain_text("of 2 runs")
        tab.wait_until_drawn("runs")
        tab.page.wait_for_timeout(300)
        assert requests.runs == {name(0), name(3)}
        assert len(requests.urls) == len(set(requests.urls))


def test_runs_are_filtered_and_ordered_by_what_they_reached(server: TensorBoard, chromium: Browser) -> None:
    best = sorted(range(RUNS), key=lambda run: loss_of(run, STEPS - 1))
    with opened(chromium, server.address, link(view="runs")) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        expect(table.get_by_role("row")).to_have_count(1 + RUNS)
        table.get_by_role("button", name="best val_loss").click()
        for place in range(3):
            row = table.get_by_role("row").nth(1 + place)
            expect(row).to_contain_text(name(best[place]))
            expect(row).to_contain_text(f"{loss_of(best[place], STEPS - 1):.3f}")
        tab.frame.get_by_role("searchbox", name="Filter the table of runs").fill("lr=1[0-3]")
        expect(table.get_by_role("row")).to_have_count(1 + 4)
        tab.frame.get_by_role("searchbox", name="Filter the table of runs").fill("")
        choose_best(tab, 4)
        panels = tab.frame.get_by_role("group", name="This head in each run").get_by_role("heading")
        focus = [] if 0 in best[:4] else [0]
        expect(panels).to_have_text([name(run) for run in [*best[:4], *focus]])


def test_runs_stand_in_groups_and_the_best_of_them_are_chosen(server: TensorBoard, chromium: Browser) -> None:
    loss = [loss_of(run, STEPS - 1) for run in range(RUNS)]
    with opened(chromium, server.address, link(view="runs", groupRuns="%2Flr%3D(%5Cd)")) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        # The expression finds the tens.
        headings = table.get_by_role("rowheader")
        expect(headings).to_have_text([re.compile(rf"{tens}\s+10 runs") for tens in range(RUNS // 10)])
        rows = table.get_by_role("row")
        for tens in range(RUNS // 10):
            expect(rows.nth(1 + 11 * tens)).to_contain_text(f"{min(loss[10 * tens : 10 * tens + 10]):.3f}")
        headings.nth(0).get_by_role("button", expanded=True).click()
        expect(rows).to_have_count(1 + RUNS // 10 + RUNS - 10)
        expect(headings.nth(0).get_by_role("button", expanded=False)).to_be_visible()

        expression = tab.frame.get_by_role("searchbox", name="Regular expression whose first group")
        expect(expression).to_have_value("lr=(\\d)")
        expression.fill("lr=(")
        expect(
            tab.frame.get_by_text("“lr=(” is not a regular expression, so the runs are not grouped.")
        ).to_be_visible()
        expect(rows).to_have_count(1 + RUNS)
        # No control is cut at 1280 pixels.
        controls = tab.frame.get_by_role("region", name="All runs").locator("input, select, button")
        assert all(
            controls.evaluate_all(
                """controls => controls.map(control => {
                    const [box, all] = [control, control.closest("section")].map(e => e.getBoundingClientRect());
                    return box.left >= all.left && box.right <= all.right && control.scrollWidth <= control.offsetWidth;
                })"""
            )
        )
        tab.frame.get_by_role("combobox", name="Group the table of runs by").select_option("by lr")
        tab.expect_link("groupRuns=%3Dlr")
        # A heading for each run, not all of which are in the page.
        expect(table.get_by_role("table")).to_have_attribute("aria-rowcount", str(1 + 2 * RUNS))
        tab.frame.get_by_role("combobox", name="Group the table of runs by").select_option("no groups")

        column = table.get_by_role("columnheader", name=re.compile("^lr"))
        expect(column).to_have_attribute("title", "lr, as the name of the run says it")
        table.get_by_role("button", name="lr", exact=True).click()
        expect(column).to_have_attribute("aria-sort", "ascending")
        tab.frame.get_by_role("searchbox", name="Filter the table of runs").fill("lr=1")
        choose_best(tab, 3)
        best = sorted(sorted(range(10, 20), key=lambda run: loss[run])[:3])
        panels = tab.frame.get_by_role("group", name="This head in each run").get_by_role("heading")
        expect(panels).to_have_text([name(run) for run in [0, *best]])


def test_another_metric_of_the_best_steps_orders_the_runs_and_leaves_in_the_csv(
    server: TensorBoard, chromium: Browser
) -> None:
    accuracy = [accuracy_of(run, STEPS - 1) for run in range(RUNS)]
    best = sorted(range(RUNS), key=lambda run: -accuracy[run])
    with opened(chromium, server.address, link(view="runs", runs="lr%3D00,lr%3D04")) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        column = table.get_by_role("columnheader", name=re.compile("^val_accuracy"))
        expect(column).to_have_attribute("title", "val_accuracy at the step with the best val_loss")
        column.get_by_role("button").click()
        expect(column).to_have_attribute("aria-sort", "descending")
        tab.expect_link("orderRuns=%40val_accuracy")
        for place in range(3):
            row = table.get_by_role("row").nth(1 + place)
            expect(row).to_contain_text(name(best[place]))
            expect(row.get_by_role("cell").nth(3)).to_have_text(f"{accuracy[best[place]]:.3f}")
        with tab.page.expect_download() as download:
            save(tab, "CSV")
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
        assert {row["run"]: row["lr"] for row in rows} == {"lr=00": "00", "lr=04": "04"}
        for row in rows:
            run = int(row["lr"])
            assert float(row["val_loss"]) == pytest.approx(loss_of(run, STEPS - 1))
            assert float(row["val_accuracy"]) == pytest.approx(accuracy[run])


def test_bars_of_runs_grow_with_the_value_from_zero(server: TensorBoard, chromium: Browser) -> None:
    losses = [loss_of(run, STEPS - 1) for run in range(RUNS)]
    with opened(chromium, server.address, link(view="runs")) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        expect(table.get_by_role("columnheader", name="best val_loss")).to_contain_text(
            f"◂ better, 0 to {max(losses):.3f}"
        )
        bars = table.locator("tbody .track i:first-child")
        widths = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
        np.testing.assert_allclose(np.divide(widths, max(widths)), np.divide(losses, max(losses)), atol=0.01)
        marked = table.get_by_role("row").filter(has=tab.frame.get_by_title("The lowest of all runs"))
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text(name(losses.index(min(losses))))
        # The mark must not cover the step beside it.
        assert all(table.locator("td.metric").evaluate_all("cells => cells.map(e => e.scrollWidth <= e.clientWidth)"))


def test_the_star_says_by_which_metric_and_which_way(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(view="runs")) as tab:
        tab.wait_until_drawn("runs")
        best = tab.frame.locator(".readout dl div").filter(has_text="★")
        expect(best).to_contain_text("by val_loss, lowest")
        expect(best).to_contain_text(f"{loss_of(0, STEPS - 1):.3f}")


def test_one_head_across_runs_is_that_of_the_same_sample(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    chosen = [0, 1, 8, 9]
    runs = ",".join(name(run) for run in chosen[1:])
    with opened(chromium, server.address, link(view="runs", runs=runs, sample="first", head="1")) as tab:
        tab.wait_until_drawn("runs", head=1)
        panel = lambda run: tab.frame.get_by_role("article").filter(has_text=name(run))  # noqa: E731
        expect(panel(8)).to_contain_text(f"Has no layer {SITE}")
        expect(panel(9)).to_contain_text("Does not track this sample")
        weights = {
            run: tb_attention.load(logs / name(run)).weights(step=STEPS - 1, sample="first", site=SITE)[1]
            for run in (0, 1)
        }
        box = panel(1).get_by_role("button", name=re.compile("open in focus")).bounding_box()
        assert box is not None
        query, key = 1, 3
        side = len(WORDS)
        tab.page.mouse.move(
            box["x"] + (key + 0.5) / side * box["width"], box["y"] + (query + 0.5) / side * box["height"]
        )
        expect(sentence(tab)).to_contain_text("“invoice” looks at “late”")
        words = sentence(tab).inner_text()
        most = max((0, 1), key=lambda run: weights[run][query, key])
        assert f"most in {name(most)}" in words
        for run in (0, 1):
            # The pooled maps have eight bits.
            found = float(re.search(rf"{name(run)},? ([\d.e-]+)", words)[1])  # type: ignore[index]
            assert found == pytest.approx(weights[run][query, key], abs=0.01)


def test_a_click_puts_a_run_in_focus_and_keeps_the_other(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(view="runs", runs="lr=02", sample="first")) as tab:
        tab.wait_until_drawn("runs")
        tab.frame.get_by_role("button", name="lr=02: open in focus").click()
        tab.wait_until_drawn("runs", run="lr=02", sample="first")
        expect(tab.frame.get_by_role("article")).to_have_count(2)
        expect(tab.frame.get_by_role("radio", name="lr=02")).to_be_checked()


def test_two_runs_are_compared_weight_by_weight(logs: Path, server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, link(view="runs", runs="lr=01", sample="first")) as tab:
        tab.wait_until_drawn("runs")
        tab.frame.get_by_role("button", name="Compare lr=01 with the run in focus").click()
        tab.wait_until_drawn("compare", run=name(0))
        a, b = (
            tb_attention.load(logs / name(run)).weights(step=STEPS - 1, sample="first", site=SITE)[0] for run in (1, 0)
        )
        change = b - a
        query, key = np.unravel_index(np.abs(change).argmax(), change.shape)
        expect(sentence(tab)).to_contain_text("A, lr=01, epoch 2")
        expect(sentence(tab)).to_contain_text(f"the largest difference: “{WORDS[query]}”")
        sign = "+" if change[query, key] > 0 else "−"
        expect(sentence(tab)).to_contain_text(f"{sign}{abs(change[query, key]):.3f}"[:-1])


def test_the_order_the_folded_groups_and_the_number_of_the_best_are_in_the_link(
    server: TensorBoard, chromium: Browser
) -> None:
    with opened(chromium, server.address, link(run=name(3), view="runs", groupRuns="=lr")) as tab:
        tab.wait_until_drawn("runs")
        table = tab.frame.get_by_role("region", name="Table of runs")
        table.get_by_role("button", name="best val_loss").click()
        tab.expect_link("orderRuns=best")
        first = table.get_by_role("rowheader").first.get_by_role("button")
        first.click()
        expect(first).to_have_attribute("aria-expanded", "false")
        tab.expect_link("foldedRuns=")
        tab.frame.get_by_role("spinbutton", name="How many of the best runs").fill("3")
        tab.frame.get_by_role("button", name="choose best").click()
        tab.expect_link("bestRuns=3")
        address = tab.page.url.split("#attention")[1]
        heading = first.inner_text()
    with opened(chromium, server.address, address) as again:
        again.wait_until_drawn("runs")
        table = again.frame.get_by_role("region", name="Table of runs")
        expect(table.get_by_role("columnheader", name=re.compile("^best"))).to_have_attribute("aria-sort", "ascending")
        first = table.get_by_role("rowheader").first.get_by_role("button")
        expect(first).to_have_attribute("aria-expanded", "false")
        assert first.inner_text() == heading
        expect(again.frame.get_by_role("spinbutton", name="How many of the best runs")).to_have_value("3")
