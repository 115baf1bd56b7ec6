"""The index says what the step files say, and is never needed."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention.records.format import paths
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.reading.opened_attempt import OpenedAttempt, open_attempt
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store
from tb_attention.records.writing import index_writer
from tb_attention.records.writing.index_writer import IndexWriter
from tb_attention.records.writing.series_writer import SeriesWriter

from . import logs
from .test_budget import npz_of_a_step

DIRECTORY = "plugins/attention/attention/1"


def index_files(log_dir: Path) -> list[str]:
    return sorted(path.name for path in logs.attempt_directory(log_dir).glob("index-*.npz"))


def truth(store: Store) -> list[tuple[str, bytes]]:
    """What the step files say, whatever the index says."""
    for entry in store.entries(DIRECTORY):
        if entry.name.startswith("index-"):
            store.remove(f"{DIRECTORY}/{entry.name}")
    return listed(store)


def listed(store: Store) -> list[tuple[str, bytes]]:
    found = open_attempt(store, DIRECTORY).list_steps(with_measures=True)
    return [
        (str(entry.manifest) + str(entry.file), b"" if entry.measures is None else entry.measures.tobytes())
        for entry in found.entries
    ]


def test_segments_hold_64_steps_and_agree_with_the_step_files(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, ["init", *range(10, 140)], summaries=False)
    assert index_files(tmp_path) == ["index-000000000000.npz", "index-000000000073.npz", "index-000000000137.npz"]
    store = open_store(tmp_path)
    found = open_attempt(store, DIRECTORY).list_steps(with_measures=True)
    assert len(found.indexed) == 131
    assert [entry.manifest.step for entry in found.entries] == ["init", *range(10, 140)]
    assert listed(store) == truth(store)


def test_reading_an_indexed_log_opens_no_step_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.write_steps(tmp_path, range(5))
    monkeypatch.setattr(OpenedAttempt, "_read_entry", lambda *_, **__: pytest.fail("a step file was opened"))
    assert len(open_attempt(open_store(tmp_path), DIRECTORY).list_steps().entries) == 5


def test_an_entry_that_disagrees_is_read_from_its_step_file(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, range(3))
    path = logs.attempt_directory(tmp_path) / "step-000000000001.npz"
    os.utime(path, ns=(5, 5))
    found = open_attempt(open_store(tmp_path), DIRECTORY).list_steps()
    assert len(found.entries) == 3
    assert found.indexed == {"step-000000000000.npz", "step-000000000002.npz"}
    path.unlink()
    assert [entry.manifest.step for entry in open_attempt(open_store(tmp_path), DIRECTORY).list_steps().entries] == [
        0,
        2,
    ]


@pytest.mark.parametrize("data", [b"", b"no zip", None])
def test_a_damaged_index_is_ignored_and_rebuilt(tmp_path: Path, data: bytes | None) -> None:
    logs.write_steps(tmp_path, range(3))
    path = logs.attempt_directory(tmp_path) / "index-000000000000.npz"
    path.write_bytes(path.read_bytes()[:-40] if data is None else data)
    found = open_attempt(open_store(tmp_path), DIRECTORY).list_steps()
    assert len(found.entries) == 3
    assert found.indexed == frozenset()
    logs.write_steps(tmp_path, [3])
    assert len(open_attempt(open_store(tmp_path), DIRECTORY).list_steps().indexed) == 4


def test_earlier_segments_that_are_missing_are_rebuilt(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, range(130), summaries=False)
    before = index_files(tmp_path)
    (logs.attempt_directory(tmp_path) / before[0]).unlink()
    logs.write_steps(tmp_path, [130], summaries=False)
    assert index_files(tmp_path) == before
    assert len(open_attempt(open_store(tmp_path), DIRECTORY).list_steps().indexed) == 131


def test_a_step_of_an_earlier_segment_may_be_written_again(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [*range(70), 3, 69], summaries=False)
    store = open_store(tmp_path)
    assert len(open_attempt(store, DIRECTORY).list_steps().indexed) == 70
    assert listed(store) == truth(store)


def test_steps_that_were_moved_aside_leave_the_index(tmp_path: Path) -> None:
    from tb_attention.records.writing.attempt_start import start_attempt

    logs.write_steps(tmp_path, range(70), summaries=False)
    start_attempt(tmp_path, "attention", 60)
    logs.write_steps(tmp_path, [60], summaries=False)
    assert index_files(tmp_path) == ["index-000000000000.npz"]
    assert len(open_attempt(open_store(tmp_path), DIRECTORY).list_steps().indexed) == 61


def test_matrices_have_an_index_too(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    for step in range(3):
        writer.submit(ConfusionRecord(step, {"validation": np.eye(3, dtype=int)}))
    writer.close(10)
    found = open_attempt(open_store(tmp_path), DIRECTORY).list_steps(with_measures=True)
    assert len(found.indexed) == 3
    assert found.entries[1].manifest.content == "confusion"


def test_the_index_follows_steps_that_are_written_in_any_order_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_writer, "SEGMENT", 4)
    rng = random.Random(0)
    store = open_store(tmp_path)
    steps: list[Any] = ["init", *range(100, 140)]
    writer = SeriesWriter(tmp_path, "attention", 1, summaries=False)
    for _ in range(150):
        if rng.random() < 0.1:  # another process goes on, which may find a segment that somebody removed
            assert writer.close(10)
            if rng.random() < 0.5:
                (logs.attempt_directory(tmp_path) / rng.choice(index_files(tmp_path))).unlink()
            writer = SeriesWriter(tmp_path, "attention", 1, summaries=False)
        writer.submit(logs.record(rng.choice(steps)))
        assert writer.drain(10)
        there = list(open_attempt(store, DIRECTORY).steps)
        if rng.random() < 0.5 and len(there) > 1:
            gone = rng.choice(there)
            store.remove(f"{DIRECTORY}/{paths.step_file(gone)}")
            index = writer._files._index
            assert index is not None
            index.forget(gone)
    assert writer.close(10)
    found = open_attempt(store, DIRECTORY)
    assert len(found.list_steps().indexed) == len(found.steps)
    assert len(index_files(tmp_path)) <= len(found.steps) // 2 + 1
    assert listed(store) == truth(store)


def test_segments_are_written_again_only_when_half_of_their_steps_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    whole = IndexWriter._write
    monkeypatch.setattr(IndexWriter, "_write", lambda *given: (written.append(len(given[2])), whole(*given))[1])
    monkeypatch.setattr(index_writer, "_SECONDS", float("inf"))
    monkeypatch.setattr(index_writer, "SEGMENT", 8)
    size = len(npz_of_a_step(tmp_path / "other"))
    writer = SeriesWriter(tmp_path, "attention", 1, summaries=False, max_bytes=100 * size)
    written.clear()
    for step in range(250):
        writer.submit(logs.record(step))
    assert writer.close(10)
    assert writer.failures == []
    # Each step is written once with its segment, and once more for each half of a segment that was removed, at most.
    assert sum(written) <= 250 + 2 * 151
    store = open_store(tmp_path)
    found = open_attempt(store, DIRECTORY)
    assert len(found.list_steps().indexed) == len(found.steps) <= 100
    assert len(index_files(tmp_path)) <= 100 // 4 + 1


def test_a_segment_is_not_rewritten_for_every_quick_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    whole = IndexWriter._write
    monkeypatch.setattr(IndexWriter, "_write", lambda *given: (written.append(given[1]), whole(*given))[1])
    logs.write_steps(tmp_path, range(40), summaries=False)
    assert len(written) <= 5
