"""Manifests of step files, kept packed in bounded memory. Of a series that grows only new steps are read."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass

from cachetools import LRUCache

from tb_attention.errors import NotInLogError
from tb_attention.plugin.known_manifest import KnownManifest, PackedManifests, SiteSet
from tb_attention.records.format.paths import Step, step_order
from tb_attention.records.format.schema import Manifest, StepManifest, maps_of
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.reading.listing import StepFiles
from tb_attention.records.reading.opened_attempt import Damaged, OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers

_CACHE_BYTES = 32 << 20


def maps_manifest(manifest: Manifest) -> StepManifest:
    """The manifest of a step's maps; of a step of matrices, that of the maps of its examples.

    Raises:
        NotInLogError: The step has no maps.
    """
    maps = maps_of(manifest)
    if maps is None:
        raise NotInLogError("The step holds a confusion matrix and no maps.")
    return maps


@dataclass(frozen=True)
class KnownSteps:
    """The steps of an attempt.

    Attributes:
        files: The step files.
        known: The manifest in each of them; None where it cannot be read.
        damaged: Why not.
    """

    files: StepFiles
    known: list[KnownManifest | None]
    damaged: list[Damaged]

    @property
    def manifests(self) -> list[KnownManifest]:
        """The manifest of each step that can be read, in order."""
        return [known for known in self.known if known is not None]

    @property
    def readable(self) -> list[tuple[Step, Entry, KnownManifest]]:
        """Step, file and manifest of each step that can be read, in order."""
        pairs = zip(self.files.items(), self.known, strict=True)
        return [(step, file, known) for (step, file), known in pairs if known is not None]


@dataclass(frozen=True, eq=False)
class _Kept:
    """The manifests of an attempt as it was read last.

    Attributes:
        files: Its step files.
        known: The manifest of each of them; None where it cannot be read.
    """

    files: StepFiles
    known: PackedManifests

    @property
    def nbytes(self) -> int:
        return 32 * len(self.files) + self.known.nbytes


_kept: LRUCache[Hashable, _Kept] = LRUCache(_CACHE_BYTES, getsizeof=lambda kept: kept.nbytes)
_lock = threading.Lock()
_site_sets: weakref.WeakValueDictionary[tuple[SiteManifest, ...], SiteSet] = weakref.WeakValueDictionary()


def read(attempt: OpenedAttempt, step: Step) -> KnownManifest:
    """The manifest of a step.

    Raises:
        NotInLogError: There is no such step.
        DamagedFileError: The file is damaged, or of another step than its name says.
        NewerSchemaError: A newer version wrote it.
        FileNotFoundError: It was moved aside.
    """
    file = attempt.step_file(step)
    with _lock:
        kept = _kept.get(_key(attempt))
    index = None if kept is None else kept.files.index(step)
    if kept is not None and index is not None and kept.files[step] == file:
        known = kept.known[index]
        if known is not None:
            return known
    return _Reader().known(file, attempt.read_manifest(step))


def read_steps(attempt: OpenedAttempt) -> KnownSteps:
    """The manifest of every step; a step that cannot be read does not affect the others."""
    key, files = _key(attempt), attempt.steps
    with _lock:
        kept = _kept.get(key)
    found: list[KnownManifest | None] = [None] * len(files)
    places = None if kept is None else files.places_in(kept.files)
    if kept is not None and places is not None:
        known = kept.known.unpacked()
        found = [known[at] if at >= 0 else None for at in places.tolist()]
    damaged = []
    reader = _Reader()
    absent = [index for index, known in enumerate(found) if known is None]
    missing = [step for step, known in zip(files, found, strict=True) if known is None]
    for each in attempt.read_steps(missing):
        if isinstance(each, Damaged):
            damaged.append(each)
            continue
        at_step = files.index(each.manifest.step)
        if at_step is not None:
            found[at_step] = reader.known(each.file, each.manifest)
    if missing:
        if places is not None:  # what has just been read is packed anew
            places[absent] = -1
        with _lock, suppress(ValueError):  # too large to keep
            _kept[key] = _Kept(files, PackedManifests(found, None if kept is None else kept.known, places))
    return KnownSteps(files, found, sorted(damaged, key=lambda each: step_order(each.step)))


def _key(attempt: OpenedAttempt) -> Hashable:
    return attempt.store.url, attempt.directory


class _Reader:
    """Makes what is kept of manifests. To compare the sites of a thousand steps, or to encode what they have in common, costs
    more than to read the steps, so both are done once. And the fewer objects are kept, the less there is for Python's collector
    to look through."""

    def __init__(self) -> None:
        self._sites: dict[int, tuple[tuple[SiteManifest, ...], SiteSet]] = {}
        self._facts: dict[Hashable, str] = {}
        self._measures: dict[tuple[str, ...], tuple[str, ...]] = {}

    def known(self, file: Entry, manifest: Manifest) -> KnownManifest:
        """What is kept of a manifest."""
        sites = manifest.sites
        if id(sites) not in self._sites:
            self._sites[id(sites)] = sites, _site_set(sites)
        return KnownManifest(
            content=manifest.content,
            series=self._series(manifest),
            text=answers.encode(answers.step_record(manifest, file.version)),
            sites=self._sites[id(sites)][1],
            sample_count=manifest.sample_count,
            measures=self._measures.setdefault(manifest.measures, manifest.measures),
        )

    def _series(self, manifest: Manifest) -> str:
        shared = (manifest.tag, manifest.measures) if isinstance(manifest, StepManifest) else None
        if shared is not None and shared in self._facts:
            return self._facts[shared]
        text = sys.intern(answers.encode(answers.series_facts(manifest)).decode())
        if shared is not None:
            self._facts[shared] = text
        return text


def _site_set(sites: tuple[SiteManifest, ...]) -> SiteSet:
    # Looking up the sites themselves spares making JSON of them a thousand times.
    found = _site_sets.get(sites)
    if found is None:
        found = _site_sets.setdefault(sites, SiteSet(sites))
    return found
