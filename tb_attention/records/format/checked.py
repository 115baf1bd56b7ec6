"""Checks of what stands in JSON: each gives the value, or raises `ArgumentError` with what was expected and what came."""

from __future__ import annotations

import math
from typing import Any, cast

from tb_attention.errors import ArgumentError
from tb_attention.reduce.encodings import ENCODINGS, Encoding

# No honest file comes near; it bounds what a hostile one can make a reader do.
MOST_CELLS = 1 << 34


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ArgumentError(f"a text was expected. Received: {str(value)[:40]!r}.")
    return value


def count(value: Any, most: int = 1 << 62) -> int:
    """An integer from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ArgumentError(f"an integer from 0 to {most} was expected. Received: {str(value)[:40]!r}.")
    return value


def count_or_none(value: Any) -> int | None:
    """An integer from 0, or None."""
    return None if value is None else count(value)


def shape(value: Any) -> tuple[int, ...]:
    """A shape of at most 16 dimensions and `MOST_CELLS` cells."""
    if not isinstance(value, list | tuple) or len(value) > 16:
        raise ArgumentError(f"a shape was expected. Received: {str(value)[:40]!r}.")
    shape = tuple(count(size, 1 << 32) for size in value)
    if math.prod(shape) > MOST_CELLS:
        raise ArgumentError(f"a shape of at most {MOST_CELLS} cells was expected. Received: {shape}.")
    return shape


def encoding(value: Any) -> Encoding:
    """The name of an encoding."""
    if value not in ENCODINGS:
        raise ArgumentError(f"`encoding` must be one of {ENCODINGS}. Received: encoding={str(value)[:40]!r}.")
    return cast(Encoding, value)
