"""Directories of other machines, listed seldom: each time costs money and tenths of a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from cachetools import LRUCache

from tb_attention.errors import UnreachableError
from tb_attention.plugin.watched_store import WatchedStore
from tb_attention.records.format import paths
from tb_attention.records.reading.listing import Listing

# They do not say when they changed. So they are listed when the last time is so long ago, and twice as long after each time
# that found nothing new.
_SECONDS = 3.0
_LONGEST = 30.0
_MOST = 5_000


class RemoteDirectories:
    """A directory and those below it, as they were when they were listed last. Safe to call from several threads.

    Args:
        store: Of the run.
        root: The directory, below the run.
    """

    def __init__(self, store: WatchedStore, root: str) -> None:
        self._store = store
        self._root = root
        self._lock = threading.Lock()
        self._known: dict[str, Listing] | None = None
        self._state: Hashable = None
        self._pause = _SECONDS
        self._due = 0.0

    def entries(self, path: str) -> Listing:
        """What one of the directories holds; nothing if it does not exist.

        Raises:
            UnreachableError: The place cannot be reached, and nothing was listed before.
        """
        # Who comes while another lists gets what was known, if anything was.
        if time.monotonic() >= self._due and self._lock.acquire(blocking=self._known is None):
            try:
                if time.monotonic() >= self._due:
                    self._list()
            finally:
                self._lock.release()
        return (self._known or {}).get(path, Listing())

    def _list(self) -> None:
        try:
            found = {path: Listing(entries) for path, entries in self._store.tree(self._root).items()}
        except UnreachableError:
            if self._known is None:
                raise
            return  # a place that fails is asked seldom already
        state = hash(frozenset((path, listing.state, _others(listing)) for path, listing in found.items()))
        self._pause = min(_LONGEST, 2 * self._pause) if state == self._state else _SECONDS
        self._known, self._state = found, state
        self._due = time.monotonic() + self._pause


def remote_directories(store: WatchedStore, path: str) -> RemoteDirectories:
    """Those that a directory of a run is listed with, the same object for all requests."""
    below = path == paths.ROOT or path.startswith(f"{paths.ROOT}/")
    root = paths.ROOT if below and store.lists_trees else path
    key = (store.url, root)
    with _lock:
        if key not in _directories:
            _directories[key] = RemoteDirectories(store, root)
        return _directories[key]


def _others(listing: Listing) -> Hashable:
    """What else changes a run. A lease beats every half minute while nothing happens."""
    return tuple(entry for entry in listing.rest if paths.lease_number(entry.name) is None)


_directories: LRUCache[tuple[str, str], RemoteDirectories] = LRUCache(_MOST)
_lock = threading.Lock()
