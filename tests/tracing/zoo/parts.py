"""Attention among things that are no plain sequence: columns of a table, sentences, learned tokens, kernels, answers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.tracing.zoo.cases import Case, case, head, ids, normal


@case
def columns_of_a_table() -> Case:
    columns = [keras.Input((4,), name=f"column_{index}") for index in range(3)]
    x = ops.stack([layers.Dense(8)(column) for column in columns], axis=1)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    return keras.Model(columns, head(x)), [normal(4)] * 3, [("attention", "self", (2, 3, 3))]


@case
def selection_of_variables() -> Case:
    variables = [keras.Input((1,), name=f"variable_{index}") for index in range(3)]
    encoded = [layers.Dense(8)(one) for one in variables]
    weights = layers.Dense(3, activation="softmax", name="weights")(layers.concatenate(encoded))
    x = ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), ops.stack(encoded, axis=1)), 1)
    return keras.Model(variables, head(x)), [normal(1)] * 3, [("weights", "cross", (1, 1, 3))]


@case
def selection_of_columns_at_each_step() -> Case:
    series = keras.Input((5, 3))
    encoded = [layers.Dense(8)(series[:, :, index : index + 1]) for index in range(3)]
    weights = layers.Dense(3, activation="softmax", name="weights")(layers.concatenate(encoded))
    x = ops.sum(ops.expand_dims(weights, 2) * ops.stack(encoded, axis=-1), axis=-1)
    return keras.Model(series, head(x)), normal(5, 3), [("weights", "cross", (1, 5, 3))]


@case
def sentences_folded_into_the_batch() -> Case:
    words = keras.Input((5,), dtype="int32")
    x = layers.GRU(8, return_sequences=True)(layers.Embedding(11, 8)(words))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1)(x))
    sentence = keras.Model(words, ops.sum(weights * x, axis=1), name="sentence")
    document = keras.Input((3, 5), dtype="int32")
    x = ops.reshape(sentence(ops.reshape(document, (-1, 5))), (-1, 3, 8))
    sites = [("sentence/weights", "cross", (1, 3, 5))]
    return keras.Model(document, head(x)), ids(15).reshape(3, 3, 5), sites


@case
def learned_tokens() -> Case:
    inputs = keras.Input((4, 5, 8))
    maps = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="maps")(inputs)
    maps = ops.expand_dims(layers.Permute((2, 1))(layers.Reshape((20, 3))(maps)), -1)
    x = ops.mean(maps * ops.expand_dims(layers.Reshape((20, 8))(inputs), 1), axis=2)
    return keras.Model(inputs, head(x)), normal(4, 5, 8), [("maps", "gate", (3, 20))]


@case
def kernels_side_by_side() -> Case:
    inputs = keras.Input((8, 8, 3))
    branches = [layers.Conv2D(6, size, padding="same")(inputs) for size in (1, 3)]
    pooled = layers.GlobalAveragePooling2D()(layers.Add()(branches))
    logits = ops.stack([layers.Dense(6)(pooled) for _ in branches], axis=1)
    weights = layers.Softmax(axis=1, name="weights")(logits)
    x = ops.sum(ops.stack(branches, axis=1) * ops.reshape(weights, (-1, 2, 1, 1, 6)), axis=1)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("weights", "gate", (6, 2))]


@case
def pointer() -> Case:
    query, keys = keras.Input((4, 8)), keras.Input((6, 8))
    hidden = ops.tanh(ops.expand_dims(layers.Dense(8)(query), 2) + ops.expand_dims(layers.Dense(8)(keys), 1))
    answer = layers.Softmax(name="answer")(ops.squeeze(layers.Dense(1)(hidden), -1))
    return keras.Model([query, keys], answer), [normal(4, 8), normal(6, 8)], [("answer", "cross", (1, 4, 6))]


class Causal(layers.Layer):
    """A mask made of how long the text happens to be."""

    def call(self, tokens: Any) -> Any:
        indices = ops.arange(ops.shape(tokens)[1])
        return ops.expand_dims(ops.expand_dims(indices, 1) >= ops.expand_dims(indices, 0), 0)


@case
def causal_over_any_length() -> Case:
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(11, 8)(tokens)
    mask = Causal()(tokens)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x, attention_mask=mask)
    return keras.Model(tokens, head(x)), ids(6), [("attention", "self", (2, 6, 6))]


class AnyLength(layers.Layer):
    """Tokens behind a learned one, cut off again for the keys, with heads split off, however many there are."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, 8), name="token")
        self.built = True

    def call(self, x: Any) -> Any:
        samples, length = ops.shape(x)[0], ops.shape(x)[1]
        x = ops.concatenate([ops.tile(self.token, (samples, 1, 1)), x], axis=1)
        x = ops.concatenate([x[:, :1], 2 * x[:, 1:]], axis=1)
        heads = ops.transpose(ops.reshape(x, (samples, length + 1, 2, 4)), (0, 2, 1, 3))
        weights = ops.softmax(ops.matmul(heads, ops.transpose(heads, (0, 1, 3, 2))))
        return ops.reshape(ops.transpose(ops.matmul(weights, heads), (0, 2, 1, 3)), (samples, length + 1, 8))


@case
def any_length() -> Case:
    inputs = keras.Input((None, 8))
    x = AnyLength(name="attention")(inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 7, 7))]


