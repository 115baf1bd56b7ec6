"""The store through which the server reads a run: it lists seldom, and follows no link out of the run."""

import os

import pytest

from tb_attention.errors import NotInLogError
from tb_attention.plugin.run_store import RunStore
from tb_attention.records.store.local_store import LocalStore


@pytest.fixture
def run(tmp_path):
    """A run with one file, whose directory last changed long ago."""
    (tmp_path / "run" / "steps").mkdir(parents=True)
    (tmp_path / "run" / "steps" / "a.npz").write_bytes(b"a")
    os.utime(tmp_path / "run" / "steps", (1, 1))
    return tmp_path / "run"


@pytest.fixture
def listed(monkeypatch):
    """The paths that were listed on the disk."""
    paths = []
    entries = LocalStore.entries
    monkeypatch.setattr(LocalStore, "entries", lambda self, path="": (paths.append(path), entries(self, path))[1])
    return paths


def names(run):
    return [entry.name for entry in RunStore(str(run)).entries("steps")]


def test_an_unchanged_directory_is_listed_once(run, listed):
    assert [names(run) for _ in range(5)] == [["a.npz"]] * 5
    assert len(listed) <= 2  # twice where a period ends between two requests


def test_a_new_file_is_seen_at_once(run, listed):
    assert names(run) == ["a.npz"]
    (run / "steps" / "b.npz").write_bytes(b"b")
    assert names(run) == ["a.npz", "b.npz"]
    (run / "steps" / "c.npz").write_bytes(b"c")
    assert names(run) == ["a.npz", "b.npz", "c.npz"]


def test_a_directory_that_does_not_exist_is_empty(run):
    store = RunStore(str(run))
    assert (store.entries("nothing"), store.entries("steps/a.npz/more"), store.entry("nothing")) == ((), (), None)
    with pytest.raises(FileNotFoundError):
        store.open("nothing")


def test_no_link_out_of_the_run_is_followed(run, tmp_path):
    (tmp_path / "run2").mkdir()
    (tmp_path / "run2" / "secret").write_bytes(b"secret")
    (run / "file").symlink_to(tmp_path / "run2" / "secret")
    (run / "directory").symlink_to(tmp_path / "run2")
    (run / "inside").symlink_to(run / "steps")
    store = RunStore(str(run))
    assert (store.entries("directory"), store.entry("file"), store.entries("..")) == ((), None, ())
    for path in ("file", "directory/secret", "../run2/secret"):
        with pytest.raises(NotInLogError, match="leads out of the run"):
            store.open(path)
    assert store.read("inside/a.npz") == b"a"
