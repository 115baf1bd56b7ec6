"""What `samples=` may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_attention.callbacks.data_sources import Source
from tb_attention.callbacks.first_samples import to_samples
from tb_attention.callbacks.model_inputs import check_inputs
from tb_attention.errors import ArgumentError
from tb_attention.records.samples.samples import Samples

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
def test_anything_else_is_refused(source: Any, sentence: str, model: keras.Model) -> None:
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
    data = Source(source, "validation_data", batch_size=4)
    for _ in range(2):
        batches = list(data.batches())
        np.testing.assert_array_equal(np.concatenate([batch.x for batch in batches]), X)
        np.testing.assert_array_equal(np.concatenate([batch.y for batch in batches]), Y)


def test_a_list_is_inputs_and_labels_if_it_clearly_is(model: keras.Model) -> None:
    samples = to_samples([X, Y], model, max_samples=4)
    np.testing.assert_array_equal(samples.inputs, X[:4])
    assert samples.labels == tuple(int(y) for y in Y[:4])
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    two = keras.Model([a, b], keras.layers.Add()([a, b]))
    assert to_samples([[X, X + 1], Y], two, max_samples=3).labels == tuple(int(y) for y in Y[:3])
    with pytest.raises(ArgumentError, match=r"samples with labels must be `\(\(x1, x2\), y\)`.*Received: a list of 3"):
        to_samples([X, X, Y], two, max_samples=3)


def test_examples_of_several_shapes_keep_theirs(model: keras.Model) -> None:
    samples = to_samples([[1, 2, 3], [4], [5, 6]], keras.Sequential(), max_samples=32)
    np.testing.assert_array_equal(samples.inputs, [[1, 2, 3], [4, 0, 0], [5, 6, 0]])
    assert samples.shapes == {0: [(3,), (1,), (2,)]}
    assert [(index, group.inputs.shape) for index, group in samples.groups()] == [
        ([0], (1, 3)),
        ([1], (1, 1)),
        ([2], (1, 2)),
    ]
    with pytest.raises(ArgumentError, match="same number of dimensions"):
        to_samples([np.zeros(3), np.zeros((2, 2))], model, max_samples=5)


def test_only_what_the_model_takes_is_an_input_and_ids_name_the_samples() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    data = {
        "image_id": np.array([b"x1", b"x2"]),
        "b": X[:2],
        "flag": np.float32(1),
        "weight": np.zeros(2),
        "a": X[:2] + 1,
    }
    for form in ([a, b], {"a": a, "b": b}):
        samples = to_samples((data, Y[:2]), keras.Model(form, keras.layers.Add()([a, b])), max_samples=5)
        assert set(samples.input_names) == {"a", "b"}
        assert samples.ids == ("x1", "x2")
    data["image_id"] = np.array(["same", "same"])
    assert len(set(to_samples(data, keras.Model([a, b], keras.layers.Add()([a, b])), max_samples=5).ids)) == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([X], "without labels nothing"),
        ((X, Y, Y, Y), "Received: a tuple of 4"),
        ([X, Y[:3]], "must have one length. Received: lengths \\[3, 10\\]"),
        ((X[:, :3], Y), "do not fit the model's input 'features'"),
        (tf.data.Dataset.from_tensor_slices(X).batch(2), "without labels nothing"),
        (tf.data.Dataset.from_tensor_slices((X, Y)), "a dataset of single examples.*call `.batch"),
        (tf.data.Dataset.from_tensor_slices((X[:, :3], Y)).batch(2), "do not fit the model's input 'features'"),
        (lambda: iter([[X, Y]]), "A generator must give tuples"),
        (lambda: iter([]), "at least one batch"),
        ([(X[:4], Y[:4]), (X[4:8], Y[4:8])], "takes 1 inputs"),
    ],
)
def test_what_cannot_be_counted_is_refused_before_training(given: Any, sentence: str, model: keras.Model) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        Source(given, "validation_data").first_labelled(model)


@pytest.mark.parametrize(
    ("source", "length"),
    [
        ((X, Y), 3),
        (Batches(), 5),
        (tf.data.Dataset.from_tensor_slices((X, Y)).batch(3), 4),
        (tf.data.Dataset.from_tensor_slices((X, Y)).batch(3).repeat(), np.inf),
        (tf.data.Dataset.from_tensor_slices((X, Y)).filter(lambda x, y: y > 0).batch(3), None),
        (generator, None),
    ],
)
def test_the_number_of_batches_is_known_where_it_can_be(source: Any, length: float | None) -> None:
    assert Source(source, "validation_data", batch_size=4).length == length


def test_sparse_tensors_are_arrays() -> None:
    x, y = next(iter(tf.data.Dataset.from_tensor_slices((tf.sparse.from_dense(X), Y)).batch(10)))
    np.testing.assert_array_equal(next(Source(lambda: iter([(x, y)]), "samples").batches()).x, X)
