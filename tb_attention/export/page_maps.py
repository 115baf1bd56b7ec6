"""What a series of maps puts into a stand-alone page."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from tb_attention.export.choice import Choice, check_found
from tb_attention.export.page_bodies import VERSION, Body, OpenFile, SeriesPart, made, stored
from tb_attention.export.page_samples import PageSamples
from tb_attention.records.format import step_file
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.schema import StepManifest
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.reduce.encodings import Encoding
from tb_attention.site import Axis
from tb_attention.wire import answers, gzip_frame
from tb_attention.wire.held_page import body_name


class MapsPart:
    """Collects the steps of a series of maps.

    Args:
        open_file: Opens a file of the attempt.
        series: The index of the series in the page.
        choice: What goes in.
    """

    def __init__(self, open_file: OpenFile, series: int, choice: Choice) -> None:
        self._open = open_file
        self._series = series
        self._choice = choice
        self._bodies: list[Body] = []
        self._samples = PageSamples(open_file, series, choice)
        self._seen: dict[str, None] = {}

    def collect(self, entries: Sequence[StepEntry]) -> SeriesPart:
        """The part of the page; `entries`: steps of maps in order, with measures, all of which go in."""
        steps: list[tuple[bytes, bytes]] = []
        site_texts: dict[tuple[SiteManifest, ...], bytes] = {}
        kept: list[tuple[StepManifest, npt.NDArray[np.float32] | None]] = []
        for entry in entries:
            assert isinstance(entry.manifest, StepManifest)
            manifest, indices, sites = self._cut(entry.manifest)
            self._take_step(entry, manifest, indices, sites)
            if manifest.sites not in site_texts:
                site_texts[manifest.sites] = answers.encode(answers.sites_of(manifest.sites))
            steps.append((answers.encode(answers.step_record(manifest, VERSION)), site_texts[manifest.sites]))
            kept.append((manifest, self._measures(entry, indices, sites)))
        check_found("samples", self._choice.samples, self._known())
        self._take_measures(kept)
        return SeriesPart(kept[-1][0], steps, self._samples.answers, [*self._samples.bodies, *self._bodies])

    def _known(self) -> list[int | str]:
        return [*self._seen, *range(len(self._seen))]

    def _cut(self, manifest: StepManifest) -> tuple[StepManifest, list[int], list[int]]:
        """The manifest of what goes in, and the indices of its samples and sites in the step file."""
        ids = self._samples.ids(manifest.samples, manifest.sample_count)[: manifest.sample_count]
        self._seen.update(dict.fromkeys(ids))
        indices = self._choice.sample_indices(ids)
        sites = [at for at, site in enumerate(manifest.sites) if self._choice.has_site(site.path)]
        offset = 0
        cut = []
        for at in sites:
            site = manifest.sites[at]
            features = None if self._choice.redact else site.features
            overview = replace(site.overview, offset=offset)
            offset += overview.bytes
            axes = tuple(self._bare(axis.taken(indices)) for axis in site.axes)
            cut.append(replace(site, axes=axes, overview=overview, features=features, rows=None))
        changed = replace(
            manifest,
            sites=tuple(cut),
            samples=self._samples.set_name(manifest.samples),
            sample_count=len(indices),
            predictions=tuple(manifest.predictions[index] for index in indices if index < len(manifest.predictions)),
            pictures=None if self._choice.redact else manifest.pictures,
        )
        return changed, indices, sites

    def _bare(self, axis: Axis) -> Axis:
        """The axis without boxes, edges, dates and names of single samples, where the page is to hold nothing of them."""
        if not self._choice.redact or not axis.by_sample:
            return axis
        nothing: dict[str, Any] = dict.fromkeys(axis.by_sample)
        return dataclasses.replace(axis, **nothing)

    def _take_step(self, entry: StepEntry, manifest: StepManifest, indices: list[int], sites: list[int]) -> None:
        assert isinstance(entry.manifest, StepManifest)
        hidden = [self._hidden(site) for site in manifest.sites]
        whole = len(sites) == len(entry.manifest.sites) and not any(hidden)
        file = entry.file.name
        with self._open(file) as archive:
            for sample, original in enumerate(indices):
                name = functools.partial(body_name, series=self._series, step=manifest.step, sample=sample)
                member = step_file.overview_member(original)
                if whole:
                    self._bodies.append(stored(name("overview"), self._open, file, archive, member))
                else:
                    overview = _overview(archive.read(member), entry.manifest, manifest, sites, hidden)
                    self._bodies.append(made(name("overview"), overview))
                if manifest.pictures is not None:
                    member = step_file.pictures_member(original)
                    self._bodies.append(stored(name("pictures"), self._open, file, archive, member))
                for number, (site, cut) in enumerate(zip(sites, manifest.sites, strict=True)):
                    members = {"weights": step_file.weights_member(original, site)}
                    if cut.features is not None:
                        members["features"] = step_file.features_member(original, site)
                    if cut.sink is not None:
                        members["sink"] = step_file.sink_member(original, site)
                    for route, member in members.items():
                        body = stored(name(route, site=number), self._open, file, archive, member)
                        if route == "weights" and hidden[number]:
                            body = self._without_heads(body, file, member, cut, hidden[number])
                        self._bodies.append(body)

    def _without_heads(self, body: Body, file: str, member: str, site: SiteManifest, hidden: Sequence[int]) -> Body:
        def make() -> bytes:
            with self._open(file) as archive:
                return gzip_frame.compress(without_heads(archive.read(member), site.shape, site.encoding, hidden))

        return Body(body.name, body.size * (site.heads - len(hidden)) // site.heads + 200, make)

    def _hidden(self, site: SiteManifest) -> list[int]:
        """The heads that are left out; the single head of a site without an axis of heads never is."""
        if not site.axes or site.axes[0].role != "heads":
            return []
        return self._choice.hidden_heads(site.path, site.heads)

    def _measures(self, entry: StepEntry, indices: list[int], sites: list[int]) -> npt.NDArray[np.float32] | None:
        assert isinstance(entry.manifest, StepManifest)
        if entry.measures is None:
            return None
        parts = []
        start = 0
        for at, site in enumerate(entry.manifest.sites):
            if at in sites:
                part = entry.measures[indices, start : start + site.heads].copy()
                part[:, self._hidden(site)] = np.nan
                parts.append(part)
            start += site.heads
        return np.concatenate(parts, axis=1) if parts else None

    def _take_measures(self, kept: Sequence[tuple[StepManifest, npt.NDArray[np.float32] | None]]) -> None:
        """For each sample (steps, heads, measures); NaN for steps with other sites, as in the route `measures`."""
        newest = kept[-1][0]
        names = [(site.path, site.heads) for site in newest.sites]
        shape = (len(kept), newest.heads, len(newest.measures))
        for sample in range(newest.sample_count):
            values = np.full(shape, np.nan, np.float32)
            for at, (manifest, measures) in enumerate(kept):
                same = [(site.path, site.heads) for site in manifest.sites] == names
                if same and measures is not None and manifest.measures == newest.measures and sample < len(measures):
                    values[at] = measures[sample]
            self._bodies.append(made(body_name("measures", self._series, sample=sample), values))


def _overview(
    packed: npt.NDArray[Any],
    whole: StepManifest,
    cut: StepManifest,
    sites: Sequence[int],
    hidden: Sequence[Sequence[int]],
) -> npt.NDArray[np.uint8]:
    parts = []
    for number, at in enumerate(sites):
        there = whole.sites[at].overview
        part = packed[there.offset : there.offset + there.bytes]
        parts.append(without_heads(part, there.shape, there.encoding, hidden[number]))
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def without_heads(
    encoded: npt.NDArray[Any], shape: Sequence[int], encoding: Encoding, hidden: Sequence[int]
) -> npt.NDArray[Any]:
    """Encoded weights in which some heads are NaN throughout; the others are bit-identical.

    Args:
        encoded: What `reduce.encodings.encode` made.
        shape: Of the weights; heads come first.
        encoding: Of the weights.
        hidden: The heads.
    """
    if not hidden:
        return encoded
    changed: npt.NDArray[Any] = encoded.copy()
    if encoding in ("float32", "float16"):
        changed.reshape(shape)[list(hidden)] = np.nan
        return changed
    rows = math.prod(shape[:-1])
    # A row whose maximum is NaN is NaN throughout; codes of 0 compress to almost nothing.
    changed[: 4 * rows].view("<f4").reshape(shape[0], -1)[list(hidden)] = np.nan
    changed[4 * rows :].reshape(shape[0], -1)[list(hidden)] = 0
    return changed
