"""What a series of maps puts into a page."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.export.answers import series_answer, step_answer
from tb_attention.export.bodies import Body, made, stored, without_heads
from tb_attention.export.choice import Choice, check_found
from tb_attention.export.samples import PageSamples
from tb_attention.export.series_part import SeriesPart
from tb_attention.records.format import step_file
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.schema import SiteManifest, StepManifest, manifest_to_json, site_to_json
from tb_attention.site import Axis
from tb_attention.wire import gzip_frame


class MapsPart:
    """Collects the steps of a series of maps.

    Args:
        open_file: Opens a file of the attempt.
        place: Of the series in the page.
        choice: What goes in.
    """

    def __init__(self, open_file: Callable[[str], Archive], place: int, choice: Choice) -> None:
        self._open = open_file
        self._place = place
        self._choice = choice
        self._bodies: list[Body] = []
        self._samples = PageSamples(open_file, place, choice)
        self._seen: dict[str, None] = {}

    def collect(self, entries: Sequence[StepEntry], status: dict[str, Any] | None) -> SeriesPart:
        """The part of the page; `entries`: steps of maps in order, with measures, all of which go in."""
        steps: list[dict[str, Any]] = []
        site_sets: list[tuple[SiteManifest, ...]] = []
        kept: list[tuple[StepManifest, npt.NDArray[np.float32] | None]] = []
        for entry in entries:
            assert isinstance(entry.manifest, StepManifest)
            manifest, places, sites = self._cut(entry.manifest)
            self._take_step(entry, manifest, places, sites)
            if manifest.sites not in site_sets:
                site_sets.append(manifest.sites)
            value = manifest_to_json(manifest) | {"sites": site_sets.index(manifest.sites)}
            steps.append(step_answer(value, manifest.step))
            kept.append((manifest, self._measures(entry, places, sites)))
        check_found("samples", self._choice.samples, self._known())
        self._take_measures(kept)
        told = [[site_to_json(site) for site in sites] for sites in site_sets]
        newest = manifest_to_json(kept[-1][0])
        bodies = [*self._samples.bodies, *self._bodies]
        return SeriesPart(series_answer(newest, steps, told, status), self._samples.answers, bodies)

    def _known(self) -> list[int | str]:
        return [*self._seen, *range(len(self._seen))]

    def _cut(self, manifest: StepManifest) -> tuple[StepManifest, list[int], list[int]]:
        """The manifest of what goes in, and the places of its samples and sites in the step file."""
        ids = self._samples.ids(manifest.samples, manifest.sample_count)[: manifest.sample_count]
        self._seen.update(dict.fromkeys(ids))
        places = self._choice.sample_places(ids)
        sites = [at for at, site in enumerate(manifest.sites) if self._choice.has_site(site.path)]
        offset = 0
        cut = []
        for at in sites:
            site = manifest.sites[at]
            features = None if self._choice.redact else site.features
            overview = dataclasses.replace(site.overview, offset=offset)
            offset += overview.bytes
            axes = tuple(_of_samples(axis, places) for axis in site.axes)
            cut.append(dataclasses.replace(site, axes=axes, overview=overview, features=features, rows=None))
        changed = dataclasses.replace(
            manifest,
            sites=tuple(cut),
            sample_count=len(places),
            predictions=tuple(manifest.predictions[place] for place in places if place < len(manifest.predictions)),
        )
        return changed, places, sites

    def _take_step(self, entry: StepEntry, manifest: StepManifest, places: list[int], sites: list[int]) -> None:
        assert isinstance(entry.manifest, StepManifest)
        prefix = f"{self._place}/{manifest.step}"
        hidden = [self._hidden(site) for site in manifest.sites]
        whole = len(sites) == len(entry.manifest.sites) and not any(hidden)
        name = entry.file.name
        with self._open(name) as archive:
            for at, place in enumerate(places):
                member = step_file.overview_member(place)
                if whole:
                    self._take(f"overview/{prefix}/{at}", name, archive, member)
                else:
                    overview = _overview(archive.read(member), entry.manifest, manifest, sites, hidden)
                    self._bodies.append(made(f"overview/{prefix}/{at}", overview))
                for number, site in enumerate(sites):
                    told = manifest.sites[number]
                    weights = f"weights/{prefix}/{at}/{number}"
                    self._take(weights, name, archive, step_file.weights_member(place, site), told, hidden[number])
                    if told.features is not None:
                        member = step_file.features_member(place, site)
                        self._take(f"features/{prefix}/{at}/{number}", name, archive, member)
                    if told.sink is not None:
                        member = step_file.sink_member(place, site)
                        self._take(f"sink/{prefix}/{at}/{number}", name, archive, member)

    def _take(
        self,
        body: str,
        file: str,
        archive: Archive,
        member: str,
        site: SiteManifest | None = None,
        hidden: Sequence[int] = (),
    ) -> None:
        size = archive.stream(member).stored
        if site is None or not hidden:
            self._bodies.append(stored(body, functools.partial(self._open, file), member, size))
            return

        def make() -> bytes:
            with self._open(file) as opened:
                return gzip_frame.compress(without_heads(opened.read(member), site.shape, site.encoding, hidden))

        self._bodies.append(Body(body, size * (site.heads - len(hidden)) // site.heads + 200, make))

    def _hidden(self, site: SiteManifest) -> list[int]:
        """Heads that stay out; a site without an axis of heads has one, which is not taken apart."""
        if not site.axes or site.axes[0].role != "heads":
            return []
        return self._choice.hidden_heads(site.path, site.heads)

    def _measures(self, entry: StepEntry, places: list[int], sites: list[int]) -> npt.NDArray[np.float32] | None:
        assert isinstance(entry.manifest, StepManifest)
        if entry.measures is None:
            return None
        parts = []
        start = 0
        for at, site in enumerate(entry.manifest.sites):
            if at in sites:
                part = entry.measures[places, start : start + site.heads].copy()
                part[:, self._hidden(site)] = np.nan
                parts.append(part)
            start += site.heads
        return np.concatenate(parts, axis=1) if parts else None

    def _take_measures(self, kept: Sequence[tuple[StepManifest, npt.NDArray[np.float32] | None]]) -> None:
        """For each sample (steps, heads, measures); NaN for steps whose sites are others, as in the route."""
        newest = kept[-1][0]
        names = [(site.path, site.heads) for site in newest.sites]
        shape = (len(kept), newest.heads, len(newest.measures))
        for sample in range(newest.sample_count):
            values = np.full(shape, np.nan, np.float32)
            for at, (manifest, measures) in enumerate(kept):
                same = [(site.path, site.heads) for site in manifest.sites] == names
                if same and measures is not None and manifest.measures == newest.measures and sample < len(measures):
                    values[at] = measures[sample]
            self._bodies.append(made(f"measures/{self._place}/{sample}", values))


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


def _of_samples(axis: Axis, places: list[int]) -> Axis:
    """An axis of some of the samples only."""
    return axis if axis.own is None else dataclasses.replace(axis, own=tuple(axis.own[place] for place in places))
