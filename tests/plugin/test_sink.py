"""The route `sink`: the share of each row that a softmax gives to no key."""

import numpy as np
import pytest

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site
from tests.plugin.conftest import open_tab

RUN = {"run": "sunk", "tag": "attention"}


def attention(path, *, sink):
    axes = tuple(Axis(role, size) for role, size in (("samples", 2), ("heads", 3), ("query", 5), ("key", 4)))
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 5)).astype(np.float32)
    return Site(path, "self", axes, weights[..., :4], sink=weights[..., 4] if sink else None)


@pytest.fixture
def sites():
    return attention("first", sink=True), attention("second", sink=False)


@pytest.fixture
def tab(tmp_path, sites):
    writer = SeriesWriter(tmp_path / "sunk", "attention", 1)
    writer.submit(StepRecord(step=0, sites=sites))
    writer.close()
    return open_tab(tmp_path)


def test_the_share_of_a_sink_is_described_in_the_series_and_sent_as_stored(tab, sites):
    known = tab.json("series", **RUN)["site_sets"][0]
    assert [site.get("sink") for site in known] == [{"shape": [3, 5], "encoding": "float32"}, None]
    np.testing.assert_array_equal(tab.array("sink", **RUN, step=0, sample=1, site=0), sites[0].sink[1])


def test_a_site_without_a_sink_is_refused_with_a_sentence(tab):
    assert "no sink" in tab.refusal("sink", 404, **RUN, step=0, sample=0, site=1)
    assert "2 sites" in tab.refusal("sink", 404, **RUN, step=0, sample=0, site=2)
