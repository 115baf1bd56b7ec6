"""JSON in which numbers that are not finite are strings, as JSON itself has none."""

from __future__ import annotations

import json
import math
from typing import Any

from tb_attention.errors import DamagedFileError

_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def dumps(value: Any) -> bytes:
    """UTF-8 JSON of nested dicts, lists and scalars; NaN becomes "NaN", infinities "Infinity" and "-Infinity"."""
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # the seldom case: to look for it in every value would cost more than all the rest
        text = _ENCODER.encode(spell(value))
    return text.encode("utf-8", "replace")


def loads(data: bytes, what: str) -> dict[str, Any]:
    """The object in some UTF-8 JSON.

    Raises:
        DamagedFileError: It is not JSON, or not an object.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{what} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise DamagedFileError(f"{what} must be a JSON object. Received: {type(value).__name__}.")
    return value


def number(value: Any) -> float:
    """A float of a JSON number or of one of the three strings.

    Raises:
        DamagedFileError: It is neither.
    """
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DamagedFileError(f"A number was expected in a manifest. Received: {str(value)[:80]!r}.")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def spell(value: Any) -> Any:
    """The same value with numbers that are not finite as strings, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: spell(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spell(item) for item in value]
    return value
