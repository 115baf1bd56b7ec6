"""One run's directory as the server sees it: listed seldom, and never left through a link."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import IO

from tb_attention.errors import NotInLogError
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.store.local_store import LocalStore
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Entry, Store


class Listing(dict[str, Entry]):
    """What a directory holds, by name. Not to be changed: what follows from it is worked out once."""

    @cached_property
    def steps(self) -> Mapping[paths.Step, Entry]:
        """The step files by step, in order, `init` first."""
        named = [(paths.file_step(name), entry) for name, entry in self.items() if not entry.is_directory]
        found = [(step, entry) for step, entry in named if step is not None]
        return dict(sorted(found, key=lambda pair: paths.step_order(pair[0])))

    @cached_property
    def newest_ns(self) -> int:
        """When a step file was last changed; 0 without any."""
        return max((entry.mtime_ns for entry in self.steps.values()), default=0)

    @cached_property
    def state(self) -> Hashable:
        """Equal for listings with the same step files, by name, size and time; a key for caches."""
        return hash(tuple(self.steps.values()))


# An entry takes some 300 bytes.
_MOST_ENTRIES = 100_000
# Files come into a directory by being renamed, which changes its time, so an unchanged directory is not listed again.
# A file that someone copies into place grows without changing it; hence a limit even then.
_LOCAL_SECONDS = 10.0
# Object stores have no such time, and a listing there costs money and tenths of a second.
_REMOTE_SECONDS = 3.0
# File systems count time in steps of up to 2 seconds: what has just changed may change again within the same one.
_SETTLED_NS = 2_000_000_000

_listings: BoundedCache[Listing] = BoundedCache(_MOST_ENTRIES, weigh=lambda listing: len(listing) + 1)


class RunFolder:
    """Lists and opens what lies below a run's directory.

    Args:
        directory: A path or a URL.
    """

    only_events = False
    """Whether this is made of event files alone, which have no weights."""

    def __init__(self, directory: str) -> None:
        self._store = open_store(directory)

    @property
    def url(self) -> str:
        """Where the run is; with a path below it, a key for caches."""
        return self._store.url

    def entries(self, path: str) -> Listing:
        """What a directory below the run holds, by name; empty if it is not there or a link leads out of the run."""
        key: Hashable
        if self._store.is_local:
            own = self._store.entry(path)
            if own is None or not self._stays_inside(path):
                return Listing()
            if time.time_ns() - own.mtime_ns < _SETTLED_NS:
                return self._list(path)
            key = (self.url, path, own.mtime_ns, int(time.monotonic() / _LOCAL_SECONDS))
        else:
            key = (self.url, path, int(time.monotonic() / _REMOTE_SECONDS))
        return _listings.get(key, lambda: self._list(path))

    def store(self) -> Store:
        """The run's directory for a reader that opens files itself; links that lead out of it are refused."""
        return _Guarded(self) if self._store.is_local else self._store

    def archive(self, path: str) -> Archive:
        """Opens an `.npz` file.

        Raises:
            NotInLogError: A link leads out of the run.
            FileNotFoundError: It is not there (any more).
            DamagedFileError: It is no zip archive.
        """
        self.check(path)
        return Archive(self._store.open(path), path.rpartition("/")[2])

    def slice(self, path: str, offset: int, count: int) -> bytes:
        """At most `count` bytes of a file from `offset`."""
        self.check(path)
        with self._store.open(path) as file:
            file.seek(offset)
            return file.read(count)

    def read(self, path: str, most: int) -> bytes:
        """The contents of a small file; at most `most` bytes are read."""
        return self.slice(path, 0, most)

    def _list(self, path: str) -> Listing:
        return Listing((entry.name, entry) for entry in self._store.entries(path))

    def check(self, path: str) -> None:
        """Raises NotInLogError where a link leads out of the run."""
        if self._store.is_local and not self._stays_inside(path):
            raise NotInLogError(f"{path.rpartition('/')[2]} is a link that leads out of the run; it is not followed.")

    def _stays_inside(self, path: str) -> bool:
        root = os.path.realpath(self._store.url)
        real = os.path.realpath(os.path.join(self._store.url, *path.split("/")))
        return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


class _Guarded(LocalStore):
    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder.url)
        self._folder = folder

    def entries(self, path: str = "") -> list[Entry]:
        return list(self._folder.entries(path).values())

    def open(self, path: str) -> IO[bytes]:
        self._folder.check(path)
        return super().open(path)
