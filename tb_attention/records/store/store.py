"""The files of a run directory, on this machine or anywhere that fsspec reaches."""

from __future__ import annotations

import contextlib
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from tb_attention.errors import ArgumentError
from tb_attention.records.store.leftovers import temporary_name

# Of two letters at least: one is a drive of Windows.
_URL = re.compile(r"(?:[A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True)
class Entry:
    """A file or directory, as listed.

    Attributes:
        name: Its last part.
        is_directory: Whether it holds others.
        size: Bytes of a file.
        mtime_ns: Nanoseconds since 1970 of its last change; 0 where the file system does not say.
    """

    name: str
    is_directory: bool
    size: int = 0
    mtime_ns: int = 0

    @property
    def version(self) -> str:
        """Changes whenever the file does: `<mtime>-<size>`."""
        return f"{self.mtime_ns}-{self.size}"


class Store(ABC):
    """A directory. Paths are relative to it, with "/" between their parts; "" is the directory itself."""

    url: str
    """Where the directory is, for people."""

    is_local: bool
    """Whether it lies in this machine's file system."""

    @abstractmethod
    def entries(self, path: str = "") -> list[Entry]:
        """What a directory holds, sorted by name; nothing if it is not there."""

    @abstractmethod
    def entry(self, path: str) -> Entry | None:
        """A single file or directory, or None if it is not there."""

    @abstractmethod
    def open(self, path: str) -> IO[bytes]:
        """Opens a file for reading and seeking; raises FileNotFoundError."""

    @abstractmethod
    def replace(self, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
        """Writes a file whole or not at all: readers see the old one or the new one, never a part.

        Args:
            path: The file; its directory is made.
            write: Writes the contents, front to back, into what it is given.
        """

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Moves a file; the directory of `target` is made."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Removes a file; nothing happens if it is not there."""

    @abstractmethod
    def make_new_directory(self, path: str) -> bool:
        """Makes a directory; False if it was there already (where directories are but prefixes, never)."""

    def overwrite(self, path: str, data: bytes) -> None:
        """Writes a file that is there in place: for one that readers may see half, on a disk that has no room for another."""
        raise OSError(f"{path} cannot be written in place.")

    def read(self, path: str) -> bytes:
        """The contents of a file; raises FileNotFoundError."""
        with self.open(path) as file:
            return file.read()


def open_store(log_dir: str | os.PathLike[str]) -> Store:
    """The store of a directory.

    Args:
        log_dir: A path ("~" is expanded), or any URL that fsspec knows, such as "s3://bucket/run1".

    Raises:
        ArgumentError: It is empty or not a path.
        MissingDependencyError: fsspec needs another package for this kind of URL.
    """
    directory = checked_directory(log_dir)
    if is_url(directory):
        from tb_attention.records.store.remote_store import RemoteStore

        return RemoteStore(directory)
    return LocalStore(directory)


def is_url(text: str) -> bool:
    """Whether fsspec opens this: a URL such as "s3://bucket/run1" or "simplecache::s3://bucket/run1".

    Everything else is a path of this machine, whatever characters are in it: "logs/lr=1e-3::bs=32", "a:b", "50%#3".
    """
    return _URL.match(text) is not None


def checked_directory(log_dir: Any) -> str:
    """A run's directory as an absolute path, or a URL as it is ("file://" URLs become paths).

    Raises:
        ArgumentError: It is empty or not a path.
    """
    try:
        text = os.fspath(log_dir)
    except TypeError:
        text = ""
    if not isinstance(text, str) or not text or "\0" in text:
        raise ArgumentError(f"`log_dir` must be a path or a URL. Received: log_dir={log_dir!r}.")
    text = text.removeprefix("file://")
    return text if is_url(text) else os.path.abspath(os.path.expanduser(text))


class LocalStore(Store):
    """A directory of this machine."""

    is_local = True

    def __init__(self, directory: str) -> None:
        self.url = os.path.abspath(os.path.expanduser(directory))

    def entries(self, path: str = "") -> list[Entry]:
        found = []
        try:
            with os.scandir(self._path(path)) as scan:
                for item in scan:
                    # A file may be replaced or moved aside between listing and looking.
                    with contextlib.suppress(FileNotFoundError):
                        found.append(_entry(item.name, item.is_dir(), item.stat()))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(found, key=lambda entry: entry.name)

    def entry(self, path: str) -> Entry | None:
        try:
            stat = os.stat(self._path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _entry(os.path.basename(path), os.path.isdir(self._path(path)), stat)

    def open(self, path: str) -> IO[bytes]:
        return open(self._path(path), "rb")

    def replace(self, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
        target = self._path(path)
        directory = os.path.dirname(target)
        os.makedirs(directory, exist_ok=True)
        temporary = os.path.join(directory, temporary_name(os.path.basename(target)))
        try:
            with open(temporary, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                stat = os.fstat(file.fileno())
            _replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_directory(directory)
        return _entry(os.path.basename(target), False, stat)

    def overwrite(self, path: str, data: bytes) -> None:
        with open(self._path(path), "r+b") as file:
            file.write(data)
            file.truncate()

    def move(self, path: str, target: str) -> None:
        os.makedirs(os.path.dirname(self._path(target)), exist_ok=True)
        os.replace(self._path(path), self._path(target))

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(path))

    def make_new_directory(self, path: str) -> bool:
        os.makedirs(os.path.dirname(self._path(path)), exist_ok=True)
        try:
            os.mkdir(self._path(path))
        except FileExistsError:
            return False
        return True

    def _path(self, path: str) -> str:
        return os.path.join(self.url, *path.split("/")) if path else self.url


def _entry(name: str, is_directory: bool, stat: os.stat_result) -> Entry:
    return Entry(name, is_directory, stat.st_size, stat.st_mtime_ns)


def _replace(temporary: str, target: str) -> None:
    """`os.replace`, again for a moment where Windows refuses because a reader has the old file open."""
    for wait in (0.01, 0.02, 0.05, 0.1, 0.2):
        try:
            os.replace(temporary, target)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    os.replace(temporary, target)


def _sync_directory(directory: str) -> None:
    """Makes a rename last through a power cut, where the system lets directories be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
