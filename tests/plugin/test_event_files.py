"""Runs whose event files alone were copied: overviews, measures and matrices are served, weights are refused."""

import shutil

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import DamagedFileError
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.format.step_summary import step_of_blob
from tb_attention.records.writing.series_writer import SeriesWriter

from .conftest import open_tab

SAMPLES, HEADS, TOKENS, STEPS = 3, 2, 5, 4
SERIES = {"run": "run", "tag": "attention"}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    logs = tmp_path_factory.mktemp("events")
    random = np.random.default_rng(0)
    samples = tb_attention.Samples(np.zeros((SAMPLES, TOKENS)), [0, 1, 1])
    with tb_attention.AttentionWriter(logs / "whole" / "run", samples=samples) as writer:
        for step in ["init", *range(STEPS - 1)]:
            weights = random.dirichlet(np.ones(TOKENS), (SAMPLES, HEADS, TOKENS)).astype("float32")
            epoch = None if step == "init" else step
            writer.write(
                step, {"attention": weights}, random.dirichlet(np.ones(2), SAMPLES), {"loss": 0.5}, epoch=epoch
            )
    matrices = SeriesWriter(logs / "whole" / "run", "confusion", 1)
    for step in range(2):
        counts = np.array([[5 + step, 1], [2, 7]])
        matrices.submit(ConfusionRecord(step, {"validation": counts}, ("ham", "spam"), epoch=step))
    matrices.close()
    shutil.copytree(logs / "whole", logs / "events", ignore=shutil.ignore_patterns("plugins"))
    return logs


@pytest.fixture(scope="module")
def whole(logs):
    return open_tab(logs / "whole")


@pytest.fixture(scope="module")
def events(logs):
    return open_tab(logs / "events")


def test_the_tab_is_active_and_lists_the_run_as_one_of_event_files(whole, events):
    assert events.active()
    [whole_run] = whole.json("runs")["runs"]
    [run] = events.json("runs")["runs"]
    assert {series["tag"]: series["steps"] for series in run["series"]} == {"attention": STEPS, "confusion": 2}
    assert all(series["only_events"] for series in run["series"])
    assert not any(series["only_events"] for series in whole_run["series"])


def test_steps_sites_predictions_overviews_and_measures_are_those_of_the_whole_log(whole, events):
    there, here = whole.json("series", **SERIES), events.json("series", **SERIES)
    assert [step["step"] for step in here["steps"]] == ["init", 0, 1, 2]
    for name in ("site_sets", "measures", "attempts"):
        assert here[name] == there[name]
    for ours, theirs in zip(here["steps"], there["steps"], strict=True):
        assert ours["samples"] is None
        for name in ("logs", "epoch", "predictions", "sample_count"):
            assert ours[name] == theirs[name]
    for sample in range(SAMPLES):
        np.testing.assert_array_equal(
            events.array("overview", **SERIES, step=2, sample=sample),
            whole.array("overview", **SERIES, step=2, sample=sample),
        )
        np.testing.assert_allclose(
            events.array("measures", **SERIES, sample=sample),
            whole.array("measures", **SERIES, sample=sample),
            rtol=1e-3,
        )


def test_matrices_are_those_of_the_whole_log(whole, events):
    query = {"run": "run", "tag": "confusion", "split": "validation"}
    for step in range(2):
        np.testing.assert_array_equal(
            events.array("matrix", **query, step=step), whole.array("matrix", **query, step=step)
        )
    answer = events.json("series", run="run", tag="confusion")
    assert answer["class_names"] == ["ham", "spam"]
    assert [step["epoch"] for step in answer["steps"]] == [0, 1]


def test_what_needs_weights_says_where_they_are(events):
    for query in ({"step": 0, "sample": 0, "site": 0},):
        assert "plugins/attention" in events.refusal("weights", 404, **SERIES, **query)
    assert "plugins/attention" in events.refusal("rows", 404, **SERIES, step=0, sample=0, queries="0")


def test_the_folder_takes_precedence_over_event_files(logs, tmp_path):
    shutil.copytree(logs / "whole", tmp_path / "logs")
    step = next((tmp_path / "logs").rglob("attention/1/step-000000000001.npz"))
    step.unlink()
    tab = open_tab(tmp_path / "logs")
    assert [step["step"] for step in tab.json("series", **SERIES)["steps"]] == ["init", 0, 2]


@pytest.mark.parametrize(
    ("blob", "said"),
    [
        (b"", "does not begin"),
        (b"TBAT\x03\0\0\0\0\0\0\0", "does not begin"),
        (b"TBAT\x02\0\0\0\0\0\0\0", "is cut off"),
        (b"TBAT\x01\0\0\0\xff\xff\xff\xff{}", "A summary"),
        (b"TBAT\x01\0\0\0\x02\0\0\0{}", "A summary"),
    ],
)
def test_a_damaged_summary_is_a_sentence(blob, said):
    with pytest.raises(DamagedFileError, match=said):
        step_of_blob(blob)
