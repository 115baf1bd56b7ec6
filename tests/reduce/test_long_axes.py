"""Long maps are pooled, and their note says so."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_attention.reduce.long_axes import pool_groups, shorten
from tb_attention.site import Axis, Cells, Pixels, Site

RANDOM = np.random.default_rng(0)


def site(*axes: Axis, weights: np.ndarray | None = None, kind: str = "self") -> Site:
    shape = tuple(axis.size for axis in axes)
    return Site("a", kind, axes, RANDOM.random(shape, np.float32) if weights is None else weights)  # type: ignore[arg-type]


def square(size: int, **fields: object) -> Site:
    inner = [Axis(role, size, **fields) for role in ("query", "key")]  # type: ignore[arg-type]
    return site(Axis("samples", 2), Axis("heads", 3), *inner)


def test_short_maps_are_unchanged() -> None:
    short = square(8)
    assert shorten(short, 8) is short


def test_every_pooled_cell_is_the_largest_of_its_positions() -> None:
    long = square(10)
    pooled = shorten(long, 5)
    assert pooled.weights.shape == (2, 3, 5, 5)
    np.testing.assert_array_equal(pooled.weights, long.weights.reshape(2, 3, 5, 2, 5, 2).max(axis=(3, 5)))
    assert pooled.note == "Pooled by maximum: query positions from 10 to 5, key positions from 10 to 5."


def test_a_grid_becomes_a_coarser_grid_and_its_extra_positions_stay() -> None:
    long = square(1 + 6 * 4, kind="grid", grid=(6, 4), extra=("CLS",), input=0)
    pooled = shorten(long, 12)
    assert pooled.axes[3] == Axis("key", 1 + 3 * 2, "grid", grid=(3, 2), extra=("CLS",), input=0)
    np.testing.assert_array_equal(pooled.weights[..., 0, 0], long.weights[..., 0, 0])
    rows = long.weights[:, :, :, 1:].reshape(2, 3, 25, 3, 2, 2, 2).max(axis=(4, 6)).reshape(2, 3, 25, 6)
    np.testing.assert_array_equal(pooled.weights[:, :, 0, 1:], rows[:, :, 0])


def test_pooled_tokens_become_plain_positions() -> None:
    assert shorten(square(9, kind="tokens", input=1), 4).axes[2] == Axis("query", 4)
    assert shorten(square(9, kind="frames", input=1), 4).axes[2] == Axis("query", 4, "frames", input=1)


def test_rows_of_chosen_queries_stay_whole() -> None:
    long = square(10)
    rows = shorten(long, 4, full_rows=[0, -1, 99, 0]).rows
    assert rows is not None
    assert rows.queries == (0, 9)
    np.testing.assert_array_equal(rows.weights, long.weights[:, :, [0, 9]])


def test_the_negative_weight_of_largest_magnitude_stays() -> None:
    weights = np.array([[[0.1, -0.9, 0.2, 0.3]]], np.float32)
    gate = site(Axis("samples", 1), Axis("heads", 1), Axis("key", 4), weights=weights, kind="gate")
    np.testing.assert_array_equal(shorten(gate, 2).weights, np.array([[[-0.9, 0.3]]], np.float32))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_pooling_keeps_the_largest_weight_of_every_row(size: int, most: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random((2, size)).astype(np.float32)
    groups = np.arange(size) * min(size, most) // size
    pooled = pool_groups(weights, 1, groups)
    assert pooled.shape == (2, min(size, most))
    np.testing.assert_array_equal(pooled.max(axis=1), weights.max(axis=1))


def test_cells_in_another_order_are_pooled_by_their_coordinates() -> None:
    column_by_column = tuple(np.arange(24).reshape(6, 4).T.ravel().tolist())
    cells = Cells((6, 4), (*column_by_column, -1), ("CLS",))
    pixels = tuple(Pixels(axis, size, 0, 8, 8) for axis, size in ((1, 50), (2, 32)))
    long = square(25, input=0, cells=cells, pixels=pixels)
    pooled = shorten(long, 7)
    assert pooled.axes[3] == Axis(
        "key",
        7,
        "grid",
        grid=(3, 2),
        extra=("CLS",),
        input=0,
        pixels=(Pixels(1, 50, 0, 16, 16), Pixels(2, 32, 0, 16, 16)),
    )
    upper_left = np.flatnonzero(np.isin(np.array(cells.of), [0, 1, 4, 5]))
    assert pooled.weights[0, 0, 0, 1] == long.weights[0, 0, 24, upper_left].max()
