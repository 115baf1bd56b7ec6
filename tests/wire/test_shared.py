"""What both languages must agree on: the names of a page's arrays, and the encodings. vitest checks the same file."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from tb_attention.reduce.encodings import ENCODINGS, decode
from tb_attention.wire import site_structs
from tb_attention.wire.held_page import BODY_PARAMETERS, body_name

SHARED: dict[str, Any] = json.loads((Path(__file__).parent.parent / "shared" / "wire.json").read_text("utf-8"))


def test_every_route_with_arrays_in_a_page_is_in_the_shared_file() -> None:
    assert {route: list(names) for route, names in BODY_PARAMETERS.items()} == SHARED["parameters"]
    assert {body["route"] for body in SHARED["bodies"]} == set(BODY_PARAMETERS)


@pytest.mark.parametrize("body", SHARED["bodies"], ids=lambda body: body["name"])
def test_arrays_of_a_page_are_named_by_route_series_and_parameters(body: dict[str, Any]) -> None:
    assert body_name(body["route"], body["series"], **body["parameters"]) == body["name"]


def test_every_encoding_is_in_the_shared_file() -> None:
    assert {case["encoding"] for case in SHARED["encodings"]} == set(ENCODINGS) == set(get_args(site_structs.Encoding))


@pytest.mark.parametrize("case", SHARED["encodings"], ids=lambda case: case["encoding"])
def test_encoded_bytes_mean_these_floats(case: dict[str, Any]) -> None:
    stored = np.load(io.BytesIO(base64.b64decode(case["npy"])))
    values = decode(stored, tuple(case["shape"]), case["encoding"])
    np.testing.assert_allclose(values.ravel(), [float(value) for value in case["values"]], rtol=1e-6)
