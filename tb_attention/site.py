"""The records that all parts of the package share: a site, and the axes of its weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from tb_attention.axis_facts import (
    Box,
    Edge,
    Point,
    checked_boxes,
    checked_dates,
    checked_edges,
    checked_names,
    checked_own_names,
    checked_points,
    checked_seconds,
    checked_tracks,
    is_nested,
)
from tb_attention.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Kind = Literal["self", "cross", "gate", "local", "router", "activation"]
"""What a site is.

`self` and `cross`: queries and keys from the same or from two sequences. `local`: windows.
`gate`: multiplies a feature map, over channels or over space. `router`: chooses experts.
`activation`: a hidden sigmoid or softmax that its author calls attention but that multiplies nothing.
"""

AxisKind = Literal["tokens", "grid", "channels", "frames", "objects", "features", "nodes", "positions"]
"""What the positions along an axis are; each kind has one way to be drawn."""

Role = Literal["samples", "heads", "iteration", "windows", "query", "key"]
"""What a dimension of the weights stands for, in the order in which they come."""

KINDS: tuple[Kind, ...] = get_args(Kind)
AXIS_KINDS: tuple[AxisKind, ...] = get_args(AxisKind)
ROLES: tuple[Role, ...] = get_args(Role)

BY_SAMPLE = ("boxes", "tracks", "edges", "points", "dates", "own_names")
"""The attributes of an `Axis` that may differ between samples."""


@dataclass(frozen=True)
class WindowPlaces:
    """Where windows lie in the feature map that they were cut from.

    Attributes:
        grid: Positions along each dimension of the feature map, outermost first: (rows, columns), or (positions,) of a sequence.
        cells: For each window, for each of its query positions in order, its cell of the feature map, counted from 0 row by
            row; -1 for padding. Windows that were shifted around the edge, as in Swin (https://arxiv.org/abs/2103.14030), lie
            in several parts.
    """

    grid: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        count = math.prod(self.grid)
        if not all(-1 <= cell < count for window in self.cells for cell in window):
            raise ArgumentError(f"`cells` must be from -1 to {count - 1}. Received: grid={self.grid}.")


@dataclass(frozen=True)
class Pixels:
    """Which part of an input the cells along one dimension of a grid cover: cell i from `offset + i * stride`, `size` wide.

    Cells may overlap, leave gaps, hang over the edge of the input, or leave a part of it uncovered.

    Attributes:
        axis: Axis of the input, counted with that of the samples as 0: the rows of pictures (N, H, W, C) are 1, the columns 2.
        of: Size of the input along it, in pixels.
        offset: Where the first cell begins, in pixels; below 0 where it hangs over the edge.
        size: Of a cell, in pixels.
        stride: From a cell to the next, in pixels.
    """

    axis: int
    of: int
    offset: float
    size: float
    stride: float

    def __post_init__(self) -> None:
        if self.axis < 0 or self.of < 1:
            raise ArgumentError(
                f"`axis` must be at least 0, `of` at least 1. Received: axis={self.axis!r}, of={self.of!r}."
            )
        numbers = (self.offset, self.size, self.stride)
        if not all(map(math.isfinite, numbers)) or self.size <= 0 or self.stride <= 0:
            raise ArgumentError(
                "`offset`, `size` and `stride` must be finite, `size` and `stride` above 0. "
                f"Received: offset={self.offset!r}, size={self.size!r}, stride={self.stride!r}."
            )


@dataclass(frozen=True)
class Cells:
    """The cell of each position of an axis, where the cells do not simply lie row by row behind the extra positions.

    Attributes:
        grid: Cells along each dimension of the input, outermost first: (rows, columns).
        of: For each position its cell, counted from 0 row by row; -1 for an extra position. Each cell comes once.
        extra: Names of the extra positions, in the order of the positions.
    """

    grid: tuple[int, ...]
    of: tuple[int, ...]
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = math.prod(self.grid)
        cells = sorted(cell for cell in self.of if cell != -1)
        if len(cells) != count or cells != list(range(count)):
            raise ArgumentError(
                f"`of` must have each cell from 0 to {count - 1} once, and -1 for extra positions. "
                f"Received: grid={self.grid}, of={_shortened(self.of)}."
            )
        if len(self.extra) != len(self.of) - count:
            raise ArgumentError(
                f"`extra` must have a name for each position without a cell, of which there are {len(self.of) - count}. "
                f"Received: extra={self.extra}."
            )


def _shortened(numbers: tuple[int, ...]) -> str:
    return str(numbers) if len(numbers) <= 12 else f"({', '.join(map(str, numbers[:12]))}, ...)"


@dataclass(frozen=True)
class Axis:
    """One dimension of the weights of a site.

    Attributes:
        role: What the dimension stands for.
        size: Positions along it, at least 0.
        kind: What the positions are. Only query and key axes have another than "positions".
        grid: For kind "grid": cells along each of 2 or 3 dimensions, outermost first
            (rows, columns). `len(extra) + product(grid) == size`.
        extra: For kind "grid": names of the positions that come before the cells, such as ("CLS",).
        input: The index, from 0, of the input of the sample that the positions lie in, or None.
        plain: Whether the positions are known to be those of no input, so that they are never taken for words or patches. Not
            stored.
        places: For role "windows": where each of the `size` windows lies, or None where it is not known.
        own: Where samples differ in size, the cells of each sample along each dimension of `grid`, or (positions,); else None.
            The positions of a sample come first; `size` and `grid` are those of the largest, and all other weights are 0.
        cells: For kind "positions": the cell of each position, where they are cells of a grid in another order than that of
            kind "grid" (a class token behind them, column by column); or None.
        pixels: The part of the input that the cells cover, for each dimension of the grid (a single one for an axis without
            a grid); None where it is not known. A grid without it that lies in a picture covers it evenly.
        names: Of a query or key axis: a text for each position, which the tab shows: names of features, values or channels. Names
            of shape (samples, positions), such as what a detector found, are kept in `own_names`.
        seconds: For kind "frames": the time of each frame in seconds, such as `[start + hop * i for i in range(size)]`.
        boxes: For kind "objects": the box of each object in the picture of `input` (or the only picture), as (left, top, right,
            bottom), shares of its width and height from 0 to 1. (positions, 4) for all samples, or (samples, positions, 4).
            Boxes that change from step to step are given with each step, to `AttentionWriter.write`. Kept as one tuple a sample,
            or a single one for all.
        tracks: For kind "objects" of a site with iterations: the boxes of each iteration, in place of `boxes`:
            (iterations, positions, 4) for all samples, or (samples, iterations, positions, 4). A box without area is not drawn.
        edges: For kind "nodes", and always there for it: pairs of nodes, by position, that an edge joins: (edges, 2) for all
            samples, or such a list for each sample. Defaults to none. Kept as `boxes` are.
        points: For kind "nodes": where each node is drawn, (across, down) from 0 to 1: (positions, 2) for all samples, or
            (samples, positions, 2). Other numbers are scaled to that. Defaults to a layout by the edges, made when a step is
            written. Kept as `boxes` are.
        dates: For kind "frames": the date of each frame, as datetime64 or ISO texts without a time zone: (positions,) for all
            samples, or (samples, positions). Kept as texts such as "2024-03-31" or "2024-03-31T14:30", as boxes are.
        own_names: Where the names of positions differ between samples: for each sample its names. Then `names` is None.
    """

    role: Role
    size: int
    kind: AxisKind = "positions"
    grid: tuple[int, ...] | None = None
    extra: tuple[str, ...] = ()
    input: int | None = None
    places: WindowPlaces | None = None
    plain: bool = False
    own: tuple[tuple[int, ...], ...] | None = None
    cells: Cells | None = None
    pixels: tuple[Pixels, ...] | None = None
    names: tuple[str, ...] | None = None
    seconds: tuple[float, ...] | None = None
    boxes: tuple[tuple[Box, ...], ...] | None = None
    tracks: tuple[tuple[tuple[Box, ...], ...], ...] | None = None
    edges: tuple[tuple[Edge, ...], ...] | None = None
    points: tuple[tuple[Point, ...], ...] | None = None
    dates: tuple[tuple[str, ...], ...] | None = None
    own_names: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        self._take_facts()
        dimensions = 1 if self.grid is None else len(self.grid)
        for own in self.own or ():
            if len(own) != dimensions or not 0 <= len(self.extra) + math.prod(own) <= self.size:
                raise ArgumentError(
                    f"`own` must have {dimensions} sizes a sample, of at most {self.size} positions. Received: {own}."
                )
        if self.places is not None and (self.role != "windows" or len(self.places.cells) != self.size):
            raise ArgumentError(
                "`places` must have one tuple of cells for each window, and only an axis of windows has them. "
                f"Received: {len(self.places.cells)} tuples, role={self.role!r}, size={self.size}."
            )
        if self.role not in ROLES:
            raise ArgumentError(f"`role` must be one of {ROLES}. Received: role={self.role!r}.")
        if self.kind not in AXIS_KINDS:
            raise ArgumentError(f"`kind` must be one of {AXIS_KINDS}. Received: kind={self.kind!r}.")
        if self.grid is not None:
            cells = len(self.extra)
            product = 1
            for n in self.grid:
                product *= n
            if cells + product != self.size:
                raise ArgumentError(
                    "The cells of `grid` and the `extra` positions must make up `size`. "
                    f"Received: grid={self.grid}, extra={self.extra}, size={self.size}."
                )
        if self.cells is not None and (self.kind != "positions" or len(self.cells.of) != self.size):
            raise ArgumentError(
                "`cells` must have one cell for each position, and only an axis of kind 'positions' has them. "
                f"Received: cells of {len(self.cells.of)} positions, kind={self.kind!r}, size={self.size}."
            )
        if self.pixels is not None and len(self.pixels) != len(self.cell_grid or (self.size,)):
            raise ArgumentError(
                "`pixels` must have one entry for each dimension of the grid. "
                f"Received: {len(self.pixels)} entries, grid={self.cell_grid}."
            )

    def _take_facts(self) -> None:
        """Checks what is said of single positions, and keeps it as tuples: users give lists and arrays."""
        facts = ("names", "seconds", *BY_SAMPLE)
        if self.role not in ("query", "key") and any(getattr(self, fact) is not None for fact in facts):
            listed = ", ".join(f"`{fact}`" for fact in facts[:-1])
            raise ArgumentError(
                f"Only query and key axes have {listed} and `{facts[-1]}`. Received: role={self.role!r}."
            )
        if self.names is not None and is_nested(self.names):
            self._keep(names=None, own_names=self.names)
        if self.names is not None:
            self._keep(names=checked_names(self.names, self.size))
        if self.own_names is not None:
            self._keep(own_names=checked_own_names(self.own_names, self.size))
        if self.seconds is not None:
            self._keep(seconds=checked_seconds(self.seconds, self.size, self.kind))
        if self.dates is not None:
            self._keep(dates=checked_dates(self.dates, self.size, self.kind))
        if self.boxes is not None:
            self._keep(boxes=checked_boxes(self.boxes, self.size, self.kind))
        if self.tracks is not None:
            self._keep(tracks=checked_tracks(self.tracks, self.size, self.kind))
        if self.edges is not None and self.kind == "positions":
            # Stored so, because readers of earlier versions know no nodes.
            self._keep(kind="nodes")
        if self.edges is not None or self.kind == "nodes":
            edges = () if self.edges is None else self.edges
            self._keep(edges=checked_edges(edges, self.size, self.kind))
        if self.points is not None:
            self._keep(points=checked_points(self.points, self.size, self.kind))

    def _keep(self, **facts: object) -> None:
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    @property
    def cell_grid(self) -> tuple[int, ...] | None:
        """Cells along each dimension, in whatever order the positions lie; None where they are no cells."""
        return self.grid if self.cells is None else self.cells.grid

    @property
    def cell_of(self) -> tuple[int, ...] | None:
        """For each position its cell, counted row by row, -1 for extra positions; None where they are no cells."""
        if self.cells is not None:
            return self.cells.of
        return None if self.grid is None else (*(-1 for _ in self.extra), *range(self.size - len(self.extra)))

    @property
    def extra_names(self) -> tuple[str, ...]:
        """Names of the positions without a cell, in the order of the positions."""
        return self.extra if self.cells is None else self.cells.extra

    def is_whole(self) -> bool:
        """Whether the positions are those of a line of its input, each the one at its index, behind extra positions."""
        size = len(self.extra_names)
        in_order = self.cells is None or self.cells.of == (*(-1 for _ in range(size)), *range(self.size - size))
        parts = self.pixels or ()
        return in_order and all((part.offset, part.size, part.stride) == (0, 1, 1) for part in parts)

    def of(self, sample: int) -> Axis:
        """The axis as one sample has it, by its index: with its own size and grid."""
        axis = self.taken([sample])
        if axis.own is None:
            return axis
        cells = axis.own[0]
        grid = None if self.grid is None else cells
        return dataclasses.replace(axis, own=None).cut(len(self.extra) + math.prod(cells), grid)

    def cut(self, size: int, grid: tuple[int, ...] | None = None) -> Axis:
        """The axis with another size. What is known of single positions is cut, or goes where there are more positions."""
        known: dict[str, Any] = {}
        for name in ("names", "seconds"):
            if (facts := getattr(self, name)) is not None:
                known[name] = facts[:size]
        for name, facts in self.by_sample.items():
            if name not in ("tracks", "edges"):
                known[name] = tuple(each[:size] for each in facts)
        if self.tracks is not None:
            known["tracks"] = tuple(tuple(boxes[:size] for boxes in track) for track in self.tracks)
        if size > self.size:
            known = dict.fromkeys(known)
        if self.edges is not None:
            known["edges"] = tuple(tuple(edge for edge in edges if max(edge) < size) for edges in self.edges)
        return dataclasses.replace(self, size=size, grid=grid, **known)

    def taken(self, samples: Sequence[int]) -> Axis:
        """The axis of some of the samples, by index."""
        own = None if self.own is None else tuple(self.own[sample] for sample in samples)
        taken: dict[str, Any] = {}
        for name, facts in self.by_sample.items():
            if len(facts) > 1:
                there = max(samples, default=0) < len(facts)
                taken[name] = tuple(facts[sample] for sample in samples) if there else None
        return self if own is None and not taken else dataclasses.replace(self, own=own, **taken)

    @property
    def by_sample(self) -> dict[str, Any]:
        """What is known of single positions that may differ between samples, by name: an entry a sample, or one for all."""
        return {name: facts for name in BY_SAMPLE if (facts := getattr(self, name)) is not None}

    @property
    def differs(self) -> bool:
        """Whether samples differ in what is known of single positions."""
        return any(len(facts) > 1 for facts in self.by_sample.values())

    def alike(self) -> Axis:
        """The axis without what differs between samples."""
        unlike: dict[str, Any] = {name: None for name, facts in self.by_sample.items() if len(facts) > 1}
        return dataclasses.replace(self, **unlike)


def own_part(axes: Iterable[Axis], sample: int) -> tuple[slice, ...]:
    """The index of a sample's own weights in those that are stored for it.

    Args:
        axes: Those of the weights of one sample: without the axis of the samples.
        sample: Its index.
    """
    return tuple(slice(None) if axis.own is None else slice(0, axis.of(sample).size) for axis in axes)


@dataclass(frozen=True, eq=False)
class FullRows:
    """Rows of a site as they were before its maps were pooled.

    Attributes:
        queries: Indices of the queries, from 0, before that.
        weights: float32, as `Site.weights` was, with these queries only.
    """

    queries: tuple[int, ...]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Site:
    """One place where a model computes attention weights, with the weights of some samples.

    Attributes:
        path: The path of its layer, such as "encoder/layer_3/self_attention"; the second call of a layer ends in "#2", the
            third in "#3", and so on.
        kind: As `Kind`.
        axes: One `Axis` a dimension of `weights`, in the order samples, heads, [iteration],
            [windows], query axes, key axes. A gate has no query axes.
        weights: float32, usually `(samples, heads, queries, keys)`; a gate's are
            `(samples, heads, keys...)`. Rows of a softmax site sum to 1.
        note: A sentence for people where the site needs an explanation, or None.
        rows: Where `weights` were pooled, some rows as they were before; or None.
        features: Of a gate over channels, the feature map that it multiplies, before it does, averaged to at most 32 x 32 cells:
            float32 `(samples, rows, columns, channels)`, any values. Where it multiplies features that were averaged over
            space, the map before that. None where there is no such map.
        sink: Of a softmax with a sink, the share of each row that goes to no key: float32, from 0 to 1, of the shape of
            `weights` without its key axes, `(samples, heads, queries)`. A row's weights and its share sum to 1. None where there
            is no sink.
    """

    path: str
    kind: Kind
    axes: tuple[Axis, ...]
    weights: npt.NDArray[np.float32]
    note: str | None = None
    rows: FullRows | None = None
    features: npt.NDArray[np.float32] | None = None
    sink: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ArgumentError(f"`kind` must be one of {KINDS}. Received: kind={self.kind!r}.")
        sizes = tuple(axis.size for axis in self.axes)
        if sizes != self.weights.shape:
            raise ArgumentError(
                f"`axes` must describe each dimension of `weights`. Received: axes of sizes {sizes}, "
                f"weights of shape {self.weights.shape}, path={self.path!r}."
            )
        for name in BY_SAMPLE:
            counts = {len(axis.by_sample[name]) for axis in self.axes if name in axis.by_sample} - {1}
            if counts and counts != {self.weights.shape[0]}:
                called = name.removeprefix("own_")
                raise ArgumentError(
                    f"`{called}` must be those of all samples alike, or of each of the samples of `weights`. "
                    f"Received: {called} of {sorted(counts)} samples, weights of {self.weights.shape[0]}, path={self.path!r}."
                )
        iterations = {axis.size for axis in self.axes if axis.role == "iteration"} or {1}
        tracked = {len(track) for axis in self.axes for track in axis.tracks or ()}
        if tracked and tracked != iterations:
            raise ArgumentError(
                "`tracks` must have the boxes of each iteration of the site. "
                f"Received: boxes of {sorted(tracked)} iterations, weights of {sorted(iterations)}, path={self.path!r}."
            )
        if self.features is not None and (
            self.features.ndim != 4
            or (self.features.shape[0], self.features.shape[3]) != (self.weights.shape[0], self.weights.shape[-1])
        ):
            raise ArgumentError(
                "`features` must have shape (samples, rows, columns, channels), with the samples and channels of `weights`. "
                f"Received: features of shape {self.features.shape}, weights of shape {self.weights.shape}, path={self.path!r}."
            )

        rest = tuple(axis.size for axis in self.axes if axis.role != "key")
        if self.sink is not None and self.sink.shape != rest:
            raise ArgumentError(
                "`sink` must have the shape of `weights` without its key axes. "
                f"Received: sink of shape {self.sink.shape}, weights of shape {self.weights.shape}, path={self.path!r}."
            )

    def replace(self, **changes: object) -> Site:
        """A copy with some attributes changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]
