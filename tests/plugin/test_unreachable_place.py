"""A place that hangs, raises strange things or comes back: the tab goes on with what it has, and says since when."""

import logging
import time
import uuid

import numpy as np
import pytest
from fsspec.registry import known_implementations

from tb_attention import AttentionWriter
from tb_attention.plugin import places
from tests.records.moody_place import SECRET, ClientError, EndpointConnectionError, MoodyFileSystem, moody

from .conftest import open_tab

__all__ = ["moody"]

MAPS = {"run": "vit", "tag": "attention"}
WEIGHTS = {**MAPS, "step": 1, "sample": 0, "site": 0}


@pytest.fixture
def bucket(moody, monkeypatch):
    """The URL of a log directory that no other test has asked for, with one run."""
    monkeypatch.setattr(places, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(places, "_LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(places, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(places, "_places", {})
    for module in ("found_runs", "run_directories"):
        monkeypatch.setattr(f"tb_attention.plugin.{module}._SECONDS", 0.05)
    url = f"moody://{uuid.uuid4().hex}/logs"
    with AttentionWriter(f"{url}/vit") as writer:
        for step in range(2):
            writer.write(step, {"site": np.full((1, 1, 2, 2), 0.5, np.float32)})
    return url


@pytest.fixture
def tab(bucket, tmp_path):
    return open_tab(tmp_path, url=bucket)


def place_of(bucket):
    return bucket.removesuffix("/logs")


def wait_for_recovery(tab, seconds=5):
    end = time.monotonic() + seconds
    while tab.json("runs")["unreachable"] and time.monotonic() < end:
        time.sleep(0.02)
    assert tab.json("runs")["unreachable"] == []
    return True


@pytest.mark.parametrize(
    "error",
    [EndpointConnectionError(SECRET), ClientError("ExpiredToken"), KeyError(SECRET), OSError(5, SECRET)],
    ids=lambda error: type(error).__name__,
)
def test_the_tab_goes_on_with_what_it_has(tab, bucket, moody, caplog, monkeypatch, error):
    monkeypatch.setattr("tb_attention.plugin.remote_directories._SECONDS", 0.01)
    before, series = tab.json("runs"), tab.json("series", **MAPS)
    assert [len(run["series"]) for run in before["runs"]] == [1]
    assert before["unreachable"] == []
    broke = time.time()
    moody.error = error
    time.sleep(0.02)
    with caplog.at_level(logging.DEBUG):
        after = tab.json("runs")
        assert after["runs"] == before["runs"]
        (failing,) = after["unreachable"]
        assert failing["place"] == place_of(bucket)
        assert broke - 0.01 <= failing["since"] <= time.time()
        assert failing["reason"].startswith(place_of(bucket))
        assert after["version"] != before["version"]
        assert tab.json("series", **MAPS) == series
        assert place_of(bucket) in tab.refusal("weights", 503, **WEIGHTS)
        assert tab.active()
    assert "VERYSECRET" not in str(after) + caplog.text
    assert "Traceback" not in caplog.text
    time.sleep(0.05)
    assert tab.json("runs")["unreachable"][0]["since"] == failing["since"]
    moody.error = None
    assert wait_for_recovery(tab)
    assert tab.array("weights", **WEIGHTS).shape == (1, 2, 2)


def test_a_place_that_failed_from_the_start_is_looked_through_when_it_comes_back(tab, bucket, moody):
    moody.error = EndpointConnectionError(SECRET)
    assert tab.json("runs")["runs"] == []
    assert not tab.active()
    (failing,) = tab.json("runs")["unreachable"]
    assert failing["place"] == place_of(bucket)
    moody.error = None
    assert wait_for_recovery(tab)
    time.sleep(0.1)
    assert [run["run"] for run in tab.json("runs")["runs"]] == ["vit"]


def test_while_a_place_hangs_one_request_waits_and_the_others_do_not(tab, moody, monkeypatch):
    monkeypatch.setattr("tb_attention.plugin.remote_directories._SECONDS", 0.01)
    before = tab.json("runs")
    moody.gate.clear()
    time.sleep(0.02)
    started = time.monotonic()
    assert tab.json("runs")["runs"] == before["runs"]
    assert 0.4 < time.monotonic() - started < 1.5
    asked = moody.asked
    started = time.monotonic()
    for _ in range(20):
        assert "has not answered" in tab.json("runs")["unreachable"][0]["reason"]
        tab.refusal("weights", 503, **WEIGHTS)
    assert time.monotonic() - started < 2  # 40 requests
    assert moody.asked == asked
    moody.gate.set()
    assert wait_for_recovery(tab)


def test_the_tab_is_active_or_not_within_a_second_and_without_an_exception(tab, moody):
    moody.gate.clear()
    started = time.monotonic()
    assert not tab.active()
    assert time.monotonic() - started < 1
    started = time.monotonic()
    assert [tab.active() for _ in range(20)] == [False] * 20
    assert time.monotonic() - started < 1  # all of them: the question that hangs was waited for
    moody.error = KeyError("what")
    moody.gate.set()
    time.sleep(0.1)
    assert not tab.active()
    moody.error = None
    end = time.monotonic() + 5
    while not tab.active() and time.monotonic() < end:
        time.sleep(0.02)
    assert tab.active()
    moody.error = RuntimeError("gone again")
    assert tab.active()


def test_a_provider_that_raises_does_not_make_the_listing_of_plugins_fail(tmp_path, monkeypatch):
    tab = open_tab(tmp_path)
    monkeypatch.setattr(
        "tb_attention.plugin.logs.Logs.any_series", lambda self: (_ for _ in ()).throw(ValueError("strange"))
    )
    assert not tab.active()


def test_a_file_that_is_forbidden_does_not_make_its_place_unreachable(tab, moody, monkeypatch):
    tab.json("series", **MAPS)
    opened = MoodyFileSystem._open

    def refuses(self, path, *arguments, **rest):
        if path.endswith("step-000000000001.npz"):
            raise PermissionError(SECRET)
        return opened(self, path, *arguments, **rest)

    monkeypatch.setattr(MoodyFileSystem, "_open", refuses)
    assert "does not allow" in tab.refusal("weights", 403, **WEIGHTS)
    assert tab.json("runs")["unreachable"] == []
    assert tab.array("weights", **{**WEIGHTS, "step": 0}).shape == (1, 2, 2)


def test_a_package_that_is_missing_is_named_as_a_reason(tmp_path, moody, monkeypatch):
    monkeypatch.setattr(places, "_places", {})
    unknown = {"class": "no_such_package.System", "err": "Install no_such_package to read there"}
    monkeypatch.setitem(known_implementations, "lacking", unknown)
    tab = open_tab(tmp_path, url="lacking://host/logs")
    assert not tab.active()
    (failing,) = tab.json("runs")["unreachable"]
    assert failing["place"] == "lacking://host"
    assert failing["reason"].startswith("lacking://host/logs needs another package: Install no_such_package")
    assert failing["reason"].endswith("there.")
