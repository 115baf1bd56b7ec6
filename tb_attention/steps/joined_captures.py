"""Joins captures of several samples into one, whatever shapes the samples have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.samples.ragged import own_part
from tb_attention.site import Axis, FullRows, Site
from tb_attention.tracing.captured import Capture, LeftOut

Index = Sequence[int]
Part = tuple[Index, Capture]
"""The indices of samples among all samples, and their capture."""


def joined(parts: Sequence[Part]) -> Capture:
    """One capture of all samples. Sites that are not the same in every part are left out.

    Smaller maps are padded with 0 at the end, and `Axis.own` has the size of each sample.
    """
    first = parts[0][1]
    found = [{site.path: site for site in captured.sites} for _, captured in parts]
    everywhere = [path for path in found[0] if all(path in sites for sites in found)]
    alike = [path for path in everywhere if len({_kind(sites[path]) for sites in found}) == 1]
    indices = [index for index, _ in parts]
    sites = tuple(_joined_site(indices, [sites[path] for sites in found]) for path in alike)
    missing = dict.fromkeys(path for sites in found for path in sites if path not in alike)
    left_out = tuple(LeftOut(path, "it is not the same for samples of every shape") for path in missing)

    def join(*arrays: Any) -> Any:
        batched = all(np.ndim(array) and len(array) == len(index) for array, index in zip(arrays, indices, strict=True))
        return _padded(indices, list(arrays), np.nan) if batched else arrays[0]

    outputs = _mapped(join, [captured.outputs for _, captured in parts])
    return Capture(sites, outputs, (*first.left_out, *left_out), first.failed)


def _mapped(join: Callable[..., Any], nested: Sequence[Any]) -> Any:
    """One structure of what is at the same place of several."""
    first = nested[0]
    if isinstance(first, Mapping):
        return {key: _mapped(join, [part[key] for part in nested]) for key in first}
    if isinstance(first, list | tuple):
        items = [_mapped(join, parts) for parts in zip(*nested, strict=True)]
        return type(first)(*items) if hasattr(first, "_fields") else type(first)(items)
    return join(*nested)


def _kind(site: Site) -> tuple[Any, ...]:
    """What must be equal for all shapes: kind, dimensions and heads."""
    heads = [axis.size for axis in site.axes if axis.role == "heads"]
    return site.kind, tuple(axis.role for axis in site.axes), tuple(heads)


def _joined_site(indices: Sequence[Index], parts: Sequence[Site]) -> Site:
    first = parts[0]
    weights = _padded(indices, [part.weights for part in parts], 0)
    axes = [Axis("samples", len(weights))]
    for index in range(1, len(first.axes)):
        axes.append(_joined_axis(indices, [part.axes[index] for part in parts]))
    rows = None
    given = [part.rows for part in parts if part.rows is not None]
    if len(given) == len(parts) and len({each.queries for each in given}) == 1:
        rows = FullRows(given[0].queries, _padded(indices, [each.weights for each in given], 0))
    maps = [part.features for part in parts if part.features is not None]
    features = None
    if len(maps) == len(parts) and len({each.shape[3] for each in maps}) == 1:
        size = min(each.shape[1] for each in maps), min(each.shape[2] for each in maps)
        features = _padded(indices, [_averaged(each, *size) for each in maps], 0)
    shares = [part.sink for part in parts if part.sink is not None]
    sink = _padded(indices, shares, 0) if len(shares) == len(parts) else None
    return first.replace(axes=tuple(axes), weights=weights, rows=rows, features=features, sink=sink)


def _joined_axis(indices: Sequence[Index], parts: Sequence[Axis]) -> Axis:
    if len(set(parts)) == 1:
        return parts[0]
    largest = max(parts, key=lambda axis: axis.size)
    alike = len({_without_sizes(axis) for axis in parts}) == 1 and all(axis.cells is None for axis in parts)
    own: list[tuple[int, ...]] = [()] * sum(map(len, indices))
    for index, axis in zip(indices, parts, strict=True):
        for sample in index:
            own[sample] = axis.grid if alike and axis.grid is not None else (axis.size,)
    if not alike:
        return Axis(largest.role, largest.size, own=tuple(own))
    return dataclasses.replace(largest, own=tuple(own))


def _without_sizes(axis: Axis) -> tuple[Any, ...]:
    """What is equal for pictures of two sizes that are cut in the same way."""
    cut = None if axis.pixels is None else tuple(dataclasses.replace(part, of=1) for part in axis.pixels)
    return axis.role, axis.kind, axis.input, axis.plain, axis.places, axis.extra, axis.grid is None, cut


def _padded(indices: Sequence[Index], parts: Sequence[npt.NDArray[Any]], fill: float) -> npt.NDArray[Any]:
    """The arrays of all samples in order, padded at the end with `fill`, or with 0 for integers."""
    largest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    dtype = np.result_type(*parts)
    whole = np.full((sum(map(len, indices)), *largest), fill if dtype.kind == "f" else np.zeros((), dtype), dtype)
    for index, part in zip(indices, parts, strict=True):
        for sample, row in zip(index, part, strict=True):
            whole[sample][own_part(row.shape)] = row
    return whole


def _averaged(maps: npt.NDArray[np.float32], rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Feature maps (samples, rows, columns, channels) averaged to fewer cells."""
    if maps.shape[1:3] == (rows, columns):
        return maps
    for axis, cells in ((1, rows), (2, columns)):
        borders = np.arange(cells + 1) * maps.shape[axis] // cells
        sums = np.add.reduceat(maps, borders[:-1], axis=axis)
        shape = [1] * maps.ndim
        shape[axis] = cells
        maps = sums / np.diff(borders).reshape(shape)
    return np.asarray(maps, np.float32)
