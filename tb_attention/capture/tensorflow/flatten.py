"""Turns a traced TensorFlow function into a flat graph, with the functions that it calls inlined."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tb_attention.capture.graph import Graph, LayerCall, Node, Value
from tb_attention.capture.tensorflow.hooks import Notes

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})

CAPTURE = "Capture"
"""Type of the node of a tensor from outside the trace: a variable's handle or a constant."""

INPUT = "Input"
"""Type of the node of a tensor fed to the model."""


def flatten(concrete_function: Any, notes: Notes) -> Graph:
    """Reads a traced function.

    Args:
        concrete_function: What `tf.function.get_concrete_function` returned.
        notes: The layers of its operations.

    Returns:
        The graph; `origin` of a node is its `tf.Operation`, of a captured tensor the tensor outside.
    """
    return _Flattener(notes).flatten(concrete_function)


class _Flattener:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._nodes: list[Node] = []

    def flatten(self, concrete_function: Any) -> Graph:
        func_graph = concrete_function.graph
        captured = {id(inside): outside for outside, inside in func_graph.captures}
        values: dict[int, Value] = {}
        inputs: list[Value] = []
        for tensor in func_graph.inputs:
            outside = captured.get(id(tensor))
            node_type = INPUT if outside is None else CAPTURE
            value = self._add(node_type, tensor.op, (), (), (), origin=tensor if outside is None else outside).outputs[
                0
            ]
            values[id(tensor)] = value
            if outside is None:
                inputs.append(value)
        self._walk(func_graph, values, ())
        outputs = tuple(values[id(tensor)] for tensor in func_graph.outputs)
        return Graph(self._nodes, tuple(inputs), outputs, _attribute, _constant)

    def _walk(self, func_graph: Any, values: dict[int, Value], stack: tuple[LayerCall, ...]) -> list[Node]:
        """Adds the operations of one function. `values` maps ids of its tensors, and is added to."""
        effects: dict[str, list[Node]] = {}
        added: list[Node] = []
        for op in func_graph.get_operations():
            if op.type == "Placeholder" and id(op.outputs[0]) in values:
                continue
            layers = self._notes.layers_of(op) or stack
            after = tuple(node for earlier in op.control_inputs for node in effects.get(earlier.name, ()))
            inputs = tuple(values[id(tensor)] for tensor in op.inputs)
            if op.type in CALLS:
                effects[op.name] = self._inline(func_graph, op, inputs, values, layers, after)
            else:
                node = self._add(op.type, op, inputs, after, layers, origin=op)
                values.update((id(tensor), value) for tensor, value in zip(op.outputs, node.outputs, strict=True))
                effects[op.name] = [node]
            added.extend(effects[op.name])
        return added

    def _inline(
        self,
        func_graph: Any,
        op: Any,
        inputs: tuple[Value, ...],
        values: dict[int, Value],
        layers: tuple[LayerCall, ...],
        after: tuple[Node, ...],
    ) -> list[Node]:
        inner = func_graph._get_function(op.node_def.attr["f"].func.name).graph
        inner_values = {id(tensor): value for tensor, value in zip(inner.inputs, inputs, strict=True)}
        nodes = self._walk(inner, inner_values, layers)
        for node in nodes:
            node.after = (*node.after, *after)
        for tensor, inner_tensor in zip(op.outputs, inner.outputs, strict=True):
            values[id(tensor)] = inner_values[id(inner_tensor)]
        return nodes

    def _add(
        self,
        node_type: str,
        op: Any,
        inputs: tuple[Value, ...],
        after: tuple[Node, ...],
        layers: tuple[LayerCall, ...],
        *,
        origin: Any,
    ) -> Node:
        node = Node(node_type, len(self._nodes), inputs, after, layers, origin)
        node.outputs = tuple(
            Value(node, place, _shape_of(tensor), tensor.dtype.name) for place, tensor in enumerate(op.outputs)
        )
        for value in dict.fromkeys(inputs):
            value.users.append(node)
        self._nodes.append(node)
        return node


def _shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _attribute(node: Node, name: str) -> Any:
    if node.type in (INPUT, CAPTURE):
        return None
    try:
        return node.origin.get_attr(name)
    except ValueError:
        return None


def _constant(value: Value) -> npt.NDArray[Any] | None:
    node = value.node
    while node.type in ("Identity", "Cast", "StopGradient"):
        node = node.inputs[0].node
    if node.type != "Const":
        return None
    array: npt.NDArray[Any] = tf.make_ndarray(node.origin.get_attr("value"))
    return array
