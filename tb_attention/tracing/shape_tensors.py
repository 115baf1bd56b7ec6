"""Works out integer tensors that hold shapes, symbolically in the number of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.symbolic_dimensions import Dims, Size, divide, multiply, size_of

Sizes = list[Size | None]

_DEPTH = 40
_LARGEST = 64


class ShapeTensorReader:
    """Reads tensors of shapes.

    Args:
        graph: The graph.
        dims: The dimensions of the values that are known by now.
    """

    def __init__(self, graph: Graph, dims: Mapping[Value, Dims | None]) -> None:
        self._graph = graph
        self._dims = dims

    def read(self, value: Value, depth: int = _DEPTH) -> Sizes | None:
        """The elements of a scalar or vector; an element is None where it is not known, as -1 is."""
        constant = self._graph.constant(value)
        if constant is not None:
            if constant.size > _LARGEST:
                return None
            return [(0, int(item)) if item >= 0 else None for item in constant.reshape(-1)]
        node = value.node
        if depth == 0 or not node.inputs:
            return None

        def inputs(start: int = 0, stop: int | None = None) -> list[Sizes | None]:
            return [self.read(item, depth - 1) for item in node.inputs[start:stop]]

        match node.type:
            case "Shape":
                dims = self._dims.get(node.inputs[0])
                return None if dims is None else [size_of(dim) for dim in dims]
            case "Identity" | "Cast" | "Squeeze" | "ExpandDims" | "Reshape" | "EnsureShape":
                return inputs(0, 1)[0]
            case "Pack":
                return _joined(inputs())
            case "ConcatV2":
                return _joined(inputs(0, -1))
            case "StridedSlice":
                return self._slice(value, inputs)
            case "GatherV2":
                data, places = inputs(0, 2)
                if data is None or places is None:
                    return None
                known = [place[1] if place is not None and place[0] == 0 else -1 for place in places]
                return [data[place] if 0 <= place < len(data) else None for place in known]
            case "Mul":
                left, right = inputs()
                if left is None or right is None:
                    return None
                pairs = zip(*_broadcast(left, right), strict=True)
                return [multiply(pair) for pair in pairs]
            case "FloorDiv":
                left, right = inputs()
                if left is None or right is None:
                    return None
                return [divide(a, b) for a, b in zip(*_broadcast(left, right), strict=True)]
            case "Range":
                ends = [_number(end) for end in inputs()]
                if any(end is None for end in ends):
                    return None
                return [(0, item) for item in range(*(end for end in ends if end is not None))]
            case "Rank":
                rank = node.inputs[0].rank
                return None if rank is None else [(0, rank)]
            case "AddV2" | "Sub" | "FloorMod":
                return self._arithmetic(node.type, *(self._wholes(item, depth - 1) for item in node.inputs))
            case "Prod":
                sizes = inputs(0, 1)[0]
                return None if sizes is None else [multiply(sizes)]
        return None

    def _wholes(self, value: Value, depth: int) -> list[int] | None:
        """Numbers that do not depend on the number of samples, which may be negative, as the places of axes are."""
        constant = self._graph.constant(value)
        if constant is not None:
            return [int(item) for item in constant.reshape(-1)] if constant.size <= _LARGEST else None
        numbers = [_number([size]) for size in self.read(value, depth) or [None]]
        return None if None in numbers else [number for number in numbers if number is not None]

    def _arithmetic(self, kind: str, left: list[int] | None, right: list[int] | None) -> Sizes | None:
        if left is None or right is None or (kind == "FloorMod" and 0 in right):
            return None
        length = max(len(left), len(right))
        pairs = zip(*(part * length if len(part) == 1 else part for part in (left, right)), strict=True)
        work = {"AddV2": int.__add__, "Sub": int.__sub__, "FloorMod": int.__mod__}[kind]
        return [(0, number) if number >= 0 else None for number in (work(one, two) for one, two in pairs)]

    def _slice(self, value: Value, inputs: Any) -> Sizes | None:
        node = value.node
        data, begin, end, step = inputs()
        if data is None or any(item is None or len(item) != 1 for item in (begin, end, step)):
            return None
        first, last = self._bound(node.inputs[1]), self._bound(node.inputs[2])
        if first is None or last is None:
            return None
        if self._graph.attribute(node, "shrink_axis_mask"):
            return [data[first]] if -len(data) <= first < len(data) else None
        start = None if self._graph.attribute(node, "begin_mask") else first
        stop = None if self._graph.attribute(node, "end_mask") else last
        return list(data[start:stop])

    def _bound(self, value: Value) -> int | None:
        constant = self._graph.constant(value)
        return None if constant is None else int(constant.reshape(-1)[0])


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
