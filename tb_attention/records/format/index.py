"""Index segments: manifests and measures of up to 64 steps in one file, for the timeline and the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tb_attention.errors import DamagedFileError
from tb_attention.records.format import json_text
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import Member
from tb_attention.records.format.schema import (
    SCHEMA,
    Manifest,
    StepManifest,
    check_schema,
    manifest_from_json,
    manifest_member,
    manifest_to_json,
    maps_of,
    read_json,
)
from tb_attention.records.format.site_manifest import Count, Sites, site_to_json
from tb_attention.records.format.step_file import read_measures
from tb_attention.records.store.store import Entry

SEGMENT = 64
"""Steps in a segment, at most."""


@dataclass(frozen=True, eq=False)
class StepEntry:
    """A step in the index.

    Attributes:
        manifest: Of the step file.
        file: Name, size and time of the step file when it was read. The entry counts only while they agree.
        measures: float32 (samples, heads of all sites, measures); None for matrices, or where they were not read.
    """

    manifest: Manifest
    file: Entry
    measures: npt.NDArray[np.float32] | None = None


def measures_member(index: int) -> str:
    """The member with the measures of a step, by its index in the segment."""
    return f"measures/{index}"


def index_members(entries: Sequence[StepEntry]) -> list[Member]:
    """The members of a segment. Sites that several steps share are stored once."""
    site_sets: dict[Sites, int] = {}
    steps = []
    members: list[Member] = []
    for index, entry in enumerate(entries):
        step = manifest_to_json(entry.manifest, with_sites=False)
        maps = maps_of(entry.manifest)
        if maps is not None:
            step["sites"] = site_sets.setdefault(maps.sites, len(site_sets))
        steps.append(step | {"file": entry.file.name, "mtime_ns": entry.file.mtime_ns, "size": entry.file.size})
        if entry.measures is not None:
            members.append((measures_member(index), entry.measures))
    first = entries[0].manifest
    head = {"schema": SCHEMA, "content": "index", "tag": first.tag, "attempt": first.attempt}
    listed = [[site_to_json(site) for site in sites] for sites in site_sets]
    return [manifest_member(head | {"steps": steps, "site_sets": listed}), *members]


def read_index(archive: Archive, what: str, *, with_measures: bool = False) -> list[StepEntry]:
    """The entries of a segment, in order.

    Raises:
        NewerSchemaError, DamagedFileError: The segment cannot be read and is to be ignored.
    """
    value = read_json(archive, what)
    check_schema(value, what)
    # Once a segment: nearly all of its steps have the same sites.
    segment = json_text.convert(value, _Segment, what)
    return [
        _entry(archive, index, item, segment.site_sets, what, with_measures) for index, item in enumerate(segment.steps)
    ]


class _Segment(Struct):
    steps: list[dict[str, Any]]
    site_sets: list[Sites]


class _Indexed(Struct):
    """What the entry of a step holds in addition to its manifest."""

    file: str
    size: Count
    mtime_ns: int
    sites: int | None = None


def _entry(
    archive: Archive, index: int, item: dict[str, Any], site_sets: list[Sites], what: str, with_measures: bool
) -> StepEntry:
    name = f"Entry {index} of {what}"
    indexed = json_text.convert(item, _Indexed, name)
    if indexed.sites is not None and not 0 <= indexed.sites < len(site_sets):
        raise DamagedFileError(f"{name} names sites that the segment does not have. Received: sites={indexed.sites}.")
    manifest = manifest_from_json(item, name, None if indexed.sites is None else site_sets[indexed.sites])
    file = Entry(indexed.file, False, indexed.size, indexed.mtime_ns)
    # Each step of matrices has other examples, so their measures make no curve.
    if not with_measures or not isinstance(manifest, StepManifest):
        return StepEntry(manifest, file)
    return StepEntry(manifest, file, read_measures(archive, manifest, measures_member(index)))
