"""What `samples=` may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_attention.callbacks.sources import batches_of, check_inputs, to_samples
from tb_attention.errors import ArgumentError
from tb_attention.records.samples import Samples

X = np.arange(40, dtype="float32").reshape(10, 4)
Y = np.arange(10) % 3


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return X[2 * index : 2 * index + 2], Y[2 * index : 2 * index + 2]


def generator() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        yield X[:4], Y[:4]


@pytest.fixture
def model() -> keras.Model:
    return keras.Sequential([keras.Input((4,), name="features"), keras.layers.Dense(3)])


@pytest.mark.parametrize(
    "source",
    [
        (X, Y),
        (X, Y, np.ones(10)),
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(4),
        Samples(X[:5], Y[:5]),
        Batches(),
        (list(X), list(Y)),
    ],
    ids=["tuple", "weighted tuple", "tf.data", "Samples", "PyDataset", "lists"],
)
def test_labelled_sources_give_the_first_examples(source: Any, model: keras.Model) -> None:
    samples = to_samples(source, model, max_samples=5)
    np.testing.assert_array_equal(samples.inputs, X[:5])
    assert samples.labels == tuple(int(y) for y in Y[:5])


def test_a_generator_gives_batches_until_there_are_enough(model: keras.Model) -> None:
    samples = to_samples(generator(), model, max_samples=6)
    np.testing.assert_array_equal(samples.inputs, np.concatenate([X[:4], X[:2]]))


def test_inputs_without_labels(model: keras.Model) -> None:
    samples = to_samples(X, model, max_samples=32)
    np.testing.assert_array_equal(samples.inputs, X)
    assert set(samples.labels) == {None}


def test_samples_are_copied_at_the_start(model: keras.Model) -> None:
    x = X.copy()
    samples = to_samples((x, Y), model, max_samples=3)
    x[:] = -1
    np.testing.assert_array_equal(samples.inputs, X[:3])


def test_a_list_is_the_inputs_of_a_model_with_several() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model([a, b], keras.layers.Add()([a, b]))
    samples = to_samples([X, X + 1], model, max_samples=2)
    assert [array.shape for _, array in samples.arrays] == [(2, 4), (2, 4)]


def test_a_list_of_texts_is_examples(model: keras.Model) -> None:
    samples = to_samples(["one two", "three"], model, max_samples=2)
    assert samples.inputs.tolist() == ["one two", "three"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (7, "`samples` must be .* Received: 7"),
        ((X, Y[:3]), "one label for each example.* Received: 10 examples, 3 labels"),
        (X[:0], "at least 1"),
        ((X, Y, Y, Y), "Received: a tuple of 4"),
        (tf.data.Dataset.from_tensor_slices(np.arange(3.0)), "call `.batch"),
        (iter([]), "at least one batch"),
    ],
)
def test_what_is_none_of_these_is_refused(source: Any, sentence: str, model: keras.Model) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        to_samples(source, model, max_samples=5)


def test_samples_that_do_not_fit_the_model_are_refused_by_name(model: keras.Model) -> None:
    check_inputs(X, model)
    with pytest.raises(ArgumentError, match=r"input 'features', which takes shape .* Received: shape \(10, 3\)"):
        check_inputs(X[:, :3], model)
    with pytest.raises(ArgumentError, match="takes 1 inputs"):
        check_inputs([X, X], model)


def test_samples_may_be_a_dict_by_input_name() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((None, 2), name="b")
    model = keras.Model({"a": a, "b": b}, [a, b])
    check_inputs({"a": X, "b": np.zeros((10, 7, 2))}, model)
    with pytest.raises(ArgumentError, match=r"lack the model's inputs \['b'\]"):
        check_inputs({"a": X}, model)


@pytest.mark.parametrize(
    "source",
    [
        (X, Y),
        Batches(),
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(3),
        lambda: iter([(X[:5], Y[:5]), (X[5:], Y[5:])]),
    ],
    ids=["arrays", "PyDataset", "tf.data", "function"],
)
def test_validation_data_is_read_whole_and_again(source: Any) -> None:
    for _ in range(2):
        batches = list(batches_of(source, 4, None))
        np.testing.assert_array_equal(np.concatenate([x for x, _, _ in batches]), X)
        np.testing.assert_array_equal(np.concatenate([y for _, y, _ in batches]), Y)
    assert len(list(batches_of(source, 2, 1))) == 1
