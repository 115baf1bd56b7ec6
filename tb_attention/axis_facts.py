"""What users say about single positions: names, times, dates, boxes, edges and points, checked and as tuples."""

from __future__ import annotations

import itertools
import math
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from tb_attention.errors import ArgumentError

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the picture's width and height."""

Edge = tuple[int, int]
"""Two nodes, by position."""
Point = tuple[float, float]
"""Across and down, from 0 to 1."""

# Enough for a pixel of a picture of 10,000 pixels.
_DIGITS = 5

_UNITS = ("D", "m", "s", "ms")
_ISO = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{3})?)?)?", re.ASCII
)


def checked_names(given: Iterable[str], size: int) -> tuple[str, ...]:
    """A text for each of `size` positions."""
    names = (given,) if isinstance(given, str) else tuple(given)
    if isinstance(given, str) or len(names) != size or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"`names` must have one text for each of the {size} positions. Received: {len(names)} names, {_start(names)}."
        )
    # Texts of NumPy and pandas are subclasses of str, which JSON encoders refuse.
    return tuple(map(str, names))


def is_nested(given: Any) -> bool:
    """Whether something is given for each sample by itself: a list of lists, or an array of two dimensions."""
    return not isinstance(given, str) and any(not isinstance(each, str) and hasattr(each, "__len__") for each in given)


def checked_own_names(given: Iterable[Iterable[str]], size: int) -> tuple[tuple[str, ...], ...]:
    """For each sample a text for each of `size` positions."""
    return tuple(checked_names(sample, size) for sample in given)


def checked_dates(given: Iterable[Any], size: int, kind: str) -> tuple[tuple[str, ...], ...]:
    """For each sample the date of each of `size` frames, as ISO texts; a single entry where all samples have the same dates.

    Args:
        given: NumPy's datetime64, dates and times of Python or pandas, or ISO texts: (positions,) for all samples alike, or
            (samples, positions); never falling.
        size, kind: Of the axis.
    """
    if kind != "frames":
        raise ArgumentError(f"Only an axis of kind 'frames' has `dates`. Received: kind={kind!r}.")
    rows = list(given)
    if not is_nested(rows):
        rows = [rows]
    # What a log holds is in this form already, and is read often.
    dates = tuple(map(tuple, rows)) if all(map(_is_spelled, rows)) else tuple(map(_spelled, rows))
    for sample in dates:
        if len(sample) != size or any(a > b for a, b in itertools.pairwise(sample)):
            raise ArgumentError(
                f"`dates` must have shape ({size},), or (samples, {size}), one for each of the {size} frames, and never fall. "
                f"Received: {len(sample)} dates, {_start(sample)}."
            )
    return dates


def _is_spelled(row: Sequence[Any]) -> bool:
    """Whether dates are texts of one length that can be compared as texts."""
    texts = all(type(date) is str and _ISO.fullmatch(date) for date in row)
    return texts and len(set(map(len, row))) < 2


def _spelled(row: Sequence[Any]) -> tuple[str, ...]:
    """Dates as ISO texts, as short as all of them can be."""
    import numpy as np

    try:
        with warnings.catch_warnings():
            # NumPy warns of time zones, which it would drop.
            warnings.simplefilter("error")
            times = np.asarray(np.asarray(row, "datetime64"), "datetime64[ms]")
    except (TypeError, ValueError, OverflowError, Warning) as error:
        raise ArgumentError(
            "`dates` must be datetime64, or texts such as '2024-03-31' or '2024-03-31T14:30', without a time zone. "
            f"Received: {_start(row)}."
        ) from error
    if times.ndim != 1 or np.isnat(times).any() or (times < np.datetime64("0000-01-01")).any():
        raise ArgumentError(f"`dates` must be dates of the years 0 to 9999. Received: {_start(row)}.")
    kept = next(
        times.astype(f"datetime64[{unit}]") for unit in _UNITS if (times.astype(f"datetime64[{unit}]") == times).all()
    )
    return tuple(kept.astype(str).tolist())


def checked_seconds(given: Iterable[float], size: int, kind: str) -> tuple[float, ...]:
    """The time of each of `size` frames, in seconds; never falling."""
    if kind != "frames":
        raise ArgumentError(f"Only an axis of kind 'frames' has `seconds`. Received: kind={kind!r}.")
    seconds = _floats(given)
    if seconds is None or len(seconds) != size or any(a > b for a, b in itertools.pairwise(seconds)):
        raise ArgumentError(
            f"`seconds` must have the time of each of the {size} frames: finite numbers that never fall. "
            f"Received: {_start(given if seconds is None else seconds)}."
        )
    return seconds


def checked_boxes(given: Iterable[Any], size: int, kind: str) -> tuple[tuple[Box, ...], ...]:
    """For each sample the box of each of `size` objects; a single entry where all samples have the same boxes.

    Args:
        given: (positions, 4) for all samples alike, or (samples, positions, 4).
        size, kind: Of the axis.
    """
    if kind != "objects":
        raise ArgumentError(f"Only an axis of kind 'objects' has `boxes`. Received: kind={kind!r}.")
    try:
        nested = [list(each) for each in given]
        is_alike = not nested or all(len(box) == 4 and _floats(box) is not None for box in nested)
        boxes = tuple(tuple(map(_box, sample)) for sample in ([nested] if is_alike else nested))
    except TypeError as error:
        raise ArgumentError(_BOXES.format(size=size, received=_start(given))) from error
    if any(len(sample) != size for sample in boxes):
        raise ArgumentError(_BOXES.format(size=size, received=f"{[len(sample) for sample in boxes][:8]} boxes"))
    return boxes


