"""Attention as it is often written in projects: by permuting, by splitting, by what comes out of recurrent layers."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, normal


def over_time(x: Any, *, averaged: bool = False) -> Any:
    """A softmax over time for each channel, by a projection from time to time."""
    _, length, channels = x.shape
    weights = layers.Dense(length, activation="softmax", name="weights")(layers.Permute((2, 1))(x))
    if averaged:
        weights = layers.RepeatVector(channels)(ops.mean(weights, axis=1))
    return layers.Multiply()([x, layers.Permute((2, 1))(weights)])


@case
def softmax_over_time_for_each_channel() -> Case:
    inputs = keras.Input((6, 3))
    x = layers.Flatten()(over_time(layers.LSTM(8, return_sequences=True)(inputs)))
    return keras.Model(inputs, head(x)), normal(6, 3), [("weights", "gate", (8, 6))]


@case
def softmax_over_time_of_the_inputs() -> Case:
    inputs = keras.Input((6, 3))
    return keras.Model(inputs, head(layers.LSTM(8)(over_time(inputs)))), normal(6, 3), [("weights", "gate", (3, 6))]


@case
def softmax_over_time_averaged_over_channels() -> Case:
    inputs = keras.Input((6, 3))
    x = layers.Flatten()(over_time(layers.LSTM(8, return_sequences=True)(inputs), averaged=True))
    return keras.Model(inputs, head(x)), normal(6, 3), [("weights", "gate", (1, 6))]


@case
def softmax_over_time_summed() -> Case:
    inputs = keras.Input((6, 3))
    x = ops.sum(over_time(layers.LSTM(8, return_sequences=True)(inputs)), axis=1)
    return keras.Model(inputs, head(x)), normal(6, 3), [("weights", "cross", (8, 1, 6))]


@case
def queries_and_keys_from_recurrent_layers() -> Case:
    inputs = keras.Input((6, 3))
    query, key = (layers.GRU(8, return_sequences=True)(inputs) for _ in range(2))
    weights = layers.Softmax(name="weights")(layers.Dot(axes=2)([query, key]))
    return (
        keras.Model(inputs, head(layers.Dot(axes=(2, 1))([weights, key]))),
        normal(6, 3),
        [("weights", "self", (1, 6, 6))],
    )


@case
def queries_and_keys_from_unrolled_loops() -> Case:
    inputs = keras.Input((6, 3))
    query = layers.GRU(8, return_sequences=True, unroll=True)(inputs)
    cell = layers.SimpleRNNCell(8)

    def step_by_step(x: Any) -> Any:
        state, states = ops.zeros((ops.shape(x)[0], 8)), []
        for index in range(6):
            state, _ = cell(x[:, index], [state])
            states.append(state)
        return ops.stack(states, axis=1)

    key = layers.Lambda(step_by_step, output_shape=(6, 8))(inputs)
    weights = layers.Softmax(name="weights")(layers.Dot(axes=2)([query, key]))
    return (
        keras.Model(inputs, head(layers.Dot(axes=(2, 1))([weights, key]))),
        normal(6, 3),
        [("weights", "self", (1, 6, 6))],
    )


class CrissCross(layers.Layer):
    """Each cell attends to its column and its row, in one softmax."""

    def call(self, x: Any) -> Any:
        rows = x.shape[1]
        column, row = tf.einsum("bijc,bkjc->bijk", x, x), tf.einsum("bijc,bikc->bijk", x, x)
        weights = tf.nn.softmax(tf.concat([column, row], axis=-1))
        down, along = weights[..., :rows], weights[..., rows:]
        return tf.einsum("bijk,bkjc->bijc", down, x) + tf.einsum("bijk,bikc->bijc", along, x)


@case
def columns_and_rows_in_one_softmax() -> Case:
    inputs = keras.Input((4, 5, 8))
    return (
        keras.Model(inputs, head(CrissCross(name="cross")(inputs))),
        normal(4, 5, 8),
        [("cross", "self", (1, 4, 5, 9))],
    )


class HeadsOneByOne(layers.Layer):
    """One softmax for all heads, the values of each head weighed on their own."""

    def call(self, x: Any) -> Any:
        heads = tf.stack(tf.split(x, 2, axis=-1), axis=1)
        weights = tf.split(tf.nn.softmax(tf.matmul(heads, heads, transpose_b=True)), 2, axis=1)
        values = tf.split(heads, 2, axis=1)
        return tf.concat([tf.squeeze(tf.matmul(w, v), 1) for w, v in zip(weights, values, strict=True)], axis=-1)


@case
def heads_one_by_one() -> Case:
    inputs = keras.Input((6, 8))
    x = HeadsOneByOne(name="attention")(inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def splits_of_one_convolution() -> Case:
    inputs = keras.Input((8, 8, 3))
    parts = ops.split(layers.Conv2D(8, 3, padding="same", activation="relu")(inputs), 2, axis=-1)
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(layers.Add()(parts))
    logits = ops.transpose(ops.reshape(layers.Conv2D(8, 1)(pooled), (-1, 1, 2, 4)), (0, 2, 1, 3))
    weights = ops.split(ops.reshape(layers.Softmax(axis=1, name="weights")(logits), (-1, 1, 1, 8)), 2, axis=-1)
    x = weights[0] * parts[0] + weights[1] * parts[1]
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("weights", "gate", (4, 2))]


@case
def dilated_kernels_weighed_one_by_one() -> Case:
    inputs = keras.Input((8, 8, 3))
    branches = [layers.Conv2D(6, 3, padding="same", dilation_rate=rate)(inputs) for rate in (1, 2)]
    pooled = layers.GlobalAveragePooling2D()(layers.Add()(branches))
    weights = layers.Softmax(name="weights")(ops.stack([layers.Dense(6)(pooled) for _ in branches], axis=-1))
    x = layers.Add()([branch * ops.reshape(weights[..., k], (-1, 1, 1, 6)) for k, branch in enumerate(branches)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("weights", "gate", (6, 2))]


@case
def squeeze_of_a_series_with_time_last() -> Case:
    inputs = keras.Input((3, 12))
    x = layers.Conv1D(6, 3, padding="same", activation="relu")(layers.Permute((2, 1))(inputs))
    gate = layers.Dense(6, activation="sigmoid", name="excite")(layers.GlobalAveragePooling1D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 6))(gate)])
    return keras.Model(inputs, head(x)), normal(3, 12), [("excite", "gate", (1, 6))]


@case
def one_map_copied_to_all_channels_by_a_convolution() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu")(inputs)
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="map")(x)
    copies = layers.Conv2D(6, 1, use_bias=False, kernel_initializer="ones")(gate)
    return keras.Model(inputs, head(layers.Multiply()([x, copies]))), normal(8, 8, 3), [("map", "gate", (1, 6, 6))]


@case
def cells_that_look_at_regions() -> Case:
    """Regions are the means of soft classes; each cell then attends to the regions."""
    inputs = keras.Input((4, 4, 8))
    cells = layers.Reshape((16, 8))(inputs)
    classes = layers.Softmax(axis=1, name="classes_of_cells")(layers.Dense(5)(cells))
    regions = ops.matmul(ops.transpose(classes, (0, 2, 1)), cells)
    weights = layers.Softmax(name="weights")(layers.Dot(axes=2)([cells, regions]))
    x = layers.Dot(axes=(2, 1))([weights, regions])
    sites = [("classes_of_cells", "cross", (5, 1, 16)), ("weights", "cross", (1, 16, 5))]
    return keras.Model(inputs, head(x)), normal(4, 4, 8), sites


class Twice(layers.Layer):
    """Exponents over their sum, each worked out anew, and a mask made of the signs of the inputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.query = layers.Dense(8)

    def build(self, shape: Any) -> None:
        self.query.build(shape)

    def call(self, x: Any) -> Any:
        logits = ops.matmul(self.query(x), ops.transpose(x, (0, 2, 1)))
        weights = ops.exp(logits) / ops.sum(ops.exp(logits), axis=-1, keepdims=True)
        there = ops.sign(ops.sum(ops.abs(x), axis=-1, keepdims=True))
        return ops.matmul(weights * there, x)


