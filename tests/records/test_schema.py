"""Manifests to JSON and back."""

from __future__ import annotations

import copy
import json
import math
import re
from typing import Any

import pytest

from tb_attention.errors import ArgumentError, DamagedFileError, NewerSchemaError
from tb_attention.records.format import json_text
from tb_attention.records.format.axis_json import axis_from_json, axis_to_json
from tb_attention.records.format.schema import (
    ConfusionManifest,
    Prediction,
    SplitManifest,
    StepManifest,
    manifest_from_json,
    manifest_to_json,
)
from tb_attention.records.format.step_file import digest
from tb_attention.site import Axis, Cells, Pixels, Site

from . import logs


def manifest() -> StepManifest:
    axes = (
        Axis("samples", 2),
        Axis("heads", 2),
        Axis("query", 5, "grid", grid=(2, 2), extra=("CLS",), input=0),
        Axis("key", 5, "tokens", input=1),
    )
    site = Site("a/b", "cross", axes, logs.rows(2, 2, 5, 5), note="odd")
    record = logs.record(
        3,
        wall_time=1.0,
        sites=(site,),
        batch=96,
        logs={"loss": math.nan},
        predictions=(Prediction(1, 0.5), None),
        samples="samples-0f3a5c9e1b2d.npz",
    )
    return digest(record, "tag", 2).manifest


def through_json(value: Any) -> Any:
    return manifest_from_json(json_text.loads(json_text.dumps(manifest_to_json(value)), "it"), "it")


def test_a_manifest_of_maps_comes_back_as_it_was() -> None:
    back = through_json(manifest())
    assert math.isnan(back.logs["loss"])
    assert str(back) == str(manifest())  # NaN is not equal to itself


def test_a_manifest_of_matrices_comes_back_as_it_was() -> None:
    value = ConfusionManifest(
        "c", 1, "init", None, 0, 5.0, {}, 2, ("a", "b"), "out", {"validation": SplitManifest(2, "dense", False)}
    )
    assert through_json(value) == value


def test_the_json_is_that_of_the_format() -> None:
    told = json.loads(json_text.dumps(manifest_to_json(manifest())))
    assert told["schema"] == 1
    assert told["logs"] == {"loss": "NaN"}
    assert told["predictions"] == [{"class": 1, "probability": 0.5}, None]
    assert told["sites"][0]["axes"] == [
        {"role": "heads", "size": 2},
        {"role": "query", "size": 5, "kind": "grid", "grid": [2, 2], "extra": ["CLS"], "input": 0},
        {"role": "key", "size": 5, "kind": "tokens", "input": 1},
    ]
    assert told["sites"][0]["overview"] == {"shape": [2, 5, 5], "encoding": "sqrt8_row", "offset": 0, "bytes": 90}


def test_cells_and_their_pixels_come_back_as_they_were() -> None:
    pixels = (Pixels(1, 30, -1, 8, 8), Pixels(2, 20, 0.5, 10, 5))
    cells = Cells((2, 2), (0, 2, -1, 1, 3), ("CLS",))
    for axis in (
        Axis("key", 5, input=0, cells=cells, pixels=pixels),
        Axis("key", 5, "grid", (2, 2), ("CLS",), 0, pixels=pixels),
    ):
        assert axis_from_json(json.loads(json_text.dumps(axis_to_json(axis)))) == axis


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Cells((2, 2), (0, 1, 2)), "`of` must have each cell from 0 to 3 once"),
        (lambda: Cells((2, 2), (0, 1, 2, 2)), "`of` must have each cell from 0 to 3 once"),
        (
            lambda: Cells((2,), (0, 1, -1)),
            "`extra` must have a name for each position without a cell, of which there are 1",
        ),
        (lambda: Axis("key", 5, "grid", (5,), cells=Cells((5,), (4, 3, 2, 1, 0))), "only an axis of kind 'positions'"),
        (lambda: Axis("key", 4, "grid", (2, 2), pixels=(Pixels(1, 4, 0, 2, 2),)), "one entry for each dimension"),
        (lambda: Pixels(1, 4, 0, 0, 2), "`size` and `stride` above 0"),
        (lambda: Pixels(1, 4, math.nan, 1, 2), "must be finite"),
        (lambda: Pixels(1, 0, 0, 1, 2), "`of` at least 1"),
    ],
)
def test_cells_that_cannot_be_are_refused(wrong: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(said)):
        wrong()


def test_what_a_later_version_adds_is_passed_over() -> None:
    told = manifest_to_json(manifest()) | {"new": 1}
    told["sites"][0]["new"] = {}
    assert manifest_from_json(told, "it").step == 3


def test_a_newer_schema_is_told() -> None:
    with pytest.raises(NewerSchemaError, match="It was written by a newer tb_attention: its schema is 2"):
        manifest_from_json(manifest_to_json(manifest()) | {"schema": 2}, "It")


def test_every_part_that_is_missing_or_wrong_is_damage_and_nothing_else() -> None:
    whole = json.loads(json_text.dumps(manifest_to_json(manifest())))
    may_be_missing = {"writer", "epoch", "batch", "samples", "note", "kind", "grid", "extra", "input", "probability"}

    def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield (*path, key)
            yield from places(item, (*path, key))

    for path in places(whole):
        for wrong in (None, -1, "x", [], {}, [None], 10**30, 1.5, True, "missing"):
            told = copy.deepcopy(whole)
            parent = told
            for key in path[:-1]:
                parent = parent[key]
            if wrong == "missing":
                del parent[path[-1]]
            else:
                parent[path[-1]] = wrong
            try:
                manifest_from_json(told, "It")
            except (DamagedFileError, NewerSchemaError):
                continue
            if wrong == "missing" and isinstance(path[-1], str):
                assert path[-1] in may_be_missing or path[0] == "logs", path
