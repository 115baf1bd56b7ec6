"""The steps of an attempt: found by listing the directory, read from the index where it agrees, else from the step files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tb_attention.errors import DamagedFileError, LogError
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry, read_index
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, StepManifest
from tb_attention.records.format.step_file import read_manifest, read_measures
from tb_attention.records.store.store import Entry, Store


@dataclass(frozen=True)
class Damaged:
    """A step file that cannot be read, and why."""

    file: str
    step: Step
    reason: str


@dataclass(frozen=True, eq=False)
class Listing:
    """What an attempt holds.

    Attributes:
        entries: Steps that can be read, "init" first, then by number.
        damaged: Those that cannot, or that a newer version wrote.
        indexed: Names of step files whose index entries agreed.
    """

    entries: tuple[StepEntry, ...]
    damaged: tuple[Damaged, ...]
    indexed: frozenset[str]

    def find(self, step: Step) -> StepEntry | None:
        """The entry of a step, or None."""
        return next((entry for entry in self.entries if entry.manifest.step == step), None)


def list_steps(store: Store, directory: str, *, with_measures: bool = False) -> Listing:
    """The steps of the attempt in a directory; nothing if it is not there.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run: `plugins/attention/<tag>/<attempt>`.
        with_measures: Whether to read the measures too.
    """
    files = store.entries(directory)
    known = _read_segments(store, directory, files, with_measures)
    entries, damaged, indexed = [], [], set()
    for file in files:
        step = paths.file_step(file.name)
        if step is None or file.is_directory:
            continue
        entry = known.get(file.name)
        if entry is not None and entry.file == file and entry.manifest.step == step:
            entries.append(entry)
            indexed.add(file.name)
            continue
        try:
            entries.append(read_entry(store, directory, file, step, with_measures=with_measures))
        except FileNotFoundError:
            continue  # moved aside since the listing
        except (LogError, OSError) as error:
            damaged.append(Damaged(file.name, step, str(error)))
    entries.sort(key=lambda entry: paths.step_order(entry.manifest.step))
    damaged.sort(key=lambda item: paths.step_order(item.step))
    return Listing(tuple(entries), tuple(damaged), frozenset(indexed))


def read_entry(store: Store, directory: str, file: Entry, step: Step, *, with_measures: bool = False) -> StepEntry:
    """The entry of one step file.

    Raises:
        DamagedFileError, NewerSchemaError: It cannot be read.
        FileNotFoundError: It is not there.
    """
    with Archive(store.open(f"{directory}/{file.name}"), file.name) as archive:
        manifest = read_manifest(archive, file.name)
        check_place(manifest, step, file.name)
        if with_measures and isinstance(manifest, StepManifest):
            return StepEntry(manifest, file, read_measures(archive, manifest))
    return StepEntry(manifest, file)


def check_place(manifest: Manifest, step: Step, what: str) -> None:
    """Raises DamagedFileError if a file is not of the step that its name says."""
    if manifest.step != step:
        raise DamagedFileError(f"{what} says that it is of step {manifest.step}.")


def _read_segments(store: Store, directory: str, files: list[Entry], with_measures: bool) -> Mapping[str, StepEntry]:
    found: dict[str, StepEntry] = {}
    for file in files:
        if not paths.is_index_file(file.name):
            continue
        try:
            with Archive(store.open(f"{directory}/{file.name}"), file.name) as archive:
                entries = read_index(archive, file.name, with_measures=with_measures)
        except (LogError, OSError):
            continue  # derived: the step files say the same
        found.update((entry.file.name, entry) for entry in entries)
    return found
