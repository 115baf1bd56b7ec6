"""Which class was taken for which."""

from __future__ import annotations

import numpy as np
import pytest

from tb_attention.errors import ArgumentError
from tb_attention.reduce.confusion import confusion_counts


def test_rows_are_the_truth_and_columns_the_prediction() -> None:
    matrix = confusion_counts(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 1]), 3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]
    assert matrix.dtype == np.int64


def test_it_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 7, 500), rng.integers(0, 7, 500)
    weights = rng.random(500)
    np.testing.assert_array_equal(
        confusion_counts(truth, predicted, 7), metrics.confusion_matrix(truth, predicted, labels=range(7))
    )
    np.testing.assert_allclose(
        confusion_counts(truth, predicted, 7, weights),
        metrics.confusion_matrix(truth, predicted, labels=range(7), sample_weight=weights),
    )


def test_weights_make_floats() -> None:
    matrix = confusion_counts(np.array([0, 0]), np.array([0, 0]), 2, np.array([0.5, 0.25]))
    assert matrix.dtype == np.float64
    assert matrix[0, 0] == 0.75


def test_no_examples_make_an_empty_matrix() -> None:
    assert confusion_counts(np.zeros(0, int), np.zeros(0, int), 2).sum() == 0


@pytest.mark.parametrize(
    ("truth", "said"), [([0, 3], "from 0 to 3"), ([-1, 0], "from -1 to 0"), ([0.5, 1.0], "float64")]
)
def test_what_is_no_class_is_refused(truth: list[float], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        confusion_counts(np.array(truth), np.array([0, 1]), 3)


def test_lengths_must_agree() -> None:
    with pytest.raises(ArgumentError, match="Received: 2, 3, None"):
        confusion_counts(np.zeros(2, int), np.zeros(3, int), 2)
