"""Checks of arguments that both callbacks and `log` take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tb_attention.errors import ArgumentError


def checked_bytes(name: str, value: Any) -> float:
    """A positive number of bytes, such as 2e9; anything else raises `ArgumentError`."""
    if isinstance(value, np.number):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 1 or math.isinf(value):
        raise ArgumentError(f"`{name}` must be a positive number of bytes, such as 2e9. Received: {name}={value!r}.")
    return value


def checked_count(name: str, value: Any, *, least: int) -> int:
    """An integer of at least `least`, as an int, a whole float (R counts in floats: 8.0) or a number of NumPy.

    Raises:
        ArgumentError: It is anything else.
    """
    count = as_count(value)
    if count is None or count < least:
        kind = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ArgumentError(f"`{name}` must be {kind}. Received: {name}={value!r}.")
    return count


def as_count(value: Any) -> int | None:
    """The integer of an integer or of a whole float, Python's or NumPy's; None for anything else."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    return int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else None
