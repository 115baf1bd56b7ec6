"""Overviews keep strong weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_attention.reduce.pooling import MOST, pool_maximum


def test_a_small_map_is_unchanged() -> None:
    maps = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    np.testing.assert_array_equal(pool_maximum(maps), maps)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 2**31))
@settings(max_examples=60)
def test_a_single_strong_weight_is_never_lost(queries: int, keys: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = np.zeros((2, queries, keys), np.float32)
    maps[1, rng.integers(queries), rng.integers(keys)] = 1
    pooled = pool_maximum(maps)
    assert pooled.shape == (2, min(queries, MOST), min(keys, MOST))
    assert pooled[0].max() == 0
    assert (pooled[1] == 1).sum() == 1


def test_the_signed_weight_of_largest_magnitude_keeps_its_sign() -> None:
    row = np.zeros((1, 64), np.float32)
    row[0, 0], row[0, 1] = 0.5, -0.75
    assert pool_maximum(row, dimensions=1)[0, 0] == -0.75


def test_nan_is_not_hidden_by_pooling() -> None:
    row = np.zeros((1, 64), np.float32)
    row[0, 5] = np.nan
    pooled = pool_maximum(row, dimensions=1)
    assert np.isnan(pooled[0, 2])
    assert np.isnan(pooled).sum() == 1
