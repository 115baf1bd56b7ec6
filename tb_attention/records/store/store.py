"""A directory that holds runs: what can be done with its files, wherever they are."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import IO, NamedTuple

# A scheme has at least two letters: a single one is a drive of Windows.
_URL = re.compile(r"(?:[A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci"})
"""The schemes of stores of objects."""


class Entry(NamedTuple):
    """A file or directory, as listed.

    Attributes:
        name: The last part of its path.
        is_directory: Whether it is a directory.
        size: Bytes of a file.
        mtime_ns: Time of the last change, in nanoseconds since 1970; 0 where the file system does not say.
    """

    name: str
    is_directory: bool
    size: int = 0
    mtime_ns: int = 0

    @property
    def version(self) -> str:
        """`<mtime>-<size>`, which changes whenever the file does."""
        return f"{self.mtime_ns}-{self.size}"


class ReadStore(ABC):
    """A directory that is read. Paths are relative to it, with "/" between their parts; "" is the directory itself."""

    url: str
    """Where the directory is. It may hold a key: `shown_url` makes it fit for people."""

    is_local: bool
    """Whether it is in the file system of this machine."""

    only_events = False
    """Whether its step files were rebuilt from event files, which hold no weights."""

    @abstractmethod
    def entries(self, path: str = "") -> Collection[Entry]:
        """The files and directories in a directory, sorted by name; none if it does not exist."""

    def tree(self, path: str = "") -> dict[str, list[Entry]]:
        """Every directory below a directory, by its path, with the files and directories in it; `path` too if it exists."""
        found: dict[str, list[Entry]] = {}
        todo = [path]
        while todo:
            directory = todo.pop()
            found[directory] = list(self.entries(directory))
            below = f"{directory}/" if directory else ""
            todo += [below + entry.name for entry in found[directory] if entry.is_directory]
        return found if found[path] else {}

    @abstractmethod
    def entry(self, path: str) -> Entry | None:
        """One file or directory, or None if it does not exist."""

    @abstractmethod
    def open(self, path: str) -> IO[bytes]:
        """Opens a file for reading and seeking; raises FileNotFoundError."""

    def read(self, path: str) -> bytes:
        """The contents of a file; raises FileNotFoundError."""
        with self.open(path) as file:
            return file.read()


class Store(ReadStore):
    """A directory that is read and written."""

    @abstractmethod
    def replace(self, path: str, write: Callable[[IO[bytes]], None]) -> Entry:
        """Writes a whole file or none: a reader sees the old file or the new one, never a part.

        Args:
            path: The file. Its directory is created.
            write: Writes the contents, from front to back, into the file that it is given.
        """

    def append(self, path: str, data: bytes) -> None:
        """Adds to the end of a file, which is created. A store that cannot append writes the whole file again."""
        old = b"" if self.entry(path) is None else self.read(path)

        def write(file: IO[bytes]) -> None:
            file.write(old + data)

        self.replace(path, write)

    @abstractmethod
    def create(self, path: str, data: bytes) -> bool:
        """Writes a file that does not exist; False if it existed. Of several who try at once, one gets True.

        Object stores without conditional writes keep that promise as well as they can. A reader may see half of the file.
        """

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Moves a file and creates the directory of `target`."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Removes a file, if it exists."""

    @abstractmethod
    def make_new_directory(self, path: str) -> bool:
        """Creates a directory; False if it existed. A store without directories, only with prefixes, never says False."""

    def overwrite(self, path: str, data: bytes) -> None:
        """Overwrites an existing file in place: for a disk that is full, and a file that readers may see half written."""
        raise OSError(f"{path} cannot be written in place.")


def is_url(text: str) -> bool:
    """Whether fsspec opens this: a URL such as "s3://bucket/run1" or "simplecache::s3://bucket/run1".

    Everything else is a path on this machine, whatever characters it has: "logs/lr=1e-3::bs=32", "a:b", "50%#3".
    """
    return _URL.match(text) is not None


def is_object_store(url: str) -> bool:
    """Whether a URL is that of a store of objects by key, which has no directories: S3, Google's, Azure's and the like."""
    return url.partition("://")[0] in OBJECT_STORES
