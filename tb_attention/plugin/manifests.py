"""Manifests of step files, kept as short JSON in bounded memory."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from cachetools import LRUCache

from tb_attention.errors import NotInLogError
from tb_attention.records.format.paths import Step, step_order
from tb_attention.records.format.schema import Manifest, StepManifest, maps_of
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.reading.opened_attempt import Damaged, OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers
from tb_attention.wire.structs import Content, SeriesFacts, StepRecord

_CACHE_BYTES = 32 << 20


class SiteSet:
    """The sites of a step. Nearly all steps of a log have the same sites, which are then held once.

    Attributes:
        text: JSON, a list.
        count: Number of sites.
        heads: Path and number of heads of each site.
    """

    __slots__ = ("__weakref__", "count", "heads", "text")

    def __init__(self, text: bytes, heads: tuple[tuple[str, int], ...]) -> None:
        self.text = text
        self.heads = heads
        self.count = len(heads)


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
class KnownManifest:
    """What is kept of a manifest.

    Attributes:
        content: "attention" or "confusion".
        series: JSON of `SeriesFacts`, which nearly all steps of a series share.
        text: JSON of `StepRecord`.
        sites: The sites; none for matrices without maps of examples.
        sample_count: Number of samples, or of examples with maps.
        measures: Names of the head measures; none where there are no maps.
    """

    content: Content
    series: str
    text: bytes
    sites: SiteSet
    sample_count: int
    measures: tuple[str, ...]

    @property
    def facts(self) -> SeriesFacts:
        """What the manifest says of its series."""
        return msgspec.json.decode(self.series, type=SeriesFacts)

    @property
    def record(self) -> StepRecord:
        """What the manifest says of the step."""
        return msgspec.json.decode(self.text, type=StepRecord)


@dataclass(frozen=True)
class KnownSteps:
    """The steps of an attempt.

    Attributes:
        readable: Step, file and manifest of each step that can be read, in order.
        damaged: The others.
    """

    readable: list[tuple[Step, Entry, KnownManifest]]
    damaged: list[Damaged]


_known: LRUCache[Hashable, KnownManifest] = LRUCache(_CACHE_BYTES, getsizeof=lambda known: len(known.text) + 500)
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
        known = _known.get(attempt.key(file))
    return known or _keep(attempt, file, attempt.read_manifest(step), {})


def read_steps(attempt: OpenedAttempt) -> KnownSteps:
    """The manifest of every step; a step that cannot be read does not affect the others."""
    keys = {step: attempt.key(file) for step, file in attempt.steps.items()}
    with _lock:
        found = {step: _known.get(key) for step, key in keys.items()}
    damaged = []
    alike: _SitesByIdentity = {}
    for each in attempt.read_steps([step for step, known in found.items() if known is None]):
        if isinstance(each, Damaged):
            damaged.append(each)
        else:
            found[each.manifest.step] = _keep(attempt, each.file, each.manifest, alike)
    readable = [(step, attempt.steps[step], known) for step, known in found.items() if known is not None]
    return KnownSteps(readable, sorted(damaged, key=lambda each: step_order(each.step)))


# To compare the sites of a thousand steps costs more than to read the steps, so they are known by identity first.
_SitesByIdentity = dict[int, tuple[tuple[SiteManifest, ...], SiteSet]]


def _keep(attempt: OpenedAttempt, file: Entry, manifest: Manifest, alike: _SitesByIdentity) -> KnownManifest:
    sites = manifest.sites
    if id(sites) not in alike:
        alike[id(sites)] = sites, _site_set(sites)
    known = KnownManifest(
        content=manifest.content,
        series=sys.intern(answers.encode(answers.series_facts(manifest)).decode()),
        text=answers.encode(answers.step_record(manifest, file.version)),
        sites=alike[id(sites)][1],
        sample_count=manifest.sample_count,
        measures=manifest.measures,
    )
    with _lock, suppress(ValueError):  # too large to keep
        _known[attempt.key(file)] = known
    return known


def _site_set(sites: tuple[SiteManifest, ...]) -> SiteSet:
    # Looking up the sites themselves spares making JSON of them a thousand times.
    found = _site_sets.get(sites)
    if found is None:
        text = answers.encode(answers.sites_of(sites))
        found = _site_sets.setdefault(sites, SiteSet(text, tuple((site.path, site.heads) for site in sites)))
    return found
