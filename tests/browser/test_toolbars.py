"""No control of a toolbar is cut, in any view and width, however many runs there are and however long their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tests.browser.tab import opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

RUNS = [f"sweep/learning_rate=0.00{i},layers=12,heads=12,warmup=4000,seed={i}" for i in range(9)]
VIEWS = ("overview", "head", "sample", "samples", "confusion", "epochs", "compare", "runs")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("toolbars")
    random = np.random.default_rng(0)
    classes = ("unsolicited commercial electronic mail", "mail that somebody wants to read")
    samples = tb_attention.Samples(
        np.zeros((2, 5)), [0, 1], tokens=[["a", "b", "c", "d", "e"]] * 2, class_names=classes
    )
    for run in RUNS:
        with tb_attention.AttentionWriter(logs / run, samples=samples) as writer:
            for step in range(2):
                weights = {
                    f"sequence_to_sequence_model/encoder/layer_{i}/self_attention": random.dirichlet(
                        np.ones(5), (2, 4, 5)
                    ).astype("float32")
                    for i in range(2)
                }
                writer.write(step, weights, random.dirichlet(np.ones(2), 2), {"val_loss": 1 / (1 + step)}, epoch=step)
        matrices = SeriesWriter(logs / run, "confusion", 1)
        matrices.submit(ConfusionRecord(1, {"validation": random.integers(0, 9, (2, 2))}, classes, epoch=1))
        assert matrices.close()
    return logs


CUT = """() => [...document.querySelectorAll(".toolbar, .bar, .tools")].flatMap(bar => {
    const edge = bar.closest("aside")?.getBoundingClientRect().right ?? innerWidth;
    const box = bar.getBoundingClientRect();
    const controls = [...bar.querySelectorAll("button:not([role=tab]), select, input, .legend")];
    return controls.filter(e => e.checkVisibility()).filter(e => {
        const {left, right, width} = e.getBoundingClientRect();
        return width > 0 && (left < box.left - 1 || right > Math.min(edge, box.right) + 1);
    }).map(e => e.outerHTML.slice(0, 120));
})"""


@pytest.mark.parametrize("width", [1280, 1000, 640])
def test_no_control_of_a_toolbar_is_cut(width: int, server: TensorBoard, chromium: Browser) -> None:
    choices = f"&p.attention.run={RUNS[0]}&p.attention.runs=" + ",".join(
        run.replace("=", "%253D").replace(",", "%252C").replace("/", "%252F") for run in RUNS[1:]
    )
    with opened(chromium, server.address, choices, viewport={"width": width, "height": 800}) as tab:
        for number, view in enumerate(VIEWS, start=1):
            tab.page.keyboard.press(str(number))
            tab.wait_until_drawn(view)
            if view == "confusion":
                tab.frame.get_by_role("combobox", name="Compare with").select_option("run")
            assert (view, tab.frame.evaluate(CUT)) == (view, [])
