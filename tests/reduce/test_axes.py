"""Positions are named after what they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_attention.errors import ArgumentError
from tb_attention.reduce.axes import InputFacts, describe_axes, grid_of_patches
from tb_attention.reduce.grid_axes import merge_axes
from tb_attention.site import Axis, Site

IMAGE = InputFacts("image", shape=(32, 32, 3))
TEXT = InputFacts("tokens", length=12)


def site(*axes: Axis) -> Site:
    shape = tuple(axis.size for axis in axes)
    weights = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    return Site("attention", "self", axes, weights)


def plain(queries: int, keys: int) -> Site:
    return site(Axis("samples", 2), Axis("heads", 4), Axis("query", queries), Axis("key", keys))


def test_patches_of_an_image_are_a_grid() -> None:
    (described,) = describe_axes([plain(16, 16)], [IMAGE])
    assert described.axes[2:] == (Axis("query", 16, "grid", (4, 4), (), 0), Axis("key", 16, "grid", (4, 4), (), 0))


@pytest.mark.parametrize(
    ("positions", "names"), [(17, ("CLS",)), (20, ("CLS", "register 1", "register 2", "register 3"))]
)
def test_positions_before_the_patches_have_names(positions: int, names: tuple[str, ...]) -> None:
    (described,) = describe_axes([plain(positions, positions)], [IMAGE])
    assert described.axes[3] == Axis("key", positions, "grid", (4, 4), names, 0)


def test_as_many_positions_as_tokens_are_tokens() -> None:
    (described,) = describe_axes([plain(12, 12)], [TEXT])
    assert [axis.kind for axis in described.axes] == ["positions", "positions", "tokens", "tokens"]


def test_each_axis_is_compared_with_its_own_input() -> None:
    axes = (Axis("samples", 2), Axis("heads", 1), Axis("query", 12, input=1), Axis("key", 64, input=0))
    (described,) = describe_axes([site(*axes)], [IMAGE, TEXT])
    assert described.axes[2] == Axis("query", 12, "tokens", input=1)
    assert described.axes[3] == Axis("key", 64, "grid", (8, 8), (), 0)


def test_positions_that_fit_no_input_stay_plain() -> None:
    (described,) = describe_axes([plain(7, 7)], [TEXT])
    assert [axis.kind for axis in described.axes] == ["positions"] * 4


def test_square_patches_are_preferred() -> None:
    assert grid_of_patches(8, 32, 64) == ((2, 4), 0)
    assert grid_of_patches(33, 32, 64) == ((4, 8), 1)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 6), st.integers(0, 4))
def test_a_grid_and_its_extras_make_up_all_positions(rows: int, columns: int, patch: int, extra: int) -> None:
    found = grid_of_patches(rows * columns + extra, rows * patch, columns * patch)
    if found is not None:
        (cell_rows, cell_columns), extras = found
        assert cell_rows * cell_columns + extras == rows * columns + extra
        assert (rows * patch) % cell_rows == 0
        assert (columns * patch) % cell_columns == 0


def test_rows_and_columns_are_merged_to_one_axis_with_a_grid() -> None:
    axes = (Axis("samples", 2), Axis("heads", 1), *(Axis(role, n) for role in ("query", "key") for n in (3, 4)))
    original = site(*axes)
    merged = merge_axes(original)
    assert merged.axes[2:] == (Axis("query", 12, "grid", (3, 4)), Axis("key", 12, "grid", (3, 4)))
    assert merged.weights[1, 0, 1 * 4 + 2, 2 * 4 + 3] == original.weights[1, 0, 1, 2, 2, 3]


def test_a_gate_over_space_becomes_a_grid() -> None:
    gate = Site(
        "gate",
        "gate",
        (Axis("samples", 1), Axis("heads", 1), Axis("key", 8), Axis("key", 8)),
        np.ones((1, 1, 8, 8), "float32"),
    )
    (described,) = describe_axes([gate], [IMAGE])
    assert described.axes[2] == Axis("key", 64, "grid", (8, 8), (), 0)


def test_an_image_without_a_shape_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`shape` \(height, width, channels\)"):
        InputFacts("image")
