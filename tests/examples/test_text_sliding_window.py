"""Sliding windows over 2,048 words: the band, the global token, and what both cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

EPOCHS, TOKENS, REACH, HEADS = 2, 2048, 32, 2


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("window")
    trained("text_sliding_window", logs / "text_sliding_window")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "text_sliding_window")


def test_every_epoch_has_the_band_and_the_global_token(log: tb_attention.Log) -> None:
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    assert facts(log) == {"window": ("cross", "tokens", "positions"), "window#2": ("cross", "positions", "tokens")}
    query, key = log.site("window").axes[-2:]
    assert (query.size, key.size) == (TOKENS, 2 * REACH + 2)
    assert key.names[:3] == ("<all>", "-32", "-31")
    assert (key.names[1 + REACH], key.names[-1]) == ("+0", "+32")


def test_no_word_attends_over_the_ends_of_the_text(log: tb_attention.Log) -> None:
    """The first words have nothing before them, and the last ones nothing behind."""
    weights = log.weights(step=EPOCHS - 1, sample=0, site="window")
    assert weights.shape == (HEADS, TOKENS, 2 * REACH + 2)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=0.05)
    words = [bool(token) for token in log.samples.inputs[0][0]["tokens"]]
    for query in (0, 5, 31, 40, TOKENS - 1):
        for offset in range(-REACH, REACH + 1):
            there = 0 <= query + offset < TOKENS and words[query + offset]
            if words[query] and not there:
                assert weights[:, query, 1 + REACH + offset].max() < 1e-6


def test_a_step_grows_with_the_length_and_not_with_its_square(logs: Path, log: tb_attention.Log) -> None:
    stored = max(file.stat().st_size for file in logs.rglob("step-*.npz"))
    all_pairs = len(log.samples) * HEADS * TOKENS**2  # in bytes, with one a weight
    assert stored < all_pairs / 20


def test_the_tab_shows_the_band_by_distance_and_the_mail_by_the_global_token(
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
) -> None:
    with opened(chromium, server.address, "&p.attention.view=head&p.attention.site=window&p.attention.query=40") as tab:
        tab.wait_until_drawn("head", step=EPOCHS - 1, site="window")
        expect(tab.frame.get_by_role("grid", name="Map of")).to_have_attribute("aria-colcount", str(2 * REACH + 2))
        first = tab.frame.get_by_role("list", name="Ranking").get_by_role("listitem").first.inner_text().split()[0]
        assert first in {"<all>", *(f"{offset:+d}" for offset in range(-REACH, REACH + 1))}
    with opened(chromium, server.address, "&p.attention.view=sample&p.attention.site=window%232") as tab:
        tab.wait_until_drawn("sample", step=EPOCHS - 1, site="window#2")
        assert tab.sentence.startswith("the query looks at “")
