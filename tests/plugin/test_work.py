"""How much is opened and inflated for a view, however many steps a run has, and when one more comes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.plugin import serve_curves
from tb_attention.records.format.archive import Archive
from tests.plugin.conftest import Tab, open_tab
from tests.records import logs

STEPS = 200
SEGMENTS = 4  # of 64 steps at most
RUNS = itertools.count()


class Work:
    """A log of 200 steps, and what is read of it."""

    def __init__(self, logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # Caches know a log by its path.
        self.name = {"run": f"run{next(RUNS)}", "tag": "attention"}
        self.run = logdir / self.name["run"]
        logs.write_steps(self.run, range(STEPS), summaries=False)
        self.tab: Tab = open_tab(logdir)
        self.opened: list[str] = []
        self.members: list[str] = []
        opens, reads = Archive.__init__, Archive.read
        monkeypatch.setattr(
            Archive, "__init__", lambda archive, file, name: (self.opened.append(name), opens(archive, file, name))[1]
        )
        monkeypatch.setattr(
            Archive, "read", lambda archive, name, *most: (self.members.append(name), reads(archive, name, *most))[1]
        )

    def steps(self) -> list[Any]:
        steps: list[Any] = self.tab.json("series", **self.name)["steps"]
        return steps

    def array(self, route: str, **query: Any) -> np.ndarray:
        return self.tab.array(route, **self.name, **query)

    def since(self) -> tuple[list[str], list[str]]:
        """The files that were opened and the members that were inflated since the last time."""
        found = list(self.opened), list(self.members)
        self.opened.clear()
        self.members.clear()
        return found


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(tmp_path, monkeypatch)


def test_a_series_is_read_from_its_index_alone(work: Work) -> None:
    assert len(work.steps()) == STEPS
    opened, _ = work.since()
    assert len(opened) == SEGMENTS
    assert all(name.startswith("index-") for name in opened)
    assert len(work.steps()) == STEPS
    assert work.since() == ([], [])


def test_of_a_series_that_grows_only_the_new_step_is_read(work: Work) -> None:
    work.steps()
    work.since()
    logs.write_steps(work.run, [STEPS], summaries=False)
    work.since()
    assert [step["step"] for step in work.steps()] == list(range(STEPS + 1))
    assert work.since() == ([f"step-{STEPS:012d}.npz"], ["manifest"])


def test_the_curves_of_a_sample_inflate_its_measures_only(work: Work) -> None:
    work.steps()
    work.since()
    curves = work.array("measures", sample=1)
    opened, members = work.since()
    assert len(opened) == SEGMENTS
    assert sorted(set(members)) == ["files", "measures_of/1"]
    log = tb_attention.load(work.run)
    np.testing.assert_array_equal(curves, [log.measures(step)[1] for step in log.steps])


def test_of_curves_that_grow_only_the_last_segment_is_read(work: Work) -> None:
    work.array("measures", sample=0)
    logs.write_steps(work.run, [STEPS], summaries=False)
    work.steps()
    work.since()
    curves = work.array("measures", sample=0)
    opened, _ = work.since()
    assert opened == ["index-000000000192.npz"]
    np.testing.assert_array_equal(curves[-1], tb_attention.load(work.run).measures(STEPS)[0])


def test_averages_of_curves_read_the_index_alone(work: Work) -> None:
    work.steps()
    work.since()
    mean = work.array("measures", samples="0-1")
    assert len(work.since()[0]) == SEGMENTS
    both = [work.array("measures", sample=sample) for sample in (0, 1)]
    np.testing.assert_allclose(mean, np.mean(both, axis=0), rtol=1e-6)


def test_a_row_over_steps_inflates_one_member_of_each(work: Work) -> None:
    work.steps()
    work.since()
    rows = work.array("rows", site=0, sample=1, queries="3")
    opened, members = work.since()
    assert len(opened) == STEPS
    assert members == ["weights/1/0"] * STEPS
    np.testing.assert_array_equal(rows[150], tb_attention.load(work.run).weights(150, 1, "block/attention")[:, 3])
    work.since()
    some = work.array("rows", site=0, sample=1, queries="3", places="0,150,199")
    assert work.since() == ([], [])
    np.testing.assert_array_equal(some, rows[[0, 150, 199]])
    work.array("rows", site=0, sample=0, queries="3", places="0,150,199")
    assert len(work.since()[0]) == 3
    assert "200 steps" in work.tab.refusal("rows", 404, **work.name, site=0, sample=0, queries="3", places="200")


def test_the_mean_row_is_that_of_the_rows(work: Work) -> None:
    [site] = work.tab.json("series", **work.name)["site_sets"][0]
    weights = tb_attention.load(work.run).weights(7, 0, site["path"])
    rows = work.array("rows", site=0, sample=0, queries="1,3", places="7")
    np.testing.assert_allclose(rows[0], weights[:, [1, 3]].mean(axis=1), rtol=1e-6)
    assert np.isnan(work.array("rows", site=0, sample=0, queries="5", places="7")).all()


def test_the_size_of_a_page_is_told_from_few_steps(work: Work) -> None:
    size = work.tab.json("page_size", **work.name)["bytes"]
    opened, _ = work.since()
    assert len([name for name in opened if name.startswith("step-")]) < 50
    page = work.tab.get("page", **work.name).get_data()
    assert size == pytest.approx(len(page), rel=0.02)


def test_a_page_that_is_much_too_large_is_refused_before_its_files_are_opened(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_attention.plugin.serve_page.MAX_BYTES", 1000)
    work.since()
    assert "Choose fewer" in work.tab.refusal("page", 400, **work.name)
    assert len([name for name in work.since()[0] if name.startswith("step-")]) < 50


def test_a_log_with_an_index_of_an_earlier_version_has_the_same_curves(work: Work) -> None:
    before = work.array("measures", sample=1)
    for path in (work.run / "plugins/attention/attention/1").glob("index-*.npz"):
        with np.load(path) as file:
            table, values = file["files"], [file["measures_of/0"], file["measures_of/1"]]
            old = {"manifest": file["manifest"]}
        size = table[3, 0]
        for index in range(table.shape[1]):
            own = [each[index * size : (index + 1) * size].reshape(2, 6) for each in values]
            old[f"measures/{index}"] = np.stack(own)
        np.savez_compressed(path, **old)
    serve_curves._measures.cache.clear()
    work.since()
    np.testing.assert_array_equal(work.array("measures", sample=1), before)
    assert not [name for name in work.since()[0] if name.startswith("step-")]
