"""Which attempt a training belongs to."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tb_attention.records.attempts import list_attempts, list_tags, start_attempt
from tb_attention.records.reader import load
from tb_attention.records.store import open_store

from .logs import attempt_directory, write_steps


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


def test_a_later_epoch_goes_on_and_moves_what_it_overtakes_aside(tmp_path: Path) -> None:
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


def test_other_directories_and_files_are_passed_over(tmp_path: Path) -> None:
    write_steps(tmp_path, [0], tag="a/b")
    root = tmp_path / "plugins" / "attention"
    (root / ".hidden").mkdir()
    (root / "a%2Fb" / "01").mkdir()
    (root / "a%2Fb" / "7").write_text("a file")
    (root / "a file").write_text("")
    store = open_store(tmp_path)
    assert list_tags(store) == ["a%2Fb"]
    assert list_attempts(store, "a%2Fb") == [1]
