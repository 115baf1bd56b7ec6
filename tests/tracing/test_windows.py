"""Windows know where they lie in the feature map that they were cut from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.long_axes import shorten
from tb_attention.site import Axis, Site, WindowPlaces
from tests.tracing.zoo import HandWritten, normal

Way = Literal["roll", "slices"]


class ShiftedWindows(layers.Layer):
    """A block as in Swin: a feature map is padded, rolled, cut into windows of 2 x 3 cells, and put together again."""

    def __init__(self, shift: tuple[int, int] = (0, 0), way: Way = "roll", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = HandWritten()
        self.norm = layers.LayerNormalization()
        self.shift, self.way = shift, way

    def build(self, shape: Any) -> None:
        self.norm.build(shape)
        self.attention.build((None, 6, shape[-1]))

    def roll(self, x: Any, rows: int, columns: int) -> Any:
        if (rows, columns) == (0, 0):
            return x
        if self.way == "roll":
            return ops.roll(x, (rows, columns), (1, 2))
        x = ops.concatenate([x[:, -rows:], x[:, :-rows]], 1)
        return ops.concatenate([x[:, :, -columns:], x[:, :, :-columns]], 2)

    def call(self, x: Any) -> Any:
        _, rows, columns, channels = x.shape
        more = (-rows % 2, -columns % 3)
        y = self.norm(x)
        if any(more):
            y = ops.pad(y, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)))
        high, wide = rows + more[0], columns + more[1]
        y = self.roll(y, -self.shift[0], -self.shift[1])
        y = ops.transpose(ops.reshape(y, (-1, high // 2, 2, wide // 3, 3, channels)), (0, 1, 3, 2, 4, 5))
        y = ops.reshape(self.attention(ops.reshape(y, (-1, 6, channels))), (-1, high // 2, wide // 3, 2, 3, channels))
        y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, high, wide, channels))
        return x + self.roll(y, *self.shift)[:, :rows, :columns]


def by_hand(rows: int, columns: int, shift: tuple[int, int]) -> npt.NDArray[Any]:
    """The cell of each position of each window: the cells numbered, then moved as the model moves its features."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    cells = np.pad(cells, ((0, -rows % 2), (0, -columns % 3)), constant_values=-1)
    cells = np.roll(cells, (-shift[0], -shift[1]), (0, 1))
    high, wide = cells.shape
    return cells.reshape(high // 2, 2, wide // 3, 3).transpose(0, 2, 1, 3).reshape(-1, 6)


def places_of(model: keras.Model, x: Any) -> list[WindowPlaces | None]:
    sites = tb_attention.capture(model, x).values()
    return [axis.places for site in sites for axis in site.axes if axis.role == "windows"]


def blocks(inputs: Any, x: Any, *shifts: tuple[int, int], way: Way = "roll") -> keras.Model:
    for shift in shifts:
        x = ShiftedWindows(shift, way)(x)
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def check(found: WindowPlaces | None, rows: int, columns: int, shift: tuple[int, int]) -> None:
    assert found is not None
    assert found.grid == (rows, columns)
    np.testing.assert_array_equal(found.cells, by_hand(rows, columns, shift))


def test_each_block_tells_where_its_windows_lie_shifted_or_not() -> None:
    inputs = keras.Input((4, 6, 8))
    shifts = ((0, 0), (1, 1), (0, 0), (1, 2))
    found = places_of(blocks(inputs, inputs, *shifts), normal(4, 6, 8))
    assert len(found) == 4
    for places, shift in zip(found, shifts, strict=True):
        check(places, 4, 6, shift)


def test_a_roll_written_as_slices_that_are_joined_is_one() -> None:
    inputs = keras.Input((8, 9, 8))
    (places,) = places_of(blocks(inputs, inputs, (2, 2), way="slices"), normal(8, 9, 8))
    check(places, 8, 9, (2, 2))


def test_nothing_is_said_of_a_slice_of_one_row_that_is_joined() -> None:
    inputs = keras.Input((4, 6, 8))
    assert places_of(blocks(inputs, inputs, (1, 1), way="slices"), normal(4, 6, 8)) == [None]


def test_cells_that_were_padded_are_none_of_the_map() -> None:
    inputs = keras.Input((5, 7, 8))
    plain, shifted = places_of(blocks(inputs, inputs, (0, 0), (1, 1)), normal(5, 7, 8))
    check(plain, 5, 7, (0, 0))
    check(shifted, 5, 7, (1, 1))


def test_patches_and_merged_patches_are_the_map() -> None:
    inputs = keras.Input((16, 24, 3))
    x = ShiftedWindows((1, 1))(layers.Conv2D(8, 2, 2)(inputs))
    x = ops.concatenate([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
    first, second = places_of(blocks(inputs, layers.Dense(8)(x), (1, 2)), normal(16, 24, 3))
    check(first, 8, 12, (1, 1))
    check(second, 4, 6, (1, 2))


def test_tokens_that_are_laid_out_as_a_grid_are_one() -> None:
    inputs = keras.Input((24, 8))
    (places,) = places_of(blocks(inputs, ops.reshape(inputs, (-1, 4, 6, 8)), (1, 1)), normal(24, 8))
    check(places, 4, 6, (1, 1))


def test_windows_of_a_sequence_have_places_in_it() -> None:
    inputs = keras.Input((12, 8))
    x = ops.reshape(ops.roll(inputs, -2, 1), (-1, 4, 8))
    x = ops.reshape(HandWritten()(x), (-1, 12, 8))
    (places,) = places_of(keras.Model(inputs, layers.Dense(2)(x[:, 0])), normal(12, 8))
    assert places == WindowPlaces((12,), ((2, 3, 4, 5), (6, 7, 8, 9), (10, 11, 0, 1)))


def test_a_grid_of_cells_far_apart_is_told_too() -> None:
    inputs = keras.Input((4, 6, 8))
    x = ops.transpose(ops.reshape(inputs, (-1, 2, 2, 3, 2, 8)), (0, 2, 4, 1, 3, 5))
    x = ops.reshape(HandWritten()(ops.reshape(x, (-1, 6, 8))), (-1, 24, 8))
    (places,) = places_of(keras.Model(inputs, layers.Dense(2)(x[:, 0])), normal(4, 6, 8))
    expected = np.arange(24).reshape(2, 2, 3, 2).transpose(1, 3, 0, 2).reshape(4, 6)
    assert places is not None
    assert places.grid == (4, 6)
    np.testing.assert_array_equal(places.cells, expected)


class RolledByItsInput(layers.Layer):
    """A roll by an amount that is the mean of what comes in."""

    def call(self, x: Any) -> Any:
        return tf.roll(x, tf.cast(tf.reduce_mean(x), "int32"), 1)


def test_a_shift_that_is_known_only_at_run_time_has_no_places() -> None:
    inputs = keras.Input((12, 8))
    x = HandWritten()(ops.reshape(RolledByItsInput()(inputs), (-1, 4, 8)))
    model = keras.Model(inputs, layers.Dense(2)(ops.reshape(x, (-1, 12, 8))[:, 0]))
    assert places_of(model, normal(12, 8)) == [None]


def test_places_are_read_from_the_log_as_they_were_captured(tmp_path: Path) -> None:
    inputs = keras.Input((5, 7, 8))
    (site,) = tb_attention.capture(blocks(inputs, inputs, (1, 1)), normal(5, 7, 8)).values()
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(StepRecord(step=0, sites=(site,)))
    writer.close()
    read = tb_attention.load(tmp_path).site(site.path)
    assert read.axes == site.axes[1:]
    (places,) = (axis.places for axis in read.axes if axis.role == "windows")
    check(places, 5, 7, (1, 1))


def test_a_site_whose_queries_were_pooled_has_none() -> None:
    axes = (
        Axis("samples", 1),
        Axis("heads", 1),
        Axis("windows", 2, places=WindowPlaces((8,), ((0, 1, 2, 3), (4, 5, 6, 7)))),
        Axis("query", 4),
        Axis("key", 4),
    )
    site = Site("windows", "local", axes, np.ones((1, 1, 2, 4, 4), np.float32))
    assert shorten(site, 4).axes[2].places is not None
    assert shorten(site, 2).axes[2].places is None


def test_places_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"from -1 to 3\. Received: grid=\(4,\)"):
        WindowPlaces((4,), ((0, 4),))
    with pytest.raises(ArgumentError, match=r"1 tuples, role='windows', size=2"):
        Axis("windows", 2, places=WindowPlaces((4,), ((0, 1),)))
    with pytest.raises(ArgumentError, match="only an axis of windows"):
        Axis("query", 1, places=WindowPlaces((4,), ((0, 1),)))
