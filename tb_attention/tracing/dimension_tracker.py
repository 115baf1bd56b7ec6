"""Follows samples, positions and features through the operations of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.tracing.agreement import Agreement
from tb_attention.tracing.dimension_facts import DimensionFacts
from tb_attention.tracing.dimension_handlers import dims_of
from tb_attention.tracing.dimension_rules import agrees, dim_of, known
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.shape_tensors import ShapeTensorReader
from tb_attention.tracing.sliding_kernels import Kernels
from tb_attention.tracing.symbolic_dimensions import ONE, Dim, Dims, Factor, Origin, Size, distinct, size_of


class DimensionTracker:
    """The dimensions of every value of a graph.

    Args:
        graph: The graph.

    Attributes:
        graph: The graph.
        batch: The factor of the samples.
        dims: For each value its dimensions, or None where not even the rank is known.
        dependent: The values that change with the inputs.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        inputs = {value: index for index, value in enumerate(graph.inputs)}
        sizes = [value.shape[0] for value in graph.inputs if value.shape]
        # A trace for one number of samples: sizes are plain numbers there.
        self._samples = None if None in sizes or not sizes else sizes[0]
        self.batch = Factor((1, 1) if self._samples is None else (0, self._samples), "batch")
        self.dims: dict[Value, Dims | None] = {}
        self.dependent = graph.depending_on_inputs()
        batched: dict[Value, frozenset[Dim]] = {}
        self._facts = DimensionFacts(
            graph,
            self.batch,
            self.dims,
            self.dependent,
            batched,
            ShapeTensorReader(graph, self.dims),
            Kernels(graph),
            Agreement(),
        )
        for node in graph.nodes:
            for value in node.outputs:
                dims = self._of_input(value, inputs[value]) if value in inputs else dims_of(self._facts, node, value)
                checked = self._checked(value, dims)
                self.dims[value] = None if checked is None else distinct(checked)
                own = frozenset(dim for dim in self.dims[value] or () if self.batch in dim)
                batched[value] = own or frozenset().union(*(batched[item] for item in node.inputs))

    def factors(self, value: Value | None) -> list[Factor]:
        """All factors of the dimensions of a value; none where they are not known, or for None."""
        return [factor for dim in (self.dims[value] if value is not None else None) or () for factor in dim]

    def _of_input(self, value: Value, index: int) -> Dims | None:
        if value.shape is None:
            return None
        if not value.shape:
            return ()
        last = len(value.shape) - 1
        has_features = value.dtype.startswith(("float", "bfloat")) or last >= 3
        dims: list[Dim] = []
        for axis, size in enumerate(value.shape):
            if axis == 0 and size == self._samples:
                dims.append(dim_of(self.batch))
                continue
            origin: Origin = "feature" if axis == last and has_features else "position"
            dims.append(dim_of(Factor(known(size), origin, input=(index, axis))))
        return tuple(dims)

    def _checked(self, value: Value, dims: Dims | None) -> Dims | None:
        """The dimensions, with new ones for those that are unknown or do not fit the shape."""
        if value.shape is None:
            return dims
        if dims is None or len(dims) != len(value.shape):
            return self._fresh(value, [None] * len(value.shape))
        fits = [self._is_right(dim, size) for dim, size in zip(dims, value.shape, strict=True)]
        if all(fits):
            return dims
        fresh = self._fresh(value, [size_of(dim) if right else None for dim, right in zip(dims, fits, strict=True)])
        return tuple(dim if right else new for dim, right, new in zip(dims, fits, fresh, strict=True))

    def _is_right(self, dim: Dim, size: int | None) -> bool:
        """Whether a dimension may have a size; one of samples may have any, as a constant mask binds it to a number."""
        if size is None and dim and size_of(dim) == ONE:
            # Cut to one position, which the graph's shapes do not say.
            return True
        return (dim == (self.batch,) and size != 1) or agrees(size_of(dim), size)

    def _fresh(self, value: Value, sizes: Sequence[Size | None]) -> Dims:
        assert value.shape is not None
        dims: list[Dim] = []
        only_unknown = value.shape.index(None) if value.shape.count(None) == 1 else 0
        for axis, (static, size) in enumerate(zip(value.shape, sizes, strict=True)):
            size = known(static) or size
            if size == (1, 1):
                dims.append((self.batch,))
            elif size is None and axis == only_unknown and value in self.dependent:
                dims.append(self._facts.batch_of(value))
            else:
                dims.append(dim_of(Factor(size, "unknown" if value in self.dependent else "weight")))
        return tuple(dims)
