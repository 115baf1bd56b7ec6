"""A site and its axes as JSON objects that go to the page; `structs.py` has the others, and what all of them keep to."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tb_attention.site import AxisKind, Kind

Encoding = Literal["float32", "float16", "sqrt8_row", "signed8_row"]
Role = Literal["heads", "iteration", "windows", "query", "key"]


class WireStruct(Struct, frozen=True, omit_defaults=True):
    """A JSON object that goes to the page."""


class WindowPlaces(WireStruct, frozen=True):
    """The positions of windows in the feature map that they were cut from.

    Attributes:
        grid: Rows and columns of the feature map, or positions of a sequence.
        cells: For each window the cell of each query position, row by row; -1 for padding.
    """

    grid: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]


class Cells(WireStruct, frozen=True):
    """The cell of each position of an axis whose cells are not in row-major order.

    Attributes:
        grid: Rows and columns.
        of: For each position its cell, counted row by row; -1 for an extra position.
        extra: Names of the extra positions, in the order of the positions.
    """

    grid: tuple[int, ...]
    of: tuple[int, ...]
    extra: tuple[str, ...]


class Pixels(WireStruct, frozen=True):
    """Cell i covers `size` pixels from `offset + i * stride`, of the `of` pixels along an axis of the input."""

    axis: int
    of: int
    offset: float
    size: float
    stride: float


class Axis(WireStruct, frozen=True):
    """One dimension of the weights of a site.

    Attributes:
        role: What the dimension stands for.
        size: Positions along it.
        kind: What the positions are.
        grid: Of kind "grid": cells along each dimension.
        extra: Of kind "grid": names of the positions before the cells.
        input: The index of the input whose positions these are.
        places: Of windows: their positions in the feature map that they were cut from.
        own: Where samples differ in size: the cells of each sample along each dimension, or its positions. They come first;
            the weights of the other positions are 0.
        cells: Of kind "positions": the cell of each position, if the cells are not in row-major order.
        pixels: The part of the input that the cells cover, for each dimension of the grid. A grid without it covers its
            picture evenly.
        names: A text for each position.
        seconds: Of kind "frames": the time of each.
        boxes: Of kind "objects": for each sample (or once for all) the box of each in its picture: left, top, right, bottom,
            from 0 to 1.
        tracks: Of kind "objects" of a site with iterations: for each sample (or once for all), for each iteration, the boxes.
        edges: Of kind "nodes": for each sample (or once for all) the pairs of nodes that an edge joins.
        points: Of kind "nodes": for each sample (or once for all) where each is drawn: across and down, from 0 to 1.
        dates: Of kind "frames": for each sample (or once for all) the date of each, in ISO 8601 without a time zone.
        own_names: For each sample a text for each position.
    """

    role: Role
    size: int
    kind: AxisKind = "positions"
    grid: tuple[int, ...] | None = None
    extra: tuple[str, ...] = ()
    input: int | None = None
    places: WindowPlaces | None = None
    own: tuple[tuple[int, ...], ...] | None = None
    cells: Cells | None = None
    pixels: tuple[Pixels, ...] | None = None
    names: tuple[str, ...] | None = None
    seconds: tuple[float, ...] | None = None
    boxes: tuple[tuple[tuple[float, float, float, float], ...], ...] | None = None
    tracks: tuple[tuple[tuple[tuple[float, float, float, float], ...], ...], ...] | None = None
    edges: tuple[tuple[tuple[int, int], ...], ...] | None = None
    points: tuple[tuple[tuple[float, float], ...], ...] | None = None
    dates: tuple[tuple[str, ...], ...] | None = None
    own_names: tuple[tuple[str, ...], ...] | None = None


class Encoded(WireStruct, frozen=True):
    """How an array is stored."""

    shape: tuple[int, ...]
    encoding: Encoding


class FullRows(Encoded, frozen=True):
    """Rows of some queries of a site whose maps were pooled; `queries` are counted as before the pooling."""

    queries: tuple[int, ...]


class Overview(Encoded, frozen=True):
    """The part of the body of `overview` that belongs to a site."""

    offset: int
    bytes: int


class Site(Encoded, frozen=True):
    """A place where the model computes attention weights.

    Attributes:
        note: A sentence for people, or null.
        overview: The shape of its overview, and its part of the body.
        rows: Rows as they were before the maps were pooled.
        features: Of a gate over channels: the feature map behind it, of shape (channels, rows, columns).
        sink: Of a softmax with a sink: the share of each row that goes to no key; its shape lacks the key axes.
    """

    path: str
    kind: Kind
    note: str | None
    axes: tuple[Axis, ...]
    overview: Overview
    rows: FullRows | None = None
    features: Encoded | None = None
    sink: Encoded | None = None
