"""Questions about pictures and sounds: cross-attention both ways, in the picture and in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server
from tests.browser.tab import opened
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained
from tools.run_examples import QuickRun

__all__ = ["server"]

PLACES = ["first", "second", "third", "fourth"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def run(logs: Path) -> QuickRun:
    return trained("multimodal", logs / "multimodal")


@pytest.mark.parametrize(("tag", "other", "epochs"), [("picture", "grid", 5), ("sound", "frames", 8)])
def test_every_epoch_is_logged_with_words_and_what_they_ask_about(
    run: QuickRun, tag: str, other: str, epochs: int
) -> None:
    log = tb_attention.load(run.logdir, tag=tag)
    assert log.steps == list(range(epochs))
    assert facts(log) == {
        "text_to_other": ("cross", "tokens", other),
        "other_to_text": ("cross", other, "tokens"),
        "text_to_other_2": ("cross", "tokens", other),
    }


def test_the_word_of_a_place_looks_at_the_sound_in_this_place(run: QuickRun) -> None:
    log = tb_attention.load(run.logdir, tag="sound")
    right = 0
    for sample, (text, sound) in enumerate(log.samples.inputs):
        heard, rate = log.samples.audio(sample, 1)
        assert (len(heard), rate, sound["audio"]["rate"]) == (11_200, 8000, 8000)
        place = PLACES.index(text["tokens"][3])
        # Ten frames for each of four sounds; the head and the layer that look there most.
        maps = [log.weights(7, sample, path)[:, :, :].max(axis=1) for path in ("text_to_other", "text_to_other_2")]
        shares = np.concatenate(maps).reshape(-1, 4, 10).sum(axis=2)
        right += int(shares.argmax(axis=1).tolist().count(place) >= 3)
    assert right >= 8, "of 12 samples"


def test_the_tab_plays_what_a_word_looks_at(run: QuickRun, server: TensorBoard, chromium: Browser) -> None:
    choices = "&p.attention.run=multimodal&p.attention.tag=sound&p.attention.view=sample&p.attention.site=text_to_other"
    with opened(chromium, server.address, choices) as tab:
        tab.wait_until_drawn("sample")
        expect(tab.frame.get_by_role("slider", name="The sound")).to_be_visible()
        expect(tab.frame.get_by_role("button", name="▶ all")).to_be_visible()
        tab.frame.get_by_role("listbox", name="Words").get_by_role("option").nth(3).hover()
        assert "looks at frame at" in tab.sentence
