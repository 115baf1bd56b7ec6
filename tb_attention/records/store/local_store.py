"""A run directory of this machine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import IO

from tb_attention.records.store.leftovers import temporary_name
from tb_attention.records.store.store import Entry, Store


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
                    # A file may be replaced or moved between listing the directory and reading its size.
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
    """`os.replace`, tried again for 0.4 seconds: Windows refuses while a reader has the old file open."""
    for wait in (0.01, 0.02, 0.05, 0.1, 0.2):
        try:
            os.replace(temporary, target)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    os.replace(temporary, target)


def _sync_directory(directory: str) -> None:
    """Makes a rename survive a power cut, where the system can sync directories."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
