"""The class and probability of each sample, from outputs of all kinds."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import tb_attention
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


class Predicted(keras.callbacks.Callback):
    """What the model says of some inputs after each epoch, by itself."""

    def __init__(self, x: np.ndarray) -> None:
        super().__init__()
        self.x, self.probabilities = x, []

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        logits = self.model.predict(self.x, verbose=0).astype("float64")
        shares = np.exp(logits - logits.max(1, keepdims=True))
        self.probabilities.append(shares / shares.sum(1, keepdims=True))


def five_most_probable(read: tuple, probabilities: np.ndarray) -> None:
    """Asserts that classes and probabilities are those of a softmax that NumPy computed."""
    for made, row in zip(read, probabilities, strict=True):
        classes = [made.class_index, *(index for index, _ in made.others)]
        shares = [made.probability, *(share for _, share in made.others)]
        assert classes == np.argsort(-row)[:5].tolist()
        np.testing.assert_allclose(shares, np.sort(row)[::-1][:5], rtol=2e-3)


def test_five_classes_and_their_probabilities_are_those_of_the_models_softmax(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(24, 3, 4)).astype("float32"), random.integers(0, 9, 24)
    inputs = keras.Input((3, 4))
    attended = keras.layers.MultiHeadAttention(2, 4)(inputs, inputs)
    model = keras.Model(inputs, keras.layers.Dense(9)(keras.layers.Flatten()(attended)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    seen = Predicted(x[:6])
    logger = tb_attention.AttentionCallback(tmp_path, (x[:6], y[:6]))
    model.fit(x, y, epochs=2, verbose=0, callbacks=[seen, logger])
    log = tb_attention.load(tmp_path)
    for epoch in (0, 1):
        five_most_probable(log.predictions(epoch), seen.probabilities[epoch])
    tb_attention.log(model, (x[:6], y[:6]), tmp_path / "after", step=7)
    five_most_probable(tb_attention.load(tmp_path / "after").predictions(7), seen.probabilities[1])


def test_where_the_distribution_is_not_known_no_other_class_is_claimed() -> None:
    [prediction] = read_predictions(np.array([[3.0, 1.0, 2.0]]), compiled("sparse_categorical_crossentropy"), 1)
    assert (prediction.class_index, prediction.probability, prediction.others) == (0, None, ())
