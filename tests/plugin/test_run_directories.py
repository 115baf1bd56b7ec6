"""Runs are those that TensorBoard lists or that have our folder, each with its own directory."""

import os
import shutil
import threading
import time
import uuid
from types import SimpleNamespace

import pytest

from tb_attention.errors import NotInLogError
from tb_attention.plugin import found_runs
from tb_attention.plugin.found_runs import FoundRuns
from tb_attention.plugin.run_directories import RunDirectories, join
from tb_attention.records.store.opening import open_store


class Provider:
    def __init__(self, *runs):
        self.runs = list(runs)
        self.asked = 0

    def list_runs(self, context, *, experiment_id):
        self.asked += 1
        return [SimpleNamespace(run_name=run) for run in self.runs]


def context(provider, logdir="", paths=None):
    multiplexer = None if paths is None else SimpleNamespace(RunPaths=lambda: paths)
    return SimpleNamespace(data_provider=provider, logdir=logdir, multiplexer=multiplexer)


@pytest.mark.parametrize(
    ("logdir", "run", "directory"),
    [
        ("/logs", "a/b", "/logs/a/b"),
        ("/logs", ".", "/logs"),
        ("logs/", "a", "logs/a"),
        ("s3://bucket/logs/", "a", "s3://bucket/logs/a"),
        ("s3://bucket/logs", ".", "s3://bucket/logs"),
    ],
)
def test_a_run_lies_below_the_log_directory(logdir, run, directory):
    assert join(logdir, run) == directory


def test_the_home_directory_is_expanded():
    assert join("~/logs", "a") == os.path.join(os.path.expanduser("~"), "logs", "a")


def test_only_listed_runs_have_a_directory(tmp_path):
    runs = RunDirectories(context(Provider("vit"), str(tmp_path)))
    assert runs.of(None, "", "vit") == str(tmp_path / "vit")
    with pytest.raises(NotInLogError, match="Listed: 'vit'"):
        runs.of(None, "", "../secret")


def test_logdir_spec_uses_the_paths_of_the_multiplexer():
    runs = RunDirectories(context(Provider("foo/run1", "gone"), paths={"foo/run1": "/a/run1", "hidden": "/b"}))
    assert runs.all(None, "") == {"foo/run1": "/a/run1"}


def test_the_provider_is_not_asked_for_every_map():
    provider = Provider("vit")
    runs = RunDirectories(context(provider, "/logs"))
    for _ in range(10):
        runs.of(None, "", "vit")
    assert provider.asked == 1


def test_without_a_data_provider_there_are_no_runs():
    assert RunDirectories(context(None, "/logs")).all(None, "") == {}


def make_ours(directory):
    """A directory with a series of ours and no event file."""
    (directory / "plugins" / "attention" / "attention" / "1").mkdir(parents=True)


def test_runs_with_our_folder_are_found_without_event_files(tmp_path):
    for run in ("", "a", "a/train", "deep/er/than/that", "lr=1e-3::bs=32", "plugins/run", "C:\\logs\\run"):
        make_ours(tmp_path / run)
    (tmp_path / "only checkpoints" / "plugins" / "profile").mkdir(parents=True)
    runs = RunDirectories(context(Provider("a", "listed"), str(tmp_path))).all(None, "")
    assert list(runs)[:2] == ["a", "listed"]
    found = {".", "a/train", "deep/er/than/that", "lr=1e-3::bs=32", "plugins/run", "C:\\logs\\run"}
    assert set(runs) == {"a", "listed"} | found
    assert all(os.path.samefile(runs[run], tmp_path / run) for run in found)


def test_links_are_followed_but_not_in_circles(tmp_path):
    make_ours(tmp_path / "elsewhere" / "run")
    logdir = tmp_path / "logs"
    make_ours(logdir / "own")
    (logdir / "linked").symlink_to(tmp_path / "elsewhere")
    (logdir / "own" / "circle").symlink_to(logdir)
    (logdir / "nowhere").symlink_to(tmp_path / "gone")
    assert FoundRuns({str(logdir): None}).all().keys() == {"own", "linked/run"}


def test_new_and_removed_runs_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(found_runs, "_SECONDS", 0.0)
    monkeypatch.setattr(found_runs, "_RESTS", 0)
    make_ours(tmp_path / "one")
    os.utime(tmp_path, (1, 1))  # settled, so that its listing is remembered
    found = FoundRuns({str(tmp_path): None})
    assert found.all().keys() == {"one"}
    make_ours(tmp_path / "two" / "inner")
    assert found.all().keys() == {"one", "two/inner"}
    shutil.rmtree(tmp_path / "one")
    assert found.all().keys() == {"two/inner"}


def test_logdir_spec_names_what_is_found(tmp_path):
    for run in ("one/a", "two/b", "three"):
        make_ours(tmp_path / run)
    given = context(Provider(), paths={})
    given.flags = SimpleNamespace(logdir_spec=f"first:{tmp_path / 'one'},{tmp_path / 'two'},third:{tmp_path / 'three'}")
    runs = RunDirectories(given).all(None, "")
    assert runs == {"first/a": f"{tmp_path}/one/a", "b": f"{tmp_path}/two/b", "third/.": f"{tmp_path}/three"}


def test_runs_of_an_object_store_are_found():
    root = f"memory://{uuid.uuid4().hex}"
    for run in ("a", "b/c"):
        open_store(f"{root}/{run}").replace("plugins/attention/t/1/x", lambda file: file.write(b"x") and None)
    assert FoundRuns({root: None}).all() == {"a": f"{root}/a", "b/c": f"{root}/b/c"}


def test_a_slow_disk_delays_no_request(tmp_path, monkeypatch):
    make_ours(tmp_path / "run")
    scandir, go_on = os.scandir, threading.Event()

    def slow(path):
        go_on.wait(timeout=10)
        return scandir(path)

    monkeypatch.setattr(found_runs.os, "scandir", slow)
    monkeypatch.setattr(found_runs, "_WAIT_SECONDS", 0.05)
    found = FoundRuns({str(tmp_path): None})
    started = time.monotonic()
    assert found.all() == {}
    assert time.monotonic() - started < 5
    go_on.set()
    monkeypatch.setattr(found_runs, "_WAIT_SECONDS", 10)
    assert found.all().keys() == {"run"}
