"""The counts equal those of scikit-learn, for every form of labels and predictions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    multilabel_confusion_matrix,
    roc_auc_score,
    roc_curve,
)

from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.metrics.label_counts import BINS

CLASSES = 4
NAMES = ["ham", "spam", "news", "other"]
HYPOTHESIS = settings(max_examples=8, derandomize=True)


def random_of(draw: st.DrawFn) -> np.random.Generator:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


@st.composite
def examples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (N,), logits (N, classes) and weights (N,)."""
    random, count = random_of(draw), draw(st.integers(2, 40))
    return (
        random.integers(0, CLASSES, count),
        random.normal(size=(count, CLASSES)).astype("float32"),
        random.random(count),
    )


def one_hot(labels: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    return np.eye(classes, dtype="float32")[labels]


SHAPES = {
    "(N,)": lambda y: y,
    "(N, 1)": lambda y: y[:, None],
    "bytes of uint8": lambda y: y.astype("uint8"),
    "floats": lambda y: y.astype("float32"),
    "one-hot": one_hot,
    "one-hot integers": lambda y: one_hot(y).astype("int64"),
    "one-hot bools": lambda y: one_hot(y).astype(bool),
    "smoothed": lambda y: one_hot(y) * 0.9 + 0.1 / CLASSES,
    "strings": lambda y: np.array(NAMES)[y],
    "strings in a column": lambda y: np.array(NAMES, dtype=object)[y][:, None],
}


def count(metric: ConfusionMatrix, *batches: Any) -> ConfusionMatrix:
    """Counts in two batches."""
    half = len(batches[0]) // 2
    for part in (slice(0, half), slice(half, None)):
        metric.update_state(*(tf.constant(batch[part]) for batch in batches))
    return metric


@pytest.mark.parametrize("shape", list(SHAPES))
@HYPOTHESIS
@given(case=examples())
def test_one_class_per_example(shape: str, case: Any) -> None:
    labels, logits, weights = case
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(CLASSES))
    given_labels, names = SHAPES[shape](labels), NAMES if shape.startswith("strings") else None
    metric = count(ConfusionMatrix(CLASSES, class_names=names), given_labels, logits)
    np.testing.assert_array_equal(metric.matrix(), expected)
    assert metric.matrix().dtype == np.int64
    assert float(metric.result()) == pytest.approx((labels == logits.argmax(1)).mean())
    weighted = count(ConfusionMatrix(CLASSES, class_names=names), given_labels, logits, weights)
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(CLASSES), sample_weight=weights)
    np.testing.assert_allclose(weighted.matrix(), expected)
    assert weighted.kind == "classes"
    assert weighted.histogram() is None


@pytest.mark.parametrize("shape", list(SHAPES))
def test_counts_in_a_compiled_graph_equal_those_outside(shape: str) -> None:
    random = np.random.default_rng(0)
    labels, logits = random.integers(0, CLASSES, 20), random.random((20, CLASSES)).astype("float32")
    metric = ConfusionMatrix(CLASSES, class_names=NAMES if shape.startswith("strings") else None)
    tf.function(metric.update_state)(tf.constant(SHAPES[shape](labels)), tf.constant(logits))
    np.testing.assert_array_equal(metric.matrix(), confusion_matrix(labels, logits.argmax(1), labels=range(CLASSES)))


@pytest.mark.parametrize("labels_shape", ["(N,)", "(N, 1)", "bool", "floats", "smoothed", "one-hot"])
@pytest.mark.parametrize("scores_shape", ["(N,)", "(N, 1)"])
@HYPOTHESIS
@given(case=examples(), from_logits=st.booleans(), threshold=st.sampled_from([None, 0.25, 0.5]))
def test_one_unit(labels_shape: str, scores_shape: str, case: Any, from_logits: bool, threshold: float | None) -> None:
    labels, logits, weights = case
    labels, scores = labels % 2, logits[:, 0] if from_logits else 1 / (1 + np.exp(-logits[:, 0]))
    given_labels = {
        "(N,)": labels,
        "(N, 1)": labels[:, None],
        "bool": labels.astype(bool),
        "floats": labels.astype("float32"),
        "smoothed": labels * 0.9 + 0.05,
        "one-hot": one_hot(labels, 2),
    }[labels_shape]
    given_scores = scores if scores_shape == "(N,)" else scores[:, None]
    metric = ConfusionMatrix(2, from_logits=from_logits, threshold=threshold)
    border = threshold if threshold is not None else 0.0 if from_logits else 0.5
    count(metric, given_labels, given_scores, weights)
    expected = confusion_matrix(labels, scores >= border, labels=[0, 1], sample_weight=weights)
    np.testing.assert_allclose(metric.matrix(), expected)
    assert metric.kind == "binary"


