"""The Jensen-Shannon divergence between known distributions."""

from __future__ import annotations

import numpy as np
import pytest

from tb_attention.errors import ArgumentError
from tb_attention.reduce.divergence import jensen_shannon


def test_equal_rows_are_0_and_disjoint_rows_1_bit_apart() -> None:
    first = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    second = np.array([[0.5, 0.5, 0.0], [0.0, 0.3, 0.7]])
    np.testing.assert_allclose(jensen_shannon(first, second), [0, 1], atol=1e-12)


def test_it_is_symmetric_and_ignores_scale() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((5, 9)), rng.random((5, 9))
    there = jensen_shannon(first, second)
    np.testing.assert_allclose(there, jensen_shannon(second * 3, first), rtol=1e-9)
    assert np.all((there > 0) & (there < 1))


def test_a_hand_made_value() -> None:
    # Middle (3/4, 1/4): half of 1 * log2(4/3), and half of 1/2 log2(2/3) + 1/2 log2(2).
    expected = 0.5 * np.log2(4 / 3) + 0.25 * np.log2(2 / 3) + 0.25
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(expected)


def test_empty_and_diverged_rows_are_nan() -> None:
    first = np.array([[0.0, 0.0], [np.nan, 1.0]])
    assert np.isnan(jensen_shannon(first, np.full((2, 2), 0.5))).all()


def test_shapes_must_agree() -> None:
    with pytest.raises(ArgumentError, match=r"first of \(2,\), second of \(3,\)"):
        jensen_shannon(np.ones(2), np.ones(3))
