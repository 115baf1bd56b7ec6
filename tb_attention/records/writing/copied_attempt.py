"""One attempt and its copy somewhere else, which follows it."""

from __future__ import annotations

import bisect
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

from tb_attention.errors import AttentionError, DamagedFileError, LogError, UnreachableError
from tb_attention.records.format import json_text, paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import index_members, read_index
from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, read_manifest
from tb_attention.records.reading.listing import Listing
from tb_attention.records.reading.opened_attempt import OpenedAttempt, open_attempt
from tb_attention.records.store.reaching import shown_url, unless_unreachable
from tb_attention.records.store.store import Entry, Store

RECORD = "synced.json"
"""In a copy: the size and time of each file of the source when it was copied. Readers ignore it."""


class CopiedAttempt:
    """Copies an attempt as it is now, file after file, so that the copy can be read at every moment.

    Args:
        source, target: The run and its copy.
        directory: Of the attempt, below both.
    """

    def __init__(self, source: Store, target: Store, directory: str) -> None:
        self._target = target
        self._directory = directory
        self._source = source
        self._from: OpenedAttempt = open_attempt(source, directory)
        self.copied: dict[str, int] = {}
        """Bytes by name of a file that was copied."""
        self.removed: list[str] = []
        """Names of files that were removed from the copy."""
        self.skipped: dict[str, str] = {}
        """By name of a file that was not copied: why."""
        there = open_attempt(target, directory)
        self._there: dict[str, Entry] = {entry.name: entry for entry in there.files if not entry.is_directory}
        self._record = self._read_record()

    def follow(self) -> None:
        """Makes the copy like the source.

        Raises:
            LogError: The copy holds steps that are not the source's.
            OSError: Something cannot be read or written.
        """
        if not self._from.steps:
            return  # a training that has only begun, or a source that was emptied: no reason to remove copies
        self._adopt_strangers()
        try:
            self._remove_what_is_gone()
            for step, file in self._from.steps.items():
                self._copy_step(step, file)
            self._write_index()
            self._copy_status()
        finally:
            if self.copied or self.removed:
                self._put(RECORD, json_text.dumps({"files": self._record}))

    def _adopt_strangers(self) -> None:
        """Looks at steps in the copy that are not in its record: of an interrupted call, of rsync, or of another training."""
        there = OpenedAttempt(self._target, self._directory, Listing(self._there.values()))
        for step, file in there.steps.items():
            if file.name in self._record:
                continue
            mine, theirs = _manifest(self._from, step), _manifest(there, step)
            if theirs is None and step in self._from.steps:
                del self._there[file.name]  # cut or damaged, so it is copied again
            elif mine is None or theirs is None or mine.wall_time != theirs.wall_time:
                raise LogError(
                    f"{shown_url(self._target.url)} holds another training in {self._directory}: its {file.name} is not that of "
                    f"{shown_url(self._source.url)}. Choose another `dst`."
                )
            else:
                self._note(self._from.steps[step])

    def _remove_what_is_gone(self) -> None:
        """Removes overtaken and thinned steps first: between new ones they would be taken for steps of this training."""
        source = {entry.name for entry in self._from.files}
        for name in sorted(set(self._record) - source):
            del self._record[name]
            if self._there.pop(name, None) is not None:
                self._target.remove(f"{self._directory}/{name}")
                self.removed.append(name)

    def _copy_step(self, step: Step, file: Entry) -> None:
        if self._is_current(file):
            return
        data = self._whole(file, lambda archive: read_manifest(archive, file.name))
        if data is None:
            return
        manifest, content = data
        if manifest.step != step:
            self.skipped[file.name] = f"{file.name} says that it is of step {manifest.step}."
            return
        samples = self._from.files.others.get(manifest.samples or "")
        if samples is None and manifest.samples and paths.is_samples_file(manifest.samples):
            samples = self._source.entry(f"{self._directory}/{manifest.samples}")  # written after the listing
        if samples is not None and not self._is_current(samples):
            found = self._whole(samples, lambda archive: archive.names)
            if found is not None:
                self._copy(samples, found[1])
        self._copy(file, content)

    def _write_index(self) -> None:
        """Copies the segments of the index, with the sizes and times that the copied steps have here."""
        segments = sorted(filter(paths.is_index_file, self._from.files.others))
        stale = {segment for name in self.copied if (segment := _segment_of(name, segments)) is not None}
        for name in segments:
            file = self._from.files.others[name]
            if name not in stale and self._is_current(file):
                continue
            found = self._whole(file, lambda archive, name=name: read_index(archive, name, with_measures=True))
            if found is None:
                continue
            entries = [
                dataclasses.replace(entry, file=self._there[entry.file.name])
                for entry in found[0]
                if self._from.steps.get(entry.manifest.step) == entry.file and entry.file.name in self._there
            ]
            if entries:
                self._copy(file, npz_bytes(index_members(entries)))

    def _copy_status(self) -> None:
        file = self._from.files.others.get(paths.STATUS)
        if file is None or self._is_current(file):
            return
        try:
            data = self._source.read(f"{self._directory}/{file.name}")
            json_text.loads(data, file.name)
        except FileNotFoundError:
            return
        except DamagedFileError as error:
            self.skipped[file.name] = str(error)
            return
        self._copy(file, data)

    def _whole(self, file: Entry, read: Any) -> tuple[Any, bytes] | None:
        """What `read` finds in an `.npz` file of the source, and its bytes; None where it is gone, cut, damaged or newer."""
        try:
            data = self._source.read(f"{self._directory}/{file.name}")
            with Archive(io.BytesIO(data), file.name) as archive:
                archive.check()
                return read(archive), data
        except FileNotFoundError:
            return None  # moved aside since the listing
        except AttentionError as error:
            if isinstance(error, UnreachableError) and not error.denied:
                raise  # so are the other files
            self.skipped[file.name] = str(error)
            return None

    def _copy(self, file: Entry, data: bytes) -> None:
        self._there[file.name] = self._put(file.name, data)
        self._note(file)
        self.copied[file.name] = len(data)

    def _put(self, name: str, data: bytes) -> Entry:
        def write(target: Any) -> None:
            target.write(data)

        return self._target.replace(f"{self._directory}/{name}", write)

    def _note(self, file: Entry) -> None:
        self._record[file.name] = [file.size, file.mtime_ns]

    def _is_current(self, file: Entry) -> bool:
        return file.name in self._there and self._record.get(file.name) == [file.size, file.mtime_ns]

    def _read_record(self) -> dict[str, Any]:
        if RECORD not in self._there:
            return {}
        files = None
        with unless_unreachable():
            files = json_text.loads(self._target.read(f"{self._directory}/{RECORD}"), RECORD).get("files")
        return dict(files) if isinstance(files, Mapping) else {}


def _manifest(attempt: OpenedAttempt, step: Step) -> Manifest | None:
    manifest = None
    with unless_unreachable():
        manifest = attempt.read_manifest(step)
    return manifest


def _segment_of(name: str, segments: Sequence[str]) -> str | None:
    """The segment of the index that the step of a file belongs to."""
    step = paths.file_step(name)
    if step is None:
        return None
    at = bisect.bisect_right(segments, paths.index_file(step))
    return segments[at - 1] if at else None