@HYPOTHESIS
@given(case=examples(), ignored=st.booleans(), from_logits=st.booleans())
def test_independent_labels(case: Any, ignored: bool, from_logits: bool) -> None:
    _, logits, weights = case
    truth = np.random.default_rng(len(logits)).integers(0, 2, logits.shape)
    scores = logits if from_logits else 1 / (1 + np.exp(-logits))
    called = (scores >= (0.0 if from_logits else 0.5)).astype(int)
    metric = ConfusionMatrix(CLASSES, multi_label=True, from_logits=from_logits, ignore_class=-1)
    unknown = np.random.default_rng(1).random(truth.shape) < 0.2 if ignored else np.zeros(truth.shape, bool)
    count(metric, np.where(unknown, -1, truth), scores, weights)
    labels = metric.labels()
    assert labels is not None
    for label in range(CLASSES):
        known = ~unknown[:, label]
        expected = confusion_matrix(
            truth[known, label], called[known, label], labels=[0, 1], sample_weight=weights[known]
        ) if known.any() else np.zeros((2, 2))  # fmt: skip
        np.testing.assert_allclose(labels[label], expected, atol=1e-9)
    if not ignored:
        expected = multilabel_confusion_matrix(truth, called, sample_weight=weights)
        np.testing.assert_allclose(labels, expected, atol=1e-9)
        np.testing.assert_allclose(metric.matrix(), truth.T @ (called * weights[:, None]))
        right = ((truth == called) * weights[:, None]).sum() / (CLASSES * weights.sum())
        assert float(metric.result()) == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize("channel", [False, True])
@HYPOTHESIS
@given(seed=st.integers(0, 1000))
def test_every_pixel_of_a_segmentation(channel: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, (3, 5, 6))
    labels[random.random(labels.shape) < 0.1] = 255
    scores = random.random((3, 5, 6, CLASSES)).astype("float32")
    metric = count(ConfusionMatrix(CLASSES, ignore_class=255), labels[..., None] if channel else labels, scores)
    known = labels != 255
    expected = confusion_matrix(labels[known], scores.argmax(-1)[known], labels=range(CLASSES))
    np.testing.assert_array_equal(metric.matrix(), expected)
    assert metric.other() == 0
    # One weight a picture, or one a pixel.
    weights = random.random(labels.shape)
    for given_weights, each in (
        (weights, weights),
        (weights[:, 0, 0], np.broadcast_to(weights[:, :1, :1], labels.shape)),
    ):
        metric = count(ConfusionMatrix(CLASSES, ignore_class=255), labels, scores, given_weights)
        expected = confusion_matrix(
            labels[known], scores.argmax(-1)[known], labels=range(CLASSES), sample_weight=each[known]
        )
        np.testing.assert_allclose(metric.matrix(), expected)


@pytest.mark.parametrize("scores_channel", [False, True])
@pytest.mark.parametrize("labels_channel", [False, True])
def test_a_segmentation_of_one_unit(scores_channel: bool, labels_channel: bool) -> None:
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 2, (3, 5, 6)), random.random((3, 5, 6)).astype("float32")
    metric = ConfusionMatrix(2)
    metric.update_state(
        labels[..., None] if labels_channel else labels, scores[..., None] if scores_channel else scores
    )
    np.testing.assert_array_equal(metric.matrix(), confusion_matrix(labels.ravel(), scores.ravel() >= 0.5))


def test_masked_positions_of_sequences_are_left_out() -> None:
    tokens = np.array([[3, 4, 0, 0], [5, 6, 7, 0]])
    inputs = keras.Input((4,), dtype="int32")
    embedded = keras.layers.Embedding(10, 8, mask_zero=True)(inputs)
    model = keras.Model(
        inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.LSTM(8, return_sequences=True)(embedded))
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[ConfusionMatrix(3)])
    labels = np.array([[0, 1, 2, 2], [2, 1, 0, 0]])
    model.evaluate(tokens, labels, verbose=0)
    matrix = model._compile_metrics.metrics[0].matrix()
    known = tokens != 0
    predicted = model.predict(tokens, verbose=0).argmax(-1)
    np.testing.assert_array_equal(matrix, confusion_matrix(labels[known], predicted[known], labels=range(3)))


@HYPOTHESIS
@given(case=examples(), from_logits=st.booleans())
def test_the_histogram_gives_scikit_learns_roc_curve(case: Any, from_logits: bool) -> None:
    labels, logits, weights = case
    labels = labels % 2
    labels[:2] = [0, 1]
    # Scores in the middle of the parts, so that no rounding puts one of them into its neighbour.
    probability = (np.floor(BINS / (1 + np.exp(-logits[:, 0].astype("float64")))) + 0.5) / BINS
    scores = np.log(probability / (1 - probability)) if from_logits else probability
    metric = count(ConfusionMatrix(2, from_logits=from_logits), labels, scores.astype("float32"), weights)
    histogram = metric.histogram()
    assert histogram is not None
    assert histogram.shape == (1, 2, BINS)
    falls, rises, thresholds = roc_curve(labels, probability, sample_weight=weights, drop_intermediate=False)
    beyond = np.concatenate([histogram[0, :, ::-1].cumsum(-1)[:, ::-1], np.zeros((2, 1))], axis=1)
    shares = beyond / beyond[:, :1]
    places = np.floor(np.minimum(thresholds, 1) * BINS).astype(int)
    np.testing.assert_allclose(shares[0, places], falls, atol=1e-9)
    np.testing.assert_allclose(shares[1, places], rises, atol=1e-9)


