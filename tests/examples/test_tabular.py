"""The table: its columns are the axes, and the values of the sample stand beside their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_breast_cancer

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import opened
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained
from tools.run_examples import QuickRun

BLOCKS = ["block_1", "block_2"]


__all__ = ["server"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def run(logs: Path) -> QuickRun:
    return trained("tabular", logs / "tabular")


@pytest.fixture(scope="module")
def log(run: QuickRun) -> tb_attention.Log:
    return tb_attention.load(run.logdir, tag="attention")


def test_every_epoch_is_logged_with_columns_behind_a_class_token(log: tb_attention.Log) -> None:
    assert log.steps == list(range(8))
    assert facts(log) == dict.fromkeys(BLOCKS, ("self", "features", "features"))
    for path in BLOCKS:
        axis = log.site(path).axes[-1]
        assert (axis.size, axis.extra, axis.input) == (31, ("CLS",), 0)


def test_names_and_values_are_those_of_the_table(log: tb_attention.Log) -> None:
    table = load_breast_cancer()
    for sample, (given,) in enumerate(log.samples.inputs):
        assert given["names"] == table.feature_names.tolist()
        shown = np.ravel(given["values"])
        [row] = np.flatnonzero(np.isclose(table.data, shown, rtol=1e-5, atol=1e-8).all(axis=1))
        assert table.target[row] == log.samples.labels[sample]


def test_the_tab_shows_columns_and_values(run: QuickRun, server: TensorBoard, chromium: Browser) -> None:
    choices = "&p.attention.run=tabular&p.attention.view=head&p.attention.site=block_2"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("head")
        assert tab.sentence.startswith("CLS looks at ")
        log = tb_attention.load(run.logdir, tag="attention")
        row = log.weights(7, 0, "block_2")[0, 0]
        names = ["CLS", *log.samples.inputs[0][0]["names"]]
        first = tab.frame.get_by_role("list", name="Ranking").get_by_role("listitem").first
        expect(first).to_contain_text(names[int(row.argmax())])
        tab.open("Sample")
        expect(tab.frame.get_by_role("listbox", name="Words")).to_contain_text("worst fractal dimension")
        tab.open("Confusion")
