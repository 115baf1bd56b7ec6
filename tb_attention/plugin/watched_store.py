"""A directory of another machine as the server reads it: a place that fails does not hold requests up."""

from __future__ import annotations

import threading
from typing import IO, cast

from cachetools import LRUCache

from tb_attention.errors import UnreachableError
from tb_attention.plugin.places import place_at
from tb_attention.records.reading.listing import Listing
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import ReachedFile
from tb_attention.records.store.store import Entry, ReadStore, Store, is_object_store

# An entry takes some 300 bytes.
_MOST_ENTRIES = 50_000

_last_known: LRUCache[tuple[str, str], Listing] = LRUCache(_MOST_ENTRIES, getsizeof=lambda listing: len(listing) + 1)
_lock = threading.Lock()


class WatchedStore(ReadStore):
    """Reads from another machine. While that cannot be reached, directories are as they were when they were listed last.

    Args:
        url: Of the directory. It is opened when it is read first, which may take as long as any other question.
    """

    is_local = False

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._place = place_at(url)
        self._opened: Store | None = None
        self.lists_trees = is_object_store(url)
        """Whether a directory with all below it takes no more requests than the directory alone."""

    def entries(self, path: str = "") -> Listing:
        """What a directory holds, or held.

        Raises:
            UnreachableError: The place cannot be reached, and the directory was not listed before.
        """
        key = (self.url, path)
        try:
            listing = self._place.ask(lambda: Listing(self._store().entries(path)))
        except UnreachableError:
            with _lock:
                known = _last_known.get(key)
            if known is None:
                raise
            return known
        with _lock:
            if len(listing) < _MOST_ENTRIES:
                _last_known[key] = listing
        return listing

    def tree(self, path: str = "") -> dict[str, list[Entry]]:
        """A directory and those below it, where that takes no more requests; else only the directory.

        Raises:
            UnreachableError: The place cannot be reached.
        """
        if not self.lists_trees:
            return {path: list(self._place.ask(lambda: self._store().entries(path)))}
        return self._place.ask(lambda: self._store().tree(path))

    def entry(self, path: str) -> Entry | None:
        """One file or directory, or None."""
        return self._place.ask(lambda: self._store().entry(path), of_file=True)

    def open(self, path: str) -> IO[bytes]:
        """Opens a file."""
        file = self._place.ask(lambda: self._store().open(path), of_file=True)
        return cast("IO[bytes]", ReachedFile(file, self._place.watch))

    def _store(self) -> Store:
        if self._opened is None:
            self._opened = open_store(self.url)
        return self._opened
