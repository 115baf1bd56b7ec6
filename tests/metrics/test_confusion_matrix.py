"""The metric counts as scikit-learn does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from tb_attention.errors import ArgumentError
from tb_attention.metrics.confusion_matrix import ConfusionMatrix


@st.composite
def labelled_scores(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray]:
    classes = draw(st.integers(2, 7))
    count = draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return classes, random.integers(0, classes, count), random.random((count, classes)).astype("float32")


@pytest.mark.parametrize("shape", ["(N,)", "(N, 1)", "one-hot", "float"])
@settings(max_examples=25)
@given(case=labelled_scores())
def test_counts_equal_scikit_learns(shape: str, case: tuple[int, np.ndarray, np.ndarray]) -> None:
    classes, labels, scores = case
    given_labels = {
        "(N,)": labels,
        "(N, 1)": labels[:, None],
        "one-hot": np.eye(classes, dtype="float32")[labels],
        "float": labels.astype("float32"),
    }[shape]
    metric = ConfusionMatrix(classes)
    half = len(labels) // 2
    for part in (slice(0, half), slice(half, None)):
        if len(labels[part]):
            metric.update_state(given_labels[part], scores[part])
    expected = confusion_matrix(labels, scores.argmax(1), labels=range(classes))
    np.testing.assert_array_equal(metric.matrix(), expected)
    assert metric.matrix().dtype == np.int64
    assert float(metric.result()) == pytest.approx((labels == scores.argmax(1)).mean())


@pytest.mark.parametrize(
    ("from_logits", "threshold", "border"), [(False, None, 0.5), (True, None, 0.0), (False, 0.3, 0.3)]
)
def test_one_unit_is_two_classes(from_logits: bool, threshold: float | None, border: float) -> None:
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 2, 200), random.normal(0.3, 1, (200, 1)).astype("float32")
    for given_scores in (scores, scores[:, 0]):
        metric = ConfusionMatrix(2, from_logits=from_logits, threshold=threshold)
        metric.update_state(labels, given_scores)
        np.testing.assert_array_equal(metric.matrix(), confusion_matrix(labels, scores[:, 0] >= border))


def test_weights_are_summed() -> None:
    random = np.random.default_rng(0)
    labels, scores, weights = random.integers(0, 3, 50), random.random((50, 3)), random.random(50)
    metric = ConfusionMatrix(3)
    metric.update_state(labels, scores, sample_weight=weights)
    expected = confusion_matrix(labels, scores.argmax(1), sample_weight=weights, labels=range(3))
    np.testing.assert_allclose(metric.matrix(), expected)
    assert metric.matrix().dtype == np.float64


def test_labels_that_are_no_class_are_counted_separately() -> None:
    metric = ConfusionMatrix(3)
    metric.update_state(np.array([0, 3, -1, 2]), np.eye(3)[[0, 1, 1, 2]])
    np.testing.assert_array_equal(metric.matrix(), np.diag([1, 0, 1]))
    assert metric.other() == 2


def test_an_ignored_class_is_left_out() -> None:
    metric = ConfusionMatrix(3, ignore_class=255)
    metric.update_state(np.array([0, 255, 2]), np.eye(3)[[0, 1, 2]])
    np.testing.assert_array_equal(metric.matrix(), np.diag([1, 0, 1]))
    assert metric.other() == 0


def test_counts_are_exact_beyond_the_range_of_float32() -> None:
    metric = ConfusionMatrix(2)
    metric._cells.counts.assign(np.array([2**24, 0, 0, 0, 0]))
    metric.update_state(np.array([0]), np.array([[1.0, 0.0]]))
    assert metric.matrix()[0, 0] == 2**24 + 1


def test_reset_state_sets_all_counts_to_0() -> None:
    metric = ConfusionMatrix(2)
    metric.update_state(np.array([0]), np.array([[1.0, 0.0]]))
    metric.reset_state()
    assert metric.matrix().sum() == 0
    assert float(metric.result()) == 0


def test_the_accuracy_is_that_of_the_counted_examples() -> None:
    metric = ConfusionMatrix(3, ignore_class=255)
    labels, scores = np.array([0, 1, 255, 7, 2]), np.eye(3)[[0, 2, 1, 1, 2]]
    metric.update_state(labels, scores, sample_weight=np.array([1.0, 2.0, 4.0, 8.0, 0.5]))
    matrix = metric.matrix()
    assert float(metric.result()) == pytest.approx(matrix.trace() / matrix.sum()) == pytest.approx(1.5 / 3.5)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 1, 40)])
def test_counts_are_the_same_under_xla(weights: np.ndarray | None) -> None:
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 3, 40), random.random((40, 3)).astype("float32")
    plain, compiled = ConfusionMatrix(3), ConfusionMatrix(3)
    plain.update_state(labels, scores, sample_weight=weights)
    tf.function(compiled.update_state, jit_compile=True)(labels, scores, weights)
    np.testing.assert_allclose(compiled.matrix(), plain.matrix())
    assert float(compiled.result()) == pytest.approx(float(plain.result()))


def test_wrong_shapes_are_refused_with_a_sentence() -> None:
    with pytest.raises(ArgumentError, match=r"`num_classes` must be .* Received: num_classes=1"):
        ConfusionMatrix(1)
    with pytest.raises(ArgumentError, match="needs predictions of 3 units"):
        ConfusionMatrix(3).update_state(np.array([0]), np.zeros((1, 4)))
    with pytest.raises(ArgumentError, match="Labels must be indices"):
        ConfusionMatrix(3).update_state(np.zeros((1, 2, 2)), np.zeros((1, 3)))


def test_the_metric_survives_saving_and_loading() -> None:
    config = ConfusionMatrix(4, threshold=0.2, ignore_class=9).get_config()
    again = ConfusionMatrix.from_config(config)
    assert (again.num_classes, again.threshold, again.ignore_class) == (4, 0.2, 9)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(again)).num_classes == 4


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_accuracy_of_no_examples_is_0(multi_label: bool) -> None:
    assert float(ConfusionMatrix(3, multi_label=multi_label).result()) == 0
