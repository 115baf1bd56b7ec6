"""Windows that overlap, queries that all windows share, and windows that are each pooled to one."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


def cut(x: Any) -> Any:
    """Windows of 2 x 2 cells, folded into the batch: (samples * windows, 4, channels)."""
    _, rows, columns, channels = x.shape
    x = ops.reshape(x, (-1, rows // 2, 2, columns // 2, 2, channels))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))


@case
def outlook_at_a_window() -> Case:
    """One projection of a window's mean makes the scores of all pairs of its cells, in two heads."""
    inputs = keras.Input((4, 6, 8))
    scores = layers.Dense(2 * 9 * 9)(layers.AveragePooling2D(2)(inputs))
    weights = layers.Softmax(name="outlook")(layers.Reshape((6, 2, 9, 9))(scores))
    patches = ops.image.extract_patches(layers.Dense(8)(inputs), 3, strides=2, padding="same")
    values = ops.transpose(ops.reshape(patches, (-1, 6, 9, 2, 4)), (0, 1, 3, 2, 4))
    x = ops.reshape(ops.matmul(weights, values), (-1, 6, 72))
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("outlook", "local", (2, 6, 9, 9))]


@case
def outlook_at_windows_side_by_side() -> Case:
    inputs = keras.Input((4, 6, 8))
    scores = layers.Dense(4 * 4)(layers.AveragePooling2D(2)(inputs))
    weights = layers.Softmax(name="outlook")(layers.Reshape((2, 3, 4, 4))(scores))
    values = ops.transpose(ops.reshape(layers.Dense(8)(inputs), (-1, 2, 2, 3, 2, 8)), (0, 1, 3, 2, 4, 5))
    x = ops.matmul(weights, ops.reshape(values, (-1, 2, 3, 4, 8)))
    return keras.Model(inputs, head(ops.reshape(x, (-1, 24, 8)))), normal(4, 6, 8), [("outlook", "local", (1, 6, 4, 4))]


@case
def neighbours_of_each_cell() -> Case:
    """Each cell attends to the 3 x 3 cells around it."""
    inputs = keras.Input((4, 6, 8))
    queries = ops.reshape(layers.Dense(8)(inputs), (-1, 24, 1, 8))
    around = ops.reshape(
        ops.image.extract_patches(layers.Dense(8)(inputs), 3, strides=1, padding="same"), (-1, 24, 9, 8)
    )
    weights = layers.Softmax(name="neighbours")(ops.matmul(queries, ops.transpose(around, (0, 1, 3, 2))))
    x = ops.reshape(ops.matmul(weights, around), (-1, 24, 8))
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("neighbours", "local", (1, 24, 9))]


@case
def blocks_with_a_halo() -> Case:
    """Blocks of 2 x 2 cells attend to themselves and at the cells next to them."""
    inputs = keras.Input((4, 6, 8))
    queries = ops.reshape(cut(layers.Dense(8)(inputs)), (-1, 6, 4, 8))
    padded = layers.ZeroPadding2D(1)(layers.Dense(8)(inputs))
    around = ops.reshape(ops.image.extract_patches(padded, 4, strides=2), (-1, 6, 16, 8))
    weights = layers.Softmax(name="halo")(ops.matmul(queries, ops.transpose(around, (0, 1, 3, 2))))
    x = ops.reshape(ops.matmul(weights, around), (-1, 24, 8))
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("halo", "local", (1, 6, 4, 16))]


@case
def one_query_for_all_windows() -> Case:
    """Queries made of the whole picture attend to the cells of each window, as in GC ViT."""
    inputs = keras.Input((4, 6, 8))
    pooled = layers.Conv2D(8, 3, strides=(2, 3), padding="same")(inputs)
    queries = ops.repeat(ops.reshape(pooled, (-1, 4, 8)), 6, axis=0)
    keys = cut(inputs)
    weights = layers.Softmax(name="windows")(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))))
    x = ops.reshape(ops.matmul(weights, keys), (-1, 24, 8))
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("windows", "local", (1, 6, 4, 4))]


@case
def separable_attention() -> Case:
    """Patches are scored within each of 2 x 2 interleaved grids; what they are pooled to multiplies all, as in MobileViTv2."""
    inputs = keras.Input((4, 6, 8))
    x = ops.transpose(ops.reshape(inputs, (-1, 2, 2, 3, 2, 8)), (0, 2, 4, 1, 3, 5))
    x = ops.reshape(x, (-1, 4, 6, 8))
    scores, keys, values = ops.split(layers.Conv2D(17, 1)(x), [1, 9], axis=-1)
    context = ops.sum(layers.Softmax(axis=-2, name="scores")(scores) * keys, axis=-2, keepdims=True)
    x = ops.reshape(layers.Conv2D(8, 1)(ops.relu(values) * context), (-1, 24, 8))
    return keras.Model(inputs, head(x)), normal(4, 6, 8), [("scores", "local", (1, 4, 1, 6))]
