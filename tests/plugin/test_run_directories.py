"""Runs are those that TensorBoard lists, each with its own directory."""

import os
from types import SimpleNamespace

import pytest

from tb_attention.errors import NotInLogError
from tb_attention.plugin.run_directories import RunDirectories, join


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
