"""The files of one attempt of a series: its steps, their samples and the index, within a budget of bytes."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Collection
from functools import cached_property
from typing import Any, NamedTuple

from tb_attention.records.format import paths
from tb_attention.records.format.confusion_file import confusion_members
from tb_attention.records.format.digest import Digest, digest
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.npz import write_npz
from tb_attention.records.format.paths import Step
from tb_attention.records.format.samples_file import content_hash, samples_members
from tb_attention.records.format.step_file import attention_members
from tb_attention.records.format.step_record import AnyRecord, ConfusionRecord, StepRecord
from tb_attention.records.reading.series import folder_of
from tb_attention.records.samples.samples import Samples
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store
from tb_attention.records.writing.budget import StepSizes
from tb_attention.records.writing.index_writer import IndexWriter


class WrittenStep(NamedTuple):
    """A step that is on disk.

    Attributes:
        entry: Its entry in the index.
        made: What was computed of its maps; None for a step of matrices.
        samples: Bytes of the samples that were written for it.
    """

    entry: StepEntry
    made: Digest | None
    samples: int


class AttemptFiles:
    """Writes the files of an attempt. Opens nothing before the first write. Not safe to call from several threads at once.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag, attempt: The series and its attempt.
        max_bytes: Bytes that step files may take together; None for no limit.
    """

    def __init__(self, log_dir: str | os.PathLike[str], tag: str, attempt: int, max_bytes: int | None) -> None:
        self._log_dir = os.fspath(log_dir)
        self._tag = tag
        self._attempt = attempt
        self._max_bytes = max_bytes
        self._samples: dict[str, Samples] = {}
        self._examples: dict[Step, tuple[str, int]] = {}
        self._uses: Counter[str] = Counter()
        self._sizes: StepSizes | None = None
        self._store: Store | None = None
        self._index: IndexWriter | None = None

    @property
    def store(self) -> Store:
        """The run's directory."""
        if self._store is None:
            self._store = open_store(self._log_dir)
        return self._store

    @cached_property
    def directory(self) -> str:
        """The directory of the attempt, below the run."""
        return paths.attempt_directory(folder_of(self.store, self._tag), self._attempt)

    def hold_samples(self, samples: Samples) -> str:
        """Keeps samples for the first step that refers to them, and returns the name by which steps do."""
        name = paths.samples_file(content_hash(samples_members(samples)))
        self._samples[name] = samples
        return name

    def write(self, record: AnyRecord) -> WrittenStep:
        """Writes a step and its samples."""
        return self._write_matrices(record) if isinstance(record, ConfusionRecord) else self._write_maps(record)

    def add_to_index(self, entry: StepEntry) -> None:
        """Adds a written step to the index."""
        if self._index is None:
            self._index = IndexWriter(self.store, self.directory)
        self._index.add(entry)

    def entry_bytes(self) -> int:
        """About how many bytes each further step adds to the index."""
        return 0 if self._index is None else self._index.entry_bytes()

    def thin(self, entry: StepEntry, kept: Collection[Any]) -> int:
        """Removes steps that are too many for the budget, now that another one is written; returns how many.

        Args:
            entry: Of the written step.
            kept: Steps that must stay, besides the first and the last one.
        """
        if self._max_bytes is None:
            return 0
        if self._sizes is None:
            found = ((paths.file_step(file.name), file.size) for file in self.store.entries(self.directory))
            self._sizes = StepSizes({known: size for known, size in found if known is not None})
        step = entry.manifest.step
        # Examples are in separate files, which are removed with their step.
        self._sizes[step] = entry.file.size + self._examples.get(step, ("", 0))[1]
        removed = self._sizes.superfluous(self._max_bytes, kept)
        for each in removed:
            self.store.remove(self._path(paths.step_file(each)))
            del self._sizes[each]
            name, _ = self._examples.pop(each, ("", 0))
            self._uses[name] -= 1
            if name and not self._uses[name]:
                self.store.remove(self._path(name))
            if self._index is not None:
                self._index.forget(each)
        return len(removed)

    def flush(self) -> None:
        """Writes what the index file does not have yet."""
        if self._index is not None:
            self._index.flush()

    def _path(self, name: str) -> str:
        return f"{self.directory}/{name}"

    def _write_maps(self, record: StepRecord) -> WrittenStep:
        samples = None if record.samples is None else self._samples.get(record.samples)
        written = 0 if samples is None else self._write_samples(str(record.samples), samples)
        made = digest(record, self._tag, self._attempt, {} if samples is None else samples.masks)
        path = self._path(paths.step_file(record.step))
        file = self.store.replace(path, lambda file: write_npz(file, attention_members(record, made)))
        return WrittenStep(StepEntry(made.manifest, file, made.measures), made, written)

    def _write_samples(self, name: str, samples: Samples) -> int:
        """Writes samples that are not there: somebody may have emptied the directory since the last step."""
        path = self._path(name)
        if self.store.entry(path) is not None:
            return 0
        return self.store.replace(path, lambda file: write_npz(file, samples_members(samples))).size

    def _write_matrices(self, record: ConfusionRecord) -> WrittenStep:
        name, made = None, None
        if record.examples is not None:
            # Other examples at every step: unlike tracked samples they are not held.
            name = self._write_examples(record.step, record.examples.samples)
            if record.examples.maps is not None:
                made = digest(dataclasses.replace(record.examples.maps, samples=name), self._tag, self._attempt)
        manifest, members = confusion_members(record, self._tag, self._attempt, name, made)
        file = self.store.replace(self._path(paths.step_file(record.step)), lambda file: write_npz(file, members))
        return WrittenStep(StepEntry(manifest, file), None, self._examples.get(record.step, ("", 0))[1])

    def _write_examples(self, step: Step, samples: Samples) -> str:
        members = samples_members(samples)
        name = paths.samples_file(content_hash(members))
        path = self._path(name)
        file = self.store.entry(path) or self.store.replace(path, lambda file: write_npz(file, members))
        # A step that is written again has other examples now.
        self._uses[self._examples.get(step, ("", 0))[0]] -= 1
        self._uses[name] += 1
        self._examples[step] = (name, file.size)
        return name
