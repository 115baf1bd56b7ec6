"""The documented examples and the real answers are what the structs say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

import tb_attention
from tb_attention.plugin.respond import encode
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.wire.structs import ANSWERS, ErrorAnswer, HeldIndex
from tests.export.pages import Page, write_run
from tests.plugin.conftest import Tab, open_tab
from tests.records import confusions
from tests.wire.conforming import assert_conforms

API = Path(tb_attention.__file__).parent / "plugin" / "http_api.md"
EXAMPLES = re.findall(r"^    GET (\w+)\S*\n\n```json\n(.*?)^```$", API.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_every_json_route_has_an_example() -> None:
    assert {route for route, _ in EXAMPLES} == set(ANSWERS)


@pytest.mark.parametrize(("route", "example"), EXAMPLES, ids=[route for route, _ in EXAMPLES])
def test_the_documented_examples_are_what_the_structs_say(route: str, example: str) -> None:
    assert_conforms(example.encode(), ANSWERS[route])


def test_what_does_not_conform_is_noticed() -> None:
    for wrong in (b'{"bytes": 1}', b'{"bytes": "1", "most": 2}', b'{"bytes": 1, "most": 2, "more": 3}'):
        with pytest.raises((AssertionError, msgspec.ValidationError)):
            assert_conforms(wrong, ANSWERS["page_size"])


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Tab:
    """A run with maps, words, pictures and matrices of every kind; `Tab.json` checks every answer against its struct."""
    run = tmp_path_factory.mktemp("logs") / "run"
    write_run(run)
    for tag, record in (("kinds", confusions.record()), ("labels", confusions.labels_record())):
        writer = SeriesWriter(run, tag, 1)
        writer.submit(record)
        assert writer.close(30)
    return open_tab(run.parent)


def test_every_answer_about_a_real_log_is_what_the_structs_say(tab: Tab) -> None:
    seen = set()
    for entry in tab.json("runs")["runs"][0]["series"]:
        name = {"run": "run", "tag": entry["tag"]}
        series = tab.json("series", **name)
        seen |= {series["content"], *series["steps"][-1]}
        for step in series["steps"]:
            if step["samples"]:
                tab.json("samples", **name, set=step["samples"])
            if series["content"] == "confusion":
                tab.json("examples", **name, step=step["step"])
        tab.json("page_size", **name)
    assert {"attention", "confusion", "means", "predictions"} <= seen
    refused = tab.get("series", run="run", tag="other")
    assert_conforms(refused.get_data(), ErrorAnswer)


def test_the_index_of_a_stand_alone_page_is_what_the_struct_says(tab: Tab) -> None:
    page = Page(tab.get("page", run="run", tag="attention").get_data(as_text=True))
    assert_conforms(msgspec.json.encode(page.index), HeldIndex)


def test_unpaired_surrogates_do_not_make_an_answer_fail() -> None:
    assert encode(ErrorAnswer("no run \ud800")) == b'{"error":"no run ?"}'
    inside = {"name": "\udcff", "step": msgspec.Raw(b'{"sites":0}')}
    assert msgspec.json.decode(encode(inside)) == {"name": "?", "step": {"sites": 0}}


def test_the_types_of_the_front_end_are_made_without_numpy() -> None:
    program = "import sys, tb_attention.wire.structs; print([m for m in ('numpy', 'tensorboard') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_numbers_that_are_not_finite_travel_as_strings(tmp_path: Path) -> None:
    weights = {"a": np.full((1, 1, 2, 2), 0.5, np.float32)}
    with tb_attention.AttentionWriter(tmp_path / "run") as writer:
        writer.write(0, weights, metrics={"a": float("nan"), "b": float("inf"), "c": float("-inf"), "d": 0.5})
    (step,) = open_tab(tmp_path).json("series", run="run", tag="attention")["steps"]
    assert step["logs"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": 0.5}
