"""What a user says about the positions of an input, for all samples or for each: names, dates, boxes, numbers to show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.axis_facts import Box, checked_boxes, checked_dates, checked_own_names, is_nested
from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import to_numpy

MOST_CHANNELS = 8
"""Numbers of one position that are shown, at most: of a time series, its variables."""

_MOST_VALUES = 8192
_DIGITS = 6


def for_each(argument: str, given: Any, count: int) -> Any:
    """What is said of the positions for each of `count` samples, where it may be said once for all."""
    if argument not in ("names", "dates", "boxes") or isinstance(given, str):
        return given
    rows = list(given)
    nested = [is_nested(row) for row in rows[:1]] if argument == "boxes" else [is_nested(rows)]
    return rows if any(nested) else [rows] * count


def checked_names_of(names: Any, array: npt.NDArray[Any]) -> list[tuple[str, ...]]:
    """For each sample a text for each position of its input."""
    return list(checked_own_names(names, _positions("names", array)))


def checked_dates_of(dates: Any, array: npt.NDArray[Any]) -> list[tuple[str, ...]]:
    """For each sample an ISO text for each position of its input."""
    return list(checked_dates(dates, _positions("dates", array), "frames"))


def checked_boxes_of(boxes: Any, array: npt.NDArray[Any]) -> list[tuple[Box, ...]]:
    """For each sample a box for each position of its input."""
    return list(checked_boxes(boxes, _positions("boxes", array), "objects"))


def checked_values(values: Any, array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The numbers of each position: (samples, positions), or (samples, positions, channels)."""
    found = to_numpy(values)
    positions = _positions("values", array)
    fits = found.dtype.kind in "biuf" and found.ndim in (2, 3) and found.shape[1] == positions
    if not fits or (found.ndim == 3 and found.shape[2] > MOST_CHANNELS):
        raise ArgumentError(
            f"`values` must be numbers of shape (samples, {positions}), or (samples, {positions}, at most {MOST_CHANNELS}). "
            f"Received: {found.dtype} of shape {found.shape}."
        )
    return np.asarray(found, np.float64)


def own_values(array: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """The numbers of an input itself, where they are few enough to be shown beside its positions."""
    if array.dtype.kind not in "biuf" or array.ndim not in (2, 3) or 0 in array.shape:
        return None
    if array.ndim == 3 and array.shape[2] > MOST_CHANNELS:
        return None
    return np.asarray(array, np.float64)


def values_to_json(values: npt.NDArray[np.float64]) -> list[list[float | None]] | None:
    """For each position of one sample its numbers, with six digits, None if not finite. None if there are too many."""
    if values.size > _MOST_VALUES:
        return None
    rows = values.reshape(len(values), -1).tolist()
    return [[float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None for value in row] for row in rows]


def said_of(sample: int, positions: int, facts: Mapping[str, Sequence[Any] | None]) -> dict[str, Any]:
    """The fields of an input of one sample, as far as something is said of its positions."""
    fields = {name: list(rows[sample])[:positions] for name, rows in facts.items() if rows is not None}
    return {name: [list(each) for each in row] if name == "boxes" else row for name, row in fields.items()}


def _positions(argument: str, array: npt.NDArray[Any]) -> int:
    if array.ndim < 2:
        raise ArgumentError(
            f"`{argument}` must belong to an input of shape (samples, positions, ...). Received: an input of shape {array.shape}."
        )
    return int(array.shape[1])
