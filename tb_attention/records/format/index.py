"""Index segments: what the timeline and the curves need of 64 steps, in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format import json_text
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import Member
from tb_attention.records.format.schema import (
    SCHEMA,
    Manifest,
    SiteManifest,
    StepManifest,
    check_schema,
    manifest_from_json,
    manifest_to_json,
    maps_of,
    site_to_json,
    sites_from_json,
)
from tb_attention.records.format.step_file import manifest_member, read_json
from tb_attention.records.store.store import Entry

SEGMENT = 64
"""Steps in a segment, at most."""


@dataclass(frozen=True, eq=False)
class StepEntry:
    """A step as the index knows it.

    Attributes:
        manifest: Of the step file.
        file: Name, size and time of the step file when it was read; the entry counts only while they agree.
        measures: float32 (samples, heads of all sites, measures), or None where they were not read, or for matrices.
    """

    manifest: Manifest
    file: Entry
    measures: npt.NDArray[np.float32] | None = None


def measures_member(place: int) -> str:
    """The member with the measures of the step at a place of the segment."""
    return f"measures/{place}"


def index_members(entries: Sequence[StepEntry]) -> list[Member]:
    """The members of a segment; equal sites of several steps are told once."""
    site_sets: list[Any] = []
    places: dict[tuple[Any, ...], int] = {}
    steps = []
    members: list[Member] = []
    for place, entry in enumerate(entries):
        told = manifest_to_json(entry.manifest)
        maps = maps_of(entry.manifest)
        if maps is not None:
            sites = maps.sites
            if sites not in places:
                places[sites] = len(site_sets)
                site_sets.append([site_to_json(site) for site in sites])
            told["sites"] = places[sites]
        steps.append(told | {"file": entry.file.name, "mtime_ns": entry.file.mtime_ns, "size": entry.file.size})
        if entry.measures is not None:
            members.append((measures_member(place), entry.measures))
    first = entries[0].manifest
    head = {"schema": SCHEMA, "content": "index", "tag": first.tag, "attempt": first.attempt}
    return [manifest_member(head | {"steps": steps, "site_sets": site_sets}), *members]


def read_index(archive: Archive, what: str, *, with_measures: bool = False) -> list[StepEntry]:
    """The entries of a segment, in order.

    Raises:
        NewerSchemaError, DamagedFileError: The segment is to be ignored.
    """
    value = read_json(archive, what)
    check_schema(value, what)
    try:
        # Once a segment: a thousand steps have the same sites, and parsing them again costs more than all the rest.
        told, site_sets = value["steps"], [sites_from_json(sites) for sites in value["site_sets"]]
        entries = [_entry(archive, place, item, site_sets, what, with_measures) for place, item in enumerate(told)]
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise DamagedFileError(f"{what} is not an index: {str(error)[:200]}.") from error
    return entries


def _entry(
    archive: Archive,
    place: int,
    told: dict[str, Any],
    site_sets: list[tuple[SiteManifest, ...]],
    what: str,
    with_measures: bool,
) -> StepEntry:
    sites = site_sets[told["sites"]] if "sites" in told else None
    manifest = manifest_from_json(told, f"Entry {place} of {what}", sites)
    file = Entry(str(told["file"]), False, int(json_text.number(told["size"])), int(told["mtime_ns"]))
    # Of the examples of matrices no curve is drawn: others at every step.
    if not with_measures or not isinstance(manifest, StepManifest):
        return StepEntry(manifest, file)
    stored = archive.read(measures_member(place))
    shape = (manifest.sample_count, manifest.heads, len(manifest.measures))
    if stored.shape != shape or stored.dtype.kind != "f":
        raise DamagedFileError(f"{what} holds measures of shape {stored.shape} for {shape}.")
    return StepEntry(manifest, file, stored.astype(np.float32))
