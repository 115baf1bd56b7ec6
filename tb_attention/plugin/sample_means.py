"""Bodies of numbers that are the mean over several samples, or their standard deviation."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from cachetools import LRUCache, cached

from tb_attention.errors import ArgumentError, DamagedFileError, LogError, NotInLogError
from tb_attention.plugin.manifests import maps_manifest
from tb_attention.records.format import step_file
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.schema import StepManifest, read_manifest
from tb_attention.records.format.site_manifest import EncodedPart, SiteManifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.reduce.encodings import encode
from tb_attention.reduce.moments import Moments
from tb_attention.wire import gzip_frame

# Three arrays of so many float32 are in memory at once; all samples together take some seconds.
_MOST_VALUES = 1 << 24
_MOST_WORK = 1 << 29
_CACHE_BYTES = 32 << 20


@dataclass(frozen=True)
class Bodies:
    """The gzip file around the mean, and the one around the standard deviation."""

    mean: bytes
    deviation: bytes


What = Literal["weights", "features", "sink"]
# How an array of a site is stored, None for sites without it; and the member that holds it.
_PARTS: dict[What, tuple[Callable[[SiteManifest], EncodedPart | None], Callable[[int, int], str]]] = {
    "weights": (lambda site: site, step_file.weights_member),
    "features": (lambda site: site.features, step_file.features_member),
    "sink": (lambda site: site.sink, step_file.sink_member),
}
_bodies: LRUCache[Hashable, Bodies] = LRUCache(
    _CACHE_BYTES, getsizeof=lambda bodies: len(bodies.mean) + len(bodies.deviation)
)

_lock = threading.Lock()


def _key(attempt: OpenedAttempt, file: Entry, *rest: Hashable) -> Hashable:
    return attempt.key(file), *rest


@cached(_bodies, key=_key, lock=_lock)
def of_site(attempt: OpenedAttempt, file: Entry, samples: tuple[int, ...], site: int, what: What) -> Bodies:
    """Of one array of a site, encoded as it is stored.

    Args:
        attempt: The attempt.
        file: One of its step files.
        samples: Indices, in order and without repetition.
        site: Index.
        what: Which array of the site.

    Raises:
        NotInLogError: The step has no such sample or site, or no such array of it.
        ArgumentError: The samples differ in size.
        LogError: There is too much to average.
    """
    with attempt.open(file.name) as archive:
        manifest = _maps(archive, file, samples)
        if site >= len(manifest.sites):
            raise NotInLogError(f"The step has {len(manifest.sites)} sites, counted from 0. Received: site={site}.")
        part, member = _PARTS[what]
        known = part(manifest.sites[site])
        if known is None:
            raise NotInLogError(f"No {what} were stored for this site. Received: site={site}.")
        if not _alike(manifest.sites[site], samples):
            raise ArgumentError(
                "These samples differ in size, so a position is not the same in all of them, and their maps have no mean."
            )
        _check_work(math.prod(known.shape), samples)
        moments = Moments(known.shape)
        for sample in samples:
            moments.add(step_file.read_encoded(archive, member(sample, site), known.shape, known.encoding))
    mean, deviation = (encode(values, known.encoding) for values in (moments.mean, moments.deviation))
    return Bodies(gzip_frame.compress(mean), gzip_frame.compress(deviation))


@cached(_bodies, key=_key, lock=_lock)
def of_overview(attempt: OpenedAttempt, file: Entry, samples: tuple[int, ...]) -> Bodies:
    """Of the overview of every head of every site, laid out as it is stored. A site whose samples differ in size is NaN.

    Raises:
        NotInLogError: The step has no such sample.
        LogError: There is too much to average.
    """
    with attempt.open(file.name) as archive:
        manifest = _maps(archive, file, samples)
        parts = [site.overview for site in manifest.sites]
        _check_work(sum(math.prod(part.shape) for part in parts), samples)
        sums = [Moments(part.shape) for part in parts]
        size = max((part.offset + part.bytes for part in parts), default=0)
        for sample in samples:
            name = step_file.overview_member(sample)
            stored = archive.read(name, size + 4096)
            if stored.dtype != np.uint8 or stored.shape != (size,):
                raise DamagedFileError(f"{name} in {file.name} does not have {size} bytes.")
            for part, moments in zip(parts, sums, strict=True):
                packed = stored[part.offset : part.offset + part.bytes]
                moments.add(step_file.decode_member(packed, part.shape, part.encoding, name))
    packed_means, packed_deviations = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for site, moments in zip(manifest.sites, sums, strict=True):
        part, alike = site.overview, _alike(site, samples)
        for packed, values in ((packed_means, moments.mean), (packed_deviations, moments.deviation)):
            whole = values if alike else np.full_like(values, np.nan)
            packed[part.offset : part.offset + part.bytes] = encode(whole, part.encoding)
    return Bodies(gzip_frame.compress(packed_means), gzip_frame.compress(packed_deviations))


def _maps(archive: Archive, file: Entry, samples: Sequence[int]) -> StepManifest:
    manifest = maps_manifest(read_manifest(archive, file.name))
    if samples[-1] >= manifest.sample_count:
        raise NotInLogError(
            f"The step has {manifest.sample_count} samples, counted from 0. Received: samples up to {samples[-1]}."
        )
    return manifest


def _alike(site: SiteManifest, samples: Sequence[int]) -> bool:
    """Whether the samples have the same sizes, boxes, edges and names along every axis, as far as the site says it."""
    facts = [axis.own for axis in site.axes if axis.own is not None]
    # Frames of other dates are averaged by their index, as those of other sounds are.
    named = [(name, each) for axis in site.axes for name, each in axis.by_sample.items() if name != "dates"]
    facts += [each for _, each in named if len(each) > 1]
    return all(len({each[sample : sample + 1] for sample in samples}) == 1 for each in facts)


def _check_work(values: int, samples: Sequence[int]) -> None:
    if values > _MOST_VALUES or values * len(samples) > _MOST_WORK:
        most = _MOST_WORK // max(1, values) if values <= _MOST_VALUES else 0
        raise LogError(
            f"{len(samples)} samples of {values} weights each are too many to average at once; {most} are allowed."
        )
