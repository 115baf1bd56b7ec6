"""The keywords of mails: attention pooling over all validation texts, ranked in the tab."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

EPOCHS, SPAM = 4, 2


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("keywords")
    trained("text_keywords", logs / "text_keywords")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "text_keywords", tag="attention")


def words_of(log: tb_attention.Log, sample: int) -> list[str]:
    return list(log.samples.inputs[sample][0]["tokens"])


def keywords(log: tb_attention.Log, label: int) -> dict[str, float]:
    """Each word's part of all attention in the mails of a class, at the last step."""
    shares: dict[str, float] = defaultdict(float)
    for index, given in enumerate(log.samples.labels):
        if given == label:
            tokens = words_of(log, index)
            weights = log.weights(step=EPOCHS - 1, sample=index, site="pooling")[0, 0]
            for word, weight in zip(tokens, weights, strict=True):
                if word:
                    shares[word.lower()] += float(weight)
    total = sum(shares.values())
    return {word: share / total for word, share in shares.items()}


def test_every_epoch_has_one_row_of_words_a_mail(log: tb_attention.Log) -> None:
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    assert facts(log) == {"pooling": ("cross", "positions", "tokens")}
    assert len(log.samples) == 1210
    for sample in (0, 500, 1209):
        weights = log.weights(step=EPOCHS - 1, sample=sample, site="pooling")
        assert weights.shape == (1, 1, 200)
        words = np.array([bool(word) for word in words_of(log, sample)])
        assert weights[0, 0, ~words].max(initial=0) < 1e-6
        assert weights.sum() == pytest.approx(1, abs=1e-3)


def test_spam_is_recognised_by_other_words_than_ham(log: tb_attention.Log) -> None:
    spam, ham = keywords(log, SPAM), keywords(log, 0)
    assert spam["click"] > 3 * ham.get("click", 0)
    assert ham["wrote"] > 3 * spam.get("wrote", 0)


def test_the_tab_ranks_the_words_of_a_class_over_all_its_mails(
    log: tb_attention.Log,
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
) -> None:
    shares = keywords(log, SPAM)
    first = sorted(shares, key=lambda word: -shares[word])[:5]
    choices = f"&p.attention.view=samples&p.attention.keywords=share&p.attention.label={SPAM}"
    with opened(chromium, server.address, choices) as tab:
        words = tab.frame.get_by_role("list", name="Words by attention").get_by_role("button")
        expect(words.first).to_have_text(first[0], timeout=30_000)
        assert words.all_inner_texts()[:5] == first
        assert f"gives “{first[0]}” most: {100 * shares[first[0]]:.1f} % of all attention" in tab.sentence
        words.first.click()
        expect(tab.frame.get_by_label("Find a word")).to_have_value(first[0])
        tab.frame.get_by_role("button", name="typical").click()
        tab.expect_link("p.attention.keywords=lead")
        tab.open("Sample")
        expect(tab.frame.get_by_text("the query looks at")).to_be_visible()
