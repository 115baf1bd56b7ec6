"""A run directory that fsspec reaches: in an object store, on another machine or in memory."""

from __future__ import annotations

import contextlib
import datetime
import glob
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, cast

import fsspec

from tb_attention.errors import ArgumentError, MissingDependencyError, UnreachableError
from tb_attention.records.store.leftovers import temporary_name
from tb_attention.records.store.ranged_file import RangedFile
from tb_attention.records.store.reaching import ReachedFile, reaching, shown_url
from tb_attention.records.store.store import OBJECT_STORES, Entry, Store, is_url

# An upload to these appears whole or not at all. Renaming would copy the bytes a second time.
_WHOLE_UPLOADS = OBJECT_STORES | {"memory"}

_RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""The pauses before an upload that failed is tried again. Libraries try several times by themselves before that."""


class RemoteStore(Store):
    """A directory behind a URL. Whatever its library raises becomes an error of ours; see `reaching`."""

    is_local = False

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._given = url
        self._retries = True
        with reaching(self.url):
            self._system, root = _opened_system(url)
        self._root = str(root).rstrip("/")
        protocol = self._system.protocol
        protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self._whole = bool(protocols & _WHOLE_UPLOADS)
        self._is_object_store = bool(protocols & OBJECT_STORES)

    def entries(self, path: str = "") -> list[Entry]:
        with self._reaching(path):
            # Other processes write here, so an earlier listing may be outdated.
            self._system.invalidate_cache()
            try:
                found = self._system.ls(self._path(path), detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        own = self._path(path).strip("/")
        # Some stores list a marker of the directory itself among its files.
        entries = [_entry(item) for item in found if str(item["name"]).strip("/") != own]
        return sorted(entries, key=lambda entry: entry.name)

    def tree(self, path: str = "") -> dict[str, list[Entry]]:
        if not self._is_object_store:
            return super().tree(path)
        root = self._path(path).strip("/")
        with self._reaching(path):
            self._system.invalidate_cache()
            try:
                # One request for each 1,000 files, however many directories there are.
                files = self._system.find(self._path(path), detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return {}
        found: dict[str, dict[str, Entry]] = {}
        for name, info in files.items():
            below = str(name).strip("/").removeprefix(root).strip("/")
            entry = _entry(info)
            while below and not str(name).endswith("/"):
                below, _, last = below.rpartition("/")
                directory = "/".join(filter(None, (path, below)))
                known = found.setdefault(directory, {})
                if last in known:
                    break
                known[last] = entry
                entry = Entry(below.rpartition("/")[2], is_directory=True)
        return {directory: sorted(known.values(), key=lambda each: each.name) for directory, known in found.items()}

    def entry(self, path: str) -> Entry | None:
        with self._reaching(path):
            self._system.invalidate_cache()
            try:
                found = self._system.info(self._path(path))
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _entry(found)

    def open(self, path: str) -> IO[bytes]:
        def ask(question: Callable[[], Any]) -> Any:
            with self._reaching(path):
                return question()

        target = self._path(path)
        if not self._is_object_store:
            return cast("IO[bytes]", ReachedFile(ask(lambda: self._system.open(target, "rb")), ask))
        size = int(ask(lambda: self._system.info(target))["size"])
        return cast(
            "IO[bytes]",
            RangedFile(lambda begin, end: ask(lambda: self._system.cat_file(target, start=begin, end=end)), size),
        )

    def replace(self, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
        buffer = io.BytesIO()
        write(buffer)
        # A place that fails for long is waited for once, so that a training does not wait for each of its steps.
        for pause in _RETRY_SECONDS if self._retries else ():
            try:
                return self._upload(path, buffer.getvalue())
            except UnreachableError as error:
                if error.denied:
                    raise
            time.sleep(pause)
        self._retries = False
        return self._upload(path, buffer.getvalue())

    def _upload(self, path: str, data: bytes) -> Entry:
        target = self._path(path)
        with self._reaching(path):
            self._make_parent(target)
            if self._whole:
                self._system.pipe_file(target, data)
            else:
                directory, name = target.rsplit("/", 1)
                temporary = f"{directory}/{temporary_name(name)}"
                self._system.pipe_file(temporary, data)
                self._move(temporary, target)
            self._system.invalidate_cache()
            found = self._system.info(target)
        self._retries = True
        return _entry(found)

    def create(self, path: str, data: bytes) -> bool:
        target = self._path(path)
        with self._reaching(path):
            self._make_parent(target)
            try:
                # Stores that know conditional writes use one.
                self._system.pipe_file(target, data, mode="create")
            except FileExistsError:
                return False
            self._system.invalidate_cache()
            return bool(self._system.cat_file(target) == data)

    def move(self, path: str, target: str) -> None:
        with self._reaching(path):
            self._make_parent(self._path(target))
            self._move(self._path(path), self._path(target))

    def remove(self, path: str) -> None:
        with self._reaching(path), contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._path(path))

    def make_new_directory(self, path: str) -> bool:
        if self.entry(path) is not None:
            return False
        with self._reaching(path):
            self._make_parent(self._path(f"{path}/"))
        return True

    @contextlib.contextmanager
    def _reaching(self, path: str) -> Iterator[None]:
        """As `reaching`; after a failure the next question is asked with the credentials that there are then."""
        try:
            with reaching(self._url(path)):
                yield
        except UnreachableError:
            type(self._system).clear_instance_cache()
            with contextlib.suppress(Exception):
                self._system, _ = _file_system(self._given)
            raise

    def _make_parent(self, path: str) -> None:
        # Object stores have no directories. s3fs would ask for the bucket each time, and make one that does not exist.
        if not self._is_object_store:
            with contextlib.suppress(NotImplementedError):
                self._system.makedirs(os.path.dirname(path), exist_ok=True)

    def _move(self, path: str, target: str) -> None:
        if not glob.has_magic(path):
            self._system.mv(path, target)
            return
        # `mv` would take the name for a pattern.
        self._system.cp_file(path, target)
        self._system.rm_file(path)

    def _url(self, path: str) -> str:
        return f"{self.url}/{path}" if path else self.url

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _opened_system(url: str) -> tuple[Any, Any]:
    """As `_file_system`; a package that is missing and a URL of an unknown kind are errors of the caller."""
    try:
        return _file_system(url)
    except ImportError as error:
        raise MissingDependencyError(f"{shown_url(url)} needs another package: {str(error).rstrip('.')}.") from error
    except ValueError as error:
        kinds = {scheme for scheme in url.split("://")[0].split("::") if scheme not in fsspec.available_protocols()}
        if not kinds:
            raise
        raise ArgumentError(
            f"`log_dir` must be a path or a URL that fsspec knows ({error}). Received: {shown_url(url)!r}."
        ) from error


def _file_system(url: str) -> tuple[Any, Any]:
    """The file system behind a URL, and the path in it. A "::" that does not join URLs is part of a name: "lr=0.1::batch=8"."""
    if "::" not in url or is_url(url.rpartition("::")[2]):
        return cast("tuple[Any, Any]", fsspec.core.url_to_fs(url))
    kind = fsspec.get_filesystem_class(url.partition("://")[0])
    system = kind(**kind._get_kwargs_from_urls(url))
    return system, kind._strip_protocol(url)


def _entry(info: Mapping[str, Any]) -> Entry:
    name = str(info["name"]).rstrip("/").rsplit("/", 1)[-1]
    return Entry(name, info.get("type") == "directory", int(info.get("size") or 0), _mtime_ns(info))


def _mtime_ns(info: Mapping[str, Any]) -> int:
    """The time of the last change in nanoseconds, rounded to microseconds. File systems call it by different names."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(key)
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, datetime.datetime):
            return round(value.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return round(value * 1_000_000) * 1000
    return 0
