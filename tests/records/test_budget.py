"""The steps that remain of a log beyond its budget."""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_attention.records.format.paths import Step
from tb_attention.records.reading.reader import load
from tb_attention.records.writing.budget import StepSizes, spell_bytes
from tb_attention.records.writing.series_writer import SeriesWriter

from .logs import attempt_directory, record


@given(st.sets(st.integers(0, 2000), min_size=1, max_size=60), st.integers(0, 60), st.randoms())
def test_first_last_and_marked_steps_stay_and_the_rest_fits(steps: set[int], room: int, rng: object) -> None:
    ordered = sorted(steps)
    marked = rng.choice(ordered)  # type: ignore[attr-defined]
    sizes = {"init": 10, **dict.fromkeys(ordered, 10)}
    removed = StepSizes(sizes).superfluous(10 * room, {marked})  # type: ignore[arg-type]
    left = [step for step in sizes if step not in removed]
    assert {"init", ordered[0], ordered[-1], marked} <= set(left)
    assert len(left) <= max(room, 4)
    assert len(left) >= min(room, len(sizes))


@given(
    st.dictionaries(st.integers(0, 400), st.integers(1, 9), min_size=1, max_size=40), st.integers(0, 200), st.randoms()
)
def test_the_step_with_the_closest_neighbours_for_its_age_goes_first(
    sizes: dict[Step, int], most: int, rng: random.Random
) -> None:
    marked = rng.choice(list(sizes))
    left = sorted(map(int, sizes))
    wanted = []
    while sum(sizes[step] for step in left) > most:
        inner = [at for at in range(1, len(left) - 1) if left[at] != marked]
        if not inner:
            break
        closest = min(inner, key=lambda at: (left[at + 1] - left[at - 1]) / (left[-1] - left[at]))
        wanted.append(left.pop(closest))
    written = StepSizes({})
    for step in rng.sample(list(sizes), len(sizes)):
        written[step] = 7
        written[step] = sizes[step]
    assert written.superfluous(most, {marked}) == StepSizes(sizes).superfluous(most, {marked}) == wanted


def test_older_steps_are_thinned_more() -> None:
    sizes = StepSizes({})
    left: list[Any] = []
    for step in range(1000):
        sizes[step] = 1
        left.append(step)
        for removed in sizes.superfluous(20):
            del sizes[removed]
            left.remove(removed)
    gaps = [after - before for before, after in itertools.pairwise(left)]
    assert len(left) == 20
    assert gaps[-1] == 1
    assert max(gaps) > 20 * gaps[-1]
    assert sum(gaps[:3]) > sum(gaps[-6:])


def test_a_log_stays_below_its_budget_and_says_what_was_removed(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1, summaries=False, max_bytes=30_000)
    for step in range(150):
        if step == 10:
            writer.write_status(best={"step": 7, "monitor": "loss"})
        writer.submit(record(step))
        if step == 10:
            writer.drain()
    writer.write_status(state="finished")
    assert writer.close(10)
    assert writer.failures == []
    directory = attempt_directory(tmp_path)
    assert sum(path.stat().st_size for path in directory.glob("step-*")) <= 30_000
    log = load(tmp_path)
    assert {0, 7, 149} <= set(log.steps)
    assert len(log.steps) > 5
    assert log.damaged == []
    status = json.loads((directory / "status.json").read_text())
    assert status["thinned"] == {"steps": 150 - len(log.steps), "max_bytes": 30_000}
    assert "were removed to stay below 30 KB (max_bytes)" in status["notes"][-1]
    # The index does not grow with what is gone.
    assert len(list(directory.glob("index-*"))) <= 3


def test_a_step_that_windows_keeps_for_a_reader_is_removed_with_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, in_use = os.unlink, [True]

    def refuses(path: str, **options: Any) -> None:
        if in_use and "step-" in path and ".tmp-" not in path:
            raise PermissionError("used by another process")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuses)
    size = len(npz_of_a_step(tmp_path / "other"))
    writer = SeriesWriter(tmp_path, "attention", 1, summaries=False, max_bytes=3 * size)
    for step in range(4):
        writer.submit(record(step))
    assert writer.drain(10)
    assert [type(error) for _, error in writer.failures] == [PermissionError]
    assert load(tmp_path).steps == [0, 1, 2, 3]
    in_use.clear()
    writer.submit(record(4))
    assert writer.close(10)
    assert len(load(tmp_path).steps) == 3
    assert {0, 4} <= set(load(tmp_path).steps)


def npz_of_a_step(run: Path) -> bytes:
    writer = SeriesWriter(run, "attention", 1)
    writer.submit(record(0))
    assert writer.close(10)
    return (attempt_directory(run) / "step-000000000000.npz").read_bytes()


def test_bytes_are_spelt_in_units_of_a_thousand() -> None:
    assert [spell_bytes(count) for count in (0, 999, 3_100_000, 310_000_000, 2e9, 14e12)] == [
        "0 bytes",
        "999 bytes",
        "3.1 MB",
        "310 MB",
        "2 GB",
        "14000 GB",
    ]
