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
from tb_attention.records.format.digest import digest
from tb_attention.records.format.schema import (
    ConfusionManifest,
    MeanManifest,
    SplitManifest,
    StepManifest,
    manifest_from_json,
    manifest_to_json,
)
from tb_attention.records.format.site_manifest import axis_to_json
from tb_attention.records.format.step_record import ClassGroup, Prediction
from tb_attention.site import Axis, Cells, Pixels, Site, WindowPlaces

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
        predictions=(Prediction(1, 0.5, others=((0, 0.3), (4, 0.2))), None),
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
        tag="c",
        attempt=1,
        step="init",
        batch=0,
        wall_time=5.0,
        logs={},
        classes=2,
        class_names=("a", "b"),
        output="out",
        splits={"validation": SplitManifest(2, "dense", False)},
    )
    assert through_json(value) == value


def test_the_json_is_that_of_the_format() -> None:
    value = json.loads(json_text.dumps(manifest_to_json(manifest())))
    assert value["schema"] == 1
    assert value["logs"] == {"loss": "NaN"}
    assert value["predictions"] == [{"class": 1, "probability": 0.5, "others": [[0, 0.3], [4, 0.2]]}, None]
    assert value["sites"][0]["axes"] == [
        {"role": "heads", "size": 2},
        {"role": "query", "size": 5, "kind": "grid", "grid": [2, 2], "extra": ["CLS"], "input": 0},
        {"role": "key", "size": 5, "kind": "tokens", "input": 1},
    ]
    assert value["sites"][0]["overview"] == {"shape": [2, 5, 5], "encoding": "sqrt8_row", "offset": 0, "bytes": 90}


def test_cells_and_their_pixels_come_back_as_they_were() -> None:
    pixels = (Pixels(1, 30, -1, 8, 8), Pixels(2, 20, 0.5, 10, 5))
    cells = Cells((2, 2), (0, 2, -1, 1, 3), ("CLS",))
    for axis in (
        Axis("key", 5, input=0, cells=cells, pixels=pixels),
        Axis("key", 5, "grid", (2, 2), ("CLS",), 0, pixels=pixels),
    ):
        assert json_text.convert(json.loads(json_text.dumps(axis_to_json(axis))), Axis, "It") == axis


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


def test_fields_of_a_later_version_are_skipped() -> None:
    value = manifest_to_json(manifest()) | {"new": 1}
    value["sites"][0]["new"] = {}
    assert manifest_from_json(value, "it").step == 3


def test_a_newer_schema_is_named() -> None:
    with pytest.raises(NewerSchemaError, match="It was written by a newer tb_attention: its schema is 2"):
        manifest_from_json(manifest_to_json(manifest()) | {"schema": 2}, "It")


def test_every_part_that_is_missing_or_wrong_is_damage_and_nothing_else() -> None:
    whole = json.loads(json_text.dumps(manifest_to_json(manifest())))
    may_be_missing = {
        "writer",
        "epoch",
        "batch",
        "samples",
        "note",
        "kind",
        "grid",
        "extra",
        "input",
        "probability",
        "others",
    }

    def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Any:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield (*path, key)
            yield from paths_in(item, (*path, key))

    for path in paths_in(whole):
        for wrong in (None, -1, "x", [], {}, [None], 10**30, 1.5, True, "missing"):
            value = copy.deepcopy(whole)
            parent = value
            for key in path[:-1]:
                parent = parent[key]
            if wrong == "missing":
                del parent[path[-1]]
            else:
                parent[path[-1]] = wrong
            try:
                manifest_from_json(value, "It")
            except (DamagedFileError, NewerSchemaError):
                continue
            if wrong == "missing" and isinstance(path[-1], str):
                assert path[-1] in may_be_missing or path[0] == "logs", path


