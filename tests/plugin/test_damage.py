"""Damaged files get a sentence, and take nothing else with them."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

import tb_attention
from tb_attention.records.format.npz import npz_bytes

from . import handmade
from .conftest import open_tab

MAPS = {"run": "vit", "tag": "attention"}
PLACE = {"step": 0, "sample": 0, "site": 0}


@pytest.fixture
def log(two_steps):
    return two_steps


@pytest.fixture
def tab(log, tmp_path):
    return open_tab(tmp_path / "logs")


DAMAGES = {
    "empty": b"",
    "no zip": b"PK\x03\x04" + b"x" * 100,
    "cut": handmade.step_file(5)[:-200],
    "cut at the front": handmade.step_file(5)[200:],
    "no manifest": handmade.npz({"schema": 1}),
    "another schema": handmade.npz({**handmade.step_manifest(5, 2), "schema": 99}),
    "a list": handmade.npz([1, 2]),
    "a text for sites": handmade.npz({"schema": 1, "content": "attention", "sites": "x"}),
    "huge shape": handmade.step_file(5, sites=[{**handmade.step_manifest(5, 2)["sites"][0], "shape": [1 << 40] * 3}]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_step_leaves_every_other_readable(tab, log, damage):
    (log / "step-000000000005.npz").write_bytes(DAMAGES[damage])
    answer = tab.json("series", **MAPS)
    assert [step["step"] for step in answer["steps"]] == [0, 1]
    (lost,) = answer["damaged"]
    assert (lost["file"], lost["step"]) == ("step-000000000005.npz", 5)
    assert len(lost["reason"]) > 10
    assert tab.array("measures", **MAPS, sample=0).shape == (2, 2, 2)
    assert tab.json("runs")["runs"][0]["series"][0]["steps"] == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_under_the_name_of_a_step_holds_up_no_request(tab, log):
    os.mkfifo(log / "step-000000000005.npz")
    os.mkfifo(log / "index-000000000000.npz")
    (log / "step-000000000006.npz").symlink_to("step-000000000006.npz")
    answer = tab.json("series", **MAPS)
    assert [step["step"] for step in answer["steps"]] == [0, 1]
    assert "no such step" in tab.refusal("weights", 404, **{**MAPS, **PLACE, "step": 5})
    assert tab.array("weights", **MAPS, **PLACE).shape == (2, 4, 4)


def test_a_map_that_says_that_it_is_huge_is_refused_before_it_is_inflated(tab, log):
    """A manifest of any size that a member of zeros fits: 3.5 MB would inflate to 3.5 GB."""
    site = {**handmade.step_manifest(5, 2)["sites"][0], "shape": [14, 8192, 8192]}
    site["axes"] = [{"role": "heads", "size": 14}, {"role": "query", "size": 8192}, {"role": "key", "size": 8192}]
    for encoding in ("float32", "sqrt8_row"):
        manifest = handmade.step_manifest(5, 2, sites=[{**site, "encoding": encoding}])
        (log / "step-000000000005.npz").write_bytes(handmade.npz(manifest, {"weights/0/0": np.zeros(9, np.uint8)}))
        rows = {**MAPS, "step": 5, "sample": 0, "queries": "0"}
        assert "are allowed" in tab.refusal("rows", 422, **rows)


def test_a_newer_schema_is_said_to_be_newer(tab, log):
    (log / "step-000000000005.npz").write_bytes(DAMAGES["another schema"])
    assert "newer" in tab.json("series", **MAPS)["damaged"][0]["reason"]


def test_maps_of_a_damaged_file_get_a_sentence(tab, log):
    (log / "step-000000000005.npz").write_bytes(DAMAGES["cut"])
    assert "step-000000000005.npz" in tab.refusal("weights", 422, **{**MAPS, **PLACE, "step": 5})


def test_a_lost_member_is_damage(tab, log):
    (log / "step-000000000005.npz").write_bytes(handmade.npz(handmade.step_manifest(5, 2)))
    assert "has no member" in tab.refusal("weights", 422, **{**MAPS, **PLACE, "step": 5})


def test_pickles_are_never_opened(tab, log):
    pickled = np.array([{"a": 1}], dtype=object)
    content = handmade.npz(handmade.step_manifest(5, 2), {"weights/0/0": pickled})
    (log / "step-000000000005.npz").write_bytes(content)
    assert "numbers" in tab.refusal("weights", 422, **{**MAPS, **PLACE, "step": 5})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_gets_a_sentence(tab, log):
    (log / "step-000000000001.npz").chmod(0)
    tab.refusal("weights", 422, **{**MAPS, **PLACE, "step": 1})


def test_every_series_may_be_damaged_and_the_list_still_comes(tab, log):
    for file in log.iterdir():
        file.write_bytes(b"nothing")
    (log / "status.json").write_bytes(b'{"state": ')
    (series,) = tab.json("runs")["runs"][0]["series"]
    assert (series["content"], series["tag"], series["status"]) == ("unknown", "attention", None)
    assert tab.json("series", **MAPS)["content"] == "unknown"


def mutations(content, count, seed):
    """Damaged versions of a file: bytes changed, ends cut, pieces left out or put in."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        data = bytearray(content)
        for position in random.integers(len(data), size=random.integers(1, 6)):
            data[position] = random.integers(256)
        start, length = int(random.integers(len(data))), int(random.integers(1, 40))
        kind = random.integers(4)
        if kind == 1:
            del data[start:]
        elif kind == 2:
            del data[start : start + length]
        elif kind == 3:
            data[start:start] = bytes(length)
        yield bytes(data)


