"""One run's directory as the server reads it: listed seldom, and never left through a link."""

from __future__ import annotations

import os
from functools import cached_property
from typing import IO

from tb_attention.errors import NotInLogError
from tb_attention.plugin.listings import list_directory
from tb_attention.plugin.remote_directories import remote_directories
from tb_attention.plugin.watched_store import WatchedStore
from tb_attention.records.reading.listing import Listing
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Entry, ReadStore, is_url


class RunStore(ReadStore):
    """Reads the files below a run's directory.

    Args:
        directory: A path or a URL.
    """

    def __init__(self, directory: str) -> None:
        self._store: ReadStore = WatchedStore(directory) if is_url(directory) else open_store(directory)
        self.url = self._store.url
        self.is_local = self._store.is_local
        self._directories: dict[str, str] = {}

    def entries(self, path: str = "") -> Listing:
        """What a directory holds, as it was up to 10 seconds ago, elsewhere up to 30; nothing if a link leads out of the run."""
        if isinstance(self._store, WatchedStore):
            return remote_directories(self._store, path).entries(path)
        return list_directory(os.path.join(self.url, *path.split("/")), lambda: self._is_inside(path))

    def entry(self, path: str) -> Entry | None:
        """One file or directory, or None if it does not exist or a link leads out of the run."""
        return self._store.entry(path) if not self.is_local or self._is_inside(path) else None

    def open(self, path: str) -> IO[bytes]:
        """Opens a file.

        Raises:
            NotInLogError: A link leads out of the run.
            FileNotFoundError: It does not exist (any more).
        """
        if self.is_local and not self._is_inside(path):
            raise NotInLogError(f"{path.rpartition('/')[2]} is a link that leads out of the run; it is not followed.")
        return self._store.open(path)

    def _is_inside(self, path: str) -> bool:
        """Whether no link leads from here out of the run."""
        directory, _, name = path.rpartition("/")
        if directory not in self._directories:
            self._directories[directory] = os.path.realpath(os.path.join(self._root, *directory.split("/")))
        full = os.path.join(self._directories[directory], name)
        # To resolve the path of each file of a directory takes longer than to open it.
        if name in ("", ".", "..") or os.path.islink(full):
            return self._holds(os.path.realpath(full))
        return self._holds(self._directories[directory])

    def _holds(self, real: str) -> bool:
        return real == self._root or real.startswith(self._root.rstrip(os.sep) + os.sep)

    @cached_property
    def _root(self) -> str:
        return os.path.realpath(self.url)
