"""What `load` gives, and what it says of what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import NotInLogError
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.head_measures import MEASURES

from . import logs


def write_matrix(log_dir: Path, tag: str, value: int) -> None:
    writer = SeriesWriter(log_dir, tag, 1)
    writer.submit(ConfusionRecord(0, {"validation": np.full((2, 2), value)}))
    assert writer.close(10)


@pytest.mark.parametrize("where", ["nothing", "memory://nothing/here"])
def test_an_empty_log_if_nothing_is_there_yet(tmp_path: Path, where: str) -> None:
    log = tb_attention.load(where if "://" in where else tmp_path / where, tag="attention", attempt=1)
    assert (log.tags, log.attempts, log.steps, log.sites, log.damaged) == ([], [], [], [], [])
    assert not log.has_init
    assert len(log.samples) == 0
    with pytest.raises(NotInLogError, match=r"There is no such step. Received: step=3. There are: \[\]"):
        log.weights(3, 0, "a")
    with pytest.raises(NotInLogError, match="no confusion matrices"):
        log.confusion_matrix(0)


def test_the_error_for_a_missing_name_lists_the_names_there_are(tmp_path: Path) -> None:
    logs.write_log(tmp_path)
    log = tb_attention.load(tmp_path)
    with pytest.raises(NotInLogError, match=r"Received: step=7. There are: \[0, 1, 2\]"):
        log.weights(7, 0, "block/attention")
    with pytest.raises(NotInLogError, match=r"Received: site='x'. There are: \['block/attention'\]"):
        log.weights(0, 0, "x")
    with pytest.raises(NotInLogError, match=r"Received: site='x'. There are: \['block/attention'\]"):
        log.site("x")
    for sample in (2, -1):
        with pytest.raises(NotInLogError, match=f"Received: sample={sample}. There are: 0 to 1"):
            log.weights(0, sample, "block/attention")
    with pytest.raises(NotInLogError, match=log.samples.ids[1]):
        log.weights(0, "nobody", "block/attention")
    with pytest.raises(NotInLogError, match=r"Received: tag='other'. There are: \['attention'\]"):
        tb_attention.load(tmp_path, tag="other")
    with pytest.raises(NotInLogError, match=r"Received: attempt=2. There are: \[1\]"):
        tb_attention.load(tmp_path, attempt=2)
    with pytest.raises(KeyError):
        log.logs(99)


def test_samples_are_found_by_index_and_by_id(tmp_path: Path) -> None:
    weights = logs.write_log(tmp_path)
    log = tb_attention.load(tmp_path)
    assert log.samples.ids == logs.digits().ids
    assert log.samples.labels == (0, 1)
    for index, name in enumerate(log.samples.ids):
        np.testing.assert_array_equal(log.weights(1, name, "block/attention"), weights[1, index])
    expected = np.rint(logs.digits().inputs[1] * 255 / 16)
    np.testing.assert_array_equal(log.samples.image(1)[..., 0], expected)
    with pytest.raises(NotInLogError, match="no such picture"):
        log.samples.image(0, 3)


def test_without_logged_samples_ids_are_indices(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0])
    samples = tb_attention.load(tmp_path).samples
    assert samples.ids == ("0", "1")
    assert samples.labels == (None, None)


def test_the_series_is_the_only_one_or_attention_or_the_first_by_name(tmp_path: Path) -> None:
    write_matrix(tmp_path, "a matrix", 1)
    logs.write_steps(tmp_path, [5], tag="zebra")
    assert tb_attention.load(tmp_path).tag == "zebra"
    logs.write_steps(tmp_path, [6], tag="layer/one")
    assert tb_attention.load(tmp_path).tag == "layer/one"
    logs.write_steps(tmp_path, [7], tag="attention")
    log = tb_attention.load(tmp_path)
    assert log.tag == "attention"
    assert log.tags == ["a matrix", "attention", "layer/one", "zebra"]
    assert tb_attention.load(tmp_path, tag="zebra").steps == [5]


def test_matrices_are_found_next_to_the_maps(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0])
    write_matrix(tmp_path, "other", 3)
    log = tb_attention.load(tmp_path)
    assert log.confusion_matrix(step=0).tolist() == [[3, 3], [3, 3]]
    write_matrix(tmp_path, "confusion", 4)
    log = tb_attention.load(tmp_path)
    assert log.confusion_matrix(0).max() == 4
    assert log.confusion_matrix(0, tag="other").max() == 3
    assert tb_attention.load(tmp_path, tag="other").confusion_matrix(0).max() == 3
    with pytest.raises(NotInLogError, match=r"Received: split='test'. There are: \['validation'\]"):
        log.confusion_matrix(0, split="test")
    with pytest.raises(NotInLogError, match="holds confusion matrices, not maps"):
        tb_attention.load(tmp_path, tag="other").weights(0, 0, "a")


def test_a_log_with_matrices_only_is_read_as_such(tmp_path: Path) -> None:
    write_matrix(tmp_path, "confusion", 4)
    log = tb_attention.load(tmp_path)
    assert (log.tag, log.steps, log.sites) == ("confusion", [0], [])
    assert log.confusion_matrix(0).sum() == 16


def test_a_long_tag_is_read_in_full(tmp_path: Path) -> None:
    tag = "a very long tag/" * 20
    logs.write_steps(tmp_path, [0], tag=tag, summaries=False)
    assert tb_attention.load(tmp_path).tags == [tag]
    assert tb_attention.load(tmp_path, tag=tag).steps == [0]


def test_measures_and_metrics_come_back(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, ["init", 0])
    log = tb_attention.load(tmp_path)
    assert log.measures(0).shape == (2, 2, len(MEASURES))
    assert log.measures("init").dtype == np.float32
    assert log.epoch("init") is None
    assert log.steps == [0]
    assert log.has_init
    assert log.weights("init", 0, "block/attention").shape == (2, 5, 5)


def test_sites_of_all_steps_are_listed_and_the_newest_is_described(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(logs.record(0, sites=(logs.site("a", keys=3), logs.site("b"))))
    writer.submit(logs.record(1, sites=(logs.site("c"), logs.site("a", keys=4))))
    writer.close(10)
    log = tb_attention.load(tmp_path)
    assert log.sites == ["a", "b", "c"]
    assert log.site("a").shape == (2, 4, 4)
    assert log.weights(0, 0, "a").shape == (2, 3, 3)


def test_a_log_is_what_was_there_when_it_was_loaded(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0])
    log = tb_attention.load(tmp_path)
    logs.write_steps(tmp_path, [1])
    assert log.steps == [0]
    assert "1 steps" in repr(log)
    (logs.attempt_directory(tmp_path) / "step-000000000000.npz").unlink()
    with pytest.raises(NotInLogError, match="no longer there; load the log again"):
        log.weights(0, 0, "block/attention")
