"""The routes `features` and `sink`: the feature map behind a gate, and the share of each row that a sink takes, as stored."""

import numpy as np
import pytest

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode
from tb_attention.site import Axis, Site
from tests.plugin.conftest import open_tab

RUN = {"run": "run", "tag": "attention"}


def gate(path, channels, side, *, features=True):
    axes = (Axis("samples", 2), Axis("heads", 1), Axis("key", channels, "channels"))
    random = np.random.default_rng(channels)
    maps = random.random((2, side, side, channels)).astype(np.float32) if features else None
    return Site(path, "gate", axes, random.random((2, 1, channels)).astype(np.float32), features=maps)


def attention(path, *, sink):
    axes = tuple(Axis(role, size) for role, size in (("samples", 2), ("heads", 3), ("query", 5), ("key", 4)))
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 5)).astype(np.float32)
    return Site(path, "self", axes, weights[..., :4], sink=weights[..., 4] if sink else None)


GATES = gate("small", 6, 4), gate("large", 32, 30), gate("none", 6, 4, features=False)
ATTENTION = attention("first", sink=True), attention("second", sink=False)


@pytest.fixture
def tab_of(tmp_path):
    """Opens the tab on a run with one step of some sites."""

    def open_run(sites):
        writer = SeriesWriter(tmp_path / "run", "attention", 1)
        writer.submit(StepRecord(step=0, sites=sites))
        writer.close()
        return open_tab(tmp_path)

    return open_run


def test_features_are_described_in_the_series_and_sent_as_stored(tab_of):
    tab = tab_of(GATES)
    known = tab.json("series", **RUN)["site_sets"][0]
    assert [site.get("features") for site in known] == [
        {"shape": [6, 4, 4], "encoding": "float32"},
        {"shape": [32, 30, 30], "encoding": "sqrt8_row"},
        None,
    ]
    for site in (0, 1):
        sent = tab.array("features", **RUN, step=0, sample=1, site=site)
        maps = decode(sent, known[site]["features"]["shape"], known[site]["features"]["encoding"])
        np.testing.assert_allclose(maps, np.moveaxis(GATES[site].features[1], -1, 0), atol=4e-3)


def test_a_site_without_features_is_refused_with_a_sentence(tab_of):
    tab = tab_of(GATES)
    assert "No feature map" in tab.refusal("features", 404, **RUN, step=0, sample=0, site=2)
    assert "3 sites" in tab.refusal("features", 404, **RUN, step=0, sample=0, site=3)
    assert "2 samples" in tab.refusal("features", 404, **RUN, step=0, sample=2, site=0)


def test_the_share_of_a_sink_is_described_in_the_series_and_sent_as_stored(tab_of):
    tab = tab_of(ATTENTION)
    known = tab.json("series", **RUN)["site_sets"][0]
    assert [site.get("sink") for site in known] == [{"shape": [3, 5], "encoding": "float32"}, None]
    np.testing.assert_array_equal(tab.array("sink", **RUN, step=0, sample=1, site=0), ATTENTION[0].sink[1])


def test_a_site_without_a_sink_is_refused_with_a_sentence(tab_of):
    tab = tab_of(ATTENTION)
    assert "no sink" in tab.refusal("sink", 404, **RUN, step=0, sample=0, site=1)
    assert "2 sites" in tab.refusal("sink", 404, **RUN, step=0, sample=0, site=2)
