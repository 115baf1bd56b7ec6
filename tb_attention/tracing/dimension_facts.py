"""What is known when the dimensions of a result are wanted: the dimensions so far, and the operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tb_attention.tracing.agreement import Agreement
from tb_attention.tracing.graph import Graph, Node, Shape, Value
from tb_attention.tracing.shape_tensors import ShapeTensorReader, Sizes
from tb_attention.tracing.sliding_kernels import Kernels
from tb_attention.tracing.symbolic_dimensions import Dim, Dims, Factor


@dataclass(frozen=True, eq=False)
class DimensionFacts:
    """What is known while the dimensions of a graph are followed, operation by operation.

    Attributes:
        graph: The graph.
        batch: The factor of the samples.
        dims: The dimensions of the values up to here.
        dependent: The values that change with the inputs.
        batched: For each value up to here the dimensions with samples in it or, where it has none (a list of tensors), in what it
            was made from.
        shapes, kernels, agreement: Read tensors of shapes, kernels that slide, and operands that meet.
    """

    graph: Graph
    batch: Factor
    dims: dict[Value, Dims | None]
    dependent: set[Value]
    batched: dict[Value, frozenset[Dim]]
    shapes: ShapeTensorReader
    kernels: Kernels
    agreement: Agreement

    def batch_of(self, value: Value) -> Dim:
        """The dimension of samples of a value of which only its size is unknown: with what was folded into it before."""
        before = frozenset[Dim]().union(*(self.batched[item] for item in value.node.inputs))
        return next(iter(before)) if len(before) == 1 else (self.batch,)

    def broadcast(
        self, inputs: Sequence[Dims | None], rank: int, together: Callable[[Dim, Dim], Dim] | None = None
    ) -> Dims | None:
        """The dimensions of operands that are laid over each other; `together` says which of two a dimension is."""
        together = together or self.agreement.of
        result: list[Dim] = [()] * rank
        fitting = [dims for dims in inputs if dims is not None and len(dims) <= rank]
        # The fuller operand goes first, since the first of equals stays: a padding mask over keys must not pass its
        # positions for those of the scores that it is laid over.
        for dims in sorted(fitting, key=lambda dims: -sum(map(bool, dims))):
            for axis, dim in enumerate(dims, start=rank - len(dims)):
                if self.batch in dim and any(self.batch in other for at, other in enumerate(result) if at != axis):
                    continue
                result[axis] = together(result[axis], dim)
        return tuple(result) if fitting else None


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """One result of a node, whose dimensions are wanted.

    Attributes:
        facts: What is known of the values before it.
        node: The node.
        value: The result.
        shape: Its shape.
        first: The dimensions of the node's first input.
    """

    facts: DimensionFacts
    node: Node
    value: Value
    shape: Shape
    first: Dims

    @property
    def inputs(self) -> list[Dims | None]:
        return [self.facts.dims[item] for item in self.node.inputs]

    def constant(self, index: int) -> npt.NDArray[Any] | None:
        return self.facts.graph.constant(self.node.inputs[index])

    def sizes(self, index: int) -> Sizes | None:
        """An input that holds sizes."""
        return self.facts.shapes.read(self.node.inputs[index])

    @property
    def is_dependent(self) -> bool:
        return self.value in self.facts.dependent
