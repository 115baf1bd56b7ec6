"""Hostile requests and damaged files get a sentence, and take nothing else with them."""

import json
import os

import numpy as np
import pytest

from . import handmade
from .conftest import open_tab, write_event_file

MAPS = {"run": "vit", "tag": "attention"}
PLACE = {"step": 0, "sample": 0, "site": 0}


@pytest.fixture
def log(tmp_path):
    """The directory of a series with two whole steps, in the run "vit"; a secret lies beside the log directory."""
    logdir = tmp_path / "logs"
    write_event_file(logdir / "vit")
    secret = tmp_path / "secret" / "plugins" / "attention" / "attention"
    handmade.write(
        secret, {"step-000000000000.npz": handmade.step_file(0), "step-000000000007.npz": handmade.step_file(7)}
    )
    ours = logdir / "vit" / "plugins" / "attention" / "attention"
    steps = {f"step-{step:012d}.npz": handmade.step_file(step) for step in (0, 1)}
    return handmade.write(ours, steps)


@pytest.fixture
def tab(log, tmp_path):
    return open_tab(tmp_path / "logs")


def refused(tab, route, code, **query):
    """The sentence of an answer that must fail with `code`."""
    response = tab.get(route, **query)
    assert response.status_code == code, response.get_data(as_text=True)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    sentence = json.loads(response.get_data())["error"]
    assert sentence.endswith("."), sentence
    return sentence


@pytest.mark.parametrize(
    "run", ["../secret", "..", "/", "vit/..", "vit\\..", "..%2fsecret", "vit/plugins", ".", "nobody"]
)
def test_only_listed_runs_are_opened(tab, run):
    assert "no such run" in refused(tab, "series", 404, **{**MAPS, "run": run})


@pytest.mark.parametrize(
    "tag", ["..", "../attention", "attention/1", "attention/../attention", "%2e%2e", "~", "x" * 1000]
)
def test_only_series_that_are_there_are_opened(tab, tag):
    assert "Tags: attention" in refused(tab, "series", 404, **{**MAPS, "tag": tag})


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("run", "vit\0"),
        ("tag", "attention\n"),
        ("tag", ""),
        ("run", "x" * 5000),
        ("attempt", "1/.."),
        ("attempt", "0"),
        ("step", "..%2f0"),
        ("step", "1e9"),
        ("step", "9" * 100),
        ("sample", "-1"),
        ("sample", "0/0"),
        ("site", "NaN"),
        ("site", "0x0"),
    ],
)
def test_values_of_a_wrong_kind_are_named(tab, parameter, value):
    assert f"`{parameter}`" in refused(tab, "weights", 400, **{**MAPS, **PLACE, parameter: value})


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("step", 5, "Steps: 0, 1"),
        ("step", "init", "Steps: 0, 1"),
        ("attempt", 9, "Attempts: 1"),
        ("sample", 2, "2 samples"),
        ("site", 1, "1 sites"),
        ("site", 999_999_999_999, "1 sites"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(tab, parameter, value, words):
    assert words in refused(tab, "weights", 404, **{**MAPS, **PLACE, parameter: value})


def test_the_other_routes_refuse_what_is_not_there(tab):
    assert "2 samples" in refused(tab, "measures", 404, **MAPS, sample=2)
    assert "2 samples" in refused(tab, "overview", 404, **MAPS, step=0, sample=2)
    assert "no confusion matrix" in refused(tab, "matrix", 404, **MAPS, step=0, split="validation")
    assert "no such samples" in refused(tab, "samples", 404, **MAPS, set="samples-000000000000")
    assert "`set`" in refused(tab, "image", 400, **MAPS, set="../../secret", sample=0, input=0)
    assert "no such route" in refused(tab, "nothing", 404)


@pytest.mark.parametrize(
    "route", ["series", "samples", "thumbnails", "image", "overview", "weights", "measures", "matrix"]
)
def test_a_request_without_parameters_is_told_what_is_missing(tab, route):
    assert "is missing" in refused(tab, route, 400)


@pytest.mark.parametrize("route", ["runs", "series", "weights", "matrix"])
def test_nothing_can_be_changed(tab, route):
    assert tab.get(route, method="POST", **MAPS, **PLACE).status_code == 405


@pytest.mark.parametrize("level", ["step", "attempt", "tag", "plugins"])
def test_links_that_leave_the_run_are_not_followed(tab, log, tmp_path, level):
    outside = tmp_path / "secret" / "plugins"
    ours = log.parents[2]
    if level == "step":
        (log / "step-000000000007.npz").symlink_to(outside / "attention" / "attention" / "1" / "step-000000000007.npz")
    elif level == "attempt":
        (log.parent / "2").symlink_to(outside / "attention" / "attention" / "1")
    elif level == "tag":
        (log.parents[1] / "other").symlink_to(outside / "attention" / "attention")
    else:
        ours.rename(ours.parent / "moved")
        ours.symlink_to(outside)
    query = {**MAPS, "tag": "other" if level == "tag" else "attention", "step": 7, "sample": 0, "site": 0}
    refused(tab, "weights", 404, **query)
    assert all(step.get("step") != 7 for step in json.loads(tab.get("series", **query).get_data()).get("steps", []))


def test_a_run_that_is_itself_a_link_is_fine(log, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "vit").symlink_to(tmp_path / "logs" / "vit")
    assert open_tab(tmp_path / "linked" / "vit").json("series", run=".", tag="attention")["steps"]


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


def test_a_newer_schema_is_said_to_be_newer(tab, log):
    (log / "step-000000000005.npz").write_bytes(DAMAGES["another schema"])
    assert "newer" in tab.json("series", **MAPS)["damaged"][0]["reason"]


def test_maps_of_a_damaged_file_get_a_sentence(tab, log):
    (log / "step-000000000005.npz").write_bytes(DAMAGES["cut"])
    assert "step-000000000005.npz" in refused(tab, "weights", 422, **{**MAPS, **PLACE, "step": 5})


def test_a_lost_member_is_damage(tab, log):
    (log / "step-000000000005.npz").write_bytes(handmade.npz(handmade.step_manifest(5, 2)))
    assert "has no member" in refused(tab, "weights", 422, **{**MAPS, **PLACE, "step": 5})


def test_pickles_are_never_opened(tab, log):
    pickled = np.array([{"a": 1}], dtype=object)
    content = handmade.npz(handmade.step_manifest(5, 2), {"weights/0/0": pickled})
    (log / "step-000000000005.npz").write_bytes(content)
    assert "numbers" in refused(tab, "weights", 422, **{**MAPS, **PLACE, "step": 5})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_gets_a_sentence(tab, log):
    (log / "step-000000000001.npz").chmod(0)
    refused(tab, "weights", 422, **{**MAPS, **PLACE, "step": 1})


def test_every_series_may_be_damaged_and_the_list_still_comes(tab, log):
    for file in log.iterdir():
        file.write_bytes(b"nothing")
    (log / "status.json").write_bytes(b'{"state": ')
    (series,) = tab.json("runs")["runs"][0]["series"]
    assert (series["content"], series["tag"], series["status"]) == ("unknown", "attention", None)
    assert tab.json("series", **MAPS)["content"] == "unknown"
