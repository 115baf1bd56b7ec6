"""MiniLM with its real weights, fine-tuned by the Trainer of Hugging Face: maps, words and matrices of each epoch."""

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

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

EPOCHS, TOKENS = 2, 48


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("huggingface")
    trained("pytorch_huggingface", logs / "pytorch_huggingface")
    return logs


@pytest.fixture(scope="module")
def log(logs: Path) -> tb_attention.Log:
    return tb_attention.load(logs / "pytorch_huggingface", tag="attention")


def test_every_epoch_has_the_72_heads_over_word_pieces(log: tb_attention.Log) -> None:
    assert (log.has_init, log.steps) == (True, list(range(EPOCHS)))
    path = "bert/encoder/layer.{}/attention/self"
    assert facts(log) == {path.format(layer): ("self", "tokens", "tokens") for layer in range(6)}
    assert log.weights(step=0, sample=0, site=log.sites[0]).shape == (12, TOKENS, TOKENS)
    assert log.samples.class_names == ("easy ham", "hard ham", "spam")
    words = log.samples.inputs[0][0]["tokens"]
    assert (words[0], words[-1]) == ("[CLS]", "[SEP]")


def test_before_training_the_maps_are_those_of_the_published_weights(log: tb_attention.Log) -> None:
    model = transformers.AutoModel.from_pretrained(bert_directory(), attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(bert_directory())
    words = log.samples.inputs[1][0]["tokens"]
    ids = torch.tensor([tokenizer.convert_tokens_to_ids(words)])
    with torch.inference_mode():
        maps = model(input_ids=ids, output_attentions=True).attentions
    for layer, site in enumerate(log.sites):
        logged = log.weights(step="init", sample=1, site=site)
        np.testing.assert_allclose(logged, maps[layer][0], atol=5e-3)
    after = log.weights(step=EPOCHS - 1, sample=1, site=log.sites[-1])
    assert np.abs(after - maps[-1][0].numpy()).max() > 0.05


def test_the_matrix_of_each_epoch_is_that_of_its_evaluation(log: tb_attention.Log) -> None:
    for step in log.steps:
        matrix = log.confusion_matrix(step=step)
        assert matrix.trace() / matrix.sum() == pytest.approx(log.logs(step)["val_accuracy"])
        predicted = [each.class_index for each in log.predictions(step)]
        assert np.bincount(predicted, minlength=3)[0] <= matrix[:, 0].sum()


def test_the_tab_shows_words_before_and_after_and_the_matrix(server: TensorBoard, chromium: Browser) -> None:  # noqa: F811
    with opened(chromium, server.address, "&p.attention.view=sample&p.attention.head=5") as tab:
        tab.wait_until_drawn("sample", step=EPOCHS - 1, head=5)
        assert tab.sentence.startswith("“[CLS]” looks at “")
        tab.slider.press("Home")
        tab.wait_until_drawn("sample", step="init")
        tab.open("Overview")
        expect(tab.frame.get_by_role("grid", name="Heads").get_by_role("gridcell")).to_have_count(72)
        tab.slider.press("End")
        tab.open("Confusion")
        expect(tab.frame.get_by_text("96 examples (validation)")).to_be_visible()
