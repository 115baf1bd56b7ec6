"""Hostile requests get a sentence, and nothing outside the run is opened."""

import json

import pytest

from .conftest import open_tab

MAPS = {"run": "vit", "tag": "attention"}
PLACE = {"step": 0, "sample": 0, "site": 0}


@pytest.fixture
def log(two_steps):
    return two_steps


@pytest.fixture
def tab(log, tmp_path):
    return open_tab(tmp_path / "logs")


@pytest.mark.parametrize(
    "run", ["../secret", "..", "/", "vit/..", "vit\\..", "..%2fsecret", "vit/plugins", ".", "nobody"]
)
def test_only_listed_runs_are_opened(tab, run):
    assert "no such run" in tab.refusal("series", 404, **{**MAPS, "run": run})


@pytest.mark.parametrize(
    "tag", ["..", "../attention", "attention/1", "attention/../attention", "%2e%2e", "~", "x" * 1000]
)
def test_only_series_that_are_there_are_opened(tab, tag):
    assert "Tags: attention" in tab.refusal("series", 404, **{**MAPS, "tag": tag})


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
    assert f"`{parameter}`" in tab.refusal("weights", 400, **{**MAPS, **PLACE, parameter: value})


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
def test_the_error_lists_what_is_there(tab, parameter, value, words):
    assert words in tab.refusal("weights", 404, **{**MAPS, **PLACE, parameter: value})


def test_the_other_routes_refuse_what_is_not_there(tab):
    assert "2 samples" in tab.refusal("measures", 404, **MAPS, sample=2)
    assert "2 samples" in tab.refusal("overview", 404, **MAPS, step=0, sample=2)
    assert "no confusion matrix" in tab.refusal("matrix", 404, **MAPS, step=0, split="validation")
    assert "no such samples" in tab.refusal("samples", 404, **MAPS, set="samples-000000000000")
    assert "`set`" in tab.refusal("image", 400, **MAPS, set="../../secret", sample=0, input=0)
    assert "no such route" in tab.refusal("nothing", 404)


@pytest.mark.parametrize(
    "route", ["series", "samples", "thumbnails", "image", "overview", "overviews", "weights", "measures", "matrix"]
)
def test_a_missing_parameter_is_named(tab, route):
    assert "is missing" in tab.refusal(route, 400)


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
    tab.refusal("weights", 404, **query)
    assert all(step.get("step") != 7 for step in json.loads(tab.get("series", **query).get_data()).get("steps", []))


def test_a_run_that_is_itself_a_link_is_fine(log, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "vit").symlink_to(tmp_path / "logs" / "vit")
    assert open_tab(tmp_path / "linked" / "vit").json("series", run=".", tag="attention")["steps"]
