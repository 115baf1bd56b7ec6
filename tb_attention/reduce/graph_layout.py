"""Where the nodes of a graph are drawn, by its edges alone. NumPy only."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import numpy.typing as npt

from tb_attention.axis_facts import Edge, Point
from tb_attention.site import Axis

_MOST_NODES = 1024
"""Of larger graphs the nodes lie on a circle, in their order: distances between all pairs would take too long."""
_ROUNDS = 120
_STRETCH = 1.5
_DIGITS = 4


def laid_out(axis: Axis) -> Axis:
    """The axis with `points`, where it is of nodes and has none."""
    if axis.edges is None or axis.points is not None:
        return axis
    samples = max(len(axis.edges), len(axis.own or ()), 1)
    own = [axis.of(sample) for sample in range(samples)]
    points = (_points(each.size, (each.edges or ((),))[0]) for each in own)
    # Nodes that a smaller sample lacks are drawn nowhere.
    filled = tuple((*each, *((0.5, 0.5),) * (axis.size - len(each))) for each in points)
    return dataclasses.replace(axis, points=filled)


@functools.lru_cache(maxsize=64)
def _points(size: int, edges: tuple[Edge, ...]) -> tuple[Point, ...]:
    """(across, down) of each node, from 0 to 1; the same for the same edges, as every step of a training has them."""
    if size < 2:
        return ((0.5, 0.5),) * size
    placed = _circle(size)
    if size <= _MOST_NODES:
        placed = _spread(_square(_by_stress(_distances(size, edges))))
    placed = _square(placed)
    return tuple((float(x), float(y)) for x, y in placed.round(_DIGITS))


def _square(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points from 0 to 1, the longer side filled; the other one stretched by at most half as much again, and in the middle."""
    least, most = points.min(axis=0), points.max(axis=0)
    spans = most - least
    sides = np.minimum(spans / (spans.max() or 1.0) * _STRETCH, 1.0)
    shares = (points - least) / np.where(spans > 0, spans, 1.0)
    return np.asarray(shares * sides + (1 - sides) / 2)


def _spread(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pushes apart what would be drawn on top of each other: nodes with the same neighbours come out close together."""
    wanted = min(0.055, 0.4 / math.sqrt(len(points)))
    for _ in range(_ROUNDS):
        offsets = points[:, None] - points[None]
        apart = np.linalg.norm(offsets, axis=2)
        np.fill_diagonal(apart, math.inf)
        if apart.min() >= wanted:
            break
        short = np.maximum(wanted - apart, 0)[..., None]
        points = points + 0.5 * (short * offsets / np.maximum(apart, 1e-9)[..., None]).sum(axis=1)
    return points


def _circle(size: int) -> npt.NDArray[np.float64]:
    angles = np.arange(size) * (2 * math.pi / size)
    return np.stack([np.sin(angles), -np.cos(angles)], axis=1)


def _distances(size: int, edges: tuple[Edge, ...]) -> npt.NDArray[np.float64]:
    """Edges between each two nodes, whatever their direction; between parts that no edge joins one more than the longest way."""
    joined = np.zeros((size, size), np.float32)
    for one, other in edges:
        joined[one, other] = joined[other, one] = 1
    distances = np.where(np.eye(size, dtype=bool), 0.0, math.inf)
    reached = np.eye(size, dtype=np.float32)
    for length in range(1, size):
        ahead = (reached @ joined > 0) & np.isinf(distances)
        if not ahead.any():
            break
        distances[ahead] = length
        reached = ahead.astype(np.float32)
    apart = np.isinf(distances)
    distances[apart] = distances[~apart].max() + 1
    return distances


def _scaled(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The plane in which distances are kept best: classical multidimensional scaling (Torgerson, 1952)."""
    squares = distances**2
    centred = squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
    sizes, vectors = np.linalg.eigh(-centred / 2)
    plane = vectors[:, -2:][:, ::-1] * np.sqrt(np.maximum(sizes[-2:][::-1], 0))
    # The sign of a vector is the library's choice; this one is ours.
    signs = np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    return np.asarray(plane * np.where(signs < 0, -1, 1))


def _by_stress(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points whose distances come close to those given, near ones above all: stress majorization (Gansner et al., 2004)."""
    size = len(distances)
    weights = 1 / np.maximum(distances, 1) ** 2
    np.fill_diagonal(weights, 0)
    inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    # What scaling makes of it unrolls long chains. The circle, small, keeps apart what it puts on one point.
    points = _scaled(distances) + 0.01 * distances.max() * _circle(size)
    pulls = weights * distances
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        ratios = pulls / np.maximum(apart, 1e-9)
        laplacian = np.diag(ratios.sum(axis=1)) - ratios
        points = inverse @ (laplacian @ points)
    return np.asarray(points)
