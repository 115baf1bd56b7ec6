"""JSON, checked when it becomes a record. JSON has no NaN and no infinities: they are strings there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec
import numpy as np

from tb_attention.errors import DamagedFileError

T = TypeVar("T")

_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

if TYPE_CHECKING:
    Number = float
else:
    Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""The type of a number in a record. The record calls `read_numbers` when it is made, so that it holds floats only."""


def dumps(value: Any) -> bytes:
    """UTF-8 JSON of nested dicts, lists and scalars; NaN becomes "NaN", infinities "Infinity" and "-Infinity"."""
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # rare; looking for such numbers every time would cost more than all the rest
        text = _ENCODER.encode(spell(value))
    return text.encode("utf-8", "replace")


def loads(data: bytes, what: str) -> dict[str, Any]:
    """The object in some UTF-8 JSON.

    Raises:
        DamagedFileError: It is not JSON, or not an object.
    """
    try:
        try:
            value = msgspec.json.decode(data)
        except msgspec.DecodeError:
            value = _read_leniently(data)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{what} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise DamagedFileError(f"{what} must be a JSON object. Received: {type(value).__name__}.")
    return value


def read(data: bytes, kind: type[T], what: str) -> T:
    """A record of a type, from some UTF-8 JSON. Fields that the type does not have are skipped.

    Raises:
        DamagedFileError: It is not JSON, or does not make such a record.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (
        ValueError,
        RecursionError,
        OverflowError,
    ):  # with the lenient reader, or a sentence that says what is wrong
        return cast(T, convert(loads(data, what), kind, what))


def _read_leniently(data: bytes) -> Any:
    """JSON with numbers that no float can hold, and with "?" for unpaired surrogates, which no UTF-8 can hold."""
    value = json.loads(data)
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def convert(value: Any, kind: Any, what: str) -> Any:
    """A record of a type, from JSON values. Fields that the type does not have are skipped.

    Raises:
        DamagedFileError: The values do not make such a record.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise DamagedFileError(f"{what} is not as it should be: {str(error)[:200]}.") from error


def to_builtins(value: Any) -> dict[str, Any]:
    """The JSON object of a record or a dict, with Python's numbers for NumPy's."""
    return cast("dict[str, Any]", msgspec.to_builtins(value, enc_hook=np.generic.item))


def read_numbers(record: msgspec.Struct, *fields: str) -> None:
    """Makes floats of the numbers that are strings, in these fields and in the values of those that are mappings."""
    for name in fields:
        value = getattr(record, name)
        if isinstance(value, str):
            msgspec.structs.force_setattr(record, name, _NOT_FINITE[value])
        elif isinstance(value, Mapping) and str in map(type, value.values()):
            numbers = {key: number(item) for key, item in value.items()}
            msgspec.structs.force_setattr(record, name, numbers)


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
