"""The class and probability of each sample, from outputs of all kinds."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tb_attention.callbacks.shown_output import read_predictions


def compiled(loss: object, units: int = 3) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    model.compile("sgd", loss)
    return model


def test_probabilities_are_read_as_they_are() -> None:
    [first, second] = read_predictions(
        np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]), compiled("sparse_categorical_crossentropy"), 2
    )
    assert (first.class_index, first.probability) == (1, pytest.approx(0.7))
    assert (second.class_index, second.probability) == (0, pytest.approx(0.5))


def test_logits_become_probabilities() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    [prediction] = read_predictions(np.array([[0.0, 0.0, np.log(2)]]), compiled(loss), 1)
    assert (prediction.class_index, prediction.probability) == (2, pytest.approx(0.5))


@pytest.mark.parametrize(
    ("loss", "score", "expected"),
    [
        ("binary_crossentropy", 0.8, (1, 0.8)),
        ("binary_crossentropy", 0.3, (0, 0.7)),
        (keras.losses.BinaryCrossentropy(from_logits=True), -1.0, (0, 0.7310586)),
    ],
)
def test_one_unit_predicts_one_of_two_classes(loss: object, score: float, expected: tuple[int, float]) -> None:
    [prediction] = read_predictions(np.array([[score]]), compiled(loss, 1), 1)
    assert (prediction.class_index, prediction.probability) == (expected[0], pytest.approx(expected[1]))


def test_a_regression_predicts_no_class() -> None:
    assert read_predictions(np.array([[3.5], [0.2]]), compiled("mse", 1), 2) == (None, None)
    assert read_predictions(np.array([[0.9, 0.8, 0.1]]), compiled("binary_crossentropy"), 1) == (None,)


def test_the_output_with_classes_is_used() -> None:
    outputs = {"boxes": np.zeros((1, 4, 2)), "class": np.array([[0.25, 0.75]])}
    [prediction] = read_predictions(outputs, compiled(None), 1)
    assert prediction.class_index == 1
