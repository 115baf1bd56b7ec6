"""What the Confusion view asks for: examples, orders, scores and many steps at once."""

import numpy as np
import pytest

from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tests.records import confusions

from .conftest import open_tab, write_event_file

SERIES = {"run": "run", "tag": "confusion"}
LABELS = {"run": "run", "tag": "labels"}
PLAIN = {"run": "run", "tag": "plain"}


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """A run with a series of everything, one of labels, and one of matrices of two classes that lacks a split at step 1."""
    run = tmp_path_factory.mktemp("logs") / "run"
    counts = [{"validation": np.array([[step, 2], [0, 4]])} for step in range(3)]
    counts[1] = {"training": counts[1]["validation"]}
    series = {
        "confusion": [confusions.record()],
        "labels": [confusions.labels_record()],
        "plain": [ConfusionRecord(step, splits) for step, splits in enumerate(counts)],
    }
    for tag, records in series.items():
        writer = SeriesWriter(run, tag, 1)
        for record in records:
            writer.submit(record)
        assert writer.close(10)
        assert not writer.failures, writer.failures
    return open_tab(run.parent)


def test_a_step_says_what_it_holds(tab):
    answer = tab.json("series", **SERIES)
    (step,) = answer["steps"]
    assert answer["class_names"] == ["a", "b", "c"]
    assert answer["class_groups"] == [{"name": "both", "children": [0, {"name": "inner", "children": [2]}]}]
    assert (step["examples"], step["sample_count"], step["similarity"], step["kind"]) == (4, 2, True, "classes")
    assert step["means"] == [{"class": 1, "examples": 5}]
    assert answer["site_sets"][step["sites"]][0]["path"] == "gate/attention"
    assert step["splits"]["validation"] == {
        "examples": 21, "encoding": "dense", "weighted": False, "other": 3, "bins": 0
    }  # fmt: skip


def test_examples_of_a_step_and_of_a_cell(tab):
    answer = tab.json("examples", **SERIES, step=7)
    assert [(each["truth"], each["predicted"]) for each in answer["examples"]] == confusions.CELLS
    assert (answer["step"], answer["sample_count"]) == (7, 2)
    assert answer["examples"][2]["loss"] == "Infinity"
    cell = tab.json("examples", **SERIES, step=7, truth=2, predicted=0)["examples"]
    assert [(each["sample"], each["kept"]) for each in cell] == [(0, "certain"), (1, "random")]
    samples = tab.json("samples", **SERIES, set=answer["samples"])["samples"]
    assert [each["id"] for each in samples] == [each["id"] for each in answer["examples"]]
    assert tab.array("thumbnails", **SERIES, set=answer["samples"]).shape == (4, 8, 8, 1)
    assert tab.json("examples", **PLAIN, step=0)["examples"] == []


def test_maps_of_examples_are_served_as_those_of_samples(tab):
    site = confusions.examples().maps.sites[0]
    for sample in (0, 1):
        np.testing.assert_array_equal(
            tab.array("weights", **SERIES, step=7, sample=sample, site=0), site.weights[sample]
        )
    assert tab.array("overview", **SERIES, step=7, sample=0).ndim == 1
    assert tab.array("rows", **SERIES, step=7, sample=0, queries="1").shape == (2 * 4,)
    assert "has 2 samples" in tab.refusal("weights", 404, **SERIES, step=7, sample=2, site=0)
    assert "no maps" in tab.refusal("weights", 404, **PLAIN, step=0, sample=0, site=0)


def test_the_mean_over_correctly_classified_examples(tab):
    expected = confusions.examples().means[1][1][0]
    np.testing.assert_array_equal(tab.array("mean", **SERIES, step=7, site=0, **{"class": 1}), expected)
    assert "Classes: [1]" in tab.refusal("mean", 404, **SERIES, step=7, site=0, **{"class": 0})


def test_the_order_by_similarity(tab):
    assert tab.array("order", **SERIES, step=7).tolist() == [2, 0, 1]
    assert "no order" in tab.refusal("order", 404, **PLAIN, step=0)


def test_labels_and_their_scores(tab):
    record = confusions.labels_record()
    np.testing.assert_array_equal(
        tab.array("labels", **LABELS, step=0, split="validation"), record.labels["validation"]
    )
    np.testing.assert_array_equal(
        tab.array("histogram", **LABELS, step=0, split="validation"), record.histograms["validation"]
    )
    assert "exclude one another" in tab.refusal("labels", 404, **PLAIN, step=0, split="validation")
    assert "no histogram" in tab.refusal("histogram", 404, **PLAIN, step=0, split="validation")
    assert "no such split" in tab.refusal("histogram", 404, **PLAIN, step=0, split="training")


def test_matrices_of_many_steps_come_at_once(tab):
    sent = tab.array("matrices", **PLAIN, split="validation", places="0-2")
    assert sent.dtype == np.float32
    np.testing.assert_array_equal(sent[2], [[2, 2], [0, 4]])
    assert np.isnan(sent[1]).all()
    assert "has 3 steps" in tab.refusal("matrices", 404, **PLAIN, split="validation", places="3")
    assert "no confusion matrix" not in tab.refusal("matrices", 400, **PLAIN, split="validation")


def test_lines_over_the_steps(tab):
    cells = tab.array("history", **PLAIN, split="validation", cells="0.0,1.1")
    np.testing.assert_array_equal(cells, [[0, 4], [np.nan, np.nan], [2, 4]])
    sums = tab.array("history", **PLAIN, split="validation")
    np.testing.assert_array_equal(sums[2], [[2, 4, 2], [4, 4, 6]])
    assert np.isnan(sums[1]).all()
    labels = tab.array("history", **LABELS, split="validation")
    np.testing.assert_array_equal(labels[0], [[4, 6, 5], [4, 5, 4]])
    assert "2 classes" in tab.refusal("history", 404, **PLAIN, split="validation", cells="2.0")
    assert "truth.prediction" in tab.refusal("history", 400, **PLAIN, split="validation", cells="2")


def test_too_much_at_once_is_refused(tmp_path):
    write_event_file(tmp_path / "run")
    writer = SeriesWriter(tmp_path / "run", "confusion", 1)
    for step in range(20):
        writer.submit(ConfusionRecord(step, {"validation": np.eye(1000, dtype=int)}))
    assert writer.close(10)
    large = open_tab(tmp_path)
    assert large.array("matrices", **SERIES, split="validation", places="3-4").shape == (2, 1000, 1000)
    assert "16 are allowed" in large.refusal("matrices", 422, **SERIES, split="validation", places="0-19")
    assert large.array("history", **SERIES, split="validation", cells="7.7").tolist() == [[1.0]] * 20
