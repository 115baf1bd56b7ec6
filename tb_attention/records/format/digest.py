"""What is computed of a step of maps before it is written: its manifest, overviews and measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention._version import __version__
from tb_attention.errors import ArgumentError
from tb_attention.records.format.schema import PicturesManifest, StepManifest
from tb_attention.records.format.site_manifest import EncodedPart, OverviewPart, RowsManifest, SiteManifest
from tb_attention.records.format.step_record import RecordHeader, StepRecord
from tb_attention.reduce.encodings import Encoding, choose_encoding, encode, encoded_bytes, row_encoding
from tb_attention.reduce.graph_layout import laid_out
from tb_attention.reduce.head_measures import MEASURES, gate_measures, head_measures, uncomputed_rows
from tb_attention.reduce.pooling import MOST, falling_values, pool_maximum
from tb_attention.site import Axis, FullRows, Kind, Site, own_part

_WITHOUT_ORDER = ("nodes", "objects", "features")

Masks = Mapping[int, npt.NDArray[np.bool_]]
"""By index of the input: `(samples, positions)`, False for padding."""


@dataclass(frozen=True, eq=False)
class Digest:
    """What the index and the event file need of a step of maps.

    Attributes:
        manifest: Of the step file.
        measures: float32 (samples, heads of all sites, measures).
        overviews: uint8, one array for each sample.
    """

    manifest: StepManifest
    measures: npt.NDArray[np.float32]
    overviews: tuple[npt.NDArray[np.uint8], ...]


def digest(record: StepRecord, tag: str, attempt: int, masks: Masks | None = None) -> Digest:
    """Overviews, measures and the manifest of a record.

    Args:
        record: The step.
        tag, attempt: The series and attempt of the step.
        masks: By index of the input, which positions are not padding; `(samples, positions)`.

    Raises:
        ArgumentError: A site has no axis for its heads.
    """
    count = record.sample_count
    kept = {index: mask for index, mask in (masks or {}).items() if len(mask) == count}
    parts: list[list[npt.NDArray[np.uint8]]] = [[] for _ in range(count)]
    values: list[list[npt.NDArray[np.float32]]] = [[] for _ in range(count)]
    sites = []
    offset = 0
    for site in record.sites:
        known, encoded = _site(site, offset)
        sites.append(known)
        offset += known.overview.bytes
        for sample in range(count):
            parts[sample].append(encoded[sample])
            values[sample].append(_own_measures(site, known.axes, sample, kept))
    made = record.pictures
    manifest = StepManifest(
        **header(record, tag, attempt),
        samples=record.samples,
        sample_count=count,
        predictions=record.predictions or (None,) * count,
        measures=MEASURES,
        sites=tuple(sites),
        pictures=None if made is None else PicturesManifest(made.frames.shape[1:], made.input),
    )
    empty = np.zeros((0, len(MEASURES)), np.float32)
    stacked = [np.concatenate(heads) if heads else empty for heads in values]
    return Digest(
        manifest,
        np.stack(stacked) if stacked else np.zeros((0, manifest.heads, len(MEASURES)), np.float32),
        tuple(np.concatenate(each) if each else np.zeros(0, np.uint8) for each in parts),
    )


def header(record: RecordHeader, tag: str, attempt: int) -> dict[str, Any]:
    """The fields of `StepHeader` for a step that this version writes."""
    return {
        "tag": tag,
        "attempt": attempt,
        "writer": f"tb_attention {__version__}",
        "step": record.step,
        "epoch": record.epoch,
        "batch": record.batch,
        "wall_time": float(record.wall_time),
        "logs": {str(name): float(value) for name, value in record.logs.items()},
    }


def _site(site: Site, offset: int) -> tuple[SiteManifest, list[npt.NDArray[np.uint8]]]:
    """The manifest of a site and the encoded overview of each sample."""
    roles = [axis.role for axis in site.axes[:2]]
    if roles != ["samples", "heads"]:
        raise ArgumentError(f"`axes` of a site must begin with samples and heads. Received: {roles} at {site.path!r}.")
    axes = tuple(map(laid_out, site.axes[2:]))
    inner = (site.axes[1], *axes)
    pooled = [overview(weights, inner, site.kind, sample) for sample, weights in enumerate(site.weights)]
    nothing = np.zeros(site.weights.shape[1:], np.float32)
    shape = pooled[0].shape if pooled else overview(nothing, inner, site.kind).shape
    # All samples of a site share one encoding, as the manifest states only one.
    signed = any(row_encoding(maps) == "signed8_row" for maps in pooled)
    overview_encoding: Encoding = "signed8_row" if signed else "sqrt8_row"
    manifest = SiteManifest(
        path=site.path,
        kind=site.kind,
        note=site.note,
        axes=inner,
        shape=site.weights.shape[1:],
        encoding=_shared_encoding(site.weights),
        overview=OverviewPart(
            shape=shape,
            encoding=overview_encoding,
            offset=offset,
            bytes=encoded_bytes(shape, overview_encoding),
        ),
        rows=None if site.rows is None else _rows_manifest(site.rows),
        features=None if site.features is None else _part(np.moveaxis(site.features, -1, 1)),
        sink=None if site.sink is None else EncodedPart(shape=site.sink.shape[1:], encoding="float32"),
    )
    return manifest, [encode(maps, overview_encoding) for maps in pooled]


def _rows_manifest(rows: FullRows) -> RowsManifest:
    part = _part(rows.weights)
    return RowsManifest(queries=tuple(map(int, rows.queries)), shape=part.shape, encoding=part.encoding)


def _part(arrays: npt.NDArray[np.float32]) -> EncodedPart:
    """How the arrays of all samples are stored."""
    return EncodedPart(shape=arrays.shape[1:], encoding=_shared_encoding(arrays))


def _own_measures(site: Site, axes: tuple[Axis, ...], sample: int, masks: Masks) -> npt.NDArray[np.float32]:
    """The measures of a site for one sample, without padding."""
    weights = site.weights[sample][own_part(axes, sample)]
    own = tuple(axis.of(sample) for axis in axes)
    lengths = {axis.input: axis.of(sample).size for axis in axes if axis.own is not None}
    cut = {index: mask[:, : lengths.get(index)] for index, mask in masks.items()}
    return measures(weights, own, site.kind, sample, cut)


def _shared_encoding(weights: npt.NDArray[np.float32]) -> Encoding:
    """The encoding that fits the weights of all samples."""
    if not len(weights) or choose_encoding(weights[0]) == "float32":
        return "float32"
    return choose_encoding(weights)


def overview(
    weights: npt.NDArray[np.float32], axes: tuple[Axis, ...], kind: Kind, sample: int | None = None
) -> npt.NDArray[np.float32]:
    """The overview of every head: its map, pooled by maximum; of a gate over channels how its values are distributed.

    Args:
        weights: `(heads, ...)`, of one sample.
        axes: Those of `weights`.
        kind: Of the site.
        sample: The index of the sample where samples differ in size, or None for the whole of `weights`.

    Returns:
        `(heads, queries, keys)`, both at most 32; iterations and windows are pooled into one. Without queries
        `(heads, rows, columns)` where the keys are cells of a plane, else `(heads, keys)`; those of gates and activations by
        falling value.
    """
    if _sizes(axes, "query"):
        maps = _as_maps(weights, axes)
        absent = uncomputed_rows(maps)
        # A row that one iteration has not computed yet is computed in another.
        return pool_maximum(_merge(_zeroed(maps, absent & ~absent.all(axis=0))))
    keys = [axis for axis in axes if axis.role == "key"]
    shown = [axis.size for axis in keys[-2:]]
    maps = _merge(weights.reshape(len(weights), -1, *shown))
    if len(shown) == 2:
        return pool_maximum(maps)
    grid, of, own = keys[0].cell_grid, np.asarray(keys[0].cell_of), keys[0].own
    if grid is not None and len(grid) == 2 and own is None:
        cells = np.argsort(of, kind="stable")[np.count_nonzero(of < 0) :]
        return pool_maximum(maps[:, cells].reshape(len(maps), *grid))
    if kind not in ("gate", "activation"):
        return pool_maximum(maps, dimensions=1)
    there = maps if sample is None else maps[:, : keys[0].of(sample).size]
    return falling_values(there, min(keys[0].size, MOST))


def measures(
    weights: npt.NDArray[np.float32], axes: tuple[Axis, ...], kind: str, sample: int, masks: Masks
) -> npt.NDArray[np.float32]:
    """The measures of every head, float32 `(heads, 6)`; arguments as for `overview`."""
    queries = [axis for axis in axes if axis.role == "query"]
    keys = [axis for axis in axes if axis.role == "key"]
    if not queries:
        return gate_measures(weights)
    first = queries[0]
    mask = masks.get(first.input) if first.input is not None and len(queries) == 1 else None
    if mask is not None and mask.shape[1] != first.size:
        mask = None
    grid = first.cell_grid if len(queries) == 1 else tuple(axis.size for axis in queries)
    maps = _as_maps(weights, axes)
    return head_measures(
        # Rows of zeros do not count in measures.
        _zeroed(maps, uncomputed_rows(maps)),
        grid=grid,
        cells=first.cell_of if len(queries) == 1 else None,
        alike=kind not in ("cross", "router") and _positions(queries) == _positions(keys),
        ordered=not any(axis.kind in _WITHOUT_ORDER for axis in (*queries, *keys)),
        query_mask=None if mask is None else mask[sample],
    )


def _as_maps(weights: npt.NDArray[np.float32], axes: tuple[Axis, ...]) -> npt.NDArray[np.float32]:
    """Weights as `(heads, repeats, queries, keys)`; several query or key axes become one."""
    queries, keys = math.prod(_sizes(axes, "query")), math.prod(_sizes(axes, "key"))
    repeats = math.prod(_sizes(axes, "iteration") + _sizes(axes, "windows"))
    return weights.reshape(weights.shape[0], repeats, queries, keys)


def _zeroed(maps: npt.NDArray[np.float32], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(rows[:, :, None], np.float32(0), maps) if rows.any() else maps


def _sizes(axes: tuple[Axis, ...], role: str) -> list[int]:
    return [axis.size for axis in axes if axis.role == role]


def _positions(axes: list[Axis]) -> list[tuple[object, ...]]:
    return [(axis.size, axis.kind, axis.cell_grid, axis.cell_of, axis.input) for axis in axes]


def _merge(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Pools the second axis away."""
    if maps.shape[1] == 1:
        return maps[:, 0]
    if maps.shape[1] == 0:
        return np.zeros((maps.shape[0], *maps.shape[2:]), np.float32)
    moved = np.moveaxis(maps, 1, -1)
    return pool_maximum(moved, dimensions=1, most=1)[..., 0]
