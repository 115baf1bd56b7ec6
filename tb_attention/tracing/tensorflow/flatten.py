"""Turns a traced TensorFlow function into a flat graph, with the functions that it calls inlined."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tb_attention.tracing import limits, ops
from tb_attention.tracing.graph import Graph, LayerCall, Node, Value, without_casts
from tb_attention.tracing.tensorflow.hooks import Notes
from tb_attention.tracing.tensorflow.translation import translate

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})

LOOPS = frozenset({"While", "StatelessWhile"})
BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})

Key = tuple[str, ...]
"""Where a loop or a branch is: the names of the operations that call one another down to it, with the rounds of loops."""


@dataclass(frozen=True, eq=False)
class Open:
    """A loop or a branch that must be decided before what is in it can be inlined.

    Attributes:
        key: Where it is.
        value: The tensor that decides: the number of rounds, or the branch that is taken.
    """

    key: Key
    value: Value


def flatten(
    concrete_function: Any, notes: Notes, decisions: Mapping[Key, int]
) -> tuple[Graph, tuple[Open, ...], tuple[Open, ...]]:
    """Reads a traced function.

    Args:
        concrete_function: What `tf.function.get_concrete_function` returned.
        notes: The layers of its operations.
        decisions: How many rounds loops have and which branches are taken, as far as that is known.

    Returns:
        The graph, the loops and branches that are not decided yet, and the loops without attention, which need not be.
        `origin` of a node is its `tf.Operation`, of a captured tensor the tensor outside.
    """
    return _Flattener(notes, decisions).flatten(concrete_function)


class _Flattener:
    def __init__(self, notes: Notes, decisions: Mapping[Key, int]) -> None:
        self._notes = notes
        self._decisions = decisions
        self._nodes: list[Node] = []
        self._open: list[Open] = []
        self._closed: list[Open] = []
        self._guards: list[tuple[Value, int]] = []
        self._by_xla = False

    def flatten(self, concrete_function: Any) -> tuple[Graph, tuple[Open, ...], tuple[Open, ...]]:
        func_graph = concrete_function.graph
        captured = {id(inside): outside for outside, inside in func_graph.captures}
        values: dict[int, Value] = {}
        inputs: list[Value] = []
        for tensor in func_graph.inputs:
            outside = captured.get(id(tensor))
            kind = ops.INPUT if outside is None else ops.CAPTURE
            origin = tensor if outside is None else outside
            value = self._add(kind, tensor.op, _Around((), (), (), ()), origin=origin).outputs[0]
            values[id(tensor)] = value
            if outside is None:
                inputs.append(value)
        self._walk(func_graph, values, (), ())
        outputs = tuple(values[id(tensor)] for tensor in func_graph.outputs)
        guards = tuple(self._guards)
        graph = Graph(self._nodes, tuple(inputs), outputs, _constant, guards, self._by_xla)
        return graph, tuple(self._open), tuple(self._closed)

    def _walk(self, func_graph: Any, values: dict[int, Value], stack: tuple[LayerCall, ...], key: Key) -> list[Node]:
        """Adds the operations of one function. `values` maps ids of its tensors, and is added to."""
        effects: dict[str, list[Node]] = {}
        added: list[Node] = []
        for op in func_graph.get_operations():
            if op.type == "Placeholder" and id(op.outputs[0]) in values:
                continue
            around = _Around(
                inputs=tuple(values[id(tensor)] for tensor in op.inputs),
                after=tuple(node for earlier in op.control_inputs for node in effects.get(earlier.name, ())),
                layers=self._notes.layers_of(op) or stack,
                key=(*key, op.name),
            )
            before = len(self._nodes)
            outputs = self._outputs(op, around)
            values.update((id(tensor), value) for tensor, value in zip(op.outputs, outputs, strict=True))
            effects[op.name] = self._nodes[before:]
            for node in effects[op.name]:
                node.after = (*node.after, *around.after)
            added.extend(effects[op.name])
        return added

    def _outputs(self, op: Any, around: _Around) -> Sequence[Value]:
        """The results of an operation, inlined where it calls functions."""
        if op.type in CALLS:
            self._by_xla |= op.node_def.attr["_XlaMustCompile"].b
            return self._inline(_function(op, "f"), around.inputs, around)
        if op.type in LOOPS:
            rounds = self._decisions.get(around.key)
            if rounds is not None and rounds <= limits.LOOP_ROUNDS:
                return self._unroll(op, rounds, around)
            outputs = self._add(op.type, op, around, origin=op).outputs
            if rounds is None:
                # The first variable of a loop counts its rounds.
                loops = self._open if _has_attention(_function(op, "body")) else self._closed
                loops.append(Open(around.key, outputs[0]))
            return outputs
        if op.type in BRANCHES:
            branch = self._decisions.get(around.key)
            if branch is not None:
                self._guards.append((around.inputs[0], branch))
                return self._inline(_branches(op)[branch], around.inputs[1:], around)
            self._open.append(Open(around.key, around.inputs[0]))
        return self._add(op.type, op, around, origin=op).outputs

    def _unroll(self, op: Any, rounds: int, around: _Around) -> Sequence[Value]:
        state: Sequence[Value] = around.inputs
        condition = _function(op, "cond")
        for number in range(rounds):
            if number == rounds - 1:
                self._guards.append((self._inline(condition, state, around)[0], 1))
            state = self._inline(_function(op, "body"), state, around.in_round(number))
        self._guards.append((self._inline(condition, state, around)[0], 0))
        return state

    def _inline(self, inner: Any, inputs: Sequence[Value], around: _Around) -> list[Value]:
        values = {id(tensor): value for tensor, value in zip(inner.inputs, inputs, strict=True)}
        self._walk(inner, values, around.layers, around.key)
        return [values[id(tensor)] for tensor in inner.outputs]

    def _add(self, kind: str, op: Any, around: _Around, *, origin: Any) -> Node:
        node = Node(ops.OPAQUE, len(self._nodes), around.inputs, (), around.layers, origin)
        node.outputs = tuple(
            Value(node, index, _shape_of(tensor), tensor.dtype.name) for index, tensor in enumerate(op.outputs)
        )
        translate(kind, node, partial(_attribute, op), _constant)
        for value in dict.fromkeys(around.inputs):
            value.users.append(node)
        self._nodes.append(node)
        return node


@dataclass(frozen=True, eq=False)
class _Around:
    """What surrounds an operation: its inputs, what must run before it, its layers, and where it is."""

    inputs: tuple[Value, ...]
    after: tuple[Node, ...]
    layers: tuple[LayerCall, ...]
    key: Key

    def in_round(self, number: int) -> _Around:
        return dataclasses.replace(self, key=(*self.key, str(number)))


def _function(op: Any, attribute: str) -> Any:
    return op.graph._get_function(op.node_def.attr[attribute].func.name).graph


def _branches(op: Any) -> list[Any]:
    """The functions of a branch, in the order of the numbers that choose them."""
    if op.type in ("If", "StatelessIf"):
        return [_function(op, "else_branch"), _function(op, "then_branch")]
    return [op.graph._get_function(item.name).graph for item in op.node_def.attr["branches"].list.func]


def _has_attention(func_graph: Any) -> bool:
    """Whether a softmax may be in a function, or in one that it calls."""
    for op in func_graph.get_operations():
        if op.type in ops.CANDIDATES - {ops.SIGMOID}:
            return True
        for attribute in op.node_def.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name and _has_attention(func_graph._get_function(function.name).graph):
                    return True
    return False


def _shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _attribute(op: Any, name: str) -> Any:
    try:
        return op.get_attr(name)
    except ValueError:
        return None


def _constant(value: Value) -> npt.NDArray[Any] | None:
    node = without_casts(value).node
    if node.op != ops.CONST:
        return None
    array: npt.NDArray[Any] = tf.make_ndarray(node.origin.get_attr("value"))
    return array
