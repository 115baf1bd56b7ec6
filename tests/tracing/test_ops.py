"""The vocabulary of operations: the rules spell no operation themselves, and what a backend translates is in it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention import tracing
from tb_attention.tracing import ops as vocabulary
from tb_attention.tracing.graph import Graph, Node
from tb_attention.tracing.ops import At, Span
from tb_attention.tracing.tensorflow.flatten import flatten
from tb_attention.tracing.tensorflow.hooks import Notes
from tests.tracing.zoo import normal

ROOM = Path(tracing.__file__).parent
READERS = sorted({*ROOM.glob("*.py"), *ROOM.glob("rules/*.py")} - {ROOM / "ops.py"})


def graph_of(function: Callable[..., Any], *arrays: Any) -> Graph:
    concrete = tf.function(function, autograph=False).get_concrete_function(
        *(tf.TensorSpec(array.shape, array.dtype) for array in arrays)
    )
    return flatten(concrete, Notes(), {})[0]


def made_by(function: Callable[..., Any], *arrays: Any) -> Node:
    """The operation that makes the result of a function, which TensorFlow copies to its output."""
    return graph_of(lambda *args: [function(*args)], *arrays).outputs[0].node.inputs[0].node


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.relative_to(ROOM)))
def test_rules_and_dimensions_spell_no_operation_themselves(path: Path) -> None:
    strings = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    spelled = strings & {name for name in vocabulary.OPERATIONS if name in dir(tf.raw_ops)}
    assert not spelled


def test_every_family_is_made_of_operations_of_the_vocabulary() -> None:
    families = {name: family for name, family in vars(vocabulary).items() if isinstance(family, frozenset)}
    assert families.pop("OPERATIONS") == vocabulary.OPERATIONS
    assert all(family <= vocabulary.OPERATIONS for family in families.values())
    assert {"REDUCTIONS", "TOTALS", "GATHERS", "MOVES", "PRODUCTS", "SLIDING"} <= set(families)


def test_an_unknown_operation_is_opaque() -> None:
    assert made_by(tf.sin, np.zeros(3, "float32")).op == vocabulary.OPAQUE


@pytest.mark.parametrize(
    ("function", "op"),
    [
        (lambda x: tf.raw_ops.Add(x=x, y=x), vocabulary.ADD),
        (lambda x: x + x, vocabulary.ADD),
        (lambda x: tf.math.divide_no_nan(x, x), vocabulary.DIV),
        (lambda x: x @ x, vocabulary.MATMUL),
        (lambda x: tf.raw_ops.BatchMatMulV2(x=x, y=x), vocabulary.MATMUL),
        (tf.stop_gradient, vocabulary.IDENTITY),
        (lambda x: tf.where(x > 0, x, x), vocabulary.SELECT),
        (lambda x: tf.pad(x, [[1, 1], [0, 0]], "REFLECT"), vocabulary.PAD),
        (lambda x: tf.reverse(x, [0]), vocabulary.REVERSE),
    ],
)
def test_several_operations_of_tensorflow_are_one(function: Callable[[Any], Any], op: str) -> None:
    assert made_by(function, np.zeros((3, 3), "float32")).op == op


SLICES: dict[str, tuple[Callable[[Any], Any], vocabulary.Index]] = {
    "rows": (lambda x: x[1:3], (Span(1, 3, 1),)),
    "one": (lambda x: x[:, -1], (Span(None, None, 1), At(-1))),
    "last_axis": (lambda x: x[..., ::2], (..., Span(None, None, 2))),
    "new_axis": (lambda x: x[:, None, 2:], (Span(None, None, 1), None, Span(2, None, 1))),
}


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_is_its_index(name: str) -> None:
    function, index = SLICES[name]
    array = np.arange(60, dtype="float32").reshape(3, 4, 5)
    assert made_by(function, array).attributes.index == index
    taken = tuple(
        slice(item.first, item.last, item.step)
        if isinstance(item, Span)
        else item.position
        if isinstance(item, At)
        else item
        for item in index
    )
    np.testing.assert_array_equal(array[taken], function(tf.constant(array)))


def test_axes_are_counted_from_0() -> None:
    x = np.zeros((3, 4, 5), "float32")
    assert made_by(lambda x: tf.reduce_sum(x, [-1, 0]), x).attributes.axes == (0, 2)
    assert made_by(lambda x: tf.concat([x, x], -1), x).attributes.axis == 2
    assert made_by(lambda x: tf.stack([x, x], -1), x).attributes.axis == 3
    assert made_by(lambda x: tf.split(x, 2, -2)[1], x).attributes.axis == 1


def test_a_kernel_that_slides_is_described_along_each_axis() -> None:
    x, kernel = np.zeros((1, 8, 9, 2), "float32"), np.zeros((3, 2, 2, 4), "float32")
    node = made_by(lambda x, kernel: tf.nn.conv2d(x, kernel, [1, 2, 1, 1], "SAME"), x, kernel)
    assert (node.op, node.attributes.window, node.attributes.strides) == (vocabulary.CONV, (1, 3, 2, 1), (1, 2, 1, 1))
    assert (node.attributes.padding, node.attributes.channels) == ("SAME", 3)


TOTALS = {
    "sum": tf.reduce_sum,
    "product": tf.reduce_prod,
    "norm": tf.math.reduce_euclidean_norm,
    "largest": tf.reduce_max,
    "smallest": tf.reduce_min,
    "mean": tf.reduce_mean,
}


class WithTotal(layers.Layer):
    """A hidden layer of sigmoids, whose total is added to what is made of it."""

    def __init__(self, total: Callable[..., Any]) -> None:
        super().__init__()
        self.total = total
        self.attention, self.result = layers.Dense(8, activation="sigmoid", name="attention"), layers.Dense(2)

    def call(self, x: Any) -> Any:
        hidden = self.attention(x)
        return self.result(hidden) + self.total(hidden, axis=-1, keepdims=True)


@pytest.mark.parametrize("total", TOTALS)
def test_a_total_of_weights_is_no_use_of_them(total: str) -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, WithTotal(TOTALS[total])(inputs))
    (site,) = tb_attention.capture(model, normal(6)).values()
    assert site.kind == "activation"
    np.testing.assert_allclose(site.weights[:, 0], model.layers[1].attention(normal(6)), atol=1e-6)


PICKS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "gather": lambda states, table, index: ops.take(states, index, axis=0),
    "gather_nd": lambda states, table, index: tf.gather_nd(states, index[:, None]),
    "lookup": lambda states, table, index: tf.gather(table, index),
}


class Edges(layers.Layer):
    """Each node attends to those that an edge leads from to it; `pick` finds the states of the nodes at its ends."""

    def __init__(self, pick: Callable[[Any, Any, Any], Any]) -> None:
        super().__init__(name="attention")
        self.pick = pick
        self.states, self.score = layers.Dense(8), layers.Dense(1)

    def build(self, nodes_shape: Any, edges_shape: Any) -> None:
        self.table = self.add_weight(shape=(3, 8))
        self.states.build(nodes_shape)
        self.score.build((None, 16))

    def call(self, nodes: Any, edges: Any) -> Any:
        states, count = self.states(nodes), ops.shape(nodes)[0]
        to, source = edges[:, 0], ops.take(states, edges[:, 1], axis=0)
        at_end = self.pick(states, self.table.value, to)
        scores = ops.exp(self.score(ops.concatenate([at_end, source], axis=-1)))
        total = ops.take(ops.segment_sum(scores, to, num_segments=count), to, axis=0)
        return ops.segment_sum(scores / total * source, to, num_segments=count)


@pytest.mark.parametrize("pick", PICKS)
def test_edges_compare_nodes_however_these_are_picked(pick: str) -> None:
    nodes, edges = keras.Input((5,)), keras.Input((2,), dtype="int32")
    model = keras.Model([nodes, edges], layers.Dense(2)(Edges(PICKS[pick])(nodes, edges)))
    data = [normal(5), np.array([[0, 0], [0, 1], [1, 1], [1, 2], [2, 0], [2, 2], [2, 1]], "int32")]
    (site,) = tb_attention.capture(model, data).values()
    assert (site.kind, site.weights.shape[1:]) == ("self", (1, 1, 7))
