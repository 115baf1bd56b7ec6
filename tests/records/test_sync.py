"""`sync` copies whole steps, once, and the copy can be read at every moment."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import fsspec
import numpy as np
import pytest

import tb_attention
from tb_attention import AttentionWriter, load, sync
from tb_attention.errors import ArgumentError, LogError, NotInLogError
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.reading.opened_attempt import open_attempt
from tb_attention.records.store.local_store import LocalStore
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Entry
from tb_attention.records.writing.copied_attempt import CopiedAttempt
from tb_attention.records.writing.series_writer import SeriesWriter

from . import logs

ATTEMPT = "plugins/attention/attention/1"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    name = uuid.uuid4().hex
    yield f"memory://{name}/logs"
    fsspec.filesystem("memory").rm(f"/{name}", recursive=True)


def assert_same(source: str | Path, copy: str | Path) -> None:
    """Both logs say the same, down to every weight, and the index of the copy is valid."""
    one, two = load(source), load(copy)
    assert (one.tags, one.attempts, one.steps, one.sites) == (two.tags, two.attempts, two.steps, two.sites)
    assert one.samples.ids == two.samples.ids
    for step in one.steps:
        np.testing.assert_array_equal(one.measures(step), two.measures(step))
        for site in one.sites:
            np.testing.assert_array_equal(one.weights(step, 0, site), two.weights(step, 0, site))
    assert not two.damaged
    store = open_store(copy)
    listed = open_attempt(store, ATTEMPT)
    assert listed.list_steps().indexed == {file.name for file in listed.steps.values()}


def test_a_log_is_the_same_in_every_place(tmp_path: Path, elsewhere: str) -> None:
    logs.write_log(tmp_path / "run")
    assert len(sync(tmp_path / "run", elsewhere).steps) == 3
    assert_same(tmp_path / "run", elsewhere)
    assert len(sync(elsewhere, tmp_path / "back").steps) == 3
    assert_same(elsewhere, tmp_path / "back")
    assert len(sync(tmp_path / "run", f"file://{tmp_path / 'beside'}").steps) == 3
    assert_same(tmp_path / "run", tmp_path / "beside")


def test_runs_are_found_below_a_directory_and_keep_their_names(tmp_path: Path, elsewhere: str) -> None:
    for run in ("lr=0.1::bs=32", "deep/er/run", "."):
        logs.write_steps(tmp_path / "logs" / run, [0])
    os.symlink(tmp_path / "logs", tmp_path / "logs" / "deep" / "around", target_is_directory=True)
    done = sync(tmp_path / "logs", elsewhere)
    name = f"{ATTEMPT}/step-000000000000.npz"
    assert sorted(done.steps) == [f"deep/er/run/{name}", f"lr=0.1::bs=32/{name}", name]
    assert load(f"{elsewhere}/deep/er/run").steps == load(elsewhere).steps == [0]


def test_matrices_with_their_examples_are_copied(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path / "run", "confusion", 1)
    writer.submit(ConfusionRecord(4, {"validation": np.eye(3, dtype=int)}))
    assert writer.close(30)
    sync(tmp_path / "run", tmp_path / "copy")
    np.testing.assert_array_equal(load(tmp_path / "copy").confusion_matrix(4), np.eye(3))


def test_what_is_there_is_not_copied_again(tmp_path: Path, elsewhere: str) -> None:
    logs.write_log(tmp_path / "run")
    first = sync(tmp_path / "run", elsewhere)
    assert first
    assert first.bytes >= sum(
        file.stat().st_size for file in logs.attempt_directory(tmp_path / "run").glob("step-*.npz")
    )
    again = sync(tmp_path / "run", elsewhere)
    assert not again
    assert (again.files, again.bytes, again.removed, again.skipped) == ([], 0, [], {})


def test_of_a_log_that_grew_only_the_new_step_is_copied(tmp_path: Path) -> None:
    source, copy = tmp_path / "run", tmp_path / "copy"
    writer = SeriesWriter(str(source), "attention", 1)
    for step in range(3):
        writer.submit(logs.record(step))
        assert writer.drain(30)
        done = sync(source, copy)
        assert done.steps == [f"{ATTEMPT}/step-{step:012d}.npz"]
        assert len(done.files) == 3  # with the index and the event file
        assert_same(source, copy)
    writer.close(30)


def test_an_event_file_grows_where_it_is_so_that_tensorboard_goes_on_reading_it(tmp_path: Path) -> None:
    source, copy = tmp_path / "run", tmp_path / "copy"
    writer = SeriesWriter(str(source), "attention", 1)
    kept: list[os.stat_result] = []
    for step in range(2):
        writer.submit(logs.record(step))
        assert writer.drain(30)
        sync(source, copy)
        [events] = copy.glob("events*")
        assert events.read_bytes() == (source / events.name).read_bytes()
        kept.append(events.stat())
    writer.close(30)
    assert kept[0].st_ino == kept[1].st_ino
    assert kept[0].st_size < kept[1].st_size


def test_a_step_that_is_not_whole_is_left_out_until_it_is(tmp_path: Path) -> None:
    logs.write_log(tmp_path / "run")
    step = logs.attempt_directory(tmp_path / "run") / "step-000000000001.npz"
    whole, when = step.read_bytes(), step.stat()
    for cut in (whole[:-100], whole[:200] + bytes(50) + whole[250:], b""):
        step.write_bytes(cut)
        done = sync(tmp_path / "run", tmp_path / "copy")
        assert list(done.skipped) == [f"{ATTEMPT}/{step.name}"]
        assert load(tmp_path / "copy").steps == [0, 2]
        assert not load(tmp_path / "copy").damaged
    step.write_bytes(whole)
    os.utime(step, ns=(when.st_atime_ns, when.st_mtime_ns))  # as its index says
    assert sync(tmp_path / "run", tmp_path / "copy").steps == [f"{ATTEMPT}/{step.name}"]
    assert_same(tmp_path / "run", tmp_path / "copy")


def test_a_link_does_not_carry_a_file_that_is_no_part_of_a_log(tmp_path: Path) -> None:
    logs.write_log(tmp_path / "run")
    (tmp_path / "secret").write_text("a password")
    ours = logs.attempt_directory(tmp_path / "run")
    for name in ("status.json", "step-000000000002.npz", "samples-aaaaaaaaaaaa.npz"):
        (ours / name).unlink(missing_ok=True)
        (ours / name).symlink_to(tmp_path / "secret")
    sync(tmp_path / "run", tmp_path / "copy")
    copied = [file for file in (tmp_path / "copy").rglob("*") if file.is_file()]
    assert len(copied) > 3
    assert not [file for file in copied if b"password" in file.read_bytes()]


def test_the_copy_follows_a_training_that_goes_back(tmp_path: Path) -> None:
    """Steps that a resumed training overtakes leave the copy before its own come."""
    source, copy = tmp_path / "run", tmp_path / "copy"
    logs.write_log(source, steps=4)
    sync(source, copy)
    attempt = logs.attempt_directory(source)
    aside = attempt / "superseded-1"
    aside.mkdir()
    for step in (2, 3):
        (attempt / f"step-{step:012d}.npz").rename(aside / f"step-{step:012d}.npz")
    done = sync(source, copy)
    assert [name.rpartition("/")[2] for name in done.removed] == [f"step-{step:012d}.npz" for step in (2, 3)]
    assert load(copy).steps == [0, 1]
    logs.write_steps(source, [2])
    sync(source, copy)
    assert_same(source, copy)


def test_an_emptied_source_empties_no_copy(tmp_path: Path) -> None:
    logs.write_log(tmp_path / "run")
    sync(tmp_path / "run", tmp_path / "copy")
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").mkdir()
    assert not sync(tmp_path / "run", tmp_path / "copy")
    logs.attempt_directory(tmp_path / "run").mkdir(parents=True)
    assert not sync(tmp_path / "run", tmp_path / "copy")
    assert load(tmp_path / "copy").steps == [0, 1, 2]


def test_two_trainings_are_never_mixed(tmp_path: Path) -> None:
    logs.write_log(tmp_path / "one")
    logs.write_log(tmp_path / "two", steps=2)
    before = load(tmp_path / "two").weights(1, 0, "block/attention")
    with pytest.raises(
        LogError, match=r"holds another training .*step-000000000000\.npz is not that of .*Choose another"
    ):
        sync(tmp_path / "one", tmp_path / "two")
    np.testing.assert_array_equal(load(tmp_path / "two").weights(1, 0, "block/attention"), before)
    assert load(tmp_path / "two").steps == [0, 1]


def test_a_copy_that_another_tool_began_is_taken_over(tmp_path: Path) -> None:
    """Its whole steps stay, a half one is copied again."""
    logs.write_log(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    half = logs.attempt_directory(tmp_path / "copy") / "step-000000000001.npz"
    half.write_bytes(half.read_bytes()[:300])
    assert sync(tmp_path / "run", tmp_path / "copy").steps == [f"{ATTEMPT}/{half.name}"]
    assert_same(tmp_path / "run", tmp_path / "copy")


def test_an_interrupted_call_leaves_whole_steps_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.write_log(tmp_path / "run")
    replace, truth = LocalStore.replace, load(tmp_path / "run")
    for most in range(1, 20):
        left = [most]

        def fails_after_some(self: LocalStore, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
            left[0] -= 1  # noqa: B023
            if left[0] < 0:  # noqa: B023
                raise OSError("gone")
            return replace(self, path, write)

        copy = tmp_path / f"copy {most}"
        with monkeypatch.context() as patched:
            patched.setattr(LocalStore, "replace", fails_after_some)
            try:
                sync(tmp_path / "run", copy)
            except OSError:
                finished = False
            else:
                finished = True
        log = load(copy)
        assert not log.damaged
        for step in log.steps:
            np.testing.assert_array_equal(log.weights(step, 0, log.sites[0]), truth.weights(step, 0, log.sites[0]))
            assert log.samples_of(step).ids == truth.samples_of(step).ids
        there = set(log.steps)
        assert len(sync(tmp_path / "run", copy).steps) == 3 - len(there)
        assert_same(tmp_path / "run", copy)
        if finished:
            break
    assert finished
    assert most > 5


def test_a_training_that_writes_is_copied_while_it_writes(tmp_path: Path) -> None:
    source, copy = tmp_path / "run", tmp_path / "copy"
    source.mkdir()
    done = threading.Event()

    def train() -> None:
        with AttentionWriter(source, samples=logs.digits(), max_bytes=60_000) as writer:
            for step in range(60):
                writer.write(step, {"block/attention": logs.rows(2, 2, 5, 5, seed=step)}, epoch=step)
        done.set()

    training = threading.Thread(target=train)
    training.start()
    rounds = 0
    while not done.is_set():
        assert sync(source, copy).skipped == {}
        log = load(copy)
        assert not log.damaged
        for step in log.steps[-3:]:
            np.testing.assert_allclose(log.weights(step, 1, "block/attention"), logs.rows(2, 2, 5, 5, seed=step)[1])
            assert log.samples_of(step).ids == log.samples.ids
        rounds += 1
    training.join()
    sync(source, copy)
    assert rounds > 1
    assert_same(source, copy)


def test_wrong_places_are_refused(tmp_path: Path) -> None:
    logs.write_log(tmp_path / "run")
    for one, two in (("run", "run"), ("run", "run/copy"), ("run/plugins", "run")):
        with pytest.raises(ArgumentError, match="must be apart"):
            sync(tmp_path / one, tmp_path / two)
    with pytest.raises(NotInLogError, match="there is no such directory"):
        sync(tmp_path / "nowhere", tmp_path / "copy")
    with pytest.raises(ArgumentError, match="must be a path or a URL"):
        sync("", tmp_path / "copy")
    assert not sync(tmp_path, "memory://nothing/here" + uuid.uuid4().hex).removed


def test_nothing_is_opened_of_a_copy_that_is_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long training most calls find one new step or none; then two directories are listed and one record is read."""
    logs.write_steps(tmp_path / "run", range(100))
    sync(tmp_path / "run", tmp_path / "copy")
    opened: list[str] = []
    read = LocalStore.open

    def counted(self: LocalStore, path: str) -> IO[bytes]:
        opened.append(path)
        return read(self, path)

    monkeypatch.setattr(LocalStore, "open", counted)
    sync(tmp_path / "run", tmp_path / "copy")
    assert opened == [f"{ATTEMPT}/synced.json"]


def test_the_public_name_is_the_function() -> None:
    assert tb_attention.sync is sync
    assert CopiedAttempt.__module__.endswith("copied_attempt")
