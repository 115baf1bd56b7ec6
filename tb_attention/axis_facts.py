"""What users say about single positions of an axis: their names, times and boxes, checked and as tuples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

from tb_attention.errors import ArgumentError

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the picture's width and height."""

# Enough for a pixel of a picture of 10,000 pixels.
_DIGITS = 5


def checked_names(given: Iterable[str], size: int) -> tuple[str, ...]:
    """A text for each of `size` positions."""
    names = (given,) if isinstance(given, str) else tuple(given)
    if isinstance(given, str) or len(names) != size or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"`names` must have one text for each of the {size} positions. Received: {len(names)} names, {_start(names)}."
        )
    # Texts of NumPy and pandas are subclasses of str, which JSON encoders refuse.
    return tuple(map(str, names))


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