class Deformable(layers.Layer):
    """Each query picks two cells of a feature map, and weights them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.indices, self.scores = layers.Dense(2), layers.Dense(2)

    def build(self, query_shape: Any, memory_shape: Any) -> None:
        self.indices.build(query_shape)
        self.scores.build(query_shape)
        self.built = True

    def call(self, query: Any, memory: Any) -> Any:
        indices = ops.cast(ops.clip(ops.abs(self.indices(query)) * 5, 0, 5), "int32")
        picked = tf.gather(memory, indices, batch_dims=1)
        return ops.sum(ops.expand_dims(ops.softmax(self.scores(query)), -1) * picked, axis=2)


@case
def sampled_points() -> Case:
    query, memory = keras.Input((4, 8)), keras.Input((6, 8))
    x = Deformable(name="attention")(query, memory)
    return keras.Model([query, memory], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (1, 4, 2))]


class DeformableHeads(layers.Layer):
    """Queries that were chosen by their scores; two heads, folded into the batch, pick three cells each and weight them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chosen, self.values, self.indices, self.scores = (layers.Dense(units) for units in (1, 8, 6, 6))

    def build(self, memory_shape: Any) -> None:
        for layer in (self.chosen, self.values, self.indices, self.scores):
            layer.build(memory_shape)
        self.built = True

    def call(self, memory: Any) -> Any:
        _, chosen = ops.top_k(ops.squeeze(self.chosen(memory), -1), 4)
        query = tf.gather(memory, chosen, batch_dims=1)
        indices = ops.cast(ops.floor(ops.sigmoid(self.folded(self.indices(query), 4, 3)) * 5), "int32")
        values = self.folded(self.values(memory), 6, 4)
        picked = ops.reshape(ops.take_along_axis(values, ops.reshape(indices, (-1, 12, 1)), axis=1), (-1, 4, 3, 4))
        weights = ops.reshape(ops.softmax(self.folded(self.scores(query), 4, 3)), (-1, 1, 4, 3))
        x = ops.sum(ops.transpose(picked, (0, 3, 1, 2)) * weights, axis=-1)
        return ops.transpose(ops.reshape(x, (-1, 8, 4)), (0, 2, 1))

    @staticmethod
    def folded(x: Any, length: int, width: int) -> Any:
        return ops.reshape(ops.transpose(ops.reshape(x, (-1, length, 2, width)), (0, 2, 1, 3)), (-1, length, width))


@case
def sampled_points_of_heads_of_chosen_queries() -> Case:
    memory = keras.Input((6, 8))
    x = DeformableHeads(name="attention")(memory)
    return keras.Model(memory, head(x)), normal(6, 8), [("attention", "cross", (2, 4, 3))]


class EdgeAttention(layers.Layer):
    """Each node attends to those that an edge leads from to it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.states, self.score = layers.Dense(8), layers.Dense(1, activation="leaky_relu")

    def build(self, nodes_shape: Any, edges_shape: Any) -> None:
        self.states.build(nodes_shape)
        self.score.build((None, 16))
        self.built = True

    def call(self, nodes: Any, edges: Any) -> Any:
        states, count = self.states(nodes), ops.shape(nodes)[0]
        to, source = edges[:, 0], ops.take(states, edges[:, 1], axis=0)
        scores = ops.exp(self.score(ops.concatenate([ops.take(states, to, axis=0), source], axis=-1)))
        total = ops.take(ops.segment_sum(scores, to, num_segments=count), to, axis=0)
        return ops.segment_sum(scores / (total + 1e-9) * source, to, num_segments=count)


@case
def edges_of_a_graph() -> Case:
    nodes, edges = keras.Input((5,)), keras.Input((2,), dtype="int32")
    x = EdgeAttention(name="attention")(nodes, edges)
    data = [normal(5), np.array([[0, 0], [0, 1], [1, 1], [1, 2], [2, 0], [2, 2], [2, 1]], "int32")]
    return keras.Model([nodes, edges], head(x)), data, [("attention", "self", (1, 1, 7))]


class Pointing(keras.Model):
    """Points at one position after another, and goes on from there."""

    def __init__(self) -> None:
        super().__init__()
        self.keys, self.query, self.score = layers.Dense(8), layers.Dense(8), layers.Dense(1)

    def call(self, x: Any) -> Any:
        here, answers = x[:, 0], []
        for _ in range(2):
            hidden = tf.tanh(self.keys(x) + tf.expand_dims(self.query(here), 1))
            answers.append(tf.nn.softmax(tf.squeeze(self.score(hidden), -1)))
            here = tf.gather(x, tf.argmax(answers[-1], axis=-1), batch_dims=1)
        return tf.stack(answers, axis=1)


@case
def pointers_one_after_another() -> Case:
    model = Pointing()
    model(normal(6, 8))
    return model, normal(6, 8), [("softmax", "cross", (1, 1, 6)), ("softmax#2", "cross", (1, 1, 6))]


class TokenInEachWindow(layers.Layer):
    """Windows in the batch, a copy of one token in front of each; the copies of all samples come first."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mixing = layers.MultiHeadAttention(2, 4)

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, 8))
        self.mixing.build((None, 5, 8), (None, 5, 8))
        self.built = True

    def call(self, x: Any) -> Any:
        samples = ops.shape(x)[0]
        tokens = ops.tile(ops.broadcast_to(self.token, (samples, 1, 8)) + ops.mean(x, axis=1, keepdims=True), (3, 1, 1))
        windows = ops.concatenate([tokens, ops.reshape(x, (samples * 3, 4, 8))], axis=1)
        return ops.reshape(self.mixing(windows, windows), (samples, 15, 8))


@case
def token_in_each_window() -> Case:
    inputs = keras.Input((12, 8))
    sites = [("windows/mixing", "local", (2, 3, 5, 5))]
    return keras.Model(inputs, head(TokenInEachWindow(name="windows")(inputs))), normal(12, 8), sites
