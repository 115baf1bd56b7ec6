"""The server answers every request for a damaged log, whatever the damage: a right status, and a sentence where it refuses."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.records import fuzz

from .conftest import Tab, open_tab

# Together 20 seconds; `python -m tests.records.fuzz` reads longer.
SECONDS = 20 / len(fuzz.PARTS)

SERIES = {"run": "run", "tag": "attention", "attempt": 1}
MATRICES = {"run": "run", "tag": "confusion", "attempt": 1}
EXAMPLES = {"step": 0, "sample": 0}
REQUESTS: list[tuple[str, dict[str, object]]] = [
    ("runs", {}),
    ("opening", {"run": "run", "view": "head"}),
    ("series", SERIES),
    ("measures", SERIES | {"sample": 0}),
    ("measures", SERIES | {"samples": "0-1"}),
    ("weights", SERIES | {"step": 1, "sample": 1, "site": 0}),
    ("weights", SERIES | {"step": 1, "samples": "0-1", "site": 0}),
    ("overview", SERIES | {"step": 1, "sample": 0}),
    ("overview", SERIES | {"step": 1, "samples": "0-1"}),
    ("overviews", SERIES | {"steps": "0,1", "sample": 0}),
    ("features", SERIES | {"step": 1, "sample": 0, "site": 0}),
    ("sink", SERIES | {"step": 1, "sample": 0, "site": 0}),
    ("rows", SERIES | {"sample": 0, "site": 0, "head": 0, "queries": "0-2"}),
    ("page", SERIES),
    ("page", SERIES | {"redact": 1}),
    ("page_size", SERIES),
    ("series", MATRICES),
    ("matrix", MATRICES | {"step": 0, "split": "validation"}),
    ("matrices", MATRICES | {"split": "validation", "places": "0"}),
    ("history", MATRICES | {"split": "validation", "cells": "0.1"}),
    ("order", MATRICES | {"step": 0}),
    ("mean", MATRICES | {"step": 0, "class": 1, "site": 0}),
    ("examples", MATRICES | {"step": 0}),
    ("weights", MATRICES | {"step": 0, "sample": 0, "site": 0}),
    ("page", MATRICES),
    ("page_size", MATRICES),
]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fuzz.write_pristine(tmp_path_factory.mktemp("pristine"))


def sets(tab: Tab) -> list[tuple[str, dict[str, object]]]:
    """Requests for the samples that the pristine log names."""
    found: list[tuple[str, dict[str, object]]] = []
    for series in (SERIES, MATRICES):
        answer = tab.json("series", **series)
        for name in {step["samples"] for step in answer["steps"] if step.get("samples")}:
            of = series | {"set": name}
            found += [("samples", of), ("thumbnails", of), ("image", of | {"sample": 0, "input": 0})]
    return found


def ask_everything(tab: Tab, requests: list[tuple[str, dict[str, object]]], case: str) -> None:
    for route, query in requests:
        response = tab.get(route, **query)
        assert response.status_code in (200, 400, 404, 422), (case, route, query, response.get_data()[:300])
        if response.mimetype == "application/json":
            json.loads(response.get_data(), parse_constant=pytest.fail)


@pytest.mark.parametrize("part", list(fuzz.PARTS))
def test_no_damage_makes_the_server_fail(pristine: Path, tmp_path: Path, part: str) -> None:
    shutil.copytree(pristine, tmp_path / "logs" / "run")
    tab = open_tab(tmp_path / "logs", runs=["run"])
    requests = REQUESTS + sets(tab)
    for route, query in requests:
        status = tab.get(route, **query).status_code
        assert status == 200 or route in ("features", "sink"), (route, query, status)
    (path,) = (tmp_path / "logs" / "run" / "plugins" / "attention").glob(part)
    data = path.read_bytes()
    end, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        rng = random.Random(f"server {part} {done}")
        rng.choices(fuzz.DAMAGES, [3, 2, 5])[0](path, data, rng)
        ask_everything(tab, requests, f"{part}, case {done}")
        done += 1
    assert done >= 10
