"""Kinds of attention as papers have them, each in one layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tests.tracing.zoo.cases import CASES, Case, normal


class Written(layers.Layer):
    """A layer whose `call` is a function of the input and some dense layers."""

    def __init__(self, function: Callable[..., Any], units: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.projections = [layers.Dense(count) for count in units]

    def build(self, shape: Any) -> None:
        self.built = True

    def call(self, x: Any) -> Any:
        return self.function(x, *self.projections)


class OneLayer(keras.Model):
    def __init__(self, layer: layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


def flat(x: Any) -> Any:
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def turned(x: Any) -> Any:
    return ops.transpose(x, (0, 2, 1))


def scores(x: Any, query: Any, key: Any) -> Any:
    return ops.matmul(query(x), turned(key(x)))


def non_local(x: Any, query: Any, key: Any, value: Any) -> Any:
    mixed = ops.matmul(ops.softmax(ops.matmul(flat(query(x)), turned(flat(key(x))))), flat(value(x)))
    return x + ops.reshape(mixed, ops.shape(x))


def differential(x: Any, query: Any, key: Any, other_query: Any, other_key: Any, value: Any) -> Any:
    weights = ops.softmax(scores(x, query, key)) - 0.3 * ops.softmax(scores(x, other_query, other_key))
    return ops.matmul(weights, value(x))


def efficient(x: Any, query: Any, key: Any, value: Any) -> Any:
    return ops.matmul(ops.softmax(query(x)), ops.matmul(turned(ops.softmax(key(x), axis=1)), value(x)))


def performer(x: Any, query: Any, key: Any, value: Any) -> Any:
    query, key = ops.exp(query(x)), ops.exp(key(x))
    total = ops.matmul(query, ops.expand_dims(ops.sum(key, axis=1), -1))
    return ops.matmul(query, ops.matmul(turned(key), value(x))) / total


def slots(x: Any, key: Any, value: Any, query: Any) -> Any:
    slot = ops.ones((1, 3, 8)) * ops.mean(x, axis=1, keepdims=True)
    weights = ops.softmax(ops.matmul(key(x), turned(query(slot)))) + 1e-8
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    return ops.matmul(turned(weights), value(x))


def sink(x: Any, query: Any, key: Any, value: Any) -> Any:
    logits = scores(x, query, key)
    weights = ops.softmax(ops.concatenate([logits, ops.zeros_like(logits[..., :1])], axis=-1))
    return ops.matmul(weights[..., :-1], value(x))


def graph_attention(x: Any, project: Any, one: Any, other: Any) -> Any:
    nodes = project(x)
    return ops.matmul(ops.softmax(ops.leaky_relu(one(nodes) + turned(other(nodes)))), nodes)


def bags(x: Any, hidden: Any, score: Any) -> Any:
    members = [x[:, index] for index in range(4)]
    weights = ops.softmax(ops.stack([score(ops.tanh(hidden(member))) for member in members]), axis=0)
    return ops.concatenate([weights[index] * members[index] for index in range(4)])


def coordinates(x: Any, shared: Any, rows: Any, columns: Any) -> Any:
    by_row, by_column = ops.mean(x, axis=2, keepdims=True), ops.mean(x, axis=1, keepdims=True)
    joined = ops.relu(shared(ops.concatenate([by_row, ops.transpose(by_column, (0, 2, 1, 3))], axis=1)))
    by_row, by_column = ops.split(joined, [x.shape[1]], axis=1)
    return x * ops.sigmoid(rows(by_row)) * ops.sigmoid(columns(ops.transpose(by_column, (0, 2, 1, 3))))


def highway(x: Any, gate: Any, other: Any) -> Any:
    carried = ops.sigmoid(gate(x))
    return carried * ops.relu(other(x)) + (1 - carried) * x


PAPERS: dict[str, tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...], list[tuple[str, tuple[int, ...]]]]] = {
    "non_local": (non_local, (4, 4, 8), (4, 5, 8), [("self", (1, 20, 20))]),
    "differential": (differential, (4, 4, 4, 4, 8), (6, 8), [("self", (1, 6, 6))]),
    "efficient": (efficient, (4, 4, 8), (6, 8), [("cross", (4, 1, 6))]),
    "performer": (performer, (4, 4, 8), (6, 8), []),
    "slots": (slots, (8, 8, 8), (6, 8), [("cross", (1, 3, 6))]),
    "sink": (sink, (4, 4, 8), (6, 8), [("self", (1, 6, 6))]),
    "graph_attention": (graph_attention, (8, 1, 1), (6, 8), [("self", (1, 6, 6))]),
    "bags": (bags, (4, 1), (4, 8), [("cross", (1, 1, 4))]),
    "coordinates": (coordinates, (4, 8, 8), (4, 6, 8), [("gate", (8, 4)), ("gate", (8, 6))]),
    "sparsemax": (
        lambda x, q, k, v: ops.matmul(ops.sparsemax(scores(x, q, k)), v(x)),
        (4, 4, 8),
        (6, 8),
        [("self", (1, 6, 6))],
    ),
    "squared_relu": (
        lambda x, q, k, v: ops.matmul(ops.square(ops.relu(scores(x, q, k))), v(x)),
        (4, 4, 8),
        (6, 8),
        [("self", (1, 6, 6))],
    ),
    "scores_of_objects": (lambda x, a, b: ops.sigmoid(a(x)) * ops.softmax(b(x)), (1, 5), (6, 8), []),
    "highway": (highway, (8, 8), (6, 8), []),
    "one_plus_gate": (lambda x, gate: x * (1 + ops.sigmoid(gate(x))), (1,), (4, 5, 8), [("gate", (1, 4, 5))]),
}


def _paper(name: str) -> Case:
    function, units, shape, sites = PAPERS[name]
    model = OneLayer(Written(function, units, name=name))
    model(normal(*shape))
    paths = [name if index == 0 else f"{name}#{index + 1}" for index in range(len(sites))]
    return model, normal(*shape), [(path, *site) for path, site in zip(paths, sites, strict=True)]


for _name in PAPERS:
    CASES[f"paper_{_name}"] = lambda name=_name: _paper(name)
