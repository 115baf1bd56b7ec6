"""Mean and standard deviation over samples are NumPy's."""

import numpy as np
import pytest

from tb_attention.reduce.moments import Moments, measure_moments


def of(arrays):
    moments = Moments(arrays[0].shape)
    for array in arrays:
        moments.add(array)
    return moments


@pytest.mark.parametrize("count", [1, 2, 16])
def test_moments_are_those_of_numpy(count):
    arrays = np.random.default_rng(count).dirichlet(np.ones(7), (count, 3, 5)).astype(np.float32)
    moments = of(arrays)
    np.testing.assert_allclose(moments.mean, arrays.mean(0, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(moments.deviation, arrays.std(0, dtype=np.float64), rtol=1e-5, atol=1e-7)


def test_a_small_deviation_of_large_values_is_kept():
    arrays = np.float32([1000.0, 1000.5, 1001.0])[:, None]
    np.testing.assert_allclose(of(arrays).deviation, arrays.std(0, dtype=np.float64), rtol=1e-4)


def test_a_nan_in_one_array_is_a_nan_in_both():
    arrays = np.float32([[1, 2], [np.nan, 4]])
    np.testing.assert_array_equal(of(arrays).mean, [np.nan, 3])
    np.testing.assert_array_equal(of(arrays).deviation, [np.nan, 1])


def test_nothing_has_no_mean():
    moments = Moments((2,))
    assert np.isnan(moments.mean).all()
    assert np.isnan(moments.deviation).all()


def test_a_measure_without_meaning_in_one_sample_does_not_count_there():
    measures = np.float32([[[1, np.nan]], [[3, 5]]])
    mean, deviation = measure_moments(measures)
    np.testing.assert_array_equal(mean, [[2, 5]])
    np.testing.assert_array_equal(deviation, [[1, 0]])


def test_a_head_that_diverged_in_one_sample_has_no_mean():
    measures = np.float32([[[1, 2], [1, 2]], [[np.nan, np.nan], [3, 4]]])
    mean, deviation = measure_moments(measures)
    np.testing.assert_array_equal(mean, [[np.nan, np.nan], [2, 3]])
    np.testing.assert_array_equal(deviation, [[np.nan, np.nan], [1, 1]])


def test_no_sample_has_no_measures():
    mean, deviation = measure_moments(np.zeros((0, 2, 3), np.float32))
    assert mean.shape == deviation.shape == (2, 3)
    assert np.isnan(mean).all()
    assert np.isnan(deviation).all()
