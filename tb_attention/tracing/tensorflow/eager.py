"""Records the operations of a model that only runs eagerly.

Nothing is switched in the process: TensorFlow reports each operation that it runs to this thread, and to no other.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import tensorflow as tf
from keras.src import tree
from tensorflow.python.eager import context
from tensorflow.python.ops import while_loop

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Graph, LayerCall, Node, Value
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.recorded_pass import RecordedPass, constant_of
from tb_attention.tracing.tensorflow.hooks import noting_layers
from tb_attention.tracing.tensorflow.translation import translate
from tb_attention.tracing.untouched import untouched

_SEED = 20261125
_LOOP = inspect.unwrap(while_loop.while_loop).__code__

_PYTHON = "PythonCode"
"""Name of what a layer computes by other means than operations, such as NumPy."""


class Recording(RecordedPass):
    """One eager pass of a Keras model.

    Args:
        model: The model.
        call: What it is called with.
        tensors: The arrays of the call.

    Attributes:
        result: What the model returned.
        changes: Whether an operation changed a variable.
    """

    def __init__(self, model: Any, call: Call, tensors: Sequence[Any]) -> None:
        super().__init__()
        self._loops = _Loops()
        self.changes = False
        self.inputs = tuple(self.add(ops.INPUT, (), None, [tensor]).outputs[0] for tensor in tensors)
        args, kwargs = call.arguments(tensors)
        if model._call_has_training_arg:
            kwargs.setdefault("training", False)
        with untouched(model), _variables_untouched(model, self), noting_layers(self):
            self.result = model(*args, **kwargs)
        self.outputs = tuple(self._value(leaf) for leaf in tree.flatten(self.result) if tf.is_tensor(leaf))

    def ran(self, kind: str, inputs: Any, attributes: Any, outputs: Any, layers: tuple[LayerCall, ...]) -> None:
        """Notes an operation."""
        self.changes |= kind.startswith("Assign") or "Scatter" in kind
        # The number of a function is another each time it is traced.
        kind = re.sub(r"^(__\w+)_\d+$", r"\1", kind)
        named = dict(zip(attributes[::2], attributes[1::2], strict=True))
        node = self.add(kind, [self._value(tensor) for tensor in inputs], named, outputs, layers)
        first = self._loops.first_of(node, kind)
        node.origin, node.layers = first.origin, first.layers

    def returned(self, arguments: Any, result: Any, layers: tuple[LayerCall, ...]) -> None:
        """Notes what a layer made of its inputs where no operation did so."""
        new = [leaf for leaf in tree.flatten(result) if tf.is_tensor(leaf) and self.get(leaf) is None]
        if new:
            known = [self.get(leaf) for leaf in tree.flatten(arguments)]
            self.add(_PYTHON, [value for value in known if value is not None], None, new, layers)

    def to_graph(self) -> Graph:
        return self.graph(lambda name, node: translate(name, node, partial(_attribute, node), constant_of))

    def _value(self, tensor: Any) -> Value:
        """The value of a tensor; one that no operation made is a constant or the handle of a variable."""
        known = self.get(tensor)
        if known is None:
            name = ops.CAPTURE if tensor.dtype == tf.resource else ops.CONST
            known = self.add(name, (), tensor, [tensor]).outputs[0]
        return known


def _attribute(node: Node, name: str) -> Any:
    return node.origin.get(name) if isinstance(node.origin, dict) else None


@contextlib.contextmanager
def _variables_untouched(model: Any, recording: Recording) -> Iterator[None]:
    """Puts back what variables held, and where TensorFlow's seeds were."""
    variables = [variable.value for variable in model.variables]
    variables += [item for item in tf.train.TrackableView(model).descendants() if isinstance(item, tf.Variable)]
    # No copies: a variable that is changed moves to other memory while somebody holds what it was.
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


@dataclass(eq=False)
class _Loop:
    """The body of a loop, or its condition: the frame of its last round, what ran in its first, and how much of the last ran."""

    frame: FrameType | None = None
    first: list[tuple[Node, str]] = field(default_factory=list)
    ran: int = 0
    is_first: bool = True


class _Loops:
    """Follows the loops that `tf.while_loop` runs in Python: which operations are one operation in several rounds."""

    def __init__(self) -> None:
        # A frame is kept, for another one could get its id.
        self._loops: dict[tuple[FrameType, object], _Loop] = {}

    def first_of(self, node: Node, name: str) -> Node:
        """The operation of a loop's first round that an operation repeats; itself outside of loops. To be called as it runs."""
        frame: FrameType | None = sys._getframe(1)
        inner = None
        while frame is not None and frame.f_code is not _LOOP:
            frame, inner = frame.f_back, frame
        if frame is None or inner is None:
            return node
        loop = self._loops.setdefault((frame, inner.f_code), _Loop())
        if loop.frame is not inner:
            loop.is_first = loop.frame is None
            loop.frame, loop.ran = inner, 0
        if loop.is_first:
            loop.first.append((node, name))
        index, loop.ran = loop.ran, loop.ran + 1
        same = index < len(loop.first) and loop.first[index][1] == name
        return loop.first[index][0] if same else node
