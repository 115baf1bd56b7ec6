"""Matrices, the examples of their cells and where the model looked at them come back as they were written."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, DamagedFileError, NotInLogError
from tb_attention.records.format.schema import manifest_from_json, manifest_to_json
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter

from . import confusions, logs


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write(tmp_path, confusions.record())


def write(run: Path, *records: ConfusionRecord, tag: str = "confusion") -> Path:
    writer = SeriesWriter(run, tag, 1)
    for record in records:
        writer.submit(record)
    assert writer.close(10)
    assert not writer.failures, writer.failures
    return run


def test_examples_come_back_with_their_cells(run: Path) -> None:
    log = tb_attention.load(run)
    found = log.examples(7)
    assert [(each.truth, each.predicted) for each in found] == confusions.CELLS
    assert [round(each.probability, 2) for each in found] == [0.9, 0.6, 0.5, 0.99]
    assert [each.kept for each in found] == ["certain", "random", "certain", "certain"]
    assert [each.has_maps for each in found] == [True, True, False, False]
    assert [each.id for each in found] == list(confusions.examples().samples.ids)
    assert [each.sample for each in log.examples(7, truth=2, predicted=0)] == [0, 1]
    assert log.samples_of(7).image(3).shape == (8, 8, 1)


def test_the_object_reads_what_the_methods_of_the_log_read(run: Path) -> None:
    log = tb_attention.load(run)
    np.testing.assert_array_equal(log.confusion.matrix(7), log.confusion_matrix(7))
    np.testing.assert_array_equal(log.confusion.class_order(7), log.class_order(7))
    assert log.confusion.examples(7, truth=2) == log.examples(7, truth=2)
    logs.write_steps(run, [0])
    write(run, confusions.record(), tag="other")
    log = tb_attention.load(run)
    assert (log.tag, log.confusion.matrix(7).sum()) == ("attention", log.confusion_matrix(7, tag="confusion").sum())
    with pytest.raises(NotInLogError, match="no confusion matrices"):
        _ = tb_attention.load(run / "nothing").confusion


def test_the_maps_of_examples_are_read_as_those_of_samples(run: Path) -> None:
    log, written = tb_attention.load(run), confusions.examples()
    assert written.maps is not None
    (site,) = written.maps.sites
    assert log.sites == ["gate/attention"]
    for sample in (0, 1):
        np.testing.assert_array_equal(log.weights(7, sample, "gate/attention"), site.weights[sample])
    np.testing.assert_array_equal(log.weights(7, written.samples.ids[1], "gate/attention"), site.weights[1])
    with pytest.raises(NotInLogError, match="There is no such sample"):
        log.weights(7, 2, "gate/attention")
    with pytest.raises(NotInLogError, match="There is no such sample"):
        log.weights(7, written.samples.ids[3], "gate/attention")
    np.testing.assert_array_equal(log.mean_weights(7, 1, "gate/attention"), site.weights.mean(0))
    with pytest.raises(NotInLogError, match=r"means of the classes \[1\] at \['gate/attention'\]"):
        log.mean_weights(7, 0, "gate/attention")


def test_order_groups_and_other_labels_come_back(run: Path) -> None:
    log = tb_attention.load(run)
    assert log.class_order(7).tolist() == [2, 0, 1]
    manifest = log._steps.entry(7).manifest
    assert manifest.class_groups == confusions.GROUPS
    assert manifest.splits["validation"].other == 3
    assert manifest_from_json(manifest_to_json(manifest), "it") == manifest
    with pytest.raises(NotInLogError, match="exclude one another"):
        log.label_counts(7)
    with pytest.raises(NotInLogError, match="no histogram"):
        log.score_histogram(7)


def test_each_label_has_a_matrix_and_a_histogram(tmp_path: Path) -> None:
    record = confusions.labels_record()
    log = tb_attention.load(write(tmp_path, record))
    np.testing.assert_array_equal(log.label_counts(0), record.labels["validation"])
    np.testing.assert_array_equal(log.score_histogram(0), record.histograms["validation"])
    manifest = log._steps.entry(0).manifest
    assert (manifest.kind, manifest.threshold, manifest.splits["validation"].examples) == ("labels", 0.5, 10)
    assert log.class_order(0).tolist() == [0, 1]
    assert log.examples(0) == []


def test_the_manifest_of_a_matrix_alone_leaves_out_all_else(tmp_path: Path) -> None:
    log = tb_attention.load(write(tmp_path, ConfusionRecord(0, {"validation": np.eye(2, dtype=int)})))
    value = manifest_to_json(log._steps.entry(0).manifest)
    assert set(value) == {
        *("schema", "content", "tag", "attempt", "writer", "step", "epoch", "batch", "wall_time", "logs"),
        *("classes", "class_names", "output", "splits"),
    }
    assert log.examples(0) == []
    assert len(log.samples_of(0)) == 0


def test_the_index_knows_the_sites_of_examples(tmp_path: Path) -> None:
    write(tmp_path, *(confusions.record(step) for step in range(3)))
    log = tb_attention.load(tmp_path)
    assert {entry.file.name for entry in log._steps.listed.entries} == log._steps.listed.indexed
    assert log.site("gate/attention").shape == (2, 4, 4)


def test_examples_of_a_lost_samples_file_are_damage_and_the_matrix_stays(run: Path) -> None:
    for file in (logs.attempt_directory(run, "confusion")).glob("samples-*"):
        file.unlink()
    log = tb_attention.load(run)
    with pytest.raises(DamagedFileError, match="is not there"):
        log.examples(7)
    assert log.confusion_matrix(7).sum() == 21


def test_examples_without_a_value_are_refused() -> None:
    kept = confusions.examples()
    with pytest.raises(ArgumentError, match="4 samples"):
        type(kept)(kept.samples, kept.truth[:1], kept.predicted, kept.probability, kept.loss, kept.random)


def test_examples_are_removed_with_their_steps(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "confusion", 1, max_bytes=20_000)
    for step in range(12):
        kept = confusions.examples(seed=step)
        assert kept.maps is not None
        kept = dataclasses.replace(kept, maps=dataclasses.replace(kept.maps, step=step))
        writer.submit(confusions.record(step, examples=kept))
    assert writer.close(10)
    assert not writer.failures, writer.failures
    log = tb_attention.load(tmp_path)
    assert 1 < len(log.steps) < 12
    directory = logs.attempt_directory(tmp_path, "confusion")
    files = [*directory.glob("step-*"), *directory.glob("samples-*")]
    assert len(files) == 2 * len(log.steps)
    assert sum(file.stat().st_size for file in files) <= 20_000
    for step in log.steps:
        assert len(log.examples(step)) == 4
