"""How a step file describes a site: its axes, and the shape and encoding of each of its arrays."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from tb_attention.errors import ArgumentError
from tb_attention.records.format import json_text
from tb_attention.reduce.encodings import Encoding, encoded_bytes
from tb_attention.site import Axis, Kind

# No honest file comes near these. They bound what a hostile one can make a reader do.
_MOST_CELLS = 1 << 34
_MOST_SITES = 100_000
_LARGEST = 1 << 32

Count = Annotated[int, Meta(ge=0, le=1 << 62)]
Shape = Annotated[tuple[Annotated[int, Meta(ge=0, le=_LARGEST)], ...], Meta(max_length=16)]

# Without it in a file it is None; unlike a plain None it is always written.
NULL: Any = field(default_factory=type(None))


class EncodedPart(Struct, frozen=True, kw_only=True):
    """An array of one sample, as it is stored."""

    shape: Shape
    encoding: Encoding

    def __post_init__(self) -> None:
        if math.prod(self.shape) > _MOST_CELLS:
            raise ArgumentError(f"A shape may have at most {_MOST_CELLS} cells. Received: {self.shape}.")


class OverviewPart(EncodedPart, frozen=True, kw_only=True):
    """The overview of a site, and where it lies in the member `overview/<sample>`."""

    offset: Count
    bytes: Count

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bytes != encoded_bytes(self.shape, self.encoding):
            raise ArgumentError(f"An overview of shape {self.shape} does not have {self.bytes} bytes.")


class RowsManifest(EncodedPart, frozen=True, kw_only=True):
    """Rows of a site whose maps were pooled, as they were before: those of the queries with these indices."""

    queries: tuple[Count, ...]


class SiteManifest(EncodedPart, frozen=True, kw_only=True, omit_defaults=True):
    """A site; `axes` and all shapes leave out the samples.

    Attributes:
        note: A sentence for people, or None.
        rows: Full rows of chosen queries, of a site whose maps were pooled.
        features: The feature map behind a gate, (channels, rows, columns).
        sink: The share of each row that goes to a sink; its shape is that of the weights without the key axes.
    """

    path: str
    kind: Kind
    note: str | None = NULL
    axes: tuple[Axis, ...]
    overview: OverviewPart
    rows: RowsManifest | None = None
    features: EncodedPart | None = None
    sink: EncodedPart | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if tuple(axis.size for axis in self.axes) != self.shape:
            raise ArgumentError(f"The axes do not describe the shape {self.shape}.")
        for axis in self.axes:
            _check_axis(axis)
        if self.features is not None and len(self.features.shape) != 3:
            raise ArgumentError(f"A feature map has channels, rows and columns. Received: shape {self.features.shape}.")

    @property
    def heads(self) -> int:
        """Number of heads; 1 where the site has no such axis."""
        return self.shape[0] if self.axes and self.axes[0].role == "heads" else 1


Sites = Annotated[tuple[SiteManifest, ...], Meta(max_length=_MOST_SITES)]


# Names and defaults of what is stored of an axis.
_AXIS_FIELDS = [(part.name, part.default) for part in dataclasses.fields(Axis) if part.name != "plain"]


def _check_axis(axis: Axis) -> None:
    sizes = [*(axis.grid or ()), *(size for own in axis.own or () for size in own)]
    sizes += [size for part in (axis.cells, axis.places) if part is not None for size in part.grid]
    if not all(0 <= size <= _LARGEST for size in sizes) or (axis.input or 0) < 0:
        raise ArgumentError(f"An axis has sizes and an input of at least 0. Received: {str(axis)[:80]}.")


def site_to_json(site: SiteManifest) -> dict[str, Any]:
    """The JSON object of a site."""
    return json_text.to_builtins(site) | {"axes": [axis_to_json(axis) for axis in site.axes]}


def axis_to_json(axis: Axis) -> dict[str, Any]:
    """The JSON object of an axis, without what is at its default; nodes are positions with `edges` in it."""
    values = ((name, getattr(axis, name), default) for name, default in _AXIS_FIELDS)
    changed = {name: value for name, value, default in values if value != default}
    if axis.kind == "nodes":
        del changed["kind"]
    return json_text.to_builtins(changed)
