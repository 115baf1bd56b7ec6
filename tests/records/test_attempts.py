"""Which attempt a training belongs to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tb_attention.records.format import paths
from tb_attention.records.reading.reader import load
from tb_attention.records.reading.series import list_attempts, list_tags
from tb_attention.records.store.leftovers import temporary_name
from tb_attention.records.store.opening import open_store
from tb_attention.records.writing.attempt_start import Beginning, begin_attempt, start_attempt
from tb_attention.records.writing.series_writer import SeriesWriter

from .logs import attempt_directory, record, write_steps


@pytest.mark.parametrize("epoch", [0, None, 5])
def test_the_first_attempt_is_1(tmp_path: Path, epoch: int | None) -> None:
    assert start_attempt(tmp_path, "attention", epoch) == 1


def test_epoch_0_again_is_a_new_attempt_and_the_old_one_stays(tmp_path: Path) -> None:
    write_steps(tmp_path, [0, 1], attempt=start_attempt(tmp_path, "attention", 0))
    again = start_attempt(tmp_path, "attention", 0)
    write_steps(tmp_path, [0], attempt=again)
    assert again == 2
    assert load(tmp_path).steps == [0]
    assert load(tmp_path, attempt=1).steps == [0, 1]
    assert load(tmp_path).attempts == [1, 2]


def test_two_trainings_that_start_at_once_get_their_own(tmp_path: Path) -> None:
    assert [start_attempt(tmp_path, "attention", 0) for _ in range(3)] == [1, 2, 3]


def test_a_later_epoch_continues_the_attempt_and_moves_later_steps_aside(tmp_path: Path) -> None:
    write_steps(tmp_path, ["init", 0, 1, 2, 3])
    assert start_attempt(tmp_path, "attention", 2) == 1
    log = load(tmp_path)
    assert log.steps == [0, 1]
    assert log.has_init
    aside = next(attempt_directory(tmp_path).glob("superseded-*"))
    assert sorted(path.name for path in aside.iterdir()) == ["step-000000000002.npz", "step-000000000003.npz"]
    write_steps(tmp_path, [2])
    assert load(tmp_path).steps == [0, 1, 2]


def test_a_damaged_step_is_left_where_it_is(tmp_path: Path) -> None:
    write_steps(tmp_path, [0, 1, 2])
    damaged = attempt_directory(tmp_path) / "step-000000000002.npz"
    damaged.write_bytes(b"no zip")
    assert start_attempt(tmp_path, "attention", 1) == 1
    assert load(tmp_path).steps == [0]
    assert damaged.exists()


def test_leftovers_of_a_killed_writer_are_removed_when_they_are_old(tmp_path: Path) -> None:
    write_steps(tmp_path, [0])
    old, young = (attempt_directory(tmp_path) / f".tmp-{name}" for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 3600,) * 2)
    start_attempt(tmp_path, "attention", 1)
    assert not old.exists()
    assert young.exists()


def test_other_directories_and_files_are_ignored(tmp_path: Path) -> None:
    write_steps(tmp_path, [0], tag="a/b")
    root = tmp_path / "plugins" / "attention"
    (root / ".hidden").mkdir()
    (root / "a%2Fb" / "01").mkdir()
    (root / "a%2Fb" / "7").write_text("a file")
    (root / "a file").write_text("")
    store = open_store(tmp_path)
    assert list_tags(store) == ["a%2Fb"]
    assert list_attempts(store, "a%2Fb") == [1]


def test_an_attempt_without_a_step_does_not_hide_the_one_before_it(tmp_path: Path) -> None:
    write_steps(tmp_path, [0, 1], attempt=start_attempt(tmp_path, "attention", 0))
    begun = start_attempt(tmp_path, "attention", 0)
    assert begun == 2
    assert (load(tmp_path).attempts, load(tmp_path).steps) == ([1], [0, 1])
    write_steps(tmp_path, ["init"], attempt=begun)
    assert (load(tmp_path).attempts, load(tmp_path).has_init) == ([1, 2], True)


def test_a_resumed_training_continues_the_newest_attempt_that_has_steps(tmp_path: Path) -> None:
    write_steps(tmp_path, [0, 1], attempt=start_attempt(tmp_path, "attention", 0))
    start_attempt(tmp_path, "attention", 0)
    assert begin_attempt(tmp_path, "attention", 2).attempt == 1


def test_a_resumed_training_goes_on_counting_batches_from_the_last_step_that_stays(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    for epoch in range(3):
        writer.submit(record(10 * (epoch + 1), epoch=epoch, batch=10 * (epoch + 1)))
    writer.close()
    assert begin_attempt(tmp_path, "attention", 2) == Beginning(1, continued=True, batches=20)


@pytest.mark.skipif(os.name == "nt", reason="On Windows a process cannot be asked whether it lives")
def test_the_leftovers_of_a_dead_process_of_this_machine_are_removed_at_once(tmp_path: Path) -> None:
    write_steps(tmp_path, [0])
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    name = temporary_name("step-000000000001.npz")
    mine = attempt_directory(tmp_path) / name
    theirs = attempt_directory(tmp_path) / name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    elsewhere = attempt_directory(tmp_path) / f".tmp-00000000-{dead.pid}-0-step-000000000001.npz"
    for path in (mine, theirs, elsewhere):
        path.write_bytes(b"half")
    start_attempt(tmp_path, "attention", 0)
    assert [mine.exists(), theirs.exists(), elsewhere.exists()] == [True, False, True]


def move_to_earlier_folder(run: Path, tag: str) -> None:
    root = run / "plugins" / "attention"
    (root / paths.tag_folder(tag)).rename(root / paths.earlier_tag_folder(tag))


@pytest.mark.parametrize("tag", ["Encoder/Self", "x" * 80, "y" * 300])
def test_a_series_in_the_folder_of_an_earlier_version_is_read_and_continued(tmp_path: Path, tag: str) -> None:
    write_steps(tmp_path, [0, 1, 2], tag=tag)
    move_to_earlier_folder(tmp_path, tag)
    assert load(tmp_path, tag=tag).steps == [0, 1, 2]
    assert begin_attempt(tmp_path, tag, 2) == Beginning(1, continued=True, batches=0)
    write_steps(tmp_path, [2, 3], tag=tag)
    assert list_tags(open_store(tmp_path)) == [paths.earlier_tag_folder(tag)]
    assert load(tmp_path, tag=tag).steps == [0, 1, 2, 3]
    assert start_attempt(tmp_path, tag, 0) == 2


def test_tags_that_differ_in_case_are_two_series_where_an_earlier_version_wrote_one(tmp_path: Path) -> None:
    write_steps(tmp_path, [0], tag="Attention")
    move_to_earlier_folder(tmp_path, "Attention")
    write_steps(tmp_path, [0, 1], tag="attention")
    assert load(tmp_path, tag="Attention").steps == [0]
    assert load(tmp_path, tag="attention").steps == [0, 1]
