"""The steps that remain of a log beyond its budget."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_attention.records.reading.reader import load
from tb_attention.records.writing.budget import spell_bytes, superfluous
from tb_attention.records.writing.series_writer import SeriesWriter

from .logs import attempt_directory, record


@given(st.sets(st.integers(0, 2000), min_size=1, max_size=60), st.integers(0, 60), st.randoms())
def test_first_last_and_marked_steps_stay_and_the_rest_fits(steps: set[int], room: int, rng: object) -> None:
    ordered = sorted(steps)
    marked = rng.choice(ordered)  # type: ignore[attr-defined]
    sizes = {"init": 10, **dict.fromkeys(ordered, 10)}
    removed = superfluous(sizes, 10 * room, {marked})  # type: ignore[arg-type]
    left = [step for step in sizes if step not in removed]
    assert {"init", ordered[0], ordered[-1], marked} <= set(left)
    assert len(left) <= max(room, 4)
    assert len(left) >= min(room, len(sizes))


def test_older_steps_are_thinned_more() -> None:
    sizes: dict = {}
    for step in range(1000):
        sizes[step] = 1
        for removed in superfluous(sizes, 20):
            del sizes[removed]
    gaps = [after - before for before, after in zip(list(sizes), list(sizes)[1:], strict=False)]
    assert len(sizes) == 20
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
