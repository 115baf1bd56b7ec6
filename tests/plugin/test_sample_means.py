"""`samples` instead of `sample`: means and standard deviations over samples are those of NumPy."""

import numpy as np
import pytest

import tb_attention
from tb_attention.plugin import sample_means
from tb_attention.records.format.step_record import Prediction, StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode
from tb_attention.site import Axis, Site

from .conftest import open_tab

RUN = {"run": "run", "tag": "attention"}
SAMPLES = 5
ALL = f"0-{SAMPLES - 1}"


def maps(seed, heads, size):
    return np.random.default_rng(seed).dirichlet(np.ones(size), (SAMPLES, heads, size)).astype(np.float32)


def small(step):
    """Stored as float32."""
    axes = [Axis(role, size) for role, size in (("samples", SAMPLES), ("heads", 2), ("query", 6), ("key", 6))]
    return Site("small", "self", tuple(axes), maps(step, 2, 6))


def large(step):
    """Stored in eight bits."""
    axes = [Axis(role, size) for role, size in (("samples", SAMPLES), ("heads", 3), ("query", 96), ("key", 96))]
    return Site("large", "self", tuple(axes), maps(step + 9, 3, 96))


def padded(step):
    """Of which the first samples have four positions and the last six."""
    sizes = ((4,),) * (SAMPLES - 1) + ((6,),)
    axes = [Axis("samples", SAMPLES), Axis("heads", 2), Axis("query", 6, own=sizes), Axis("key", 6, own=sizes)]
    return Site("padded", "self", tuple(axes), maps(step + 99, 2, 6))


@pytest.fixture
def tab(tmp_path):
    """Two steps of three sites. At step 0 the samples 1 and 3 are right, at step 1 all but the last, whose label is no class."""
    predicted = [[0, 1, 0, 1, 0], [1, 1, 1, 1, 1]]
    samples = tb_attention.Samples(np.zeros((SAMPLES, 3)), [1, 1, 1, 1, -1])
    writer = SeriesWriter(tmp_path / "run", "attention", 1)
    name = writer.write_samples(samples)
    for step in (0, 1):
        predictions = [Prediction(index, 0.9) for index in predicted[step]]
        writer.submit(
            StepRecord(step=step, sites=(small(step), large(step), padded(step)), samples=name, predictions=predictions)
        )
    assert writer.close(30)
    return open_tab(tmp_path)


def site_of(tab, index):
    return tab.json("series", **RUN)["site_sets"][0][index]


def test_the_mean_of_weights_is_that_of_numpy(tab):
    for chosen, samples in (([0, 1, 2, 3, 4], ALL), ([1, 3], "3,1,3")):
        query = {**RUN, "step": 1, "samples": samples, "site": 0}
        weights = small(1).weights[chosen]
        np.testing.assert_allclose(tab.array("weights", **query), weights.mean(0), rtol=1e-5)
        np.testing.assert_allclose(tab.array("weights", **query, deviation=1), weights.std(0), rtol=1e-4, atol=1e-7)


def test_the_mean_of_weights_in_eight_bits_is_encoded_as_they_are(tab):
    known = site_of(tab, 1)
    assert known["encoding"] == "sqrt8_row"
    alone = [
        decode(tab.array("weights", **RUN, step=0, sample=i, site=1), known["shape"], "sqrt8_row") for i in range(5)
    ]
    for deviation, expected in ((0, np.mean(alone, 0)), (1, np.std(alone, 0))):
        sent = tab.array("weights", **RUN, step=0, samples=ALL, site=1, deviation=deviation)
        row = expected.max(-1, keepdims=True)
        # Half a code next to the row's maximum, where codes are furthest apart.
        assert (np.abs(decode(sent, known["shape"], "sqrt8_row") - expected) <= row / 255 + 1e-7).all()


def test_the_mean_of_overviews_has_the_layout_of_one(tab):
    alone = [tab.array("overview", **RUN, step=0, sample=i) for i in range(5)]
    sent = tab.array("overview", **RUN, step=0, samples=ALL)
    assert sent.shape == alone[0].shape
    for index in (0, 1):
        part = site_of(tab, index)["overview"]
        cut = slice(part["offset"], part["offset"] + part["bytes"])
        expected = np.mean([decode(each[cut], part["shape"], part["encoding"]) for each in alone], 0)
        np.testing.assert_allclose(
            decode(sent[cut], part["shape"], part["encoding"]), expected, atol=expected.max() / 200
        )


def test_samples_of_different_sizes_have_no_mean_map(tab):
    assert "differ in size" in tab.refusal("weights", 400, **RUN, step=0, samples=ALL, site=2)
    part = site_of(tab, 2)["overview"]
    overview = tab.array("overview", **RUN, step=0, samples=ALL)[part["offset"] : part["offset"] + part["bytes"]]
    assert np.isnan(decode(overview, part["shape"], part["encoding"])).all()


def test_samples_of_one_size_have_a_mean_map_beside_longer_ones(tab):
    found = tab.array("weights", **RUN, step=0, samples="0-3", site=2)
    np.testing.assert_allclose(found, padded(0).weights[:4].mean(0), rtol=1e-5)


def test_the_mean_of_measures_is_that_of_numpy(tab):
    alone = np.stack([tab.array("measures", **RUN, sample=i) for i in range(SAMPLES)])
    mean, deviation = (tab.array("measures", **RUN, samples=ALL, deviation=i) for i in (0, 1))
    np.testing.assert_allclose(mean, alone.mean(0), rtol=1e-5)
    np.testing.assert_allclose(deviation, alone.std(0), rtol=1e-3, atol=1e-6)


def test_right_and_wrong_are_those_of_each_step(tab):
    alone = np.stack([tab.array("measures", **RUN, sample=i) for i in range(SAMPLES)])
    right = tab.array("measures", **RUN, samples=ALL, verdict="right")
    np.testing.assert_allclose(right[0], alone[[1, 3], 0].mean(0), rtol=1e-5)
    np.testing.assert_allclose(right[1], alone[:4, 1].mean(0), rtol=1e-5)
    wrong = tab.array("measures", **RUN, samples=ALL, verdict="wrong")
    np.testing.assert_allclose(wrong[0], alone[[0, 2], 0].mean(0), rtol=1e-5)
    assert np.isnan(wrong[1]).all()


def test_what_cannot_be_averaged_is_refused_with_a_sentence(tab, monkeypatch):
    assert "5 samples" in tab.refusal("weights", 404, **RUN, step=0, samples="0-5", site=0)
    assert "3 sites" in tab.refusal("weights", 404, **RUN, step=0, samples="0", site=3)
    assert "No features" in tab.refusal("features", 404, **RUN, step=0, samples="0", site=0)
    assert "samples=" in tab.refusal("overview", 400, **RUN, step=0, samples="all")
    assert "verdict" in tab.refusal("measures", 400, **RUN, samples="0", verdict="yes")
    assert "counted from 0" in tab.refusal("measures", 404, **RUN, samples="0-9")
    monkeypatch.setattr(sample_means, "_MOST_WORK", 3 * 2 * 6 * 6)
    assert "too many to average at once; 3 are allowed" in tab.refusal(
        "weights", 422, **RUN, step=0, samples="1-4", site=0
    )


def test_a_mean_may_be_kept_for_ever_under_its_version(tab):
    response = tab.get("weights", **RUN, step=0, samples=ALL, site=0, v="1")
    assert response.headers["Cache-Control"].endswith("immutable")
