"""Follows batch, positions and features through the operations of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tb_attention.tracing.agreement import Agreement
from tb_attention.tracing.contractions import contraction_of, rearrangement_of
from tb_attention.tracing.detours import before_dilation, sequences_of
from tb_attention.tracing.dimension_rules import (
    agrees,
    derived,
    dim_of,
    is_weight,
    known,
    placed,
    preferred,
    rank_of,
    reduced_axes,
    resized,
    without,
)
from tb_attention.tracing.gathers import gathered
from tb_attention.tracing.graph import Graph, Node, Shape, Value
from tb_attention.tracing.patches import cells_of_patches
from tb_attention.tracing.shape_tensors import ShapeTensorReader
from tb_attention.tracing.shifts_and_pads import joined, padded, picked_by, reversed_along, rolled, united
from tb_attention.tracing.slices import block_of, sliced, split_off, uneven_part
from tb_attention.tracing.sliding import Kernels
from tb_attention.tracing.symbolic_dimensions import (
    ONE,
    Dim,
    Dims,
    Factor,
    Origin,
    Size,
    distinct,
    divide,
    multiply,
    regroup,
    size_of,
)
from tb_attention.tracing.texts import TOKENS_AXIS, text_input
from tb_attention.tracing.unrolled import dimension_of_items, dimension_of_rounds, element_dims, list_items

REDUCTIONS = frozenset({"Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "ArgMax", "ArgMin", "EuclideanNorm"})
SEGMENTS = frozenset({"SegmentSum", "SegmentMean", "SegmentMax", "UnsortedSegmentSum", "UnsortedSegmentMax"})
RESHAPES = frozenset({"Reshape", "ExpandDims", "Squeeze"})
PADS = frozenset({"Pad", "PadV2", "MirrorPad"})
REVERSALS = frozenset({"ReverseV2", "ReverseSequence"})
RESIZES = frozenset({"ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"})
PICKS = frozenset({"TopKV2", "TopK", "ApproxTopK"})
POOLS = frozenset({"MaxPool", "AvgPool", "MaxPoolV2", "MaxPool3D", "AvgPool3D", "DepthwiseConv2dNative"})
CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "ExtractImagePatches", "ExtractVolumePatches"})


class DimensionTracker:
    """The dimensions of every value of a graph.

    Args:
        graph: The graph.

    Attributes:
        batch: The factor of the samples.
        dims: For each value its dimensions, or None where not even the rank is known.
        dependent: The values that change with the inputs.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.batch = Factor((1, 1), "batch")
        self.dims: dict[Value, Dims | None] = {}
        self.dependent = graph.depending_on_inputs()
        self._sizes = ShapeTensorReader(graph, self.dims)
        # For each value the dimensions with samples in it or, where it has none (a list of tensors), in what it was made from.
        self._batched: dict[Value, frozenset[Dim]] = {}
        self._kernels = Kernels(graph)
        self._agreement = Agreement()
        places = {value: place for place, value in enumerate(graph.inputs)}
        sizes = [value.shape[0] for value in graph.inputs if value.shape]
        # A trace for one number of samples: sizes are plain numbers there.
        self._samples = None if None in sizes or not sizes else sizes[0]
        if self._samples is not None:
            self.batch.size = (0, self._samples)
        for node in graph.nodes:
            for value in node.outputs:
                dims = self._of_input(value, places[value]) if value in places else self._of(node, value)
                checked = self._checked(value, dims)
                self.dims[value] = None if checked is None else distinct(checked)
                self._batched[value] = self._batched_in(value)

    def _batched_in(self, value: Value) -> frozenset[Dim]:
        own = frozenset(dim for dim in self.dims[value] or () if self.batch in dim)
        return own or frozenset().union(*(self._batched[item] for item in value.node.inputs))

    def _batch_of(self, value: Value) -> Dim:
        """The dimension of samples of a value of which only its size is unknown: with what was folded into it before."""
        before = frozenset[Dim]().union(*(self._batched[item] for item in value.node.inputs))
        return next(iter(before)) if len(before) == 1 else (self.batch,)

    def _of_input(self, value: Value, place: int) -> Dims | None:
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
            dims.append(dim_of(Factor(known(size), origin, input=(place, axis))))
        return tuple(dims)

    def _checked(self, value: Value, dims: Dims | None) -> Dims | None:
        """The dimensions, new ones where they are not known or do not have the sizes that they should."""
        if value.shape is None:
            return dims
        if dims is None or len(dims) != len(value.shape):
            return self._fresh(value, [None] * len(value.shape))
        agrees = [self._is_right(dim, size) for dim, size in zip(dims, value.shape, strict=True)]
        if all(agrees):
            return dims
        fresh = self._fresh(value, [size_of(dim) if right else None for dim, right in zip(dims, agrees, strict=True)])
        return tuple(dim if right else new for dim, right, new in zip(dims, agrees, fresh, strict=True))

    def _is_right(self, dim: Dim, size: int | None) -> bool:
        """Whether a dimension may have a size; one of samples may have any, as a constant mask binds it to a number."""
        if size is None and dim and size_of(dim) == ONE:
            # Cut to one position, which the graph's shapes do not tell.
            return True
        return (dim == (self.batch,) and size != 1) or agrees(size_of(dim), size)

    def _fresh(self, value: Value, sizes: Sequence[Size | None]) -> Dims:
        assert value.shape is not None
        dims: list[Dim] = []
        only_unknown = value.shape.index(None) if value.shape.count(None) == 1 else 0
        for place, (static, size) in enumerate(zip(value.shape, sizes, strict=True)):
            size = known(static) or size
            if size == (1, 1):
                dims.append((self.batch,))
            elif size is None and place == only_unknown and value in self.dependent:
                dims.append(self._batch_of(value))
            else:
                dims.append(dim_of(Factor(size, "unknown" if value in self.dependent else "weight")))
        return tuple(dims)

    def _of(self, node: Node, value: Value) -> Dims | None:
        kind = node.type
        inputs = [self.dims[item] for item in node.inputs]
        if not inputs or value.shape is None:
            return None
        contraction = contraction_of(self._graph, node)
        if contraction is not None:
            return self._of_contraction(node, contraction.operands, contraction.result)
        first = inputs[0]
        if kind == "TensorListGetItem":
            return element_dims(node, self.dims)
        if kind == "TensorListStack" and value in self.dependent:
            return self._of_list(node, value.shape)
        if first is None:
            return None
        rearrangement = rearrangement_of(self._graph, node)
        if rearrangement is not None:
            named = dict(zip(rearrangement[0], first, strict=True))
            return tuple(named[name] for name in rearrangement[1])
        if kind == "BatchToSpaceND":
            whole = before_dilation(node)
            return self._of_convolution(node, self.dims[whole] if whole else None, value.shape, first[-1])
        if kind == "Range":
            return (self._of_range(node),)
        if kind == "RaggedTensorToTensor" and value in self.dependent:
            # Its values lie in one row, with neither samples nor positions of their own.
            text = text_input(self._graph, node) if len(value.shape) == 2 else None
            tokens = None if text is None else (text, TOKENS_AXIS)
            return (
                self._batch_of(value),
                *(dim_of(Factor(known(size), "position", input=tokens)) for size in value.shape[1:]),
            )
        if kind in RESHAPES:
            return self._of_reshape(node, first, value.shape)
        if kind == "Transpose":
            order = self._sizes.read(node.inputs[1])
            if order is None or len(order) != len(first) or any(place is None for place in order):
                return None
            return tuple(first[place[1]] for place in order if place is not None)
        if kind in REDUCTIONS:
            return self._of_reduction(node, first)
        if kind in SEGMENTS:
            nodes = (
                self._batch_of(value) if value.shape[0] is None else dim_of(Factor(known(value.shape[0]), "position"))
            )
            return (nodes, *first[len(inputs[1] or ()) :])
        if kind in ("GatherV2", "ResourceGather"):
            return gathered(self._graph, node, inputs, self.batch, dependent=node.inputs[0] in self.dependent)
        if kind == "OneHot":
            return (*first, dim_of(Factor(known(value.shape[-1]), "feature")))
        if kind in CONVOLUTIONS or kind in POOLS or kind == "SpaceToDepth":
            return self._of_convolution(node, first, value.shape)
        if kind == "Roll":
            return rolled(first, *map(self._graph.constant, node.inputs[1:3]))
        if kind in REVERSALS:
            axes = self._graph.constant(node.inputs[1]) if kind == "ReverseV2" else None
            return reversed_along(first, axes)
        if kind in PADS:
            return resized(padded(first, self._graph.constant(node.inputs[1])), value.shape)
        if kind == "Split" and inputs[1] is not None:
            return split_off(
                inputs[1], self._graph.constant(node.inputs[0]), len(node.outputs), value.place, value.shape, self.batch
            )
        if kind == "SplitV" and len(value.shape) == len(first):
            return uneven_part(self._graph, first, value, self.batch)
        if kind == "Slice":
            return block_of(first, self._graph.constant(node.inputs[1]), value.shape, self.batch)
        if kind in RESIZES:
            return self._kernels.resized(node, first, value.shape)
        if kind in PICKS:
            return (*first[:-1], picked_by(first[-1], None, known(value.shape[-1])))
        if kind == "IdentityN":
            return inputs[value.place]
        if kind == "StridedSlice":
            return sliced(self._graph, node, first, value.shape, self.batch)
        if kind == "ConcatV2":
            return self._of_concatenation(node, inputs[:-1], value.shape)
        if kind == "Pack":
            axis = int(self._graph.attribute(node, "axis"))
            joined = list(self._broadcast(inputs, len(value.shape) - 1) or ())
            rounds = dimension_of_rounds(self._graph, node, self.dims) if value in self.dependent else None
            joined.insert(axis % len(value.shape), rounds or dim_of(Factor((0, len(inputs)), "stack")))
            return tuple(joined)
        if kind == "Unpack":
            axis = int(self._graph.attribute(node, "axis")) % len(first)
            return first[:axis] + first[axis + 1 :]
        if kind in ("Tile", "BroadcastTo"):
            return self._of_repetition(node, first, value)
        if kind in ("Select", "SelectV2"):
            # The condition, which may be a mask of another input, says least.
            chosen = self._broadcast(inputs[1:], len(value.shape))
            return self._broadcast([chosen, inputs[0]], len(value.shape), preferred)
        return self._broadcast(inputs, len(value.shape))

    def _of_contraction(self, node: Node, operands: Sequence[Sequence[str]], result: Sequence[str]) -> Dims | None:
        named: dict[str, Dim] = {}
        # Learned tokens stay what they are where they are projected (the second operand is the projection then) and after.
        learned = self.dependent.isdisjoint(node.inputs)
        for place, (value, names) in enumerate(zip(node.inputs, operands, strict=True)):
            dims = self.dims[value]
            if dims is None or len(dims) != len(names):
                return None
            tokens = (learned and place == 0) or not all(map(is_weight, dims))
            for name, dim in zip(names, dims, strict=True):
                if value not in self.dependent and is_weight(dim) and not tokens:
                    # The new axes of a projection are features: channels, and heads before them.
                    dim = tuple(Factor(factor.size, "feature") for factor in dim)
                    named.setdefault(name, dim)
                else:
                    named[name] = (self._agreement.of if name in result else preferred)(named.get(name, ()), dim)
        return tuple(named[name] for name in result)

    def _of_reshape(self, node: Node, first: Dims, shape: Shape) -> Dims | None:
        sizes: list[Size | None] = [known(size) for size in shape]
        if node.type == "Reshape":
            read = self._sizes.read(node.inputs[1])
            if read is not None and len(read) == len(sizes):
                sizes = [size or told for size, told in zip(sizes, read, strict=True)]
        elif node.type in ("ExpandDims", "Squeeze"):
            kept = [dim for dim in first if dim]
            return placed(kept, shape)
        told = all(size_of(dim) is not None for dim in first)
        if (
            told
            and sum(size is None for size in sizes) > 1
            and sizes[0] is None
            and first
            and first[0] == (self.batch,)
        ):
            sizes[0] = self.batch.size
        return regroup(first, sizes)

    def _of_range(self, node: Node) -> Dim:
        """Indices say nothing about what they count, but that they count samples."""
        start, limit, step = (self._sizes.read(item) for item in node.inputs)
        size = limit[0] if limit and start == [(0, 0)] and step == [(0, 1)] else None
        return (self.batch,) if size == (1, 1) else dim_of(Factor(size, "weight"))

    def _of_reduction(self, node: Node, first: Dims) -> Dims | None:
        axes = reduced_axes(self._graph, node, len(first))
        if axes is None:
            return None
        if self._graph.attribute(node, "keep_dims"):
            return tuple(() if place in axes else dim for place, dim in enumerate(first))
        return tuple(dim for place, dim in enumerate(first) if place not in axes)

    def _of_list(self, node: Node, shape: Shape) -> Dims | None:
        """What a loop over a sequence gave at each position, a step before the samples and their features."""
        items = list_items(node)
        if items:
            first = self.dims[items[0]]
            return None if first is None else (dimension_of_items(items, self.dims), *first)
        if len(shape) < 2:
            return None
        steps, samples = dim_of(Factor(known(shape[0]), "position")), self._batch_of(node.outputs[0])
        for dims in (self.dims[sequence] for sequence in sequences_of(node)):
            if dims and self.batch in dims[0]:
                # A loop over the samples; what it made of each is not told.
                return None
            if dims is not None and len(dims) > 1 and self.batch in dims[1] and agrees(size_of(dims[0]), shape[0]):
                steps, samples = dims[:2]
                break
        return (steps, samples, *(dim_of(Factor(known(size), "feature")) for size in shape[2:]))

    def _of_convolution(self, node: Node, first: Dims | None, shape: Shape, made: Dim = ()) -> Dims | None:
        if first is None or len(first) != len(shape):
            return None
        layout = str(self._graph.attribute(node, "data_format") or b"NHWC")
        channels = 1 if "NC" in layout else len(shape) - 1
        dims: list[Dim] = []
        for place, (dim, size) in enumerate(zip(first, shape, strict=True)):
            if place == 0:
                dims.append(dim)
            elif place == channels and made:
                dims.append(made)
            elif place == channels and (node.type in CONVOLUTIONS or node.type == "SpaceToDepth"):
                origin: Origin = "window" if node.type.startswith("Extract") else "feature"
                dims.append(dim_of(Factor(known(size), origin)))
            else:
                # Pooling and depthwise convolution leave the channels what they are.
                dims.append(
                    derived(dim, known(size)) if place == channels else self._kernels.slid(node, place, dim, size)
                )
        cells = cells_of_patches(self._graph, node)
        if cells is not None:
            dims[-1] = (*cells, *first[-1])
        return tuple(dims)

    def _of_concatenation(self, node: Node, parts: Sequence[Dims | None], shape: Shape) -> Dims | None:
        constant = self._graph.constant(node.inputs[-1])
        read = [part for part in parts if part is not None]
        if constant is None or len(read) != len(parts):
            return None
        axis = int(constant) % len(shape)
        joined = [part[axis] for part in read]
        read = united(read, axis)
        rest = list(self._broadcast([without(part, axis) for part in read], len(shape) - 1) or ())
        rest.insert(axis, self._joined(joined, known(shape[axis])))
        return tuple(rest)

    def _joined(self, parts: Sequence[Dim], size: Size | None) -> Dim:
        sizes = [size_of(part) for part in parts]
        if any(self.batch in part for part in parts) and len(set(sizes)) == 1:
            # Heads stacked into the batch: torch-like code does so with split and concat.
            return (Factor((0, len(parts)), "stack"), *parts[0])
        main = max(range(len(parts)), key=lambda place: rank_of(parts[place]))
        if size is None:
            size = (0, sum(part[1] for part in sizes if part)) if all(part and part[0] == 0 for part in sizes) else None
        return joined(parts, sizes, size, main)

    def _of_repetition(self, node: Node, first: Dims, value: Value) -> Dims | None:
        assert value.shape is not None
        padded = (*(() for _ in range(len(value.shape) - len(first))), *first)
        read = self._sizes.read(node.inputs[1])
        dims: list[Dim] = []
        for place, (dim, static) in enumerate(zip(padded, value.shape, strict=True)):
            size = known(static)
            if size is None and read is not None and len(read) == len(padded):
                size = multiply([size_of(dim), read[place]]) if node.type == "Tile" else read[place]
            if size == ONE and static is None and not dim:
                # Repeated once, as often as there are windows: which the graph's shapes do not tell.
                dims.append((Factor(ONE, "repeat"),))
            elif size == size_of(dim) or (size is None and dim):
                dims.append(dim)
            elif size == (1, 1) or (size is None and place == 0):
                dims.append((self.batch,))
            elif not dim:
                dims.append(dim_of(Factor(size, "repeat")))
            elif self.batch in dim and divide(size, size_of(dim)) is not None:
                # All samples, and all of them again.
                dims.append((Factor(divide(size, size_of(dim)), "repeat"), *dim))
            else:
                dims.append((Factor(size, dim[0].origin, parent=dim[0]),))
        return tuple(dims)

    def _broadcast(
        self, inputs: Sequence[Dims | None], rank: int, together: Callable[[Dim, Dim], Dim] | None = None
    ) -> Dims | None:
        """The dimensions of operands that are laid over each other; `together` says which of two a dimension is."""
        together = together or self._agreement.of
        result: list[Dim] = [()] * rank
        fitting = [dims for dims in inputs if dims is not None and len(dims) <= rank]
        # The fuller operand goes first, since the first of equals stays: a padding mask over keys must not pass its
        # positions for those of the scores that it is laid over.
        for dims in sorted(fitting, key=lambda dims: -sum(map(bool, dims))):
            for place, dim in enumerate(dims, start=rank - len(dims)):
                if self.batch in dim and any(self.batch in other for at, other in enumerate(result) if at != place):
                    continue
                result[place] = together(result[place], dim)
        return tuple(result) if fitting else None
