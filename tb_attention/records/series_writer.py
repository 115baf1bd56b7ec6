"""Writes one attempt of one series: the training thread hands steps over, a daemon thread encodes and writes them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from tb_attention.errors import AttentionError, LogError
from tb_attention.records import paths, status
from tb_attention.records.background import Background
from tb_attention.records.index import StepEntry
from tb_attention.records.index_writer import IndexWriter
from tb_attention.records.npz import write_npz
from tb_attention.records.paths import Step
from tb_attention.records.samples import Samples
from tb_attention.records.samples_file import content_hash, samples_members
from tb_attention.records.site_maps import Masks
from tb_attention.records.step_file import attention_members, confusion_members, digest
from tb_attention.records.step_record import AnyRecord, ConfusionRecord, StepRecord
from tb_attention.records.store import Store, open_store
from tb_attention.records.summaries import Summaries, summaries_of

OnFailure = Callable[[Step, BaseException], None]


class SeriesWriter:
    """Writes the steps of one attempt. Nothing is opened, made or started before the first write.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: The series.
        attempt: From `start_attempt`.
        on_failure: Called in the writer's thread with a step that could not be written, and why.
        summaries: Whether the event file gets an overview of each step; by default it does.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        attempt: int,
        *,
        on_failure: OnFailure | None = None,
        summaries: bool = True,
    ) -> None:
        self.tag = tag
        self.attempt = attempt
        self.failures: list[tuple[Step | None, BaseException]] = []
        """Steps that could not be written, and why; None for index, status and event file, without which every step is there."""
        self._log_dir = os.fspath(log_dir)
        self._directory = f"{paths.ROOT}/{paths.tag_folder(tag)}/{attempt}"
        self._on_failure = on_failure
        self._masks: dict[str, Masks] = {}
        self._store: Store | None = None
        self._index: IndexWriter | None = None
        self._with_summaries = summaries
        self._summaries: Summaries | None = None
        self._notes: list[str] = []
        self._status: dict[str, Any] | None = None
        self._background = Background(self._note_failure)

    def write_samples(self, samples: Samples) -> str:
        """Writes what is fed in, at once, and returns the name by which steps refer to it."""
        store = self._opened()
        members = samples_members(samples)
        name = paths.samples_file(content_hash(members))
        path = f"{self._directory}/{name}"
        if store.entry(path) is None:
            store.replace(path, lambda file: write_npz(file, members))
        self._masks[name] = samples.masks
        return name

    def submit(self, record: AnyRecord, timeout: float | None = None) -> bool:
        """Queues a step. Its arrays must not be changed afterwards.

        Args:
            record: Of maps or of matrices.
            timeout: Seconds to wait while the queue is full; for ever by default.

        Returns:
            False if there was no room in time: the step is not written.
        """
        return self._background.put(lambda: self._write(record), record.nbytes, timeout)

    def write_status(self, **fields: Any) -> None:
        """Updates the status file with some of the fields of docs/format.md; never waits."""
        self._status = {**(self._status or status.first_status()), "updated": time.time(), **fields}
        told = dict(self._status)
        self._background.put_latest(lambda: self._write_status(told))

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until all is written; False if that took longer than `timeout` seconds."""
        self._background.put(self._flush, timeout=timeout)
        return self._background.drain(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Writes what waits, and ends the thread; a later step starts it again. Returns as `drain` does."""
        if self._store is None and self._background.idle:
            return True
        self.drain(timeout)
        return self._background.close(timeout)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = open_store(self._log_dir)
            self._index = IndexWriter(self._store, self._directory)
        return self._store

    def _write(self, record: AnyRecord) -> None:
        try:
            self._write_step(record)
        except Exception as error:
            self._fail(record.step, error)

    def _write_step(self, record: AnyRecord) -> None:
        store = self._opened()
        path = f"{self._directory}/{paths.step_file(record.step)}"
        if isinstance(record, ConfusionRecord):
            manifest, members = confusion_members(record, self.tag, self.attempt)
            entry = StepEntry(manifest, store.replace(path, lambda file: write_npz(file, members)))
            self._beside(lambda summaries: summaries.add_matrices(record, manifest, entry.file.name))
        else:
            entry = self._write_maps(store, path, record)
        try:
            assert self._index is not None
            self._index.add(entry)
        except Exception as error:
            self._note_failure(error)

    def _write_maps(self, store: Store, path: str, record: StepRecord) -> StepEntry:
        made = digest(record, self.tag, self.attempt, self._masks.get(record.samples or "", {}))
        file = store.replace(path, lambda file: write_npz(file, attention_members(record, made)))
        self._beside(lambda summaries: summaries.add_maps(made, file.name))
        return StepEntry(made.manifest, file, made.measures)

    def _beside(self, add: Callable[[Summaries], None]) -> None:
        """Adds to the event file; the step itself is safe whatever happens there."""
        if not self._with_summaries:
            return
        try:
            if self._summaries is None:
                self._summaries = summaries_of(self._opened())
                self._tell_foreign(self._summaries.foreign)
            add(self._summaries)
        except Exception as error:
            self._note_failure(error)

    def _tell_foreign(self, name: str | None) -> None:
        if name is not None:
            self._notes.append(
                f"The event file has no overviews of attention: {name}, of another program, is in the same directory."
            )

    def _write_status(self, fields: dict[str, Any]) -> None:
        notes = [*fields["notes"], *self._notes]
        status.write_status(self._opened(), self._directory, fields | {"notes": notes})

    def _flush(self) -> None:
        if self._index is not None:
            self._index.flush()
        if self._summaries is not None:
            self._summaries.flush()

    def _note_failure(self, error: Exception) -> None:
        self.failures.append((None, error))

    def _fail(self, step: Step, error: Exception) -> None:
        known = error if isinstance(error, AttentionError | OSError) else LogError(f"{type(error).__name__}: {error}")
        self.failures.append((step, known))
        if self._on_failure is not None:
            self._on_failure(step, known)
