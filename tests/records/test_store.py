"""Directories here and elsewhere behave alike."""

from __future__ import annotations

import contextlib
import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tb_attention import AttentionWriter, export_html, load
from tb_attention.errors import ArgumentError, MissingDependencyError
from tb_attention.records.store.local_store import LocalStore
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store, is_url


@pytest.fixture
def store(place: str) -> Store:
    return open_store(place)


def put(store: Store, path: str, data: bytes) -> None:
    store.replace(path, lambda file: file.write(data) and None)


def test_what_was_written_is_listed_and_read(store: Store) -> None:
    entry = store.replace("a/b/one.npz", lambda file: file.write(b"12345") and None)
    put(store, "a/b/two.npz", b"")
    assert [(found.name, found.is_directory, found.size) for found in store.entries("a/b")] == [
        ("one.npz", False, 5),
        ("two.npz", False, 0),
    ]
    assert store.entries("a/b")[0] == entry == store.entry("a/b/one.npz")
    assert [found.is_directory for found in store.entries("a")] == [True]
    assert store.read("a/b/one.npz") == b"12345"
    with store.open("a/b/one.npz") as file:
        file.seek(3)
        assert file.read() == b"45"


def test_what_is_not_there_is_empty_or_not_found(store: Store) -> None:
    put(store, "something", b"x")
    assert store.entries("nowhere") == []
    assert store.entry("nowhere/x") is None
    with pytest.raises(FileNotFoundError):
        store.open("nowhere/x")
    store.remove("nowhere")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_only_regular_files_are_listed_and_opened(tmp_path: Path) -> None:
    """To open a pipe waits for its writer, for ever if there is none."""
    store = open_store(tmp_path)
    put(store, "file", b"x")
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "device")
    os.symlink("file", tmp_path / "link")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))  # the whole path may be too long for a socket
        assert [entry.name for entry in store.entries()] == ["file", "link"]
        for name in ("pipe", "device", "socket"):
            assert store.entry(name) is None
            with pytest.raises(OSError, match=r"No such device or address|Not a regular file"):
                store.open(name)
    assert store.read("link") == b"x"


def test_files_are_replaced_moved_and_removed(store: Store) -> None:
    put(store, "a/x", b"old")
    put(store, "a/x", b"newer")
    assert store.read("a/x") == b"newer"
    store.move("a/x", "a/aside/x")
    assert store.entry("a/x") is None
    assert store.read("a/aside/x") == b"newer"
    store.remove("a/aside/x")
    assert store.entry("a/aside/x") is None


def test_a_new_directory_is_new_once(store: Store) -> None:
    put(store, "t/1/step", b"x")
    assert store.make_new_directory("t/1") is False
    assert store.make_new_directory("t/2") is True


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "x", b"old")

    def fail(file: object) -> None:
        file.write(b"half of it")  # type: ignore[attr-defined]
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.replace("x", fail)
    assert [entry.name for entry in store.entries()] == ["x"]
    assert store.read("x") == b"old"


@pytest.mark.parametrize(
    ("function", "change", "left"),
    [
        ("replace", lambda store: put(store, "x", b"new"), {"x": b"new"}),
        ("replace", lambda store: store.move("x", "aside/x"), {"aside/x": b"old"}),
        ("unlink", lambda store: store.remove("x"), {}),
    ],
    ids=["replace", "move", "remove"],
)
def test_a_file_that_a_reader_has_open_on_windows_is_waited_for_but_not_for_ever(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    change: Callable[[Store], None],
    left: dict[str, bytes],
) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "x", b"old")
    real, refusals = getattr(os, function), [PermissionError("used by another process")] * 3

    def refuses(*arguments: str) -> None:
        if refusals and arguments[-1].endswith("x"):
            raise refusals.pop()
        real(*arguments)

    monkeypatch.setattr(os, function, refuses)
    change(store)
    assert refusals == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in files} == left

    monkeypatch.setattr(os, function, real)
    put(store, "x", b"old")
    monkeypatch.setattr(os, function, refuses)
    refusals += [PermissionError("used by another process")] * 1000
    started = time.monotonic()
    with pytest.raises(PermissionError, match="used by"):
        change(store)
    assert time.monotonic() - started < 5
    assert 990 <= len(refusals) <= 995
    assert store.read("x") == b"old"
    assert not list(tmp_path.rglob(".tmp*"))


def test_other_file_systems_get_a_file_by_renaming(tmp_path: Path) -> None:
    store = open_store(f"local://{tmp_path}/run")
    put(store, "a/x", b"whole")
    assert [entry.name for entry in store.entries("a")] == ["x"]
    assert store.read("a/x") == b"whole"


def test_home_is_expanded_and_file_urls_are_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/logs").url == str(tmp_path / "logs")
    assert open_store(f"file://{tmp_path}").is_local


@pytest.mark.parametrize("log_dir", ["", None, 3, b"logs"])
def test_anything_but_a_directory_is_refused(log_dir: object) -> None:
    with pytest.raises(ArgumentError, match="`log_dir` must be a path or a URL"):
        open_store(log_dir)  # type: ignore[arg-type]


def test_an_unknown_scheme_is_refused_with_a_sentence() -> None:
    with pytest.raises((ArgumentError, MissingDependencyError), match="nonsense"):
        open_store("nonsense://somewhere/run")


ODD_NAMES = (
    "lr=1e-3::bs=32",
    "plain::name",
    "a:b",
    "s3:run",
    "exp#3",
    "50%25",
    "a?b*[1]",
    "[!x]",
    "C:\\logs\\run",
    "~no one",
    " a b ",
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_without_a_scheme_is_one_local_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store(name)
    put(store, "plugins/x", b"1")
    assert [found.name for found in tmp_path.iterdir()] == [name]
    assert open_store(tmp_path / name).read("plugins/x") == b"1"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_remote_directory_may_have_any_name(name: str) -> None:
    root = f"memory://{uuid.uuid4().hex}"
    store = open_store(f"{root}/{name}")
    assert not store.is_local
    put(store, "a/x", b"1")
    store.move("a/x", "a/y")
    assert [found.name for found in open_store(f"{root}/{name}").entries("a")] == ["y"]
    assert open_store(f"{root}/{name} and more").entries("a") == []


@pytest.mark.parametrize("url", ["s3://bucket/run", "simplecache::s3://bucket/run", "zip://run::file:///logs.zip"])
def test_urls_and_chains_of_them_are_urls(url: str) -> None:
    assert is_url(url)
    assert not any(map(is_url, (f"logs/{url}", f"/logs/{url}", f"lr=1::{url}", f"C:\\{url}")))


def test_a_relative_directory_stays_what_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = AttentionWriter("run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with writer:
        writer.write(0, {"a": np.full((1, 1, 2, 2), 0.5)})
    assert load(tmp_path / "run").steps == [0]


def test_a_page_is_written_next_to_a_directory_that_looks_like_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nobody here").mkdir()
    with AttentionWriter("~nobody here") as writer:
        writer.write(0, {"a": np.full((1, 1, 2, 2), 0.5)})
    export_html("~nobody here", "~nobody here/page.html")
    assert (tmp_path / "~nobody here" / "page.html").stat().st_size > 1000
