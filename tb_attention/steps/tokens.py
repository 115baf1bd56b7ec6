"""The words of a text model's inputs, from strings or from ids, by any kind of tokenizer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import named_leaves, text_of
from tb_attention.records.samples.samples import Samples

MASK_NAMES = ("padding_mask", "attention_mask", "input_mask", "mask")
ID_NAMES = ("token_ids", "input_ids", "input_word_ids", "tokens", "ids")


@dataclass(frozen=True)
class Tokens:
    """The tokens of each sample.

    Attributes:
        index: The index of the input that they belong to.
        tokens: Per sample the text of each token, padding included.
        masks: Per sample 1 for a token and 0 for padding.
        texts: Per sample the text, or None if the inputs are ids.
    """

    index: int
    tokens: list[list[str]]
    masks: list[list[int]]
    texts: list[str] | None


def find_tokens(x: Any, model: Any, tokenizer: Any = None) -> Tokens | None:
    """The tokens of samples, or None if they cannot be inferred.

    Args:
        x: The samples' inputs, nested arrays.
        model: The Keras model. Its `TextVectorization` is used if there is no tokenizer.
        tokenizer: A `TextVectorization`, a keras_hub or Hugging Face tokenizer, or a callable that turns one text, or one
            sequence of ids, into a list of strings; or None.

    Raises:
        ArgumentError: The tokenizer is none of these.
    """
    inputs = named_leaves(x)
    for index, (_, array) in enumerate(inputs):
        texts = _strings(array)
        if texts is not None:
            tokenizer = find_vectorization(model) if tokenizer is None else tokenizer
            return None if tokenizer is None else _from_texts(index, texts, tokenizer)
    found = _index_of_ids(inputs)
    if found is None or tokenizer is None:
        return None
    ids = np.asarray(inputs[found][1]).astype(np.int64)
    return _from_ids(found, ids, _mask(inputs, ids), tokenizer)


def with_tokens(samples: Samples, model: Any, tokenizer: Any = None) -> Samples:
    """The samples with their tokens, if they have none yet and these can be inferred."""
    found = None if samples.tokens else find_tokens(samples.inputs, model, tokenizer)
    if found is None:
        return samples
    name = named_leaves(samples.inputs)[found.index][0]
    return samples.replace(
        tokens={name: found.tokens},
        masks=None if samples.masks else {name: found.masks},
        texts=None if samples.texts or found.texts is None else {name: found.texts},
    )


def find_vectorization(model: Any) -> Any:
    """The first `TextVectorization` among a model's layers, however deep, or None."""
    return next((layer for layer in _layers(model) if _is_vectorization(layer)), None)


