"""Records a pass of a model that runs eagerly, operation by operation, and runs it again for some of its values.

A backend notes each operation with `add` as it runs, and translates them all once the pass is over. This file knows no backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Graph, LayerCall, Node, Shape, Stale, Value, without_casts


class RecordedPass:
    """One pass. It keeps all its tensors alive.

    Attributes:
        nodes: The operations in the order in which they ran. `origin` is what the backend noted, of a constant its array.
        names: The backend's names of these operations.
        inputs: The tensors fed to the model.
        outputs: The tensors of the model's own outputs.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: list[str] = []
        self.inputs: tuple[Value, ...] = ()
        self.outputs: tuple[Value, ...] = ()
        self._values: dict[int, Value] = {}
        self._tensors: dict[Value, Any] = {}

    def add(
        self,
        name: str,
        inputs: Sequence[Value],
        origin: Any,
        tensors: Sequence[Any],
        layers: tuple[LayerCall, ...] = (),
    ) -> Node:
        """Notes an operation that made these tensors."""
        node = Node(ops.OPAQUE, len(self.nodes), tuple(inputs), (), layers, origin)
        node.outputs = tuple(
            Value(node, index, tuple(tensor.shape), tensor.dtype.name) for index, tensor in enumerate(tensors)
        )
        for value in dict.fromkeys(inputs):
            value.users.append(node)
        for value, tensor in zip(node.outputs, tensors, strict=True):
            # An id is a tensor's own only as long as it lives.
            self._values[id(tensor)], self._tensors[value] = value, tensor
        self.nodes.append(node)
        self.names.append(name)
        return node

    def get(self, tensor: Any) -> Value | None:
        """The value of a tensor, or None for one that was made by no operation."""
        return self._values.get(id(tensor))

    def read(self, values: Sequence[Value]) -> list[Any]:
        """The tensors of values of another pass in which the same operations ran."""
        return [self._tensors[self.nodes[value.node.index].outputs[value.index]] for value in values]

    def forget_differences(self, other: RecordedPass) -> None:
        """Makes sizes and constants unknown that differ in a pass of the same operations with another number of samples."""
        for name, node, same in zip(self.names, self.nodes, other.nodes, strict=True):
            if name == ops.CONST:
                mine, theirs = np.asarray(node.origin), np.asarray(same.origin)
                if not np.array_equal(mine, theirs):
                    node.origin = in_common(mine, theirs)
                    self._depend_on_inputs(node)
            for value, alike in zip(node.outputs, same.outputs, strict=True):
                value.shape = shape_in_common(value.shape, alike.shape)

    def graph(self, translate: Callable[[str, Node], None]) -> Graph:
        """The pass as a graph.

        Args:
            translate: Gives a node, whose inputs are translated, its operation and attributes by the backend's name.
        """
        for name, node in zip(self.names, self.nodes, strict=True):
            translate(name, node)
        return Graph(self.nodes, self.inputs, self.outputs, constant_of)

    def _depend_on_inputs(self, node: Node) -> None:
        node.inputs = self.inputs
        for value in node.inputs:
            value.users.append(node)


class Rerun:
    """Runs a model eagerly again and takes some of its values.

    Args:
        record: Records a pass for other tensors.
        names: The names of the operations that ran when the graph was made.
        fetches: The values that are wanted.
    """

    def __init__(
        self, record: Callable[[Sequence[Any]], RecordedPass], names: Sequence[str], fetches: Sequence[Value]
    ) -> None:
        self._record, self._names, self._fetches = record, names, fetches

    def __call__(self, tensors: Sequence[Any]) -> list[Any]:
        """The wanted values for these inputs.

        Raises:
            Stale: Other operations ran than when the model was recorded.
        """
        recorded = self._record(tensors)
        if recorded.names != self._names:
            raise Stale
        return recorded.read(self._fetches)


def constant_of(value: Value) -> npt.NDArray[Any] | None:
    """The array that a value of a recorded pass always is, or None."""
    node = without_casts(value).node
    return np.asarray(node.origin) if node.op == ops.CONST and node.origin is not None else None


def in_common(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """A constant with -1 for sizes that differ; None where what differs is no size."""
    is_sizes = one.shape == other.shape and one.ndim < 2 and one.dtype.kind == other.dtype.kind == "i"
    return np.where(one == other, one, -1) if is_sizes else None


def shape_in_common(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(size if size == alike else None for size, alike in zip(one, other, strict=True))
