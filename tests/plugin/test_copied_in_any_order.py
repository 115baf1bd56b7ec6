"""A log that another tool copies, file after file in any order: at every moment what is read is right or absent, never wrong."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention import load
from tb_attention.errors import LogError
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tests.records import logs

from .conftest import Tab, open_tab

STEPS = range(4)
SITE = "block/attention"
MAPS = {"run": "vit", "tag": "attention"}
MATRICES = {"run": "vit", "tag": "confusion"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of maps and matrices, with samples, index, status and event file."""
    run = tmp_path_factory.mktemp("whole") / "vit"
    logs.write_log(run, steps=len(STEPS))
    writer = SeriesWriter(str(run), "confusion", 1)
    for step in STEPS:
        writer.submit(ConfusionRecord(step, {"validation": np.eye(3, dtype=int) * (step + 1)}))
    assert writer.close(30)
    return run


def through(temporary: Callable[[str, random.Random], str], keeps_time: bool) -> Callable[..., Iterator[None]]:
    """A tool that writes under another name, in pieces, and renames."""

    def copy(source: Path, target: Path, chance: random.Random) -> Iterator[None]:
        data, when = source.read_bytes(), source.stat()
        half = target.parent / temporary(target.name, chance)
        for part in (data[: len(data) // 3], data[len(data) // 3 :]):
            with open(half, "ab") as file:
                file.write(part)
            yield
        if keeps_time:
            os.utime(half, ns=(when.st_atime_ns, when.st_mtime_ns))
            yield
        os.replace(half, target)
        yield

    return copy


def in_place(source: Path, target: Path, chance: random.Random) -> Iterator[None]:
    """`cp`, `scp` and `rsync --inplace`: the file grows under its own name."""
    data, when = source.read_bytes(), source.stat()
    for end in (0, chance.randrange(len(data)), len(data)):
        with open(target, "ab") as file:
            file.write(data[file.tell() : end])
        yield
    if chance.random() < 0.5:
        os.utime(target, ns=(when.st_atime_ns, when.st_mtime_ns))
        yield


def letters(chance: random.Random) -> str:
    return "".join(chance.choices("abcXYZ019", k=6))


TOOLS = {
    "rsync": through(lambda name, chance: f".{name}.{letters(chance)}", keeps_time=True),
    "gsutil": through(lambda name, chance: f"{name}_.gstmp", keeps_time=False),
    "aws s3 cp": through(lambda name, chance: f"{name}.{letters(chance)}", keeps_time=True),
    "rclone": through(lambda name, chance: f"{name}.{letters(chance)}.partial", keeps_time=True),
    "cp": in_place,
}


def copied(whole: Path, target: Path, tool: Callable[..., Iterator[None]], chance: random.Random) -> Iterator[None]:
    """Copies all files in a random order, two at a time; yields after every change."""
    files = [file for file in whole.rglob("*") if file.is_file()]
    chance.shuffle(files)
    running: list[Iterator[None]] = []
    while files or running:
        if files and len(running) < 2:
            source = files.pop()
            path = target / source.relative_to(whole)
            path.parent.mkdir(parents=True, exist_ok=True)
            running.append(tool(source, path, chance))
        at = chance.randrange(len(running))
        if next(running[at], StopIteration) is StopIteration:
            running.pop(at)
        yield


def right_or_refused(copy: Any, whole: Any, what: str, *where: Any) -> bool:
    """Whether something of a log can be read already; if so it is the truth."""
    try:
        value = getattr(copy, what)(*where)
    except LogError:
        return False
    np.testing.assert_array_equal(value, getattr(whole, what)(*where))
    return True


def check_reader(run: Path, truth: Any) -> None:
    log = load(run)
    if log.tag == "attention":
        for step in log.steps:
            assert log.logs(step) == truth.logs(step)
            right_or_refused(log, truth, "weights", step, 0, SITE)
            right_or_refused(log, truth, "measures", step)
            right_or_refused(log, truth, "weights", step, truth.samples.ids[1], SITE)  # by the samples file
    if "confusion" in log.tags:
        for step in STEPS:
            right_or_refused(log, truth, "confusion_matrix", step)


def check_tab(tab: Tab, truth: Any) -> int:
    """Returns how many maps were there."""
    maps = 0
    for run in tab.json("runs")["runs"]:
        for series in run["series"]:
            asked = MAPS if series["tag"] == "attention" else MATRICES
            assert series["tag"] == asked["tag"]
            told = tab.json("series", **asked)
            for known in told["steps"]:
                if asked is MATRICES:
                    answer = tab.get("matrix", **asked, step=known["step"], split="validation")
                    assert answer.status_code in (200, 404, 422)
                    continue
                assert known["logs"]["loss"] == truth.logs(known["step"])["loss"]
                query = {**asked, "step": known["step"], "sample": 0, "site": 0}
                if tab.get("weights", **query).status_code == 200:
                    np.testing.assert_array_equal(tab.array("weights", **query), truth.weights(known["step"], 0, SITE))
                    maps += 1
    return maps


@pytest.mark.parametrize("tool", TOOLS)
def test_files_that_come_in_any_order_are_read_right_or_not_at_all(whole: Path, tmp_path: Path, tool: str) -> None:
    truth = load(whole)
    seen = 0
    for seed in range(2):
        logdir = tmp_path / str(seed)
        tab = open_tab(logdir, runs=["vit"])
        chance = random.Random(seed)
        for moment, _ in enumerate(copied(whole, logdir / "vit", TOOLS[tool], chance)):
            check_reader(logdir / "vit", truth)
            if moment % 3 == 0:
                seen += check_tab(tab, truth)
        log = load(logdir / "vit")
        assert log.steps == list(STEPS)
        assert not log.damaged
        for step in STEPS:
            assert right_or_refused(log, truth, "weights", step, 1, SITE)
            assert right_or_refused(log, truth, "confusion_matrix", step)
        assert log.samples.ids == truth.samples.ids
    assert seen > 20
