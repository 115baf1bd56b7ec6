"""The detector: boxes with class and score at every epoch, and attention between them and the cells of the picture."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import opened
from tests.browser.test_pictures import pixels
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained
from tools.run_examples import EXAMPLES, QuickRun

__all__ = ["server"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def run(logs: Path) -> QuickRun:
    return trained("object_detection", logs / "object_detection")


@pytest.fixture(scope="module")
def log(run: QuickRun) -> tb_attention.Log:
    return tb_attention.load(run.logdir)


def test_every_epoch_is_logged_with_objects_and_cells_both_ways(log: tb_attention.Log) -> None:
    assert log.steps == list(range(10))
    inner, to_cells, to_objects = ("objects", "objects"), ("objects", "grid"), ("grid", "objects")
    expected = {"last_to_cells": ("cross", *to_cells)}
    for block in ("block_1", "block_2"):
        expected[f"{block}_self"] = ("self", *inner)
        expected[f"{block}_to_cells"] = ("cross", *to_cells)
        expected[f"{block}_to_objects"] = ("cross", *to_objects)
    assert facts(log) == expected


def test_boxes_with_a_name_lie_on_digits_of_the_scene(log: tb_attention.Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    made = importlib.import_module("digit_scenes")
    _, objects = made.scenes(500, validation=True)
    sys.modules.pop("digit_scenes")

    def right(step: int) -> list[bool]:
        """Of the objects that the log names: whether a digit of this class is at their box."""
        axis = log.site("block_1_self", step).axes[-1]
        assert axis.own_names is not None
        assert axis.boxes is not None
        found = []
        for names, boxes, scene in zip(axis.own_names, axis.boxes, objects[:12], strict=True):
            for name, box in zip(names, boxes, strict=True):
                if name:
                    digit = made.NAMES.index(name.split()[0])
                    near = np.abs(scene[:, 1:] - box).max(axis=1) < 0.12
                    found.append(bool((near & (scene[:, 0] == digit)).any()))
        return found

    assert len(right(9)) >= 8
    assert np.mean(right(9)) > 0.6 > np.mean([*right(0), False])
    boxes = [log.site("block_1_self", step).axes[-1].boxes for step in (0, 9)]
    assert boxes[0] != boxes[1], "boxes are those of their epoch"


def test_the_tab_shows_the_query_of_an_object_over_its_scene(
    log: tb_attention.Log, server: TensorBoard, chromium: Browser
) -> None:
    choices = "&p.attention.run=object_detection&p.attention.view=sample&p.attention.site=last_to_cells"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("sample")
        names = log.site("last_to_cells", 9).axes[-2].own_names
        assert names is not None
        first = next(name for name in names[0] if name)
        assert tab.sentence.startswith(f"“{first}”")
        drawn = pixels(tab.frame.get_by_role("img", name="tinted by weight").nth(1)).astype(int)
        assert (drawn[..., 2] - drawn[..., 0]).max() > 100
        tab.open("Head")
        assert tab.sentence.startswith(f"“{first}”")
