"""Overviews of gates: how the values of channels are distributed, and planes of cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_attention.records.format.digest import overview
from tb_attention.reduce.pooling import MOST, falling_values
from tb_attention.site import Axis, Cells, Kind

RANDOM = np.random.default_rng(0)


def of(weights: npt.ArrayLike, *keys: Axis, kind: Kind = "gate", sample: int | None = None) -> npt.NDArray[np.float32]:
    """The overview of a single head."""
    array = np.asarray(weights, np.float32)
    return overview(array[None], (Axis("heads", 1), *keys), kind, sample)[0]


def test_closed_channels_of_a_large_gate_are_in_its_overview() -> None:
    closed = RANDOM.permutation(1024) < 273
    shown = of(np.where(closed, 0.01, 0.97), Axis("key", 1024, "channels"))
    assert shown.shape == (MOST,)
    assert abs((shown < 0.05).mean() - 273 / 1024) < 1 / MOST
    assert (np.diff(shown) <= 0).all()


def test_an_overview_has_the_quantiles_of_all_values_with_both_ends() -> None:
    values = RANDOM.random(501).astype("float32")
    shown = of(values, Axis("key", 501, "channels"))
    assert (shown[0], shown[-1]) == (values.max(), values.min())
    np.testing.assert_allclose(shown, np.quantile(values, np.linspace(1, 0, MOST), method="nearest"), atol=2 / 501)


def test_a_small_gate_keeps_each_value() -> None:
    np.testing.assert_array_equal(of([0.2, 0.9, 0.5], Axis("key", 3, "channels")), np.float32([0.9, 0.5, 0.2]))


def test_what_looks_at_positions_keeps_their_order() -> None:
    np.testing.assert_array_equal(of([0.2, 0.5, 0.3], Axis("key", 3), kind="self"), np.float32([0.2, 0.5, 0.3]))


def test_a_spatial_gate_is_pooled_as_a_plane() -> None:
    values = RANDOM.random((8, 8)).astype("float32")
    np.testing.assert_array_equal(of(values.ravel(), Axis("key", 64, "grid", grid=(8, 8))), values)
    large = RANDOM.random((64, 96)).astype("float32")
    wanted = large.reshape(32, 2, 32, 3).max((1, 3))
    np.testing.assert_array_equal(of(large.ravel(), Axis("key", 64 * 96, "grid", grid=(64, 96))), wanted)
    np.testing.assert_array_equal(of(large, Axis("key", 64), Axis("key", 96)), wanted)


def test_cells_in_another_order_lie_at_their_place_in_the_plane() -> None:
    order = Cells(grid=(2, 3), of=(0, 3, 1, -1, 4, 2, 5), extra=("CLS",))
    axis = Axis("key", 7, cells=order)
    values = np.array([10, 13, 11, 99, 14, 12, 15], "float32")
    np.testing.assert_array_equal(of(values, axis), [[10, 11, 12], [13, 14, 15]])


def test_values_beyond_the_size_of_a_sample_are_not_taken_for_closed() -> None:
    axis = Axis("key", 4, own=((2,), (4,)))
    np.testing.assert_array_equal(of([0.5, 0.75, 0, 0], axis, sample=0), np.float32([0.75, 0.75, 0.5, 0.5]))
    np.testing.assert_array_equal(of([0.5, 0.75, 0, 1], axis, sample=1), np.float32([1, 0.75, 0.5, 0]))


def test_values_that_are_no_numbers_come_last() -> None:
    np.testing.assert_array_equal(falling_values(np.array([np.nan, 0.2, 0.7]), 3), np.float32([0.7, 0.2, np.nan]))
    np.testing.assert_array_equal(falling_values(np.zeros((2, 0)), 3), np.zeros((2, 3)))
