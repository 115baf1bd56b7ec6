"""Index segments: manifests and measures of up to 64 steps in one file, for the timeline and the curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import Member, int64_array
from tb_attention.records.format.paths import step_order
from tb_attention.records.format.schema import (
    SCHEMA,
    ConfusionManifest,
    Manifest,
    StepManifest,
    check_schema,
    manifest_member,
    manifest_to_json,
    maps_of,
    read_json_as,
)
from tb_attention.records.format.site_manifest import Count, Sites, site_to_json
from tb_attention.records.format.step_file import read_measures
from tb_attention.records.store.store import Entry

SEGMENT = 64
"""Steps in a segment, at most."""


@dataclass(frozen=True, eq=False, slots=True)
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


class MeasuresTable(NamedTuple):
    """The measures of some samples at the steps of a segment.

    Attributes:
        orders, sizes, times: int64 (steps,): `paths.step_order` of each step, and size and time of its file.
        numbers: int64 (steps,): how many numbers each step has of a sample; 0 for a step without measures.
        samples: int64 (steps,): how many samples each step has.
        values: By sample, float32: the numbers (heads of all sites, measures) of every step that has the sample, one step after
            the other.
    """

    orders: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    samples: npt.NDArray[np.int64]
    values: Mapping[int, npt.NDArray[np.float32]]


def index_members(entries: Sequence[StepEntry]) -> list[Member]:
    """The members of a segment. Sites that several steps share are stored once."""
    site_sets: dict[Sites, int] = {}
    steps = []
    for entry in entries:
        step = manifest_to_json(entry.manifest, with_sites=False)
        maps = maps_of(entry.manifest)
        if maps is not None:
            step["sites"] = site_sets.setdefault(maps.sites, len(site_sets))
        steps.append(step | {"file": entry.file.name, "mtime_ns": entry.file.mtime_ns, "size": entry.file.size})
    first = entries[0].manifest
    head = {"schema": SCHEMA, "content": "index", "tag": first.tag, "attempt": first.attempt}
    listed = [[site_to_json(site) for site in sites] for sites in site_sets]
    return [manifest_member(head | {"steps": steps, "site_sets": listed}), *_measures_members(entries)]


def _measures_members(entries: Sequence[StepEntry]) -> Iterator[Member]:
    """By sample, so that a curve of one sample inflates nothing of the others."""
    measured = [entry.measures for entry in entries if entry.measures is not None]
    if not measured:
        return
    rows = []
    for entry in entries:
        samples, numbers = (0, 0) if entry.measures is None else (len(entry.measures), entry.measures[:1].size)
        rows.append((step_order(entry.manifest.step), entry.file.size, entry.file.mtime_ns, numbers, samples))
    yield _FILES, np.stack([int64_array(column) for column in zip(*rows, strict=True)])
    for sample in range(max(map(len, measured))):
        yield _sample_member(sample), np.concatenate([each[sample].ravel() for each in measured if sample < len(each)])


_FILES = "files"
_SAMPLE = "measures_of/"
_MOST_TABLE = 64 << 20


def _sample_member(sample: int) -> str:
    return f"{_SAMPLE}{sample}"


def read_measures_table(archive: Archive, samples: Iterable[int] | None = None) -> MeasuresTable | None:
    """The measures at the steps of a segment; None for a segment of an earlier version.

    Args:
        archive: The segment.
        samples: Those to read, as far as the segment has them. Defaults to None, all of them.

    Raises:
        DamagedFileError: The segment is to be ignored.
    """
    if _FILES not in archive.names:
        return None
    table = archive.read(_FILES, _MOST_TABLE)
    if table.dtype != np.int64 or table.ndim != 2 or len(table) != 5 or (table[3:] < 0).any():
        raise DamagedFileError(f"{_FILES} must be int64 (5, steps). Received: {table.dtype} {table.shape}.")
    orders, sizes, times, numbers, counts = table
    values = {}
    if samples is None:
        samples = range(sum(name.startswith(_SAMPLE) for name in archive.names))
    for sample in samples:
        wanted = float(numbers[counts > sample].sum(dtype=np.float64))
        if wanted:
            flat = archive.read(_sample_member(sample))
            if flat.dtype != np.float32 or flat.shape != (wanted,):
                raise DamagedFileError(f"Sample {sample} must have {wanted:.0f} float32. Received: {flat.shape}.")
            values[sample] = flat
    return MeasuresTable(orders, sizes, times, numbers, counts, values)


def read_index(archive: Archive, what: str, *, with_measures: bool = False) -> list[StepEntry]:
    """The entries of a segment, in order.

    Raises:
        NewerSchemaError, DamagedFileError: The segment cannot be read and is to be ignored.
    """
    segment = read_json_as(archive, _Segment, what)
    check_schema({"schema": segment.schema}, what)
    entries = [_entry(step, segment.site_sets, what) for step in segment.steps]
    if not with_measures:
        return entries
    table = read_measures_table(archive)
    if table is None:
        return [_with_own_measures(archive, index, entry) for index, entry in enumerate(entries)]
    return _with_measures(entries, table, what)


# An entry says of its step what the manifest of the step file says, but names its sites by their index.
class _IndexedMaps(StepManifest, frozen=True, kw_only=True, tag="attention"):
    schema: int
    file: str
    size: Count
    mtime_ns: int
    sites: Sites = field(default=(), name="not here")
    site_set: int | None = field(default=None, name="sites")


class _IndexedMatrices(ConfusionManifest, frozen=True, kw_only=True, tag="confusion"):
    schema: int
    file: str
    size: Count
    mtime_ns: int
    sites: Sites = field(default=(), name="not here")
    site_set: int | None = field(default=None, name="sites")


class _Segment(Struct):
    schema: int
    steps: list[_IndexedMaps | _IndexedMatrices]
    site_sets: list[Sites]


_KINDS: Mapping[type, type[Manifest]] = {_IndexedMaps: StepManifest, _IndexedMatrices: ConfusionManifest}


def _entry(step: _IndexedMaps | _IndexedMatrices, site_sets: list[Sites], what: str) -> StepEntry:
    check_schema({"schema": step.schema}, what)
    if step.site_set is None:
        sites: Sites = ()
    elif 0 <= step.site_set < len(site_sets):
        sites = site_sets[step.site_set]
    else:
        raise DamagedFileError(f"{what} names sites that it does not have. Received: sites={step.site_set}.")
    kind = _KINDS[type(step)]
    fields = {name: getattr(step, name) for name in kind.__struct_fields__}
    return StepEntry(kind(**fields | {"sites": sites}), Entry(step.file, False, step.size, step.mtime_ns))


def _with_measures(entries: Sequence[StepEntry], table: MeasuresTable, what: str) -> list[StepEntry]:
    if len(table.orders) != len(entries):
        raise DamagedFileError(f"{what} has {len(entries)} steps, and measures of {len(table.orders)}.")
    starts = dict.fromkeys(table.values, 0)
    found = []
    for entry, numbers, samples in zip(entries, table.numbers.tolist(), table.samples.tolist(), strict=True):
        manifest, parts = entry.manifest, []
        for sample in range(samples if numbers else 0):
            if sample not in starts:
                raise DamagedFileError(f"{what} has no measures of sample {sample}.")
            start = starts[sample]
            starts[sample] += numbers
            parts.append(table.values[sample][start : start + numbers])
        # Each step of matrices has other examples, so their measures make no curve.
        if isinstance(manifest, StepManifest) and samples == manifest.sample_count:
            shape = (samples, manifest.heads, len(manifest.measures))
            if numbers != shape[1] * shape[2]:
                raise DamagedFileError(f"{what} has {numbers} measures of a step, but they have the shape {shape}.")
            entry = dataclasses.replace(entry, measures=np.concatenate([*parts, _NOTHING]).reshape(shape))
        found.append(entry)
    return found


_NOTHING = np.zeros(0, np.float32)


def _with_own_measures(archive: Archive, index: int, entry: StepEntry) -> StepEntry:
    """The entry of a segment of an earlier version, which has one member for each step."""
    if not isinstance(entry.manifest, StepManifest):
        return entry
    return dataclasses.replace(entry, measures=read_measures(archive, entry.manifest, f"measures/{index}"))
