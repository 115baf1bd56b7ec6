"""One attempt of a series: its files, listed once, and the steps in them, read from the index where that agrees."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tb_attention.errors import DamagedFileError, LogError, NotInLogError, UnreachableError
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry, read_index
from tb_attention.records.format.npz import int64_array
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, StepManifest, read_manifest
from tb_attention.records.format.step_file import read_measures
from tb_attention.records.reading.listing import Listing, StepFiles, place_files
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.records.store.store import Entry, ReadStore

# To open so few step files takes no longer than to decode the index.
_FEW = 3


@dataclass(frozen=True)
class Damaged:
    """A step file that cannot be read, and why."""

    file: str
    step: Step
    reason: str


@dataclass(frozen=True, eq=False)
class StepList:
    """The steps of an attempt.

    Attributes:
        entries: Steps that can be read, "init" first, then by number.
        damaged: Steps that cannot be read, or that a newer version wrote.
        indexed: Names of the step files whose index entries agreed.
    """

    entries: tuple[StepEntry, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    indexed: frozenset[str] = frozenset()

    def find(self, step: Step) -> StepEntry | None:
        """The entry of a step, or None."""
        return next((entry for entry in self.entries if entry.manifest.step == step), None)


@dataclass(frozen=True, eq=False)
class OpenedAttempt:
    """One attempt of one series, as it was when it was opened.

    Attributes:
        store: Of the run.
        directory: `plugins/attention/<tag>/<attempt>`, below the run.
        files: The files of that directory.
    """

    store: ReadStore
    directory: str
    files: Listing

    @property
    def number(self) -> int:
        """The attempt, from 1."""
        return int(self.directory.rpartition("/")[2])

    @property
    def steps(self) -> StepFiles:
        """The step files by step, "init" first; some may be damaged."""
        return self.files.steps

    @property
    def version(self) -> str:
        """Changes whenever a step is added, replaced or moved aside."""
        return f"{self.files.newest_ns}-{len(self.steps)}-{self.number}"

    def path(self, name: str) -> str:
        """The path of a file of this attempt, below the run."""
        return f"{self.directory}/{name}"

    def key(self, file: Entry) -> Hashable:
        """A cache key for one version of a file."""
        return self.store.url, self.directory, file

    def open(self, name: str) -> Archive:
        """Opens an `.npz` file.

        Raises:
            FileNotFoundError: It does not exist, or was moved aside since the listing.
            DamagedFileError: It is not a zip archive.
        """
        return Archive(self.store.open(self.path(name)), name)

    def step_file(self, step: Step) -> Entry:
        """The file of a step.

        Raises:
            NotInLogError: There is no such step.
        """
        if step not in self.steps:
            raise NotInLogError(f"There is no such step. Received: step={step}. Steps: {first_names(self.steps)}.")
        return self.steps[step]

    def samples_file(self, name: str) -> Entry:
        """The samples file with a name (without ".npz").

        Raises:
            NotInLogError: There is no such file.
        """
        file = f"{name}.npz"
        if not paths.is_samples_file(file) or file not in self.files.others:
            raise NotInLogError(f"There are no such samples. Received: set={name}.")
        return self.files.others[file]

    def read_manifest(self, step: Step) -> Manifest:
        """The manifest in a step file.

        Raises:
            NotInLogError: There is no such step.
            DamagedFileError: The file is damaged, or its manifest is of another step than its name.
            NewerSchemaError: A newer version wrote it.
            FileNotFoundError: It was moved aside since the listing.
        """
        return self._read_entry(step, self.step_file(step)).manifest

    def list_steps(self, *, with_measures: bool = False) -> StepList:
        """Every step, with its measures if asked for."""
        found = {entry.manifest.step: entry for entry in self._indexed(self.steps, with_measures)}
        indexed = frozenset(entry.file.name for entry in found.values())
        damaged = []
        for each in self._from_files([step for step in self.steps if step not in found], with_measures):
            if isinstance(each, Damaged):
                damaged.append(each)
            else:
                found[each.manifest.step] = each
        entries = tuple(found[step] for step in self.steps if step in found)
        return StepList(entries, tuple(damaged), indexed)

    def read_steps(self, steps: Iterable[Step], *, with_measures: bool = False) -> Iterator[StepEntry | Damaged]:
        """Some of the steps one after the other, in no particular order, with at most one segment of the index in memory.

        A step that was moved aside since the listing is left out.
        """
        missing = dict.fromkeys(steps)
        if len(missing) > _FEW:
            for entry in self._indexed(list(missing), with_measures):
                if entry.manifest.step in missing:
                    del missing[entry.manifest.step]
                    yield entry
        yield from self._from_files(missing, with_measures)

    def segments(self, steps: Iterable[Step]) -> list[Entry]:
        """The segments of the index that may hold some of the steps, in order."""
        names = sorted(filter(paths.is_index_file, self.files.others))
        orders = np.array([paths.step_order(step) for step in steps], np.int64)
        # "init" counts as 0, and a segment holds the steps up to the first one of the next.
        at = np.searchsorted([paths.index_start(name) for name in names], np.maximum(orders, 0), side="right") - 1
        return [self.files.others[names[index]] for index in np.unique(at[at >= 0]).tolist()]

    def _indexed(self, steps: Iterable[Step], with_measures: bool) -> Iterator[StepEntry]:
        """The index entries that agree with their step files, at least of these steps."""
        for segment in self.segments(steps):
            entries: list[StepEntry] = []
            with (
                unless_unreachable(),
                self.open(segment.name) as archive,
            ):  # the index is derived: the step files say the same
                entries = read_index(archive, segment.name, with_measures=with_measures)
            orders = int64_array(paths.step_order(entry.manifest.step) for entry in entries)
            sizes = int64_array(entry.file.size for entry in entries)
            times = int64_array(entry.file.mtime_ns for entry in entries)
            at = place_files(orders, sizes, times, self.steps)
            yield from (
                entry
                for entry, place in zip(entries, at, strict=True)
                if place >= 0 and entry.file.name == paths.step_file(entry.manifest.step)
            )

    def _from_files(self, steps: Iterable[Step], with_measures: bool) -> Iterator[StepEntry | Damaged]:
        for step in steps:
            file = self.steps[step]
            try:
                yield self._read_entry(step, file, with_measures)
            except FileNotFoundError:
                continue  # moved aside since the listing
            except LogError as error:
                if isinstance(error, UnreachableError) and not error.denied:
                    raise  # so are the other steps
                yield Damaged(file.name, step, str(error))
            except OSError as error:
                # Its text names the whole path, which may say more of a machine than a page should.
                yield Damaged(file.name, step, f"{file.name} cannot be read: {error.strerror or type(error).__name__}.")

    def _read_entry(self, step: Step, file: Entry, with_measures: bool = False) -> StepEntry:
        with self.open(file.name) as archive:
            manifest = read_manifest(archive, file.name)
            if manifest.step != step:
                raise DamagedFileError(f"{file.name} says that it is of step {manifest.step}.")
            if with_measures and isinstance(manifest, StepManifest):
                return StepEntry(manifest, file, read_measures(archive, manifest))
        return StepEntry(manifest, file)


def open_attempt(store: ReadStore, directory: str) -> OpenedAttempt:
    """Lists an attempt; an empty one if its directory does not exist.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run: `plugins/attention/<tag>/<attempt>`.
    """
    return OpenedAttempt(store, directory, Listing.of(store.entries(directory)))


def first_names(values: Iterable[object], most: int = 10) -> str:
    """The first of some values, `most` at most, and the number of the others, for messages."""
    names = [str(value) for value in values]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") or "none"
