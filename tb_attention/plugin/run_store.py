"""One run's directory as the server reads it: listed seldom, and never left through a link."""

from __future__ import annotations

import os
import threading
import time
from functools import cached_property
from typing import IO

from cachetools import LRUCache, cached

from tb_attention.errors import NotInLogError
from tb_attention.plugin.watched_store import WatchedStore
from tb_attention.records.reading.opened_attempt import Listing
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Entry, ReadStore, is_url

# An entry takes some 300 bytes.
_MOST_ENTRIES = 100_000
# The writer renames files into a directory, which changes its time, so an unchanged directory is not listed again.
# A file that is copied into a directory grows without changing that time; hence a limit even then.
_LOCAL_SECONDS = 10.0
# Object stores have no such time, and a listing there costs money and tenths of a second.
_REMOTE_SECONDS = 3.0
# File systems count time in steps of up to 2 seconds: what has just changed may change again within the same one.
_SETTLED_NS = 2_000_000_000


@cached(
    LRUCache(_MOST_ENTRIES, getsizeof=lambda listing: len(listing) + 1),
    key=lambda store, path, when: (store.url, path, when),
    lock=threading.Lock(),
)
def _list(store: ReadStore, path: str, when: tuple[int, ...]) -> Listing:
    """A listing; `when` distinguishes it from earlier and later ones."""
    return Listing(store.entries(path))


class RunStore(ReadStore):
    """Reads the files below a run's directory.

    Args:
        directory: A path or a URL.
    """

    def __init__(self, directory: str) -> None:
        self._store: ReadStore = WatchedStore(directory) if is_url(directory) else open_store(directory)
        self.url = self._store.url
        self.is_local = self._store.is_local

    def entries(self, path: str = "") -> Listing:
        """What a directory holds, as it was a few seconds ago at most; nothing if a link leads out of the run."""
        if not self.is_local:
            return _list(self._store, path, (int(time.monotonic() / _REMOTE_SECONDS),))
        real = self._inside(path)
        try:
            changed = 0 if real is None else os.stat(real).st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            real = None
        if real is None:
            return Listing()
        if time.time_ns() - changed < _SETTLED_NS:
            return Listing(self._store.entries(path))
        return _list(self._store, path, (changed, int(time.monotonic() / _LOCAL_SECONDS)))

    def entry(self, path: str) -> Entry | None:
        """One file or directory, or None if it does not exist or a link leads out of the run."""
        return self._store.entry(path) if not self.is_local or self._inside(path) else None

    def open(self, path: str) -> IO[bytes]:
        """Opens a file.

        Raises:
            NotInLogError: A link leads out of the run.
            FileNotFoundError: It does not exist (any more).
        """
        if self.is_local and not self._inside(path):
            raise NotInLogError(f"{path.rpartition('/')[2]} is a link that leads out of the run; it is not followed.")
        return self._store.open(path)

    def _inside(self, path: str) -> str | None:
        """The real path of a file or directory; None if a link leads out of the run."""
        real = os.path.realpath(os.path.join(self._root, *path.split("/")))
        return real if real == self._root or real.startswith(self._root.rstrip(os.sep) + os.sep) else None

    @cached_property
    def _root(self) -> str:
        return os.path.realpath(self.url)
