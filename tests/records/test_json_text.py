"""JSON with numbers that JSON has not."""

from __future__ import annotations

import json
import math

import pytest

from tb_attention.errors import DamagedFileError
from tb_attention.records.format import json_text


def test_numbers_that_are_not_finite_become_strings_and_numbers_again() -> None:
    text = json_text.dumps({"a": [math.nan, {"b": math.inf}], "c": -math.inf, "d": 1.5})
    assert json.loads(text) == {"a": ["NaN", {"b": "Infinity"}], "c": "-Infinity", "d": 1.5}
    assert math.isnan(json_text.number("NaN"))
    assert json_text.number("-Infinity") == -math.inf
    assert json_text.number(10**400) == math.inf


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_anything_but_an_object_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match=r"^It "):
        json_text.loads(data, "It")


@pytest.mark.parametrize("value", ["nan", "1", None, True, [1]])
def test_anything_but_a_number_is_damage(value: object) -> None:
    with pytest.raises(DamagedFileError, match="A number was expected"):
        json_text.number(value)


def test_unpaired_surrogates_and_numbers_beyond_floats_are_read() -> None:
    """No UTF-8 can hold an unpaired surrogate, so a text that has one could not be sent on."""
    assert json_text.loads(b'{"a": "\\ud800", "b": 1e400}', "It") == {"a": "?", "b": math.inf}
