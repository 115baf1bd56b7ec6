"""The most probable classes of a sample, now and before, in the details of Sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

NAMES = ["ant", "bee", "cat", "dog", "<i>elk</i>", "fox", "gnu"]
STEPS = np.array(
    [
        [[0.4, 0.3, 0.1, 0.1, 0.05, 0.03, 0.02], [1, 0, 0, 0, 0, 0, 0]],
        [[0.1, 0.2, 0.5, 0.002, 0.15, 0.04, 0.008], [1, 0, 0, 0, 0, 0, 0]],
        [[0.02, 0.03, 0.05, 0.06, 0.64, 0.08, 0.12], [1, 0, 0, 0, 0, 0, 0]],
    ]
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("shares")
    samples = tb_attention.Samples(np.zeros((2, 3)), [3, 0], class_names=NAMES)
    random = np.random.default_rng(0)
    with tb_attention.AttentionWriter(logs / "seven", samples=samples) as writer:
        for step, probabilities in enumerate(STEPS):
            writer.write(step, {"a": random.dirichlet(np.ones(3), (2, 2, 3))}, probabilities, epoch=step)
    samples = tb_attention.Samples(np.zeros((2, 3)), [1, 0])
    with tb_attention.AttentionWriter(logs / "indices", samples=samples) as writer:
        writer.write(0, {"a": random.dirichlet(np.ones(3), (2, 2, 3))}, [1, 1], epoch=0)
    return logs


def rows(tab: object) -> list[list[str]]:
    table = tab.frame.get_by_role("table", name="Most probable classes")  # type: ignore[attr-defined]
    return [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()[1:]]


def test_five_classes_and_the_label_are_listed_now_and_before(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=seven&p.attention.view=sample&p.attention.step=1") as tab:
        tab.wait_until_drawn("sample")
        table = tab.frame.get_by_role("table", name="Most probable classes")
        expect(table.get_by_role("row").first).to_contain_text("epoch 2epoch 1")
        assert rows(tab) == [
            ["cat", "0.50", "0.10"],
            ["bee", "0.20", "0.30"],
            ["<i>elk</i>", "0.15", "0.05"],
            ["ant", "0.10", "0.40"],
            ["fox", "0.04", "–"],
            ["dog · label", "<0.01", "0.10"],
        ]


def test_the_compared_step_is_before(server: TensorBoard, chromium: Browser) -> None:
    address = "&p.attention.run=seven&p.attention.view=sample&p.attention.step=2&p.attention.versus=0"
    with opened(chromium, server.address, address) as tab:
        tab.wait_until_drawn("sample")
        table = tab.frame.get_by_role("table", name="Most probable classes")
        expect(table.get_by_role("row").first).to_contain_text("epoch 3epoch 1")
        assert rows(tab)[0] == ["<i>elk</i>", "0.64", "0.05"]


def test_where_probabilities_are_not_known_no_table_claims_them(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.run=indices&p.attention.view=sample") as tab:
        tab.wait_until_drawn("sample")
        expect(tab.frame.get_by_role("heading", name="Prediction")).to_be_visible()
        assert tab.frame.get_by_role("table", name="Most probable classes").count() == 0
