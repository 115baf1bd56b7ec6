"""Steps that are missing are named in the tab with the reason, whether they could not be written or were thinned out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import pytest
from playwright.sync_api import Browser, expect

from tb_attention.errors import AttentionWarning
from tests.browser.tab import opened
from tests.callbacks.trainings import build, callback, fit
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser


class InTheWay(keras.callbacks.Callback):
    """Lets no file take the place of the step of one epoch while that is written."""

    def __init__(self, ours: Any, log_dir: Path) -> None:
        super().__init__()
        self.ours = ours
        self.place = log_dir / "plugins/attention/attention/1/step-000000000002.npz"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.ours.logger.drain(20)
        if epoch == 2:
            (self.place / "occupied").mkdir(parents=True)
        elif epoch == 3:
            (self.place / "occupied").rmdir()
            self.place.rmdir()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Any:
    logdir = tmp_path_factory.mktemp("dropped")
    ours = callback(logdir / "lost")
    with pytest.warns(AttentionWarning, match="Step 2 of 'attention' in"):
        fit(build(), [ours, InTheWay(ours, logdir / "lost")], epochs=4)
    fit(build(), [callback(logdir / "thinned", max_bytes=12_000)], epochs=12)
    started = TensorBoard(logdir)
    yield started
    started.stop()


def test_a_step_that_was_dropped_is_named_with_its_reason(board: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, board.address, "&p.attention.run=lost") as tab:
        tab.expect_step(re.compile(r"^epoch 4 \(step 3\)\. Before it: Epoch 3 could not be written: .*Is a directory"))
        tab.frame.get_by_text("notes on this run").click()
        expect(tab.frame.get_by_text("Step 2 was not logged:")).to_be_visible()
        expect(tab.frame.get_by_text("Is a directory").first).to_be_visible()


def test_steps_that_were_thinned_out_are_counted(board: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, board.address, "&p.attention.run=thinned") as tab:
        tab.frame.get_by_text("note on this run").click()
        expect(tab.frame.get_by_text("steps were removed to stay below 12 KB (max_bytes)")).to_be_visible()
