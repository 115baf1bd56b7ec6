"""Reads integer tensors that hold shapes, symbolically in the number of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tb_attention.tracing import limits, ops
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.ops import At, Span
from tb_attention.tracing.symbolic_dimensions import Dims, Size, divide, multiply, size_of

Sizes = list[Size | None]

_INTEGER_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    ops.ADD: int.__add__,
    ops.SUB: int.__sub__,
    ops.FLOOR_MOD: int.__mod__,
}


class ShapeTensorReader:
    """Reads tensors of shapes.

    Args:
        graph: The graph.
        dims: The dimensions of the values up to here.
    """

    def __init__(self, graph: Graph, dims: Mapping[Value, Dims | None]) -> None:
        self._graph = graph
        self._dims = dims

    def read(self, value: Value, depth: int = limits.SHAPE_STEPS) -> Sizes | None:
        """The elements of a scalar or vector; an element is None where it is not known, as -1 is."""
        constant = self._graph.constant(value)
        if constant is not None:
            if constant.size > limits.SHAPE_ENTRIES:
                return None
            return [(0, int(item)) if item >= 0 else None for item in constant.reshape(-1)]
        node = value.node
        if depth == 0 or not node.inputs:
            return None

        def inputs(start: int = 0, stop: int | None = None) -> list[Sizes | None]:
            return [self.read(item, depth - 1) for item in node.inputs[start:stop]]

        match node.op:
            case ops.SHAPE:
                dims = self._dims.get(node.inputs[value.index])
                return None if dims is None else [size_of(dim) for dim in dims]
            case ops.IDENTITY:
                return self.read(node.inputs[value.index], depth - 1)
            case ops.CAST | ops.SQUEEZE | ops.EXPAND_DIMS | ops.RESHAPE:
                return inputs(0, 1)[0]
            case ops.PACK:
                return _joined(inputs())
            case ops.CONCAT:
                return _joined(inputs(0, -1))
            case ops.STRIDED_SLICE:
                return _sliced(inputs(0, 1)[0], node.attributes.index)
            case ops.GATHER:
                data, picked = inputs(0, 2)
                if data is None or picked is None:
                    return None
                known = [index[1] if index is not None and index[0] == 0 else -1 for index in picked]
                return [data[index] if 0 <= index < len(data) else None for index in known]
            case ops.MUL | ops.FLOOR_DIV:
                left, right = inputs()
                if left is None or right is None:
                    return None
                pairs = zip(*_broadcast(left, right), strict=True)
                return [multiply(pair) if node.op == ops.MUL else divide(*pair) for pair in pairs]
            case ops.RANGE:
                ends = [_number(end) for end in inputs()]
                if any(end is None for end in ends):
                    return None
                return [(0, item) for item in range(*(end for end in ends if end is not None))]
            case ops.RANK:
                rank = node.inputs[0].rank
                return None if rank is None else [(0, rank)]
            case ops.ADD | ops.SUB | ops.FLOOR_MOD:
                return _arithmetic(node.op, *(self._integers(item, depth - 1) for item in node.inputs))
            case ops.PROD:
                sizes = inputs(0, 1)[0]
                return None if sizes is None else [multiply(sizes)]
        return None

    def _integers(self, value: Value, depth: int) -> list[int] | None:
        """Numbers that do not depend on the number of samples, which may be negative, as axes are."""
        constant = self._graph.constant(value)
        if constant is not None:
            return [int(item) for item in constant.reshape(-1)] if constant.size <= limits.SHAPE_ENTRIES else None
        numbers = [_number([size]) for size in self.read(value, depth) or [None]]
        return None if None in numbers else [number for number in numbers if number is not None]


def _arithmetic(op: str, left: list[int] | None, right: list[int] | None) -> Sizes | None:
    if left is None or right is None or (op == ops.FLOOR_MOD and 0 in right):
        return None
    length = max(len(left), len(right))
    pairs = zip(*(part * length if len(part) == 1 else part for part in (left, right)), strict=True)
    return [(0, number) if number >= 0 else None for number in (_INTEGER_ARITHMETIC[op](*pair) for pair in pairs)]


def _sliced(data: Sizes | None, index: ops.Index | None) -> Sizes | None:
    if data is None or index is None or len(index) != 1:
        return None
    match index[0]:
        case At(int(at)) if -len(data) <= at < len(data):
            return [data[at]]
        case Span(first, last, step, True):
            return data[first:last:step]
    return None


def _joined(parts: list[Sizes | None]) -> Sizes | None:
    result: Sizes = []
    for part in parts:
        if part is None:
            return None
        result.extend(part)
    return result


def _number(sizes: Sizes | None) -> int | None:
    """The one number in a list, if it does not depend on the number of samples."""
    if sizes is None or len(sizes) != 1 or sizes[0] is None or sizes[0][0] != 0:
        return None
    return sizes[0][1]


def _broadcast(left: Sizes, right: Sizes) -> tuple[Sizes, Sizes]:
    length = max(len(left), len(right))
    return (left * length if len(left) == 1 else left), (right * length if len(right) == 1 else right)
