"""Writes one attempt of one series: the training thread hands steps over, a daemon thread encodes and writes them."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any

from tb_attention.errors import AttentionError, LogError
from tb_attention.records.format import paths, status
from tb_attention.records.format.confusion_file import confusion_members
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.npz import write_npz
from tb_attention.records.format.paths import Step
from tb_attention.records.format.samples_file import content_hash, samples_members
from tb_attention.records.format.site_maps import Masks
from tb_attention.records.format.step_file import attention_members, digest
from tb_attention.records.format.step_record import AnyRecord, ConfusionRecord, StepRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store
from tb_attention.records.writing.background import Background
from tb_attention.records.writing.budget import superfluous
from tb_attention.records.writing.index_writer import IndexWriter
from tb_attention.records.writing.sizes import StepBytes, spell_bytes
from tb_attention.records.writing.summaries import Summaries, summaries_of

# Who reads them raises the first; a disk that stays full must not fill the memory.
_MOST_FAILURES = 1000

OnFailure = Callable[[Step, BaseException], None]


class SeriesWriter:
    """Writes the steps of one attempt. Nothing is opened, made or started before the first write.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: The series.
        attempt: From `start_attempt`.
        on_failure: Called in the writer's thread with a step that could not be written, and why.
        summaries: Whether the event file gets an overview of each step; by default it does.
        max_bytes: Bytes that step files may take together. Beyond, steps are removed as `budget.superfluous` says, but never the
            best and the restored one of the status. None, the default, for any number.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        attempt: int,
        *,
        on_failure: OnFailure | None = None,
        summaries: bool = True,
        max_bytes: int | None = None,
    ) -> None:
        self.tag = tag
        self.attempt = attempt
        self.failures: list[tuple[Step | None, BaseException]] = []
        """Steps that could not be written, and why; None for index, status and event file, without which every step is there."""
        self.first_step: StepBytes | None = None
        """What the first step took on disk that this writer wrote; None until then."""
        self._log_dir = os.fspath(log_dir)
        self._directory = f"{paths.ROOT}/{paths.tag_folder(tag)}/{attempt}"
        self._on_failure = on_failure
        self._max_bytes = max_bytes
        self._sizes: dict[Step, int] | None = None
        self._samples: dict[str, Samples] = {}
        self._examples: dict[Step, tuple[str, int]] = {}
        self._store: Store | None = None
        self._index: IndexWriter | None = None
        self._with_summaries = summaries
        self._summaries: Summaries | None = None
        self._notes: list[str] = []
        self._status: dict[str, Any] | None = None
        self._thinned = 0
        self._beside_bytes = 0
        self._samples_bytes = 0
        self._background = Background(self._note_failure, on_idle=self._flush, on_exit=self._say_stopped)

    def write_samples(self, samples: Samples) -> str:
        """Takes what is fed in, and returns the name by which steps refer to it. It is written before the first such step."""
        name = paths.samples_file(content_hash(samples_members(samples)))
        self._samples[name] = samples
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

    @property
    def thinned(self) -> dict[str, Any] | None:
        """What was removed for the budget, as in the status; None for nothing."""
        before = ((self._status or {}).get("thinned") or {}).get("steps", 0)
        steps = before + self._thinned
        return {"steps": steps, "max_bytes": self._max_bytes} if steps else None

    def drain(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Waits until all is written; False if that, or a single step, took longer than `timeout` or `stall` seconds."""
        return self._background.drain(timeout, stall)

    def close(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Writes what waits, and ends the thread; a later step starts it again. Returns as `drain` does."""
        return self._background.close(timeout, stall)

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
        self._beside_bytes = self._samples_bytes = 0
        if isinstance(record, ConfusionRecord):
            entry = self._write_matrices(store, path, record)
        else:
            entry = self._write_maps(store, path, record)
        try:
            assert self._index is not None
            self._index.add(entry)
            self._beside_bytes += self._index.entry_bytes
            self._thin(store, record.step, entry.file.size)
        except Exception as error:
            self._note_failure(error)
        if self.first_step is None:
            self.first_step = StepBytes(entry.file.size, self._beside_bytes, self._samples_bytes)

    def _write_matrices(self, store: Store, path: str, record: ConfusionRecord) -> StepEntry:
        name, made = None, None
        if record.examples is not None:
            # Other examples at every step: unlike tracked samples they are not held.
            name = self._write_examples(store, record.step, record.examples.samples)
            if record.examples.maps is not None:
                maps = dataclasses.replace(record.examples.maps, samples=name)
                made = digest(maps, self.tag, self.attempt)
        manifest, members = confusion_members(record, self.tag, self.attempt, name, made)
        entry = StepEntry(manifest, store.replace(path, lambda file: write_npz(file, members)))
        self._beside(lambda summaries: summaries.add_matrices(record, manifest, entry.file.name))
        self._beside(lambda summaries: summaries.add_beside(self.tag, record))
        return entry

    def _write_examples(self, store: Store, step: Step, samples: Samples) -> str:
        members = samples_members(samples)
        name = paths.samples_file(content_hash(members))
        path = f"{self._directory}/{name}"
        entry = store.entry(path) or store.replace(path, lambda file: write_npz(file, members))
        self._examples[step] = (name, entry.size)
        self._samples_bytes = entry.size
        return name

    def _write_maps(self, store: Store, path: str, record: StepRecord) -> StepEntry:
        masks = self._write_samples(store, record.samples) if record.samples is not None else {}
        made = digest(record, self.tag, self.attempt, masks)
        file = store.replace(path, lambda file: write_npz(file, attention_members(record, made)))
        self._beside(lambda summaries: summaries.add_maps(made, file.name))
        return StepEntry(made.manifest, file, made.measures)

    def _write_samples(self, store: Store, name: str) -> Masks:
        """Writes samples that are not there; somebody may have emptied the directory since the last step."""
        samples = self._samples.get(name)
        if samples is None:
            return {}
        path = f"{self._directory}/{name}"
        if store.entry(path) is None:
            self._samples_bytes = store.replace(path, lambda file: write_npz(file, samples_members(samples))).size
        return samples.masks

    def _thin(self, store: Store, step: Step, size: int) -> None:
        """Removes steps that are too many for the budget."""
        if self._max_bytes is None:
            return
        if self._sizes is None:
            found = ((paths.file_step(entry.name), entry.size) for entry in store.entries(self._directory))
            self._sizes = {known: bytes_ for known, bytes_ in found if known is not None}
        # Examples are files of their own, which go with their step.
        self._sizes[step] = size + self._examples.get(step, ("", 0))[1]
        if sum(self._sizes.values()) <= self._max_bytes:
            return
        told = self._status or {}
        marked: set[Any] = {mark["step"] for mark in [told.get("best")] if mark} | {told.get("restored")}
        removed = superfluous(self._sizes, self._max_bytes, marked)
        for each in removed:
            store.remove(f"{self._directory}/{paths.step_file(each)}")
            del self._sizes[each]
            name, _ = self._examples.pop(each, ("", 0))
            if name and name not in (other for other, _ in self._examples.values()):
                store.remove(f"{self._directory}/{name}")
        if removed:
            assert self._index is not None
            self._index.forget({paths.step_file(each) for each in removed})
            self._thinned += len(removed)

    def _beside(self, add: Callable[[Summaries], int]) -> None:
        """Adds to the event file; the step itself is safe whatever happens there."""
        if not self._with_summaries:
            return
        try:
            if self._summaries is None:
                self._summaries = summaries_of(self._opened())
                self._tell_foreign(self._summaries.foreign)
            self._beside_bytes += add(self._summaries)
        except Exception as error:
            self._note_failure(error)

    def _tell_foreign(self, name: str | None) -> None:
        if name is not None:
            self._notes.append(
                f"The event file has no overviews of attention: {name}, of another program, is in the same directory."
            )

    def _write_status(self, fields: dict[str, Any]) -> None:
        notes = [*fields["notes"], *self._notes]
        thinned = self.thinned
        if thinned is not None:
            fields = fields | {"thinned": thinned}
            notes.append(
                f"{thinned['steps']} steps were removed to stay below {spell_bytes(self._max_bytes or 0)} (max_bytes): the "
                "first, the last and the best stay, and the fewer of the others the older they are."
            )
        status.write_status(self._opened(), self._directory, fields | {"notes": notes})

    def _say_stopped(self) -> None:
        """The process ends while nobody has said that training is finished."""
        if self._status is not None and self._status["state"] == "running":
            self.write_status(state="stopped")

    def _flush(self) -> None:
        if self._index is not None:
            self._index.flush()
        if self._summaries is not None:
            self._summaries.flush()

    def _note_failure(self, error: Exception) -> None:
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((None, _without_frames(error)))

    def _fail(self, step: Step, error: Exception) -> None:
        ours = isinstance(error, AttentionError | OSError)
        known = _without_frames(error if ours else LogError(f"{type(error).__name__}: {error}"))
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((step, known))
        if self._on_failure is not None:
            self._on_failure(step, known)


def _without_frames(error: Exception) -> Exception:
    """The error without its traceback: the frames of that hold the arrays of the step."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