def curves_of(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rate, recall and precision at the thresholds 1, ..., 1 / BINS, 0, from a histogram (2, BINS)."""
    wrong, found = np.concatenate([np.zeros((2, 1)), histogram[:, ::-1].cumsum(-1)], axis=1)
    precision = np.divide(found, found + wrong, out=np.ones_like(found), where=found + wrong > 0)
    return wrong / wrong[-1], found / found[-1], precision


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("labels_shape", ["(N,)", "one-hot"])
@HYPOTHESIS
@given(seed=st.integers(0, 1000))
def test_the_histogram_of_two_units_gives_scikit_learns_areas(from_logits: bool, labels_shape: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, weights = random.integers(0, 2, 400), random.random(400)
    labels[:2] = [0, 1]
    logits = random.normal(size=(400, 2)).astype("float32")
    logits[:, 1] += labels
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given_labels = labels if labels_shape == "(N,)" else one_hot(labels, 2)
    scores = logits if from_logits else probabilities
    metric = count(ConfusionMatrix(2, from_logits=from_logits), given_labels, scores, weights)
    assert metric.kind == "classes"
    histogram = metric.histogram()
    assert histogram is not None
    assert histogram.shape == (1, 2, BINS)
    np.testing.assert_allclose(histogram.sum(-1)[0], metric.matrix().sum(1))
    falls, rises, precision = curves_of(histogram[0])
    area = roc_auc_score(labels, probabilities[:, 1], sample_weight=weights)
    assert np.trapezoid(rises, falls) == pytest.approx(area, abs=4e-3)
    average = average_precision_score(labels, probabilities[:, 1], sample_weight=weights)
    assert (np.diff(rises) * precision[1:]).sum() == pytest.approx(average, abs=1e-2)
    # Between two thresholds lie only the scores of one part.
    for threshold in (0.25, 0.75):
        told = probabilities[:, 1] >= threshold
        expected = weights[told & (labels == 0)].sum() / weights[labels == 0].sum()
        assert falls[BINS - round(threshold * BINS)] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("from_logits", [False, True])
def test_at_a_threshold_of_one_half_the_histogram_counts_as_the_matrix(from_logits: bool) -> None:
    # With a tie, the prediction is class 0; at or above 0.5 would be class 1.
    scores = np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.6], [0.7, 0.3]], "float32")
    metric = ConfusionMatrix(2, from_logits=from_logits)
    metric.update_state(np.array([0, 1, 1, 0]), scores)
    histogram = metric.histogram()
    assert histogram is not None
    halves = histogram[0].reshape(2, 2, BINS // 2).sum(-1)
    np.testing.assert_array_equal(halves, metric.matrix())
    np.testing.assert_array_equal(halves, [[2, 0], [1, 1]])


@pytest.mark.parametrize("odd", [[2.0, -1.0], [0.6, 0.6], [np.nan, np.nan]])
def test_scores_that_are_no_probabilities_have_no_histogram(odd: list[float]) -> None:
    metric = ConfusionMatrix(2)
    scores = np.array([[0.3, 0.7], odd, [0.9, 0.1]], "float32")
    metric.update_state(np.array([1, 0, 0]), scores)
    assert metric.histogram() is None
    assert metric.matrix().sum() == 3
    metric.reset_state()
    # A label that is no class, or ignored, is in no curve, whatever its scores.
    metric.update_state(np.array([1, 7, 0]), scores)
    histogram = metric.histogram()
    assert histogram is not None
    assert histogram.sum() == 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounded_probabilities_are_probabilities(dtype: str) -> None:
    random = np.random.default_rng(0)
    probabilities = tf.cast(tf.nn.softmax(tf.cast(random.normal(size=(500, 2)), "float32")), dtype)
    metric = ConfusionMatrix(2)
    metric.update_state(tf.constant(random.integers(0, 2, 500)), probabilities)
    histogram = metric.histogram()
    assert histogram is not None
    halves = histogram[0].reshape(2, 2, BINS // 2).sum(-1)
    np.testing.assert_array_equal(halves, metric.matrix())


def test_histograms_of_independent_labels() -> None:
    random = np.random.default_rng(0)
    truth, scores = random.integers(0, 2, (200, 3)), random.random((200, 3)).astype("float32")
    truth[0, 0] = -1
    metric = ConfusionMatrix(3, multi_label=True, ignore_class=-1)
    metric.update_state(truth, scores)
    histogram = metric.histogram()
    assert histogram is not None
    for label in range(3):
        for answer in (0, 1):
            expected = np.histogram(scores[truth[:, label] == answer, label], BINS, (0, 1))[0]
            np.testing.assert_array_equal(histogram[label, answer], expected)
