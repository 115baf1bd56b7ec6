"""Manifests of step files, kept as short JSON in bounded memory."""

from __future__ import annotations

import json
import weakref
from dataclasses import dataclass
from typing import Any

from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt
from tb_attention.records import json_text
from tb_attention.records.archive import Archive
from tb_attention.records.schema import Manifest, StepManifest, manifest_from_json, manifest_to_json
from tb_attention.records.store import Entry

_CACHE_BYTES = 32 << 20
# A manifest of 1,000 sites has 600 KB.
_MOST_MANIFEST_BYTES = 64 << 20


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
        text: JSON: the manifest without its sites.
        sites: The sites; none for matrices.
        sample_count: Number of samples; 0 for matrices.
        measures: Names of the head measures; none for matrices.
    """

    tag: str
    content: str
    text: bytes
    sites: SiteSet
    sample_count: int
    measures: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """A fresh object of the manifest without its sites."""
        value: dict[str, Any] = json.loads(self.text)
        return value


_known: BoundedCache[KnownManifest] = BoundedCache(_CACHE_BYTES, weigh=lambda known: len(known.text) + 500)
_site_sets: weakref.WeakValueDictionary[bytes, SiteSet] = weakref.WeakValueDictionary()


def read(attempt: Attempt, entry: Entry) -> KnownManifest:
    """The manifest of a step file.

    Raises:
        DamagedFileError: The file is damaged.
        NewerSchemaError: A newer version wrote it.
    """
    path = attempt.file(entry.name)
    return _known.get((attempt.folder.url, path, entry.version), lambda: _read(attempt, path))


def manifest_object(archive: Archive, what: str) -> dict[str, Any]:
    """The JSON object of the manifest of an `.npz` file.

    Raises:
        DamagedFileError: It has none.
    """
    return json_text.loads(archive.read("manifest", _MOST_MANIFEST_BYTES).tobytes(), what)


def condense(manifest: Manifest) -> KnownManifest:
    """What is kept of a manifest."""
    value = manifest_to_json(manifest)
    sites = json_text.dumps(value.pop("sites", []))
    heads = tuple((site.path, site.heads) for site in manifest.sites) if isinstance(manifest, StepManifest) else ()
    return KnownManifest(
        tag=manifest.tag,
        content=manifest.content,
        text=json_text.dumps(value),
        sites=_site_sets.setdefault(sites, SiteSet(sites, heads)),
        sample_count=manifest.sample_count if isinstance(manifest, StepManifest) else 0,
        measures=manifest.measures if isinstance(manifest, StepManifest) else (),
    )


def _read(attempt: Attempt, path: str) -> KnownManifest:
    name = path.rpartition("/")[2]
    with attempt.folder.archive(path) as archive:
        return condense(manifest_from_json(manifest_object(archive, name), name))
