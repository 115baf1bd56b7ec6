"""The manifests of step files as frozen records, and their JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tb_attention.errors import ArgumentError, DamagedFileError, NewerSchemaError
from tb_attention.records.format import checked, json_text
from tb_attention.records.format.axis_json import axis_from_json, axis_to_json
from tb_attention.records.format.confusion_manifest import (
    ConfusionManifest,
    SplitManifest,
    confusion_from_json,
    confusion_to_json,
)
from tb_attention.records.format.paths import Step, check_step
from tb_attention.records.format.step_record import Prediction
from tb_attention.reduce.encodings import Encoding, encoded_bytes
from tb_attention.site import KINDS, Axis, Kind

__all__ = [
    "SCHEMA",
    "ConfusionManifest",
    "FeaturesManifest",
    "Manifest",
    "OverviewPart",
    "Prediction",
    "RowsManifest",
    "SiteManifest",
    "SplitManifest",
    "StepManifest",
    "manifest_from_json",
    "manifest_to_json",
    "site_from_json",
    "site_to_json",
    "sites_from_json",
]

SCHEMA = 1
"""The version that this code writes, and the newest that it reads."""

# No honest file comes near these; they bound what a hostile one can make a reader do.
_MOST_SITES = 100_000


@dataclass(frozen=True)
class OverviewPart:
    """Where the overview of a site lies in the member `overview/<sample>`."""

    shape: tuple[int, ...]
    encoding: Encoding
    offset: int
    bytes: int


@dataclass(frozen=True)
class RowsManifest:
    """The rows of chosen queries of a site whose maps were pooled, as they were before; `shape` leaves out the samples."""

    queries: tuple[int, ...]
    shape: tuple[int, ...]
    encoding: Encoding


@dataclass(frozen=True)
class FeaturesManifest:
    """The feature map behind a gate; `shape` is (channels, rows, columns)."""

    shape: tuple[int, ...]
    encoding: Encoding


@dataclass(frozen=True)
class SinkManifest:
    """The share of each row that goes to a sink; `shape` is that of the weights without samples and key axes."""

    shape: tuple[int, ...]
    encoding: Encoding


@dataclass(frozen=True)
class SiteManifest:
    """A site as a step file describes it; `axes` and `shape` leave out the samples."""

    path: str
    kind: Kind
    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    encoding: Encoding
    overview: OverviewPart
    note: str | None = None
    rows: RowsManifest | None = None
    features: FeaturesManifest | None = None
    sink: SinkManifest | None = None

    @property
    def heads(self) -> int:
        """Number of heads; 1 where the site has no such axis."""
        return self.shape[0] if self.axes and self.axes[0].role == "heads" else 1


@dataclass(frozen=True)
class StepManifest:
    """The manifest of a step file of maps."""

    tag: str
    attempt: int
    step: Step
    epoch: int | None
    batch: int | None
    wall_time: float
    logs: Mapping[str, float]
    samples: str | None
    sample_count: int
    predictions: tuple[Prediction | None, ...]
    measures: tuple[str, ...]
    sites: tuple[SiteManifest, ...]
    writer: str = ""

    content: Literal["attention"] = "attention"

    @property
    def heads(self) -> int:
        """Heads of all sites."""
        return sum(site.heads for site in self.sites)

    def site_index(self, path: str) -> int | None:
        """The place of a site, or None."""
        return next((place for place, site in enumerate(self.sites) if site.path == path), None)


Manifest: TypeAlias = StepManifest | ConfusionManifest


def maps_of(manifest: Manifest) -> StepManifest | None:
    """What a manifest says of maps: all of it, or of the examples of confused cells; None where there are none."""
    return manifest.maps if isinstance(manifest, ConfusionManifest) else manifest


def manifest_to_json(manifest: Manifest, *, with_sites: bool = True) -> dict[str, Any]:
    """The JSON object of a manifest, as docs/format.md says, with its sites or without; `json_text.dumps` makes text of it."""
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "content": manifest.content,
        "tag": manifest.tag,
        "attempt": manifest.attempt,
        "writer": manifest.writer,
        "step": manifest.step,
        "epoch": manifest.epoch,
        "batch": manifest.batch,
        "wall_time": manifest.wall_time,
        "logs": dict(manifest.logs),
    }
    if isinstance(manifest, ConfusionManifest):
        maps = manifest.maps
        return head | confusion_to_json(manifest) | ({} if maps is None else _maps_to_json(maps, with_sites))
    return head | _maps_to_json(manifest, with_sites)


def _maps_to_json(manifest: StepManifest, with_sites: bool) -> dict[str, Any]:
    told = {
        "samples": manifest.samples,
        "sample_count": manifest.sample_count,
        "predictions": [None if made is None else _prediction_to_json(made) for made in manifest.predictions],
        "measures": list(manifest.measures),
    }
    return told | {"sites": [site_to_json(site) for site in manifest.sites]} if with_sites else told


def _prediction_to_json(made: Prediction) -> dict[str, Any]:
    known = {"class": made.class_index, "probability": made.probability}
    return known if made.label_probability is None else known | {"label_probability": made.label_probability}


def site_to_json(site: SiteManifest) -> dict[str, Any]:
    """The JSON object of a site."""
    rows = site.rows
    told = (
        {}
        if rows is None
        else {"rows": dataclasses.asdict(rows) | {"queries": list(rows.queries), "shape": list(rows.shape)}}
    )
    if site.features is not None:
        told |= {"features": dataclasses.asdict(site.features) | {"shape": list(site.features.shape)}}
    if site.sink is not None:
        told |= {"sink": dataclasses.asdict(site.sink) | {"shape": list(site.sink.shape)}}
    return told | {
        "path": site.path,
        "kind": site.kind,
        "note": site.note,
        "axes": [axis_to_json(axis) for axis in site.axes],
        "shape": list(site.shape),
        "encoding": site.encoding,
        "overview": dataclasses.asdict(site.overview) | {"shape": list(site.overview.shape)},
    }


def check_schema(value: Mapping[str, Any], what: str) -> None:
    """Raises NewerSchemaError or DamagedFileError unless this code can read a manifest."""
    schema = value.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise DamagedFileError(f"{what} names no schema. Received: schema={str(schema)[:40]!r}.")
    if schema > SCHEMA:
        raise NewerSchemaError(
            f"{what} was written by a newer tb_attention: its schema is {schema}, this version reads up to {SCHEMA}."
        )


def manifest_from_json(value: Mapping[str, Any], what: str, sites: tuple[SiteManifest, ...] | None = None) -> Manifest:
    """The manifest in a JSON object.

    Args:
        value: As `json_text.loads` gives it.
        what: What errors call it.
        sites: Those of a manifest of maps, where they were read already; by default they are read from `value`.

    Raises:
        NewerSchemaError: A newer version wrote it.
        DamagedFileError: It is not a manifest of a step.
    """
    check_schema(value, what)
    try:
        return _manifest(value, sites)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, DamagedFileError) as error:
        raise DamagedFileError(f"{what} is not as it should be: {str(error)[:200]}") from error


def _manifest(value: Mapping[str, Any], sites: tuple[SiteManifest, ...] | None) -> Manifest:
    step = value["step"]
    check_step(step)
    head: dict[str, Any] = {
        "tag": checked.text(value["tag"]),
        "attempt": checked.count(value["attempt"]),
        "writer": checked.text(value.get("writer", "")),
        "step": step,
        "epoch": checked.count_or_none(value.get("epoch")),
        "batch": checked.count_or_none(value.get("batch")),
        "wall_time": json_text.number(value["wall_time"]),
        "logs": {checked.text(name): json_text.number(metric) for name, metric in value["logs"].items()},
    }
    if value["content"] == "confusion":
        told = confusion_from_json(value)
        # Whatever stands there, a step without the count has no maps.
        maps = _maps(value, head, sites) if value.get("sample_count") else None
        return ConfusionManifest(**head, **told, maps=maps)
    if value["content"] != "attention":
        raise DamagedFileError(f"`content` must be attention or confusion. Received: {str(value['content'])[:40]!r}.")
    return _maps(value, head, sites)


def _maps(value: Mapping[str, Any], head: Mapping[str, Any], sites: tuple[SiteManifest, ...] | None) -> StepManifest:
    return StepManifest(
        **head,
        samples=None if value.get("samples") is None else checked.text(value["samples"]),
        sample_count=checked.count(value["sample_count"]),
        predictions=tuple(map(_prediction, value["predictions"])),
        measures=tuple(map(checked.text, value["measures"])),
        sites=sites_from_json(value["sites"]) if sites is None else sites,
    )


def sites_from_json(value: Any) -> tuple[SiteManifest, ...]:
    """The sites in a JSON array; raises KeyError, TypeError, ValueError or DamagedFileError where it is none."""
    if len(value) > _MOST_SITES:
        raise DamagedFileError(f"{len(value)} sites are more than the {_MOST_SITES} allowed.")
    return tuple(map(site_from_json, value))


def site_from_json(value: Mapping[str, Any]) -> SiteManifest:
    """The site in a JSON object; raises KeyError, TypeError or ValueError where it is none."""
    shape = checked.shape(value["shape"])
    axes = tuple(map(axis_from_json, value["axes"]))
    part = value["overview"]
    overview = OverviewPart(
        shape=checked.shape(part["shape"]),
        encoding=checked.encoding(part["encoding"]),
        offset=checked.count(part["offset"]),
        bytes=checked.count(part["bytes"]),
    )
    if tuple(axis.size for axis in axes) != shape:
        raise ArgumentError(f"the axes do not describe the shape {shape}.")
    if overview.bytes != encoded_bytes(overview.shape, overview.encoding):
        raise ArgumentError(f"an overview of shape {overview.shape} has not {overview.bytes} bytes.")
    if value["kind"] not in KINDS:
        raise ArgumentError(f"`kind` must be one of {KINDS}. Received: kind={str(value['kind'])[:40]!r}.")
    return SiteManifest(
        path=checked.text(value["path"]),
        kind=value["kind"],
        note=None if value.get("note") is None else checked.text(value["note"]),
        axes=axes,
        shape=shape,
        encoding=checked.encoding(value["encoding"]),
        overview=overview,
        rows=None if value.get("rows") is None else _rows(value["rows"]),
        features=None if value.get("features") is None else _features(value["features"]),
        sink=None if value.get("sink") is None else _sink(value["sink"]),
    )


def _rows(value: Mapping[str, Any]) -> RowsManifest:
    return RowsManifest(
        tuple(map(checked.count, value["queries"])), checked.shape(value["shape"]), checked.encoding(value["encoding"])
    )


def _sink(value: Mapping[str, Any]) -> SinkManifest:
    return SinkManifest(checked.shape(value["shape"]), checked.encoding(value["encoding"]))


def _features(value: Mapping[str, Any]) -> FeaturesManifest:
    shape = checked.shape(value["shape"])
    if len(shape) != 3:
        raise ArgumentError(f"a feature map has channels, rows and columns. Received: shape {shape}.")
    return FeaturesManifest(shape, checked.encoding(value["encoding"]))


def _prediction(value: Mapping[str, Any] | None) -> Prediction | None:
    if value is None:
        return None
    known = [value.get(name) for name in ("probability", "label_probability")]
    return Prediction(checked.count(value["class"]), *(None if one is None else json_text.number(one) for one in known))
