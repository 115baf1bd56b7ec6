"""Records a pass as a graph in the vocabulary of `ops.py`, node by node as operations run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from tb_attention.tracing import limits, ops
from tb_attention.tracing.graph import Graph, Node, Shape, Value
from tb_attention.tracing.ops import NO_ATTRIBUTES, Attributes
from tb_attention.tracing.recorded_pass import in_common, shape_in_common
from tb_attention.tracing.torch.aten_pass import AtenPass, Ran, Runnable, storage_of
from tb_attention.tracing.torch.aten_rerun import Origin, Recipe
from tb_attention.tracing.torch.aten_translation import translate


class AtenRecording(AtenPass):
    """One recorded pass. It keeps no tensor alive but small constants.

    Args:
        model: The model.
        inputs: The tensors of the call.

    Attributes:
        nodes: The operations in the order in which they ran.
    """

    def __init__(self, model: Runnable, inputs: Sequence[torch.Tensor]) -> None:
        super().__init__(model)
        self.nodes: list[Node] = []
        self._values = WeakTensorKeyDictionary()
        self._constants: dict[Value, npt.NDArray[Any]] = {}
        # All that depends on neither inputs nor weights is constant, whatever computed it.
        self._moving: set[Value] = set()
        self._weights = {id(tensor) for tensor in model.weights()}
        self._step = 0
        self.inputs = tuple(self._known(ops.INPUT, tensor) for tensor in inputs)
        self.outputs: tuple[Value, ...] = ()

    def run(self, args: Sequence[Any], kwargs: Any) -> None:
        super().run(args, kwargs)
        self.outputs = tuple(self.value(leaf) for leaf in tree_leaves(self.result) if isinstance(leaf, torch.Tensor))

    def wants(self, step: int) -> bool:
        return True

    def ran(self, step: int, ran: Ran) -> None:
        self._step = step
        translate(self, ran)

    def written(self, tensor: torch.Tensor) -> None:
        """What shares memory with what was written to depends on it now."""
        changed = self._values.get(tensor)
        if changed is None:
            return
        storage = storage_of(tensor)
        others = [
            (other, value)
            for other, value in list(self._values.items())
            if other is not tensor and value is not changed and storage_of(other) == storage
        ]
        for other, value in others:
            self._values[other] = self.add(ops.OPAQUE, [value, changed], [other], ())[0]

    def add(
        self,
        op: str,
        inputs: Sequence[Any],
        outputs: Sequence[torch.Tensor] | Sequence[tuple[Shape, str]],
        recipes: Sequence[Recipe],
        attributes: Attributes = NO_ATTRIBUTES,
    ) -> tuple[Value, ...]:
        """Adds a node.

        Args:
            op: Its operation, of the vocabulary.
            inputs: Values and tensors; all else is constant.
            outputs: The tensors that it made, or for each the shape and element type of what is made only where it is wanted.
            recipes: As `Origin.recipes`.
            attributes: As `Node.attributes`.
        """
        read = [self.value(item) for item in inputs]
        node = Node(
            op, len(self.nodes), tuple(read), (), self.calls.stack if self.calls else (), Origin(self._step, recipes)
        )
        node.attributes = attributes
        is_moving = any(value in self._moving for value in read)
        made: list[Value] = []
        for index, output in enumerate(outputs):
            if isinstance(output, torch.Tensor):
                value = Value(node, index, tuple(output.shape), dtype_name(output))
                self._values[output] = value
                if not is_moving:
                    self._note_constant(value, output)
            else:
                value = Value(node, index, *output)
            made.append(value)
        node.outputs = tuple(made)
        if is_moving:
            self._moving.update(made)
        for value in dict.fromkeys(read):
            value.users.append(node)
        self.nodes.append(node)
        return node.outputs

    def value(self, item: Any) -> Value:
        """The value of a tensor; one that no operation made is a weight or constant, and so is all that is no tensor."""
        if isinstance(item, Value):
            return item
        if not isinstance(item, torch.Tensor):
            return self._constant(np.asarray(item))
        known: Value | None = self._values.get(item)
        if known is None:
            known = self._known(ops.CAPTURE if id(item) in self._weights else ops.CONST, item)
        return known

    def is_constant(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor depends on neither inputs nor weights."""
        return self.value(tensor) not in self._moving

    def forget_differences(self, other: AtenRecording) -> None:
        """Makes sizes and constants unknown that differ in a pass of the same operations with another number of samples."""
        for node, same in zip(self.nodes, other.nodes, strict=True):
            for value, alike in zip(node.outputs, same.outputs, strict=True):
                value.shape = shape_in_common(value.shape, alike.shape)
                mine, theirs = self._constants.get(value), other._constants.get(alike)
                if mine is not None and theirs is not None and not np.array_equal(mine, theirs):
                    common = in_common(mine, theirs)
                    del self._constants[value]
                    if common is not None:
                        self._constants[value] = common
                    if not node.inputs:
                        node.inputs = self.inputs
                        for fed in self.inputs:
                            fed.users.append(node)

    def graph(self) -> Graph:
        """The pass as a graph."""
        return Graph(self.nodes, self.inputs, self.outputs, self._constants.get)

    def _known(self, op: str, tensor: torch.Tensor) -> Value:
        """The value of a tensor that was there before the pass."""
        node = Node(op, len(self.nodes), (), (), (), Origin(-1, ()))
        value = Value(node, 0, tuple(tensor.shape), dtype_name(tensor))
        node.outputs = (value,)
        self.nodes.append(node)
        self._values[tensor] = value
        if op != ops.CONST:
            self._moving.add(value)
        else:
            self._note_constant(value, tensor)
        return value

    def _note_constant(self, value: Value, tensor: torch.Tensor) -> None:
        has_numpy = tensor.dtype != torch.bfloat16 and not tensor.is_quantized and tensor.layout == torch.strided
        if has_numpy and tensor.numel() <= limits.CONSTANT_ENTRIES:
            self._constants[value] = tensor.detach().cpu().numpy().copy()

    def _constant(self, array: npt.NDArray[Any]) -> Value:
        node = Node(ops.CONST, len(self.nodes), (), (), (), Origin(-1, ()))
        value = Value(node, 0, array.shape, array.dtype.name)
        node.outputs = (value,)
        self.nodes.append(node)
        self._constants[value] = array
        return value


def dtype_name(tensor: torch.Tensor) -> str:
    """The name of the element type, as "float32"."""
    return str(tensor.dtype).removeprefix("torch.")