# As version 0.1.0 wrote them, before manifests were decoded by msgspec.
MAPS = """{"schema":1,"content":"attention","tag":"attention","attempt":1,"writer":"tb_attention 0.1.0","step":3,"epoch":null,
"batch":96,"wall_time":1795608000.25,"logs":{"loss":"NaN","accuracy":0.87},"samples":"samples-0f3a5c9e1b2d.npz",
"sample_count":3,"predictions":[{"class":3,"probability":0.5,"label_probability":"NaN"},{"class":0,"probability":null},null],
"measures":["entropy"],"sites":[
{"rows":{"queries":[0,5],"shape":[2,4],"encoding":"sqrt8_row"},"features":{"shape":[2,1,1],"encoding":"float32"},
"sink":{"shape":[2],"encoding":"float32"},"path":"a","kind":"self","note":null,"axes":[{"role":"windows","size":2,
"places":{"grid":[2,2],"cells":[[0,1],[2,-1]]}},{"role":"key","size":4,"kind":"grid","grid":[3],"extra":["CLS"],"input":0,
"own":[[3],[1]],"pixels":[{"axis":1,"of":30,"offset":-1,"size":8.5,"stride":8}]}],"shape":[2,4],"encoding":"float16",
"overview":{"shape":[2,4],"encoding":"signed8_row","offset":0,"bytes":16}},
{"path":"b","kind":"gate","note":"odd","axes":[{"role":"key","size":3,"cells":{"grid":[2],"of":[1,-1,0],"extra":["CLS"]}}],
"shape":[3],"encoding":"float32","overview":{"shape":[3],"encoding":"sqrt8_row","offset":16,"bytes":7}}]}"""
MATRICES = """{"schema":1,"content":"confusion","tag":"c/out","attempt":2,"writer":"","step":"init","epoch":0,"batch":null,
"wall_time":5.0,"logs":{},"classes":3,"class_names":null,"output":"out","splits":{
"validation":{"examples":540,"encoding":"dense","weighted":false,"other":2,"bins":256},
"training":{"examples":"Infinity","encoding":"sparse","weighted":true}},"kind":"labels","threshold":0.5,
"class_groups":[{"name":"tops","children":[0,{"name":"knitted","children":[2]}]}],"similarity":true,"examples":12,
"samples":"samples-0f3a5c9e1b2d.npz","means":[{"class":2,"examples":6}],"sample_count":1,"predictions":[null],
"measures":["entropy"],"sites":[{"path":"b","kind":"gate","note":null,"axes":[{"role":"heads","size":3}],"shape":[3],
"encoding":"float32","overview":{"shape":[3],"encoding":"sqrt8_row","offset":0,"bytes":7}}]}"""


def test_a_manifest_of_maps_by_an_earlier_version_is_read() -> None:
    read = manifest_from_json(json.loads(MAPS), "It")
    assert isinstance(read, StepManifest)
    assert (read.step, read.epoch, read.batch, read.wall_time, read.sample_count) == (3, None, 96, 1795608000.25, 3)
    assert math.isnan(read.logs["loss"])
    assert read.predictions[0] is not None
    assert math.isnan(read.predictions[0].label_probability or 0)
    assert read.predictions[1:] == (Prediction(0), None)
    windows, key = read.sites[0].axes
    assert windows.places == WindowPlaces((2, 2), ((0, 1), (2, -1)))
    assert key == Axis("key", 4, "grid", (3,), ("CLS",), 0, own=((3,), (1,)), pixels=(Pixels(1, 30, -1.0, 8.5, 8.0),))
    assert read.sites[1].axes[0].cells == Cells((2,), (1, -1, 0), ("CLS",))
    first = read.sites[0]
    assert first.rows is not None
    assert first.features is not None
    assert first.sink is not None
    assert (first.rows.queries, first.features.shape, first.sink.shape) == ((0, 5), (2, 1, 1), (2,))


def test_a_manifest_of_matrices_by_an_earlier_version_is_read() -> None:
    read = manifest_from_json(json.loads(MATRICES), "It")
    assert isinstance(read, ConfusionManifest)
    assert (read.content, read.step, read.kind, read.threshold, read.examples) == (
        "confusion",
        "init",
        "labels",
        0.5,
        12,
    )
    assert read.splits == {
        "validation": SplitManifest(540, "dense", False, 2, 256),
        "training": SplitManifest(math.inf, "sparse", True),
    }
    assert read.class_groups == (ClassGroup("tops", (0, ClassGroup("knitted", (2,)))),)
    assert read.means == (MeanManifest(2, 6),)
    assert read.maps is not None
    assert (read.maps.sample_count, read.maps.heads, read.maps.tag) == (1, 3, "c/out")


@pytest.mark.parametrize("text", [MAPS, MATRICES])
def test_manifests_are_written_as_earlier_versions_wrote_them(text: str) -> None:
    assert json.loads(json_text.dumps(manifest_to_json(manifest_from_json(json.loads(text), "It")))) == json.loads(text)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("attempt",), -1),
        (("sites", 0, "shape", 0), 3),
        (("sites", 0, "overview", "bytes"), 15),
        (("sites", 0, "features", "shape"), [2, 1]),
        (("sites", 1, "axes", 0, "input"), -1),
        (("sites", 1, "shape"), [1 << 31, 1 << 31]),
    ],
)
def test_impossible_values_are_damage(path: tuple[Any, ...], wrong: Any) -> None:
    value = json.loads(MAPS)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = wrong
    with pytest.raises(DamagedFileError, match="It is not as it should be"):
        manifest_from_json(value, "It")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("classes", 1),
        ("classes", 20_001),
        ("means", [{"class": 3, "examples": 1}]),
        ("class_groups", [0]),
        ("class_groups", [{"name": "a", "children": [-1]}]),
    ],
)
def test_impossible_values_of_matrices_are_damage(field: str, wrong: Any) -> None:
    with pytest.raises(DamagedFileError, match="It is not as it should be"):
        manifest_from_json(json.loads(MATRICES) | {field: wrong}, "It")


def test_groups_nested_without_end_are_damage() -> None:
    group: dict[str, Any] = {"name": "a", "children": []}
    for _ in range(100):
        group = {"name": "a", "children": [group]}
    with pytest.raises(DamagedFileError, match="nested at most 20 deep"):
        manifest_from_json(json.loads(MATRICES) | {"class_groups": [group]}, "It")
