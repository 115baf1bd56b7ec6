"""Measures of heads whose values are known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tb_attention.reduce import head_measures as module
from tb_attention.reduce.head_measures import MEASURES, gate_measures, head_measures, uncomputed_rows


def measure(weights: np.ndarray, **options: object) -> dict[str, float]:
    """The measures of one head, of weights `(queries, keys)`."""
    values = head_measures(np.asarray(weights, np.float32)[None, None], **options)  # type: ignore[arg-type]
    return dict(zip(MEASURES, values[0].tolist(), strict=True))


def test_a_uniform_head_has_the_entropy_of_its_keys() -> None:
    found = measure(np.full((8, 8), 1 / 8))
    assert found["entropy"] == pytest.approx(3)
    assert found["largest"] == pytest.approx(1 / 8)
    assert found["first"] == found["self"] == found["previous"] == pytest.approx(1 / 8)


def test_a_diagonal_head_attends_to_itself() -> None:
    found = measure(np.eye(6))
    assert found == pytest.approx({"entropy": 0, "largest": 1, "distance": 0, "first": 1 / 6, "self": 1, "previous": 0})


def test_a_previous_token_head_is_detected_and_has_distance_1() -> None:
    weights = np.eye(6, k=-1)
    weights[0, 0] = 1
    found = measure(weights)
    assert found["previous"] == 1
    assert found["distance"] == pytest.approx(5 / 6)


def test_distance_on_a_grid_is_euclidean_in_cells() -> None:
    weights = np.zeros((12, 12))
    weights[:, 0] = 1  # every cell of 3 x 4 looks at the one in the corner
    rows, columns = np.divmod(np.arange(12), 4)
    assert measure(weights, grid=(3, 4))["distance"] == pytest.approx(np.hypot(rows, columns).mean(), rel=1e-6)


def test_extra_positions_have_no_distance() -> None:
    weights = np.zeros((5, 5))
    weights[:, 0] = 0.5  # half on CLS
    weights[:, 1] = 0.5  # half on the first cell of 2 x 2
    found = measure(weights, grid=(2, 2), extra=1)
    assert found["distance"] == pytest.approx((0 + 1 + 1 + math.sqrt(2)) / 4)
    assert found["first"] == pytest.approx(0.5)


def test_padding_queries_and_fully_masked_rows_do_not_count() -> None:
    weights = np.eye(4)
    weights[2] = 0.25
    weights[3] = 0
    assert measure(weights)["entropy"] == pytest.approx(2 / 3)
    mask = np.array([True, True, False, True])
    assert measure(weights, query_mask=mask)["entropy"] == pytest.approx(0, abs=1e-6)


def test_queries_and_keys_that_differ_have_no_distance_self_or_previous() -> None:
    found = measure(np.full((3, 5), 1 / 5))
    assert found["entropy"] == pytest.approx(math.log2(5))
    assert found["first"] == pytest.approx(1 / 5)
    assert all(math.isnan(found[name]) for name in ("distance", "self", "previous"))
    assert math.isnan(measure(np.eye(3), alike=False)["self"])


def test_a_diverged_row_gives_nan_and_not_a_plausible_number() -> None:
    weights = np.eye(4)
    weights[1] = np.nan
    assert all(math.isnan(value) for value in measure(weights).values())


def test_the_mean_over_no_rows_is_nan() -> None:
    assert all(math.isnan(value) for value in measure(np.zeros((4, 4))).values())
    assert all(math.isnan(value) for value in measure(np.eye(4), query_mask=np.zeros(4, bool)).values())


def test_rows_that_do_not_sum_to_1_are_shares_of_their_sum() -> None:
    assert measure(np.full((4, 4), 0.9))["entropy"] == pytest.approx(2)
    assert measure(np.full((4, 4), 0.9))["largest"] == pytest.approx(0.9)


def test_repeats_are_averaged_whatever_the_block_size() -> None:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(40), size=(2, 700, 40)).astype(np.float32)
    together = head_measures(weights)
    each = np.stack([head_measures(weights[:, [repeat]]) for repeat in range(0, 700)])
    np.testing.assert_allclose(together, each.mean(axis=0), rtol=1e-4)


def test_large_maps_are_measured_in_blocks_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(26), size=(2, 3, 26)).astype(np.float32)
    weights[1, 1, 4] = 0
    mask = rng.random(26) < 0.7
    options = {"grid": (4, 6), "extra": 2, "query_mask": mask}
    whole = head_measures(weights, **options)  # type: ignore[arg-type]
    for block in (1, 26, 26 * 7, 26 * 26 * 2):
        monkeypatch.setattr(module, "_BLOCK", block)
        np.testing.assert_allclose(head_measures(weights, **options), whole, rtol=1e-5)  # type: ignore[arg-type]


def test_a_gate_has_only_its_largest_weight() -> None:
    measures = gate_measures(np.array([[0.1, 0.9], [0.2, 0.3]], np.float32))
    np.testing.assert_allclose(measures[:, 1], [0.9, 0.3])
    assert np.isnan(np.delete(measures, 1, axis=1)).all()


def test_distance_follows_the_cells_in_any_order_of_positions() -> None:
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(14), size=14)
    order = rng.permutation(14)
    of = np.arange(-2, 12).clip(min=-1)
    moved = measure(weights[order][:, order], grid=(3, 4), cells=of[order].tolist())
    assert moved["distance"] == pytest.approx(measure(weights, grid=(3, 4), extra=2)["distance"], rel=1e-5)


def test_rows_that_are_nan_in_all_heads_are_uncomputed_and_in_one_head_diverged() -> None:
    maps = np.full((2, 2, 3, 4), 0.25, np.float32)
    maps[:, 1, 2] = maps[0, 0, 1] = maps[:, 0, 0, 3] = np.nan
    np.testing.assert_array_equal(uncomputed_rows(maps), [[False, False, False], [False, False, True]])
    assert not uncomputed_rows(np.full_like(maps, np.nan)).any()
    assert uncomputed_rows(np.zeros((0, 2, 3, 4), np.float32)).shape == (2, 3)