def test_no_damage_to_a_step_makes_the_server_fail(tab, log):
    for content in (handmade.step_file(5), stored(handmade.step_file(5))):
        for damaged in mutations(content, 80, seed=len(content)):
            (log / "step-000000000005.npz").write_bytes(damaged)
            for route, query in (
                ("series", {}),
                ("weights", {"step": 5, "sample": 1, "site": 0}),
                ("overview", {"step": 5, "sample": 0}),
                ("measures", {"sample": 0}),
                ("matrix", {"step": 5, "split": "validation"}),
            ):
                assert tab.get(route, **MAPS, **query).status_code in (200, 404, 422)


def test_no_damage_to_samples_makes_the_server_fail(tab, log):
    content = stored(handmade.samples_file())
    for damaged in mutations(content, 80, seed=3):
        (log / "samples-0f3a5c9e1b2d.npz").write_bytes(damaged)
        query = {**MAPS, "set": "samples-0f3a5c9e1b2d", "sample": 0, "input": 0}
        for route in ("samples", "thumbnails", "image"):
            assert tab.get(route, **query).status_code in (200, 404, 422)


def test_no_damage_to_an_index_makes_the_server_fail(tmp_path):
    with tb_attention.AttentionWriter(str(tmp_path / "vit")) as writer:
        for step in range(6):
            writer.write(step, {"a": np.full((1, 2, 3, 3), 1 / 3, np.float32)})
    (index,) = (tmp_path / "vit").rglob("index-*.npz")
    content = stored(index.read_bytes())
    tab = open_tab(tmp_path)
    for damaged in mutations(content, 100, seed=4):
        index.write_bytes(damaged)
        assert tab.array("measures", **MAPS, sample=0).shape == (6, 2, 6)


def stored(content):
    """The same `.npz` with its members stored as they are, so that damage reaches what is inside."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(plain, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return plain.getvalue()


ODD = [None, -1, 1e300, 2**70, True, "x", [], {"a": 1}]


def variants(value):
    """Every version of a JSON value with one thing in it replaced by something odd, or left out."""
    yield from ODD
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else [])
    for key, inner in pairs:
        for odd in variants(inner):
            changed = value.copy()
            changed[key] = odd
            yield changed
        if isinstance(value, dict):
            yield {name: kept for name, kept in value.items() if name != key}


@pytest.mark.parametrize(
    ("make", "file", "queries"),
    [
        (
            lambda: (handmade.step_manifest(5, 2), handmade.step_file(5)),
            "step-000000000005.npz",
            {
                "runs": {},
                "series": {},
                "weights": {"step": 5, "sample": 1, "site": 3},
                "measures": {"sample": 0},
                "matrix": {"step": 5, "split": "validation"},
            },
        ),
        (
            lambda: handmade.confusion(
                5,
                np.eye(2, dtype=int),
                kind="binary",
                threshold=0.5,
                class_groups=[{"name": "all", "children": [0, 1]}],
                similarity=True,
                examples=1,
                samples="samples-0f3a5c9e1b2d.npz",
                means=[{"class": 0, "examples": 3}],
            ),
            "step-000000000005.npz",
            {
                "series": {},
                "matrix": {"step": 5, "split": "training"},
                "history": {"split": "training"},
                "matrices": {"split": "training", "places": "0"},
                "examples": {"step": 5},
                "order": {"step": 5},
                "histogram": {"step": 5, "split": "training"},
                "mean": {"step": 5, "class": 0, "site": 0},
                "measures": {"sample": 0},
            },
        ),
        (
            handmade.samples,
            "samples-0f3a5c9e1b2d.npz",
            {"samples": {"set": "samples-0f3a5c9e1b2d"}},
        ),
    ],
    ids=["maps", "matrices", "samples"],
)
def test_no_value_in_a_manifest_makes_the_server_fail(tab, log, make, file, queries):
    manifest, content = make()
    with np.load(io.BytesIO(content)) as members:
        arrays = {name: members[name] for name in members.files if name != "manifest"}
    for changed in variants(manifest):
        (log / file).write_bytes(npz_bytes([("manifest", handmade.text(changed)), *arrays.items()]))
        for route, query in queries.items():
            response = tab.get(route, **MAPS, **query)
            assert response.status_code in (200, 404, 422), (changed, route)
            if response.mimetype == "application/json":
                json.loads(response.get_data(), parse_constant=pytest.fail)
