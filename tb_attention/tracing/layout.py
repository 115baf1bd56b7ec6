"""Puts the weights of a site, and the feature map of a gate, into the order that every room expects. NumPy only."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import CaptureError
from tb_attention.reduce.grid_axes import axis_of_cells
from tb_attention.reduce.pooling import MOST, pool_mean
from tb_attention.site import Axis, AxisKind, Kind, Role, Site, WindowPlaces
from tb_attention.tracing import limits
from tb_attention.tracing.dimension_rules import grid_of
from tb_attention.tracing.grid_positions import locate_cells, locate_windows
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor, mixes_features, size_of

_ORDER: tuple[Role, ...] = ("samples", "heads", "iteration", "windows", "query", "key")
_MERGED = frozenset({"samples", "heads", "iteration", "windows"})


def arrange(
    array: npt.NDArray[Any],
    dims: Dims,
    roles: Mapping[Factor, Role],
    *,
    samples: int,
    kind: Kind,
    axis_kind: AxisKind = "positions",
) -> tuple[npt.NDArray[np.float32], tuple[Axis, ...]]:
    """The weights as samples, heads, [iteration], [windows], query axes, key axes.

    Args:
        array: The tensor as the model made it.
        dims: What its dimensions are made of.
        roles: What each factor stands for.
        samples: The number of samples that were fed.
        kind: The kind of the site; gates and activations have no query axis, all others have one, of size 1 if need be.
        axis_kind: What the positions along queries and keys are, where the data flow shows no grid.

    Raises:
        CaptureError: It is not known which dimension the samples are.
    """
    parts: list[tuple[Role, Dim]] = []
    shape: list[int] = []
    for dim, length in zip(dims, array.shape, strict=True):
        for role, factors in _by_role(dim, roles):
            parts.append((role, factors))
        shape.extend(_lengths([factors for _, factors in _by_role(dim, roles)], length, samples))
    flat = np.asarray(array, dtype=np.float32).reshape(shape)
    order = sorted(range(len(parts)), key=lambda part: _ORDER.index(parts[part][0]))
    heads = [part for part in order if parts[part][0] == "heads"]
    first = len(order) if not heads else order.index(heads[0])
    order[first : first + len(heads)] = _as_split([(part, parts[part][1]) for part in heads])
    flat = flat.transpose(order)
    ordered = [parts[part] for part in order]
    return _merged(flat, ordered, samples=samples, kind=kind, axis_kind=axis_kind)


def _as_split(parts: Sequence[tuple[int, Dim]]) -> list[int]:
    """Parts of heads in the order in which the model split them: groups before their members, wherever these axes were moved."""
    ordered: list[tuple[int, Dim]] = []
    for number, dim in parts:
        at = next((at for at, (_, other) in enumerate(ordered) if dim[-1].is_outside_of(other[0])), len(ordered))
        ordered.insert(at, (number, dim))
    return [number for number, _ in ordered]


def _by_role(dim: Dim, roles: Mapping[Factor, Role]) -> list[tuple[Role, Dim]]:
    """A dimension cut where the role changes."""
    result: list[tuple[Role, Dim]] = []
    for factor in dim:
        role = roles.get(factor, "heads")
        if result and result[-1][0] == role:
            result[-1] = (role, (*result[-1][1], factor))
        else:
            result.append((role, (factor,)))
    return result


def _lengths(parts: list[Dim], length: int, samples: int) -> list[int]:
    """The actual lengths of the parts of a dimension, of which one may be unknown."""
    sizes = [size_of(part) for part in parts]
    lengths = [None if size is None else samples ** size[0] * size[1] for size in sizes]
    known = int(np.prod([item for item in lengths if item is not None], dtype=np.int64))
    unknown = lengths.count(None)
    if unknown > 1 or known == 0 or length % known or (unknown == 0 and known != length):
        raise CaptureError(f"A dimension of size {length} cannot be split into parts of sizes {lengths}.")
    return [length // known if item is None else item for item in lengths]


def _merged(
    array: npt.NDArray[np.float32],
    parts: list[tuple[Role, Dim]],
    *,
    samples: int,
    kind: Kind,
    axis_kind: AxisKind,
) -> tuple[npt.NDArray[np.float32], tuple[Axis, ...]]:
    axes: list[Axis] = []
    for role in _ORDER:
        lengths = [
            (length, factors) for length, (part, factors) in zip(array.shape, parts, strict=True) if part == role
        ]
        if role in _MERGED:
            size = int(np.prod([length for length, _ in lengths], dtype=np.int64))
            if lengths or role in ("samples", "heads"):
                axes.append(Axis(role, size, places=_windows(parts) if role == "windows" else None))
        else:
            axes.extend(_axes(role, lengths, axis_kind, parts, keeps_blocks=kind == "local"))
            wanted = role == "key" or kind not in ("gate", "activation")
            if not lengths and wanted:
                axes.append(Axis(role, 1))
    shape = [axis.size for axis in axes]
    flat = np.ascontiguousarray(array.reshape(shape))
    if axes[0].size == 1 and samples > 1:
        # The same for all samples, as where weights depend on positions only, or are of one graph: no copies are made.
        flat = np.broadcast_to(flat, (samples, *shape[1:]))
        axes[0] = Axis("samples", samples)
    if axes[0].size != samples:
        raise CaptureError(f"The model was given {samples} samples, but the weights are those of {axes[0].size}.")
    return flat, tuple(axes)


def _windows(parts: list[tuple[Role, Dim]]) -> WindowPlaces | None:
    windows, queries = (
        [factor for part, factors in parts if part == role for factor in factors] for role in ("windows", "query")
    )
    return locate_windows(windows, queries)


def _axes(
    role: Role,
    lengths: list[tuple[int, Dim]],
    axis_kind: AxisKind,
    parts: list[tuple[Role, Dim]],
    *,
    keeps_blocks: bool,
) -> list[Axis]:
    """The axes of a role: one a dimension, or one for all where only all together say where a position lies."""
    axes = [_axis(role, length, factors, axis_kind, parts) for length, factors in lengths]
    if keeps_blocks or len(axes) < 2 or all(axis.pixels is not None for axis in axes):
        return axes
    # A reshape may have cut rows apart.
    total, factors = math.prod(axis.size for axis in axes), tuple(factor for _, dim in lengths for factor in dim)
    whole = _axis(role, total, factors, axis_kind, parts)
    return axes if whole.pixels is None else [whole]


def axis_of_rounds(rounds: int, factors: Dim) -> Axis:
    """The queries of a loop that goes along a sequence, one a round."""
    return _axis("query", rounds, factors, "positions", [])


def _axis(role: Role, length: int, factors: Dim, axis_kind: AxisKind, parts: list[tuple[Role, Dim]]) -> Axis:
    beside = [factor for _, other in parts for factor in other if factor not in factors]
    if axis_kind != "positions":
        return _columns(Axis(role, length, axis_kind), factors, beside)
    if mixes_features(factors):
        return Axis(role, length, plain=True)
    cells = locate_cells(factors, beside)
    if cells is not None and len(cells.of) == length:
        return axis_of_cells(role, cells.grid, cells.of, cells.input, cells.pixels)
    if any(other == "windows" for other, _ in parts):
        # The cells of a window, row by row; where it lies the axis of the windows says.
        grid = grid_of(factors)
        if grid is not None and int(np.prod(grid)) == length:
            return Axis(role, length, "grid", grid)
    return Axis(role, length)


def _columns(axis: Axis, factors: Dim, beside: Sequence[Factor]) -> Axis:
    """The axis with the input whose channels they are, where they are all of them in order, behind extra positions."""
    cells = locate_cells(factors, beside)
    if cells is None or len(cells.grid) > 1 or len(cells.of) != axis.size:
        return axis
    found = axis_of_cells(axis.role, cells.grid, cells.of, cells.input, cells.pixels)
    if not found.is_whole():
        return axis
    return dataclasses.replace(axis, input=cells.input, extra=found.extra_names)


def sink_of(site: Site) -> npt.NDArray[np.float32]:
    """The share of each row of a site with a sink that none of its keys has, shaped as `Site.sink`."""
    keys = tuple(index for index, axis in enumerate(site.axes) if axis.role == "key")
    shares: npt.NDArray[np.float64] = np.clip(1 - site.weights.sum(axis=keys, dtype=np.float64), 0, 1)
    return shares.astype(np.float32)


def arrange_features(
    chunks: Sequence[tuple[npt.NDArray[Any], int]], channels: int, weights: Sequence[int]
) -> npt.NDArray[np.float32] | None:
    """The feature map, float32 `(samples, rows, columns, channels)`, averaged to at most 32 x 32 cells.

    Args:
        chunks: For each chunk of samples the array, of four dimensions with the samples first, and how many samples are real.
        channels: Which dimension the channels are.
        weights: Shape of the gate's weights, `(samples, heads, channels)`.

    Returns:
        None where the map does not belong to the weights channel by channel.
    """
    parts = []
    for array, samples in chunks:
        if array.ndim != 4 or len(array) < samples:
            return None
        moved = np.moveaxis(array[:samples], channels, -1)
        most = MOST
        while (
            most > 1 and moved.shape[-1] * min(most, moved.shape[1]) * min(most, moved.shape[2]) > limits.FEATURE_CELLS
        ):
            most -= 1
        parts.append(np.moveaxis(pool_mean(np.moveaxis(moved, -1, 1), most=most), 1, -1))
    features = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if len(weights) != 3 or weights[1] != 1 or (weights[0], weights[2]) != (features.shape[0], features.shape[3]):
        return None
    return np.ascontiguousarray(features)
