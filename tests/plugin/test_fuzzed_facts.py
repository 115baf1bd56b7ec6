"""As test_fuzzed_logs.py, for sounds, videos, dates, names, boxes that move, edges, and pictures that the model makes."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tb_attention import AttentionWriter, Axis, Samples
from tests.records import fuzz

from .conftest import open_tab
from .test_fuzzed_logs import ask_everything

SECONDS = 4
RUN = {"run": "run", "tag": "attention", "attempt": 1}
PARTS = ("step-000000000001.npz", "samples-*.npz", "index-*.npz")
SAMPLES, HEADS, FRAMES, NODES = 2, 2, 4, 3


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("pristine") / "run"
    random_ = np.random.default_rng(0)
    samples = Samples(
        {
            "sound": random_.random((SAMPLES, FRAMES, 5)),
            "video": random_.integers(0, 255, (SAMPLES, FRAMES, 8, 8, 3), np.uint8),
            "table": random_.random((SAMPLES, NODES)),
            "days": random_.random((SAMPLES, FRAMES)),
        },
        audio={"sound": random_.uniform(-1, 1, (SAMPLES, 800))},
        rate=8000,
        names={"table": ["age", "ward", "dose"]},
        dates={"days": np.arange("2026-01-01", "2026-01-05", dtype="datetime64[D]")},
    )
    corners = np.sort(random_.random((SAMPLES, FRAMES, NODES, 2, 2)), axis=3).reshape(SAMPLES, FRAMES, NODES, 4)
    moving = [
        Axis(role, NODES, "objects", names=["agent", "coin", "ghost"], tracks=corners) for role in ("query", "key")
    ]
    nodes = [Axis(role, NODES, "nodes", names=["a", "b", "c"], edges=[(0, 1), (1, 2)]) for role in ("query", "key")]
    named = [
        Axis(role, NODES, "objects", names=[["cat", "dog", ""], ["owl", "", "hen"]], boxes=corners[:, 0])
        for role in ("query", "key")
    ]
    axes = {"turns": [Axis("iteration", FRAMES), *moving], "graph": nodes, "found": named}
    with AttentionWriter(run, samples=samples) as writer:
        for step in range(2):
            weights = {
                "turns": random_.dirichlet(np.ones(NODES), (SAMPLES, HEADS, FRAMES, NODES)),
                "graph": np.eye(NODES)[None, None].repeat(SAMPLES, 0).repeat(HEADS, 1),
                "found": random_.dirichlet(np.ones(NODES), (SAMPLES, HEADS, NODES)),
            }
            scenes = random_.integers(0, 255, (SAMPLES, FRAMES, 6, 6, 3), np.uint8)
            writer.write(step, weights, axes=axes, pictures=scenes)
    return run


@pytest.mark.parametrize("part", PARTS)
def test_no_damage_makes_the_server_fail(pristine: Path, tmp_path: Path, part: str) -> None:
    shutil.copytree(pristine, tmp_path / "logs" / "run")
    tab = open_tab(tmp_path / "logs", runs=["run"])
    [name] = {step["samples"] for step in tab.json("series", **RUN)["steps"]}
    of = RUN | {"set": name}
    requests = [
        ("series", RUN),
        ("opening", {"run": "run", "view": "sample"}),
        ("samples", of),
        ("thumbnails", of),
        ("audio", of | {"sample": 1, "input": 0}),
        ("image", of | {"sample": 1, "input": 1}),
        ("pictures", RUN | {"step": 1, "sample": 1}),
        *[("weights", RUN | {"step": 1, "sample": 1, "site": site}) for site in range(3)],
        *[("received", RUN | {"step": 1, "site": site, "head": 1}) for site in range(3)],
        ("measures", RUN | {"sample": 1}),
        ("rows", RUN | {"sample": 1, "site": 2, "queries": "0-2"}),
        ("page", RUN),
        ("page", RUN | {"redact": 1}),
        ("page_size", RUN),
    ]
    for route, query in requests:
        assert tab.get(route, **query).status_code == 200, (route, query)
    (path,) = (tmp_path / "logs" / "run" / "plugins" / "attention" / "attention" / "1").glob(part)
    data = path.read_bytes()
    end, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        rng = random.Random(f"facts {part} {done}")
        rng.choices(fuzz.DAMAGES, [2, 2, 6])[0](path, data, rng)
        ask_everything(tab, requests, f"{part}, case {done}")
        done += 1
    assert done >= 5
