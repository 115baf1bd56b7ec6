"""A run directory of this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
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
                    # A file may be moved between listing the directory and reading its size, and a link may lead nowhere.
                    with contextlib.suppress(OSError):
                        found.append(entry_of(item.name, item.stat()))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(filter(None, found), key=lambda entry: entry.name)

    def entry(self, path: str) -> Entry | None:
        try:
            found = os.stat(self._path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return entry_of(os.path.basename(path), found)

    def open(self, path: str) -> IO[bytes]:
        return open(self._path(path), "rb", opener=_open_regular)

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
                written = os.fstat(file.fileno())
            _while_in_use(lambda: os.replace(temporary, target))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_directory(directory)
        return Entry(os.path.basename(target), False, written.st_size, written.st_mtime_ns)

    def create(self, path: str, data: bytes) -> bool:
        target = self._path(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            with open(target, "xb") as file:
                file.write(data)
        except FileExistsError:
            return False
        return True

    def overwrite(self, path: str, data: bytes) -> None:
        with open(self._path(path), "r+b") as file:
            file.write(data)
            file.truncate()

    def append(self, path: str, data: bytes) -> None:
        os.makedirs(os.path.dirname(self._path(path)), exist_ok=True)
        with open(self._path(path), "ab") as file:
            file.write(data)

    def move(self, path: str, target: str) -> None:
        os.makedirs(os.path.dirname(self._path(target)), exist_ok=True)
        _while_in_use(lambda: os.replace(self._path(path), self._path(target)))

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            _while_in_use(lambda: os.unlink(self._path(path)))

    def make_new_directory(self, path: str) -> bool:
        os.makedirs(os.path.dirname(self._path(path)), exist_ok=True)
        try:
            os.mkdir(self._path(path))
        except FileExistsError:
            return False
        return True

    def _path(self, path: str) -> str:
        return os.path.join(self.url, *path.split("/")) if path else self.url


def entry_of(name: str, found: os.stat_result) -> Entry | None:
    """A regular file or a directory; None for a pipe, a socket or a device."""
    is_directory = stat.S_ISDIR(found.st_mode)
    if not is_directory and not stat.S_ISREG(found.st_mode):
        return None
    return Entry(name, is_directory, found.st_size, found.st_mtime_ns)


def _open_regular(path: str, flags: int) -> int:
    """Opens a regular file. To open a pipe would wait for its writer, and some devices have no end."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "Not a regular file", path)
    return descriptor


def _while_in_use(change: Callable[[], None]) -> None:
    """Replaces, moves or removes a file. Tries for 0.4 seconds: Windows refuses while anybody has the file open."""
    for wait in (0.01, 0.02, 0.05, 0.1, 0.2):
        try:
            change()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    change()


def _sync_directory(directory: str) -> None:
    """Makes a rename survive a power cut, where the system can sync directories."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
