"""Records the operations of a model that only runs eagerly, and runs it again for the values of some of them.

Nothing is switched in the process: TensorFlow tells this thread of each operation that it runs, and no other thread.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras.src import tree
from tensorflow.python.eager import context

from tb_attention.tracing.graph import Graph, LayerCall, Node, Shape, Stale, Value
from tb_attention.tracing.tensorflow.flatten import CAPTURE, INPUT
from tb_attention.tracing.tensorflow.hooks import noting_layers
from tb_attention.tracing.tensorflow.model_call import Call
from tb_attention.tracing.tensorflow.rounds import Rounds
from tb_attention.tracing.tensorflow.untouched import untouched

_SEED = 20261125

PYTHON = "PythonCode"
"""Type of the node of what a layer computed by other means than operations, such as NumPy."""


class Recording:
    """One eager pass, operation by operation. All tensors of the pass are kept as long as it is.

    Args:
        model: The model.
        call: What it is called with.
        tensors: The arrays of the call.

    Attributes:
        graph: The operations. `origin` of a node has the attributes of the operation, of a constant the tensor.
        result: What the model returned.
        changes: Whether an operation changed a variable.
    """

    def __init__(self, model: Any, call: Call, tensors: Sequence[Any]) -> None:
        self._nodes: list[Node] = []
        self._rounds = Rounds()
        self._values: dict[int, Value] = {}
        self._tensors: dict[Value, Any] = {}
        self.changes = False
        for tensor in tensors:
            self._add(INPUT, (), None, [tensor], ())
        inputs = tuple(self._values[id(tensor)] for tensor in tensors)
        args, kwargs = call.arguments(tensors)
        if model._call_has_training_arg:
            kwargs.setdefault("training", False)
        with untouched(model), _variables_untouched(model, self), noting_layers(self):
            self.result = model(*args, **kwargs)
        outputs = tuple(self._value(leaf) for leaf in tree.flatten(self.result) if tf.is_tensor(leaf))
        self.graph = Graph(self._nodes, inputs, outputs, _attribute, _constant)

    def ran(self, kind: str, inputs: Any, attributes: Any, outputs: Any, layers: tuple[LayerCall, ...]) -> None:
        """Takes down an operation."""
        self.changes |= kind.startswith("Assign") or "Scatter" in kind
        # The number of a function is another each time it is traced.
        kind = re.sub(r"^(__\w+)_\d+$", r"\1", kind)
        names = dict(zip(attributes[::2], attributes[1::2], strict=True))
        node = self._add(kind, [self._value(tensor) for tensor in inputs], names, outputs, layers)
        first = self._rounds.first_of(node)
        node.origin, node.layers = first.origin, first.layers

    def returned(self, arguments: Any, result: Any, layers: tuple[LayerCall, ...]) -> None:
        """Takes down what a layer made of its inputs where no operation did so."""
        new = [leaf for leaf in tree.flatten(result) if tf.is_tensor(leaf) and id(leaf) not in self._values]
        if new:
            known = [self._values[id(leaf)] for leaf in tree.flatten(arguments) if id(leaf) in self._values]
            self._add(PYTHON, known, None, new, layers)

    def read(self, values: Sequence[Value]) -> list[Any]:
        """The tensors of values of another recording in which the same operations ran."""
        return [self._tensors[self._nodes[value.node.index].outputs[value.place]] for value in values]

    def forget_differences(self, other: Recording) -> None:
        """Makes sizes and constants unknown that are others in a recording of the same operations, with other samples."""
        for node, same in zip(self._nodes, other._nodes, strict=True):
            if node.type == "Const":
                mine, theirs = np.asarray(node.origin), np.asarray(same.origin)
                if not np.array_equal(mine, theirs):
                    node.origin = _in_common(mine, theirs)
                    self._depend_on_inputs(node)
            for value, alike in zip(node.outputs, same.outputs, strict=True):
                value.shape = _shape_in_common(value.shape, alike.shape)

    def _depend_on_inputs(self, node: Node) -> None:
        node.inputs = self.graph.inputs
        for value in node.inputs:
            value.users.append(node)

    def kinds(self) -> list[str]:
        """The types of all operations, in order."""
        return [node.type for node in self._nodes]

    def _value(self, tensor: Any) -> Value:
        """The value of a tensor; one that no operation made is a constant or the handle of a variable."""
        if id(tensor) not in self._values:
            self._add(CAPTURE if tensor.dtype == tf.resource else "Const", (), tensor, [tensor], ())
        return self._values[id(tensor)]

    def _add(
        self, kind: str, inputs: Sequence[Value], origin: Any, tensors: Sequence[Any], layers: tuple[LayerCall, ...]
    ) -> Node:
        node = Node(kind, len(self._nodes), tuple(inputs), (), layers, origin)
        node.outputs = tuple(
            Value(node, place, tuple(tensor.shape), tensor.dtype.name) for place, tensor in enumerate(tensors)
        )
        for value in dict.fromkeys(inputs):
            value.users.append(node)
        for value, tensor in zip(node.outputs, tensors, strict=True):
            # An id is a tensor's own only as long as it lives.
            self._values[id(tensor)], self._tensors[value] = value, tensor
        self._nodes.append(node)
        return node


class Rerun:
    """Runs a model eagerly again and takes some of its values.

    Args:
        model: The model.
        call: A call of the kind that it was recorded with.
        kinds: The types of the operations that ran then.
        fetches: The values that are wanted.
    """

    def __init__(self, model: Any, call: Call, kinds: Sequence[str], fetches: Sequence[Value]) -> None:
        self._model, self._call, self._kinds, self._fetches = model, call, kinds, fetches

    def __call__(self, tensors: Sequence[Any]) -> list[Any]:
        """The wanted values for these inputs.

        Raises:
            Stale: Other operations ran than when the model was recorded.
        """
        recording = Recording(self._model, self._call, tensors)
        if recording.kinds() != self._kinds:
            raise Stale
        return recording.read(self._fetches)


@contextlib.contextmanager
def _variables_untouched(model: Any, recording: Recording) -> Iterator[None]:
    """Puts back what variables held, and where TensorFlow's seeds were."""
    variables = [variable.value for variable in model.variables]
    variables += [item for item in tf.train.TrackableView(model).descendants() if isinstance(item, tf.Variable)]
    # No copies: a variable that is changed moves to memory of its own while somebody holds what it was.
    held = [(variable, variable.read_value()) for variable in variables]
    # Seeds of our own: an operation that is drawn with the seed of another goes on with its numbers.
    current, seeds = context.context(), getattr(context.context(), "_rng", None)
    if seeds is not None:
        current._rng = random.Random(_SEED)
    try:
        yield
    finally:
        if seeds is not None:
            current._rng = seeds
        if recording.changes:
            for variable, value in held:
                variable.assign(value)


def _in_common(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """A constant with -1 in the places of sizes that differ; None where what differs is no size."""
    is_sizes = one.shape == other.shape and one.ndim < 2 and one.dtype.kind == other.dtype.kind == "i"
    return np.where(one == other, one, -1) if is_sizes else None


def _shape_in_common(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(size if size == alike else None for size, alike in zip(one, other, strict=True))


def _attribute(node: Node, name: str) -> Any:
    return node.origin.get(name) if isinstance(node.origin, dict) else None


def _constant(value: Value) -> npt.NDArray[Any] | None:
    node = value.node
    while node.type in ("Identity", "Cast", "StopGradient"):
        node = node.inputs[0].node
    return np.asarray(node.origin) if node.type == "Const" and node.origin is not None else None
