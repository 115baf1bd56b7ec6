"""Keeps the index of an attempt while its steps are written."""

from __future__ import annotations

import time
from collections.abc import Collection

from tb_attention.records.format import paths
from tb_attention.records.format.index import SEGMENT, StepEntry, index_members
from tb_attention.records.format.npz import write_npz
from tb_attention.records.reading.opened_attempt import open_attempt
from tb_attention.records.store.store import Store

# A segment is rewritten each time; readers read steps that it lacks from their files.
_SECONDS = 2.0


class IndexWriter:
    """The index of one attempt. Not safe to call from several threads at once.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run.
    """

    def __init__(self, store: Store, directory: str) -> None:
        self._store = store
        self._directory = directory
        self._last: list[StepEntry] | None = None
        self._name = ""
        self._written = float("-inf")
        self._fresh = True
        self._forgotten = 0
        self._bytes = 0

    @property
    def entry_bytes(self) -> int:
        """Bytes that a step takes in the segment that was written last, about."""
        return self._bytes // max(1, len(self._last or ()))

    def add(self, entry: StepEntry) -> None:
        """Adds a step that was just written; the file is written when it is full or 2 s old."""
        if self._last is None:
            self._rebuild()
        elif self._is_next(entry):
            self._append(entry)
        elif not self._replace(entry):
            self._rebuild()
        self._fresh = False
        if self._last is not None and (len(self._last) == SEGMENT or time.monotonic() - self._written >= _SECONDS):
            self.flush()

    def forget(self, names: Collection[str]) -> None:
        """Removes steps whose files were removed. Earlier segments keep their entries until there are many."""
        self._forgotten += len(names)
        if self._last is not None:
            self._last = [entry for entry in self._last if entry.file.name not in names]
            self._fresh = False
        if self._forgotten >= SEGMENT:
            self._rebuild()

    def flush(self) -> None:
        """Writes the last segment if it has changed."""
        if self._last and not self._fresh:
            self._write(self._name, self._last)
        self._fresh = True

    def _is_next(self, entry: StepEntry) -> bool:
        return not self._last or _order(entry) > _order(self._last[-1])

    def _append(self, entry: StepEntry) -> None:
        assert self._last is not None
        if len(self._last) == SEGMENT:
            self.flush()
            self._last = []
        if not self._last:
            self._name = paths.index_file(entry.manifest.step)
        self._last.append(entry)

    def _replace(self, entry: StepEntry) -> bool:
        """Replaces the entry of a step that was written again; False where that is in an earlier segment."""
        assert self._last is not None
        for index, old in enumerate(self._last):
            if _order(old) == _order(entry):
                self._last[index] = entry
                return True
        return False

    def _rebuild(self) -> None:
        """Rebuilds the segments from the files of the directory, and writes those that differ."""
        listing = open_attempt(self._store, self._directory).list_steps(with_measures=True)
        segments = [list(listing.entries[at : at + SEGMENT]) for at in range(0, len(listing.entries), SEGMENT)]
        names = [paths.index_file(segment[0].manifest.step) for segment in segments]
        for file in self._store.entries(self._directory):
            if paths.is_index_file(file.name) and file.name not in names:
                self._store.remove(f"{self._directory}/{file.name}")
        for name, segment in zip(names[:-1], segments[:-1], strict=True):
            if self._forgotten or not all(entry.file.name in listing.indexed for entry in segment):
                self._write(name, segment)
        self._forgotten = 0
        self._last = segments[-1] if segments else []
        self._name = names[-1] if names else ""

    def _write(self, name: str, entries: list[StepEntry]) -> None:
        members = index_members(entries)
        self._bytes = self._store.replace(f"{self._directory}/{name}", lambda file: write_npz(file, members)).size
        self._written = time.monotonic()


def _order(entry: StepEntry) -> int:
    return paths.step_order(entry.manifest.step)
