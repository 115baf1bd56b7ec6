"""A real BERT by keras_hub before and after fine-tuning: its published maps, its word pieces, and what changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.callbacks.test_tokens import bert_directory
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

pytest.importorskip("tensorflow_text", reason="keras_hub's tokenizers need tensorflow-text, which some platforms lack")

EPOCHS, TOKENS = 2, 48


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("bert")
    trained("text_bert_finetune", logs / "text_bert_finetune")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "text_bert_finetune", tag="attention")


def test_every_epoch_has_the_72_heads_over_word_pieces(log: tb_attention.Log) -> None:
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    assert list(facts(log).values()) == [("self", "tokens", "tokens")] * 6
    assert log.weights(step=0, sample=0, site=log.sites[0]).shape == (12, TOKENS, TOKENS)


def test_before_training_the_maps_are_those_of_the_published_weights(log: tb_attention.Log) -> None:
    """Read by another library from the same file."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    model = transformers.AutoModel.from_pretrained(bert_directory(), attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(bert_directory())
    given = log.samples.inputs[0][log.site(log.sites[0]).axes[-1].input]
    words = [token for token, there in zip(given["tokens"], given.get("mask") or [1] * TOKENS, strict=True) if there]
    with torch.inference_mode():
        maps = model(torch.tensor([tokenizer.convert_tokens_to_ids(words)]), output_attentions=True).attentions
    for layer, site in enumerate(log.sites):
        logged = log.weights(step="init", sample=0, site=site)[:, : len(words), : len(words)]
        np.testing.assert_allclose(logged, maps[layer][0], atol=5e-3)


def test_the_tab_compares_before_with_after_over_whole_words(server: TensorBoard, chromium: Browser) -> None:  # noqa: F811
    with opened(chromium, server.address, "&p.attention.view=compare&p.attention.versus=init") as tab:
        tab.wait_until_drawn("compare", step=EPOCHS - 1)
        expect(tab.frame.get_by_role("slider", name="A on the timeline")).to_have_attribute(
            "aria-valuetext", "before training (init)"
        )
        tab.open("Sample")
        tab.frame.get_by_label("whole words").check()
        tab.expect_link("p.attention.pieces=words")
        assert "[CLS]" in tab.sentence
