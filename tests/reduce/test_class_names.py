"""Class names in the forms that users have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_attention.errors import ArgumentError
from tb_attention.reduce.class_names import to_class_names


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, None),
        (["cat", "dog"], ["cat", "dog"]),
        (np.array(["cat", "dog"]), ["cat", "dog"]),
        ((b"cat", "dog"), ["cat", "dog"]),
        ([1, 2.0, np.int64(3)], ["1", "2", "3"]),
        (["", None, "dog"], ["0", "1", "dog"]),
        (["crane", "maillot", "crane"], ["crane (0)", "maillot", "crane (2)"]),
        ({"dog": 1, "cat": 0}, ["cat", "dog"]),
        ({1: "dog", 0: "cat"}, ["cat", "dog"]),
        ({"1": "dog", "0": "cat"}, ["cat", "dog"]),
    ],
)
def test_each_class_has_a_unique_name(given: Any, names: list[str] | None) -> None:
    assert to_class_names(given) == names


@pytest.mark.parametrize(
    ("given", "sentence"), [("cat", "must be a list"), (3, "must be a list"), ({"cat": 1, "dog": 2}, "0, 1, 2")]
)
def test_invalid_class_names_are_refused(given: Any, sentence: str) -> None:
    with pytest.raises(ArgumentError, match=f"{sentence}.*Received"):
        to_class_names(given)