def checked_edges(given: Iterable[Any], size: int, kind: str) -> tuple[tuple[Edge, ...], ...]:
    """For each sample its edges; a single entry where all samples have the same.

    Args:
        given: (edges, 2) for all samples alike, or such a list for each sample.
        size, kind: Of the axis.
    """
    if kind != "nodes":
        raise ArgumentError(f"Only an axis of kind 'nodes' has `edges`. Received: kind={kind!r}.")
    try:
        nested = [list(each) for each in given]
        is_alike = not nested or all(_node_pair(pair) is not None for pair in nested)
        edges = tuple(tuple(map(_node_pair, sample)) for sample in ([nested] if is_alike else nested))
    except TypeError as error:
        raise ArgumentError(_EDGES.format(size=size, received=_start(given))) from error
    for sample in edges:
        for pair in sample:
            if pair is None or not all(0 <= node < size for node in pair):
                raise ArgumentError(_EDGES.format(size=size, received=_start(given)))
    return edges  # type: ignore[return-value]


_EDGES = (
    "`edges` must be pairs of nodes from 0 to below {size}, of shape (edges, 2), or a list of them for each sample; an "
    "`edge_index` of PyTorch Geometric is turned round: `edge_index.T`. Received: {received}."
)


def _node_pair(given: Any) -> Edge | None:
    """Two whole numbers, or None."""
    numbers = _floats(given)
    if numbers is None or len(numbers) != 2 or not all(number.is_integer() for number in numbers):
        return None
    return int(numbers[0]), int(numbers[1])


def checked_points(given: Iterable[Any], size: int, kind: str) -> tuple[tuple[Point, ...], ...]:
    """For each sample where its nodes are drawn, from 0 to 1; a single entry where all samples have the same points.

    Args:
        given: (positions, 2) for all samples alike, or (samples, positions, 2): across and down. Points of a sample that do not
            lie between 0 and 1 are scaled, with their proportions, so that they do.
        size, kind: Of the axis.
    """
    if kind != "nodes":
        raise ArgumentError(f"Only an axis of kind 'nodes' has `points`. Received: kind={kind!r}.")
    try:
        nested = [list(each) for each in given]
        is_alike = not nested or all(len(point) == 2 and _floats(point) is not None for point in nested)
        points = [list(map(_floats, sample)) for sample in ([nested] if is_alike else nested)]
    except TypeError as error:
        raise ArgumentError(_POINTS.format(size=size, received=_start(given))) from error
    if any(len(sample) != size or any(point is None or len(point) != 2 for point in sample) for sample in points):
        raise ArgumentError(_POINTS.format(size=size, received=_start(given)))
    return tuple(map(_within_one, points))  # type: ignore[arg-type]


_POINTS = "`points` must be (across, down) of shape ({size}, 2), or (samples, {size}, 2). Received: {received}."


def _within_one(points: list[Point]) -> tuple[Point, ...]:
    if all(0 <= number <= 1 for point in points for number in point):
        least, span = (0.0, 0.0), (1.0, 1.0)
        scale = 1.0
    else:
        least = (min(x for x, _ in points), min(y for _, y in points))
        span = (max(x for x, _ in points) - least[0], max(y for _, y in points) - least[1])
        scale = max(*span) or 1.0
    # What is narrower than it is high stands in the middle.
    rest = [(1 - side / scale) / 2 for side in span]
    return tuple(
        (round(rest[0] + (x - least[0]) / scale, _DIGITS), round(rest[1] + (y - least[1]) / scale, _DIGITS))
        for x, y in points
    )


def checked_tracks(given: Iterable[Any], size: int, kind: str) -> tuple[tuple[tuple[Box, ...], ...], ...]:
    """For each sample, for each iteration, the box of each object; a single entry where all samples have the same.

    Args:
        given: (iterations, positions, 4) for all samples alike, or (samples, iterations, positions, 4).
        size, kind: Of the axis.
    """
    if kind != "objects":
        raise ArgumentError(f"Only an axis of kind 'objects' has `tracks`. Received: kind={kind!r}.")
    try:
        nested = [list(each) for each in given]
        is_alike = all(_floats(box) is not None for boxes in nested for box in boxes)
        tracks = [checked_boxes(boxes, size, kind) for boxes in ([nested] if is_alike else nested)]
    except TypeError as error:
        raise ArgumentError(
            f"`tracks` must have shape (iterations, {size}, 4), or (samples, iterations, {size}, 4). Received: {_start(given)}."
        ) from error
    return tuple(tracks)


_BOXES = "`boxes` must have shape ({size}, 4), or (samples, {size}, 4) where samples differ. Received: {received}."


def _box(given: Any) -> Box:
    numbers = _floats(given)
    if numbers is None or len(numbers) != 4 or numbers[0] > numbers[2] or numbers[1] > numbers[3]:
        raise ArgumentError(
            "A box must be (left, top, right, bottom), as shares of the picture from 0 to 1. "
            f"Received: {_start(given)}."
        )
    if max(map(abs, numbers)) > 10:
        raise ArgumentError(
            "Boxes must be shares of the picture from 0 to 1: divide pixels by its width and height. "
            f"Received: {_start(numbers)}."
        )
    left, top, right, bottom = (round(number, _DIGITS) for number in numbers)
    return left, top, right, bottom


def _floats(given: Any) -> tuple[float, ...] | None:
    """Finite floats, or None."""
    try:
        values = list(given)
        if any(isinstance(value, str | bytes) for value in values):
            return None
        numbers = tuple(map(float, values))
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _start(given: Any) -> str:
    text = str(given)
    return text if len(text) <= 80 else f"{text[:80]}..."
