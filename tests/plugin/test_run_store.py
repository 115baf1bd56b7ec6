"""The store through which the server reads a run: it lists seldom, and follows no link out of the run."""

import os
import time
import tracemalloc

import numpy as np
import pytest

from tb_attention.errors import NotInLogError
from tb_attention.plugin import listings
from tb_attention.plugin.run_store import RunStore
from tb_attention.records.reading.listing import Listing, StepFiles
from tb_attention.records.store.store import Entry


@pytest.fixture
def run(tmp_path):
    """A run with one file, whose directory last changed long ago."""
    (tmp_path / "run" / "steps").mkdir(parents=True)
    (tmp_path / "run" / "steps" / "a.npz").write_bytes(b"a")
    os.utime(tmp_path / "run" / "steps", (1, 1))
    return tmp_path / "run"


@pytest.fixture
def listed(monkeypatch):
    """The directories that were listed on the disk."""
    directories = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (directories.append(path), scandir(path))[1])
    return directories


def names(run):
    return [entry.name for entry in RunStore(str(run)).entries("steps")]


def test_an_unchanged_directory_is_listed_once(run, listed):
    assert [names(run) for _ in range(5)] == [["a.npz"]] * 5
    assert len(listed) <= 2  # twice where a period ends between two requests


def test_a_directory_that_is_replaced_by_a_link_out_of_the_run_is_empty(run, tmp_path):
    assert names(run) == ["a.npz"]
    (run / "steps").rename(tmp_path / "elsewhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.npz").write_bytes(b"secret")
    (run / "steps").symlink_to(tmp_path / "other")
    assert names(run) == []


class Steps:
    """A directory of 50 old step files, and which of its files were asked for size and time."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        directory.mkdir()
        for step in range(50):
            self.write(step)
            os.utime(self.path(step), (1000 + step, 1000 + step))
        os.utime(directory, (5, 5))
        self.asked = []
        entry_of = listings.entry_of
        monkeypatch.setattr(
            listings, "entry_of", lambda name, found: (self.asked.append(name), entry_of(name, found))[1]
        )

    def path(self, step):
        return self.directory / f"step-{step:012d}.npz"

    def write(self, step, text="step"):
        new = self.directory / ".new"
        new.write_text(text)
        new.replace(self.path(step))

    def list(self):
        self.asked.clear()
        return RunStore(str(self.directory.parent)).entries(self.directory.name)


@pytest.fixture
def steps(run, monkeypatch):
    return Steps(run / "many", monkeypatch)


def test_of_a_directory_that_grows_only_new_and_replaced_files_are_asked_for_their_size(steps):
    assert len(steps.list().steps) == len(steps.asked) == 50
    steps.write(50)
    steps.write(7, "another")
    listing = steps.list()
    assert sorted(steps.asked) == ["step-000000000007.npz", "step-000000000050.npz"]
    assert listing.steps[7].size == len("another")
    assert list(listing.steps) == list(range(51))
    steps.path(3).unlink()
    assert list(steps.list().steps) == [0, 1, 2, *range(4, 51)]


def test_a_file_that_grows_in_an_unchanged_directory_is_seen_to_grow(steps, monkeypatch):
    monkeypatch.setattr(listings, "_GROWING_SECONDS", 0.0)
    with steps.path(9).open("a") as file:
        file.write("half")
    assert steps.list().steps[9].size == 8
    with steps.path(9).open("a") as file:
        file.write(" and whole")
    assert steps.list().steps[9].size == 18
    assert steps.asked == ["step-000000000009.npz"]


def test_in_the_end_every_file_is_looked_at_again(steps, monkeypatch):
    assert len(steps.list().steps) == 50
    os.truncate(steps.path(9), 1)
    os.utime(steps.path(9), (2000, 2000))
    assert steps.list().steps[9].size == 4
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert steps.list().steps[9].size == 1


def test_a_directory_and_a_pipe_with_the_name_of_a_step_are_no_step(steps):
    steps.path(60).mkdir()
    os.mkfifo(steps.path(61))
    assert list(steps.list().steps) == list(range(50))
    steps.write(62)
    assert list(steps.list().steps) == [*range(50), 62]


def test_times_and_sizes_beyond_64_bits_are_listed():
    entries = [Entry("step-000000000001.npz", False, 1 << 70, -(1 << 70)), Entry("step-init.npz", False, 3, 1 << 80)]
    listing = Listing(entries)
    assert list(listing.steps) == ["init", 1]
    assert listing.steps["init"].size == 3


def test_a_million_files_are_kept_in_bounded_memory():
    many = np.arange(1_000_000)
    tracemalloc.start()
    steps = StepFiles(many, many, many, many)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(steps) == 1_000_000
    assert held < 40_000_000
    assert listings._kept.maxsize * 32 < 100_000_000


def test_a_new_file_is_seen_at_once(run, listed):
    assert names(run) == ["a.npz"]
    (run / "steps" / "b.npz").write_bytes(b"b")
    assert names(run) == ["a.npz", "b.npz"]
    (run / "steps" / "c.npz").write_bytes(b"c")
    assert names(run) == ["a.npz", "b.npz", "c.npz"]


def test_a_directory_that_does_not_exist_is_empty(run):
    store = RunStore(str(run))
    assert [*store.entries("nothing"), *store.entries("steps/a.npz/more")] == []
    assert store.entry("nothing") is None
    with pytest.raises(FileNotFoundError):
        store.open("nothing")


def test_no_link_out_of_the_run_is_followed(run, tmp_path):
    (tmp_path / "run2").mkdir()
    (tmp_path / "run2" / "secret").write_bytes(b"secret")
    (run / "file").symlink_to(tmp_path / "run2" / "secret")
    (run / "directory").symlink_to(tmp_path / "run2")
    (run / "inside").symlink_to(run / "steps")
    store = RunStore(str(run))
    assert [*store.entries("directory"), *store.entries("..")] == []
    assert store.entry("file") is None
    for path in ("file", "directory/secret", "../run2/secret"):
        with pytest.raises(NotInLogError, match="leads out of the run"):
            store.open(path)
    assert store.read("inside/a.npz") == b"a"