@case
def exponents_worked_out_twice_and_masked_by_signs() -> Case:
    inputs = keras.Input((6, 8))
    return keras.Model(inputs, head(Twice(name="attention")(inputs))), normal(6, 8), [("attention", "self", (1, 6, 6))]


class Stacked(layers.Layer):
    """Heads stacked outside of the batch and taken back, with a skip, so that the next layer stacks them again."""

    def call(self, x: Any) -> Any:
        heads = tf.concat(tf.split(x, 2, axis=-1), axis=0)
        lower = tf.linalg.band_part(tf.nn.softmax(tf.matmul(heads, heads, transpose_b=True)), -1, 0)
        mixed = tf.matmul(lower / tf.reduce_sum(lower, axis=-1, keepdims=True), heads)
        return x + tf.concat(tf.split(mixed, 2, axis=0), axis=-1)


@case
def heads_stacked_and_taken_back_twice() -> Case:
    inputs = keras.Input((6, 8))
    x = Stacked(name="second")(Stacked(name="first")(inputs))
    return keras.Model(inputs, head(x)), normal(6, 8), [(name, "self", (2, 6, 6)) for name in ("first", "second")]


@case
def product_of_two_maps() -> Case:
    query, key = keras.Input((6, 8)), keras.Input((5, 8))
    scores = layers.Dot(axes=2)([query, key])
    there = layers.Softmax(name="there")(scores)
    back = layers.Softmax(name="back")(layers.Permute((2, 1))(scores))
    x = ops.matmul(ops.matmul(there, back), query) + ops.matmul(there, key)
    sites = [("there", "cross", (1, 6, 5)), ("back", "cross", (1, 5, 6))]
    return keras.Model([query, key], head(x)), [normal(6, 8), normal(5, 8)], sites