def _is_vectorization(layer: Any) -> bool:
    """Whether it is a `TextVectorization`; Keras, which modules of PyTorch do without, is not imported for that."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(layer, keras.layers.TextVectorization)


def _layers(layer: Any) -> Iterator[Any]:
    for inner in getattr(layer, "_flatten_layers", lambda: ())():
        if inner is not layer:
            yield inner


def _strings(array: Any) -> list[str] | None:
    values = np.asarray(array)
    if values.dtype.kind in "OSU" and values.size and isinstance(values.flat[0], str | bytes):
        return [text_of(value) for value in values.reshape(len(values), -1)[:, 0]]
    return None


def _index_of_ids(inputs: list[tuple[str, Any]]) -> int | None:
    """The first input with a name for ids, or else the first of whole numbers that is no mask."""
    for index, (name, _) in enumerate(inputs):
        if name in ID_NAMES:
            return index
    for index, (name, array) in enumerate(inputs):
        values = np.asarray(array)
        whole = values.dtype.kind in "iu" or (values.dtype.kind == "f" and np.array_equal(values, np.round(values)))
        if values.ndim == 2 and whole and name not in MASK_NAMES:
            return index
    return None


def _mask(inputs: list[tuple[str, Any]], ids: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    return next((np.asarray(a) for name, a in inputs if name in MASK_NAMES and np.shape(a) == ids.shape), None)


def _from_texts(index: int, texts: list[str], tokenizer: Any) -> Tokens:
    if _is_vectorization(tokenizer):
        return _vectorized(index, texts, tokenizer)
    if hasattr(tokenizer, "convert_ids_to_tokens"):  # Hugging Face: with special tokens, as for a model
        rows = [list(tokenizer(text)["input_ids"]) for text in texts]
        return _padded(index, [_words(row, tokenizer) for row in rows], texts)
    if hasattr(tokenizer, "id_to_token"):
        import keras

        rows = [np.asarray(keras.ops.convert_to_numpy(tokenizer(text))).tolist() for text in texts]
        return _padded(index, [_words(row, tokenizer) for row in rows], texts)
    return _padded(index, [_call(tokenizer, text) for text in texts], texts)


def _vectorized(index: int, texts: list[str], layer: Any) -> Tokens:
    """The words that the layer splits a text into, with those outside of its vocabulary, which it maps to [UNK]."""
    import keras

    ids = np.asarray(keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(np.asarray(texts, object)))))
    vocabulary = [str(word) for word in layer.get_vocabulary()]
    tokens = []
    for text, row in zip(texts, ids, strict=True):
        words = split_as(layer, text)
        looked_up = [vocabulary[i] if 0 <= i < len(vocabulary) else f"[{i}]" for i in row.tolist()]
        same = len(words) >= int(np.count_nonzero(row))
        tokens.append(
            [
                words[position] if same and position < len(words) and row[position] else word
                for position, word in enumerate(looked_up)
            ]
        )
    return Tokens(index, tokens, (ids != 0).astype(int).tolist(), texts)


def split_as(layer: Any, text: str) -> list[str]:
    """A text as a `TextVectorization` standardises and splits it; [] if that fails."""
    import keras

    try:
        words = layer._preprocess(keras.ops.convert_to_tensor(np.asarray([text], object)))
        words = words.to_tensor(b"") if hasattr(words, "to_tensor") else words
        return [_token(word) for word in np.asarray(words[0]).reshape(-1)]
    except Exception:
        # The words are only available by a private method; without it, unknown words are [UNK].
        return []


def _from_ids(index: int, ids: npt.NDArray[Any], mask: npt.NDArray[Any] | None, tokenizer: Any) -> Tokens:
    tokens = [_words(row, tokenizer) for row in ids.tolist()]
    if mask is None:
        pad = getattr(tokenizer, "pad_token_id", None)
        mask = ids != (0 if pad is None else pad)
        # Padding ids are padding only after the last other token.
        mask = np.flip(np.maximum.accumulate(np.flip(mask, 1), axis=1), 1)
    return Tokens(index, tokens, np.asarray(mask).astype(bool).astype(int).tolist(), None)


def _words(ids: Sequence[int], tokenizer: Any) -> list[str]:
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        return [str(token) for token in tokenizer.convert_ids_to_tokens([int(i) for i in ids])]
    if hasattr(tokenizer, "id_to_token"):
        return [_token(tokenizer.id_to_token(int(i))) for i in ids]
    if _is_vectorization(tokenizer):
        vocabulary = tokenizer.get_vocabulary()
        return [str(vocabulary[i]) if 0 <= i < len(vocabulary) else f"[{i}]" for i in ids]
    return _call(tokenizer, ids)


def _call(tokenizer: Callable[[Any], Any], value: Any) -> list[str]:
    if not callable(tokenizer):
        raise ArgumentError(
            "`tokenizer` must be a keras TextVectorization, a keras_hub or Hugging Face tokenizer, or a function from "
            f"a text or a sequence of ids to a list of strings. Received: tokenizer={tokenizer!r}."
        )
    result = tokenizer(value)
    words = np.asarray(result).reshape(-1).tolist() if hasattr(result, "numpy") else list(result)
    return [_token(word) for word in words]


def _padded(index: int, rows: list[list[str]], texts: list[str]) -> Tokens:
    length = max((len(row) for row in rows), default=0)
    return Tokens(
        index,
        [[*row, *[""] * (length - len(row))] for row in rows],
        [[1] * len(row) + [0] * (length - len(row)) for row in rows],
        texts,
    )


def _token(value: Any) -> str:
    return text_of(value.numpy() if hasattr(value, "numpy") else value)
