"""The route `features`: the feature map behind a gate, as it is stored."""

import numpy as np
import pytest

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode
from tb_attention.site import Axis, Site
from tests.plugin.conftest import open_tab

GATES = {"run": "gates", "tag": "attention"}


def gate(path, channels, side, *, features=True):
    axes = (Axis("samples", 2), Axis("heads", 1), Axis("key", channels, "channels"))
    random = np.random.default_rng(channels)
    maps = random.random((2, side, side, channels)).astype(np.float32) if features else None
    return Site(path, "gate", axes, random.random((2, 1, channels)).astype(np.float32), features=maps)


@pytest.fixture
def sites():
    return gate("small", 6, 4), gate("large", 32, 30), gate("none", 6, 4, features=False)


@pytest.fixture
def tab(tmp_path, sites):
    writer = SeriesWriter(tmp_path / "gates", "attention", 1)
    writer.submit(StepRecord(step=0, sites=sites))
    writer.close()
    return open_tab(tmp_path)


def test_features_are_described_in_the_series_and_sent_as_stored(tab, sites):
    known = tab.json("series", **GATES)["site_sets"][0]
    assert [site.get("features") for site in known] == [
        {"shape": [6, 4, 4], "encoding": "float32"},
        {"shape": [32, 30, 30], "encoding": "sqrt8_row"},
        None,
    ]
    for place in (0, 1):
        sent = tab.array("features", **GATES, step=0, sample=1, site=place)
        maps = decode(sent, known[place]["features"]["shape"], known[place]["features"]["encoding"])
        np.testing.assert_allclose(maps, np.moveaxis(sites[place].features[1], -1, 0), atol=4e-3)


def test_a_site_without_features_is_refused_with_a_sentence(tab):
    assert "No feature map" in tab.refusal("features", 404, **GATES, step=0, sample=0, site=2)
    assert "3 sites" in tab.refusal("features", 404, **GATES, step=0, sample=0, site=3)
    assert "2 samples" in tab.refusal("features", 404, **GATES, step=0, sample=2, site=0)