class Graph(layers.Layer):
    """Scores of pairs as sums of scores of nodes, turned by an Einstein sum of one operand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.one, self.other = layers.Dense(2), layers.Dense(2)

    def build(self, shape: Any) -> None:
        self.one.build(shape)
        self.other.build(shape)

    def call(self, x: Any) -> Any:
        sums = self.one(x)[..., None] + tf.einsum("abc->acb", self.other(x))[:, None]
        return tf.reshape(tf.einsum("bnhm,bmd->bnhd", tf.nn.softmax(tf.nn.leaky_relu(sums)), x), (-1, 6, 16))


@case
def scores_of_nodes_turned() -> Case:
    inputs = keras.Input((6, 8))
    return keras.Model(inputs, head(Graph(name="graph")(inputs))), normal(6, 8), [("graph", "self", (2, 6, 6))]


@case
def features_chosen_by_a_softmax_of_their_own() -> Case:
    inputs = keras.Input((6,))
    weights = layers.Dense(6, activation="softmax", name="weights")(inputs)
    return keras.Model(inputs, head(layers.Multiply()([inputs, weights]))), normal(6), [("weights", "gate", (1, 6))]


@case
def masks_over_features_by_sparsemax() -> Case:
    inputs = keras.Input((6,))
    x, prior = layers.BatchNormalization()(inputs), ops.ones_like(inputs)
    for index in range(2):
        mask = layers.Activation("sparsemax", name=f"mask_{index}")(layers.Dense(6)(x) * prior)
        prior = prior * (1.3 - mask)
        x = x + layers.Dense(6, activation="relu")(inputs * mask)
    sites = [(f"mask_{index}", "gate", (1, 6)) for index in range(2)]
    return keras.Model(inputs, head(x)), normal(6), sites


@case
def fields_gated_one_by_one() -> Case:
    fields = [keras.Input((3,), name=f"field_{index}") for index in range(4)]
    x = ops.stack([layers.Dense(5)(field) for field in fields], axis=1)
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.Dense(2, activation="relu")(ops.mean(x, axis=-1)))
    x = layers.Flatten()(x * ops.expand_dims(gate, -1))
    return keras.Model(fields, head(x)), [normal(3)] * 4, [("gate", "gate", (1, 4))]


@case
def actions_that_a_mask_allows() -> Case:
    state, allowed = keras.Input((5,)), keras.Input((4,))
    chances = layers.Dense(4, activation="softmax")(state) * allowed
    return (
        keras.Model([state, allowed], chances / ops.sum(chances, axis=-1, keepdims=True)),
        [normal(5), normal(4) ** 2],
        [],
    )


@case
def copying_or_making_words() -> Case:
    """Two distributions over words, mixed by a number for each position."""
    inputs = keras.Input((6, 8))
    words = layers.Softmax()(layers.Dense(5)(inputs))
    copying = layers.Dense(1, activation="sigmoid")(inputs)
    return keras.Model(inputs, copying * words + (1 - copying) * layers.Dense(5)(inputs)), normal(6, 8), []


class Pieces(layers.Layer):
    """The positions weighed one by one and added up."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.score = layers.Dense(3)

    def build(self, shape: Any) -> None:
        self.score.build((None, shape[-1]))

    def call(self, x: Any) -> Any:
        weights = tf.nn.softmax(self.score(x[:, -1]))
        return sum(weights[:, index, None] * x[:, index] for index in range(3))


@case
def positions_weighed_one_by_one() -> Case:
    inputs = keras.Input((3, 8))
    return keras.Model(inputs, head(Pieces(name="pieces")(inputs))), normal(3, 8), [("pieces", "cross", (1, 1, 3))]


@case
def classes_of_frames_weighed_over_time() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(3)(inputs))
    x = ops.sum(weights * layers.Dense(3, activation="sigmoid", name="frames")(inputs), axis=1)
    return keras.Model(inputs, x), normal(6, 8), [("weights", "cross", (3, 1, 6))]
