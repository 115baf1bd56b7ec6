"""Manifests of step files, kept as short JSON in bounded memory."""

from __future__ import annotations

import json
import sys
import weakref
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from tb_attention.errors import AttentionError
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt
from tb_attention.records.format import index, paths, step_file
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, SiteManifest, maps_of
from tb_attention.records.reading.listing import check_place
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers
from tb_attention.wire.structs import Content, SeriesFacts

_CACHE_BYTES = 32 << 20
# Below this many, opening the step files is no slower than decoding the index.
_FEW = 4


class SiteSet:
    """The sites of a step. Nearly all steps of a log have the same, which is then held once.

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


@dataclass(frozen=True)
class KnownManifest:
    """What is kept of a manifest.

    Attributes:
        tag: The tag.
        content: "attention" or "confusion".
        series: JSON of `SeriesFacts`, which nearly all steps of a series share.
        text: JSON of `StepRecord`.
        sites: The sites; none for matrices without maps of examples.
        sample_count: Number of samples, or of examples with maps.
        measures: Names of the head measures; none where there are no maps.
    """

    tag: str
    content: Content
    series: str
    text: bytes
    sites: SiteSet
    sample_count: int
    measures: tuple[str, ...]

    def has(self, site: int, name: Literal["features", "sink"]) -> bool:
        """Whether the site at an index has a feature map, or a sink."""
        return json.loads(self.sites.text)[site].get(name) is not None

    @property
    def facts(self) -> SeriesFacts:
        """What the manifest says of its series."""
        return msgspec.json.decode(self.series, type=SeriesFacts)

    def json(self) -> dict[str, Any]:
        """A fresh object of the step."""
        value: dict[str, Any] = json.loads(self.text)
        return value


_known: BoundedCache[KnownManifest] = BoundedCache(_CACHE_BYTES, weigh=lambda known: len(known.text) + 500)
_site_sets: weakref.WeakValueDictionary[tuple[SiteManifest, ...], SiteSet] = weakref.WeakValueDictionary()


def read(attempt: Attempt, step: Step) -> KnownManifest:
    """The manifest of a step.

    Raises:
        DamagedFileError: The file is damaged, or of another step than its name says.
        NewerSchemaError: A newer version wrote it.
        FileNotFoundError: It has been moved aside.
    """
    entry = attempt.steps[step]
    return _known.get(_key(attempt, entry), lambda: _read(attempt, step, entry))


def read_index(attempt: Attempt) -> None:
    """Takes manifests from the index, where that spares opening many step files."""
    missing = {entry.name for entry in attempt.steps.values() if _key(attempt, entry) not in _known}
    if len(missing) < _FEW:
        return
    alike: _SitesByIdentity = {}
    for entries in index_segments(attempt):
        for known in entries:
            if known.file.name in missing:
                _known.put(_key(attempt, known.file), condense(known.manifest, known.file.version, alike))


def index_segments(attempt: Attempt, *, with_measures: bool = False) -> Iterator[list[StepEntry]]:
    """The entries of each segment of the index that agree with their step files; damaged segments are passed over."""
    for name in sorted(filter(paths.is_index_file, attempt.listing)):
        try:
            with attempt.folder.archive(attempt.file(name)) as archive:
                entries = index.read_index(archive, name, with_measures=with_measures)
        except (AttentionError, OSError):
            # Derived from the step files, which say the same.
            continue
        yield [entry for entry in entries if attempt.steps.get(entry.manifest.step) == entry.file]


_SitesByIdentity = dict[int, tuple[tuple[SiteManifest, ...], SiteSet]]


def condense(manifest: Manifest, version: str, alike: _SitesByIdentity | None = None) -> KnownManifest:
    """What is kept of a manifest.

    Args:
        manifest: Of a step.
        version: Of its file.
        alike: Remembers sites by their identity: to compare those of a thousand steps costs more than to read the steps.
    """
    maps = maps_of(manifest)
    sites = () if maps is None else maps.sites
    known = None if alike is None else alike.get(id(sites))
    if known is None:
        known = sites, _site_set(sites)
        if alike is not None:
            alike[id(sites)] = known
    return KnownManifest(
        tag=manifest.tag,
        content=manifest.content,
        series=sys.intern(answers.encode(answers.series_facts(manifest)).decode()),
        text=answers.encode(answers.step_record(manifest, version)),
        sites=known[1],
        sample_count=0 if maps is None else maps.sample_count,
        measures=() if maps is None else maps.measures,
    )


def _site_set(sites: tuple[SiteManifest, ...]) -> SiteSet:
    # Looking up the sites themselves spares making JSON of them a thousand times.
    found = _site_sets.get(sites)
    if found is None:
        text = answers.encode(answers.sites_of(sites))
        found = _site_sets.setdefault(sites, SiteSet(text, tuple((site.path, site.heads) for site in sites)))
    return found


def _read(attempt: Attempt, step: Step, entry: Entry) -> KnownManifest:
    with attempt.folder.archive(attempt.file(entry.name)) as archive:
        manifest = step_file.read_manifest(archive, entry.name)
    check_place(manifest, step, entry.name)
    return condense(manifest, entry.version)


def _key(attempt: Attempt, entry: Entry) -> Hashable:
    return attempt.folder.url, attempt.file(entry.name), entry.version
