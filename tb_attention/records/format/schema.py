"""The manifests of step files, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, cast

import msgspec
import numpy as np
from msgspec import Meta, Struct, field

from tb_attention.errors import ArgumentError, DamagedFileError, NewerSchemaError
from tb_attention.records.format import json_text
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.json_text import Number
from tb_attention.records.format.npz import Member
from tb_attention.records.format.paths import MAX_STEP
from tb_attention.records.format.site_manifest import NULL, Count, Sites, site_to_json
from tb_attention.records.format.step_record import ClassGroup, ConfusionKind, Prediction

T = TypeVar("T")

SCHEMA = 1
"""The version that this code writes, and the newest that it reads."""

_MEMBER = "manifest"

# No honest file comes near these. They bound what a hostile one can make a reader do.
_MOST_BYTES = 64 << 20
_MOST_CLASSES = 20_000
_MOST_BINS = 65_536
_DEEPEST = 20
_Side = Annotated[int, Meta(ge=1, le=4096)]


class StepHeader(Struct, frozen=True, kw_only=True, gc=False, tag_field="content"):
    """What every manifest of a step says.

    Attributes:
        writer: Name and version of the program that wrote the file.
        epoch: From 0 as Keras counts, or None.
        batch: Batches that the model has seen, or None.
        wall_time: Seconds since 1970.
        logs: Metrics by name.
    """

    tag: str
    attempt: Count
    writer: str = field(default_factory=str)
    step: Annotated[int, Meta(ge=0, le=MAX_STEP)] | Literal["init"]
    epoch: Count | None = NULL
    batch: Count | None = NULL
    wall_time: Number
    logs: Mapping[str, Number]

    def __post_init__(self) -> None:
        json_text.read_numbers(self, "wall_time", "logs")

    @property
    def content(self) -> Literal["attention", "confusion"]:
        """What the step file holds: maps or matrices."""
        return cast('Literal["attention", "confusion"]', self.__struct_config__.tag)


class PicturesManifest(Struct, frozen=True, omit_defaults=True):
    """Pictures that the model made of each sample.

    Attributes:
        shape: (frames, rows, columns, channels): one frame, or as many as iterations.
        input: The index of the input whose picture they replace, or None.
    """

    shape: tuple[_Side, _Side, _Side, _Side]
    input: Count | None = None


class StepManifest(StepHeader, frozen=True, kw_only=True, tag="attention", omit_defaults=True):
    """The manifest of a step file of maps.

    Attributes:
        samples: Name of the samples file, or None.
        predictions: One for each sample.
        measures: Names of the head measures.
        pictures: What the model made of the samples, or None.
    """

    samples: str | None = NULL
    sample_count: Count
    predictions: tuple[Prediction | None, ...]
    measures: tuple[str, ...]
    sites: Sites
    pictures: PicturesManifest | None = None

    @property
    def heads(self) -> int:
        """Heads of all sites."""
        return sum(site.heads for site in self.sites)

    def site_index(self, path: str) -> int | None:
        """The index of a site, or None."""
        return next((index for index, site in enumerate(self.sites) if site.path == path), None)


class SplitManifest(Struct, frozen=True, omit_defaults=True):
    """How the matrix of one split is stored.

    Attributes:
        examples: The sum of its counts; of kind "labels" the number (or weight) of the examples.
        weighted: Whether its counts are sums of weights.
        other: Labels that are no class, which are in no cell.
        bins: Of the score histogram; 0 where there is none.
    """

    examples: Number
    encoding: Literal["dense", "sparse"]
    weighted: bool
    other: Count = 0
    bins: Annotated[int, Meta(ge=0, le=_MOST_BINS)] = 0

    def __post_init__(self) -> None:
        json_text.read_numbers(self, "examples")


class MeanManifest(Struct, frozen=True):
    """A class that has a mean map, and how many correctly classified examples the mean is over."""

    class_index: Count = field(name="class")
    examples: Count


class ConfusionManifest(StepHeader, frozen=True, kw_only=True, tag="confusion", omit_defaults=True):
    """The manifest of a confusion step file.

    Attributes:
        kind: "classes", "binary" or "labels".
        threshold: Of "binary" and "labels": the probability at or above which the prediction is positive.
        similarity: Whether there is the order of the classes by similarity.
        examples: How many examples of cells are kept; they are in the file `samples`.
        means: Which classes have mean maps.
        sample_count: How many of these examples, the first ones, have maps. All that follows is as in `StepManifest`.
    """

    classes: Annotated[int, Meta(ge=0, le=_MOST_CLASSES)]
    class_names: tuple[str, ...] | None = NULL
    output: str | None = NULL
    splits: Mapping[str, SplitManifest]
    kind: ConfusionKind = "classes"
    threshold: Number | None = None
    class_groups: tuple[ClassGroup, ...] = ()
    similarity: bool = False
    examples: Count = 0
    samples: str | None = None
    means: tuple[MeanManifest, ...] = ()
    sample_count: Count = 0
    predictions: tuple[Prediction | None, ...] = ()
    measures: tuple[str, ...] = ()
    sites: Sites = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        json_text.read_numbers(self, "threshold")
        _check_groups(self.class_groups, self.classes)
        if any(mean.class_index >= self.classes for mean in self.means):
            raise ArgumentError(f"Means must be of classes below {self.classes}.")

    @property
    def maps(self) -> StepManifest | None:
        """What a step of maps would say of the maps of examples, or None where there are none."""
        if not self.sample_count:
            return None
        shared = set(StepManifest.__struct_fields__) & set(self.__struct_fields__)
        return StepManifest(**{name: getattr(self, name) for name in shared})


Manifest: TypeAlias = StepManifest | ConfusionManifest


def maps_of(manifest: Manifest) -> StepManifest | None:
    """What a manifest says of maps: all of it, or of the examples of confused cells; None where there are none."""
    return manifest.maps if isinstance(manifest, ConfusionManifest) else manifest


def manifest_to_json(manifest: Manifest, *, with_sites: bool = True) -> dict[str, Any]:
    """The JSON object of a manifest, as docs/format.md says, with its sites or without; `json_text.dumps` makes text of it."""
    bare = json_text.to_builtins(msgspec.structs.replace(manifest, sites=()))
    bare.pop("sites", None)
    has_sites = with_sites and maps_of(manifest) is not None
    sites = {"sites": [site_to_json(site) for site in manifest.sites]} if has_sites else {}
    return {"schema": SCHEMA} | bare | sites


def check_schema(value: Mapping[str, Any], what: str) -> None:
    """Raises NewerSchemaError or DamagedFileError unless this code can read a manifest."""
    schema = value.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise DamagedFileError(f"{what} names no schema. Received: schema={str(schema)[:40]!r}.")
    if schema > SCHEMA:
        raise NewerSchemaError(
            f"{what} was written by a newer tb_attention: its schema is {schema}, this version reads up to {SCHEMA}."
        )


def manifest_from_json(value: Mapping[str, Any], what: str, sites: Sites | None = None) -> Manifest:
    """The manifest in a JSON object.

    Args:
        value: As `json_text.loads` gives it.
        what: What errors call it.
        sites: Its sites, where they were read already; by default they are read from `value`.

    Raises:
        NewerSchemaError: A newer version wrote it.
        DamagedFileError: It is not a manifest of a step.
    """
    check_schema(value, what)
    manifest: Manifest = json_text.convert(value if sites is None else {**value, "sites": ()}, Manifest, what)
    return manifest if sites is None else msgspec.structs.replace(manifest, sites=sites)


def manifest_member(value: Mapping[str, Any]) -> Member:
    """The member that holds a JSON object."""
    return _MEMBER, np.frombuffer(json_text.dumps(dict(value)), np.uint8)


def read_json_as(archive: Archive, kind: type[T], what: str) -> T:
    """The record of a type in the JSON object of the member `manifest`."""
    return json_text.read(_text(archive, what), kind, f"The manifest of {what}")


def read_json(archive: Archive, what: str) -> dict[str, Any]:
    """The JSON object of the member `manifest`."""
    return json_text.loads(_text(archive, what), f"The manifest of {what}")


def _text(archive: Archive, what: str) -> bytes:
    stored = archive.read(_MEMBER, _MOST_BYTES)
    if stored.dtype != np.uint8 or stored.ndim != 1:
        raise DamagedFileError(
            f"The manifest of {what} must be uint8 of one dimension. Received: {stored.dtype} {stored.shape}."
        )
    return stored.tobytes()


def read_manifest(archive: Archive, what: str) -> Manifest:
    """The manifest of a step file.

    Raises:
        NewerSchemaError: A newer version wrote it.
        DamagedFileError: No version can read it.
    """
    return manifest_from_json(read_json(archive, what), f"The manifest of {what}")


def _check_groups(groups: tuple[int | ClassGroup, ...], classes: int, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ArgumentError(f"Groups of classes may be nested at most {_DEEPEST} deep.")
    for child in groups:
        if isinstance(child, ClassGroup):
            _check_groups(child.children, classes, depth + 1)
        elif not 0 <= child < classes:
            raise ArgumentError(f"A group must hold classes from 0 to {classes - 1}. Received: {child}.")
