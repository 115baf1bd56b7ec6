"""The share of each row that a softmax gives to no key, beside the row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site
from tests.browser.tab import opened
from tests.browser.test_export import drawn, from_disk
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

HEADS, LENGTH = 2, 5


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("sink")
    shares = np.random.default_rng(0).dirichlet(np.ones(LENGTH + 1), (1, HEADS, LENGTH)).astype("float32")
    axes = tuple(
        Axis(role, size) for role, size in (("samples", 1), ("heads", HEADS), ("query", LENGTH), ("key", LENGTH))
    )
    writer = SeriesWriter(logs / "sunk", "attention", 1)
    site = Site("attention", "self", axes, shares[..., :-1], sink=shares[..., -1])
    writer.submit(StepRecord(step=0, sites=(site,)))
    writer.close()
    return logs


@pytest.mark.parametrize(("head", "query"), [(0, 0), (1, 3)])
def test_the_share_of_the_sink_stands_below_the_keys_of_a_query(
    server: TensorBoard, chromium: Browser, logs: Path, head: int, query: int
) -> None:
    shares = tb_attention.load(logs / "sunk").sink(0, 0, "attention")
    assert shares is not None
    chosen = choices(run="sunk", view="head", site="attention", head=head, query=query)
    with opened(chromium, server.address, chosen) as tab:
        tab.wait_until_drawn("head")
        said = tab.frame.get_by_text("to the sink, which multiplies no value")
        expect(said).to_be_visible()
        assert float(said.inner_text().rpartition(":")[2]) == pytest.approx(shares[head, query], rel=5e-3)
        tab.frame.get_by_role("button", name="is looked at by").click()
        expect(said).to_have_count(0)


def test_the_share_of_the_sink_is_in_a_stand_alone_page(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    tb_attention.export_html(logs / "sunk", tmp_path / "page.html")
    shares = tb_attention.load(logs / "sunk").sink(0, 0, "attention")
    assert shares is not None
    chosen = choices(view="head", site="attention", head=1, query=2)
    with from_disk(chromium, tmp_path / "page.html", chosen) as page:
        drawn(page, "head")
        said = page.get_by_text("to the sink, which multiplies no value")
        expect(said).to_be_visible()
        assert float(said.inner_text().rpartition(":")[2]) == pytest.approx(shares[1, 2], rel=5e-3)
