"""Alignments of real sentence pairs by three models: the words of the translation against those of the source."""

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

EPOCHS, LONGEST = 16, 10
RUNS, SITE = ["bahdanau", "luong", "transformer"], "alignment"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("alignment")
    trained("seq2seq_alignment", logs)
    return logs


@pytest.mark.parametrize("run", RUNS)
def test_every_epoch_has_the_words_of_the_target_against_those_of_the_source(logs: Path, run: str) -> None:
    log = tb_attention.load(logs / run)
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    assert facts(log)[SITE] == ("cross", "tokens", "tokens")
    query, key = log.site(SITE).axes[-2:]
    assert (query.size, key.size) == (LONGEST, LONGEST)
    english, french = log.samples.inputs[0]
    names = {axis.role: log.samples.inputs[0][axis.input]["tokens"] for axis in (query, key)}
    assert names == {"query": french["tokens"], "key": english["tokens"]}
    assert "</s>" in names["query"]


def test_rows_are_distributions_over_the_words_of_the_source(logs: Path) -> None:
    for run in RUNS:
        log = tb_attention.load(logs / run)
        for sample in range(4):
            words = np.array(log.samples.inputs[sample][0]["mask"], bool)
            weights = log.weights(step=EPOCHS - 1, sample=sample, site=SITE)
            np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-3)
            assert weights[..., ~words].max(initial=0) < 1e-6


def test_the_tab_shows_the_alignment_in_the_three_models(logs: Path, server: TensorBoard, chromium: Browser) -> None:  # noqa: F811
    first = tb_attention.load(logs / "bahdanau").samples.inputs[0][1]["tokens"][0]
    with opened(chromium, server.address, "&p.attention.run=bahdanau&p.attention.view=head") as tab:
        tab.wait_until_drawn("head", step=EPOCHS - 1, site=SITE)
        assert tab.sentence.startswith(f"“{first}”")
        assert " looks at “" in tab.sentence
        tab.frame.get_by_role("button", name="Lines", exact=True).click()
        expect(tab.frame.get_by_text(first, exact=True).first).to_be_visible()
        tab.open("Runs")
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("of 3 runs", timeout=20_000)
        assert tab.sentence.startswith("alignment is most focused in")
