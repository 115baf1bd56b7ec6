"""The vocabulary: every operation that the rules and the dimension tracker know, whichever framework a graph was traced with.

A backend translates its operations into these names, attributes and orders of inputs when it makes a graph; the rules know
nothing else. An operation that is not here is `OPAQUE`: no rule looks through it, and its result is taken to be computed number
by number, as with `Sin`, where its shape allows that.

The names are those of TensorFlow, with one name where TensorFlow has several (`Add` and `AddV2`). Inputs come in the order of
TensorFlow too: the tensor first and then axes, shapes or indices, but for `SPLIT`, whose axis is first, and `CONCAT`, whose axis
is last.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType
from typing import NamedTuple

# What is not computed from other tensors of the graph.
INPUT = "Input"  # a tensor that is fed to the model
CAPTURE = "Capture"  # a tensor from outside of the graph: the handle of a variable, or a constant
CONST, RANGE, FILL = "Const", "Range", "Fill"
OPAQUE = "Opaque"

# What reads nothing but the shape of a tensor.
SHAPE, SIZE, RANK, ZEROS_LIKE, ONES_LIKE = "Shape", "Size", "Rank", "ZerosLike", "OnesLike"

# Output i is input i: gradients are stopped, numbers are checked, or nothing is done.
IDENTITY, CAST = "Identity", "Cast"

# The same numbers in another shape or order, copied, or some of them.
RESHAPE, EXPAND_DIMS, SQUEEZE, TRANSPOSE = "Reshape", "ExpandDims", "Squeeze", "Transpose"
TILE, BROADCAST_TO = "Tile", "BroadcastTo"
SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK = "Slice", "StridedSlice", "Split", "SplitV", "Unpack"
CONCAT, PACK = "ConcatV2", "Pack"
PAD, ROLL, REVERSE = "Pad", "Roll", "Reverse"
SPACE_TO_BATCH, BATCH_TO_SPACE, SPACE_TO_DEPTH = "SpaceToBatchND", "BatchToSpaceND", "SpaceToDepth"
SELECT, MATRIX_BAND_PART, MATRIX_DIAG = "Select", "MatrixBandPart", "MatrixDiag"
RAGGED_TO_DENSE = "RaggedTensorToTensor"

# Picks by index: along one axis, at coordinates, or rows of a variable.
GATHER, GATHER_ND, LOOKUP = "GatherV2", "GatherNd", "ResourceGather"

# The largest, or a drawn one.
TOP_K, ARG_MAX, ARG_MIN, MULTINOMIAL = "TopKV2", "ArgMax", "ArgMin", "Multinomial"

# Reductions over axes, and over the entries with the same segment number.
SUM, MEAN, MAX, MIN, PROD = "Sum", "Mean", "Max", "Min", "Prod"
ALL, ANY, NORM = "All", "Any", "EuclideanNorm"
SEGMENT_SUM, SEGMENT_MEAN, SEGMENT_MAX = "SegmentSum", "SegmentMean", "SegmentMax"

# Products that sum over axes. A MATMUL has batch axes before the last two, which are broadcast.
MATMUL, EINSUM = "MatMul", "Einsum"

# A kernel, a window or a patch that slides over positions; RESIZE makes feature maps larger or smaller.
CONV, DEPTHWISE_CONV, POOL, PATCHES, RESIZE = "Conv", "DepthwiseConv", "Pool", "ExtractPatches", "Resize"

# Number by number.
EXP, LOG, LOG1P, NEG, ABS, SIGN = "Exp", "Log", "Log1p", "Neg", "Abs", "Sign"
SQUARE, SQRT, RSQRT, RECIPROCAL = "Square", "Sqrt", "Rsqrt", "Reciprocal"
FLOOR, ROUND, CLIP = "Floor", "Round", "ClipByValue"
TANH, SIGMOID, SOFTPLUS, ERF, ERFC = "Tanh", "Sigmoid", "Softplus", "Erf", "Erfc"
RELU, RELU6, LEAKY_RELU, ELU, SELU = "Relu", "Relu6", "LeakyRelu", "Elu", "Selu"
ADD, ADD_N, BIAS_ADD, SUB, MUL, DIV, POW = "Add", "AddN", "BiasAdd", "Sub", "Mul", "RealDiv", "Pow"
MAXIMUM, MINIMUM, SQUARED_DIFFERENCE = "Maximum", "Minimum", "SquaredDifference"
FLOOR_DIV, FLOOR_MOD = "FloorDiv", "FloorMod"
LESS, COMPARE, LOGICAL, BITCAST, ONE_HOT = "Less", "Compare", "Logical", "Bitcast", "OneHot"

# Over the last axis.
SOFTMAX, LOG_SOFTMAX = "Softmax", "LogSoftmax"
BATCH_NORM = "FusedBatchNorm"

# A loop that was not unrolled, and the lists of tensors from which loops take and to which they add.
LOOP = "While"
LIST_OF, LIST_NEW, LIST_RESIZED = "TensorListFromTensor", "TensorListReserve", "TensorListResize"
LIST_ITEM, LIST_WITH_ITEM, LIST_STACK = "TensorListGetItem", "TensorListSetItem", "TensorListStack"

# What has an effect and no result.
ASSERT, PRINT = "Assert", "Print"

OPERATIONS = frozenset(value for name, value in globals().items() if name.isupper() and isinstance(value, str))

# Families.
SHAPE_READERS = frozenset({SHAPE, SIZE, RANK, ZEROS_LIKE, ONES_LIKE})
CONSTANTS = frozenset({CONST, RANGE, FILL})
EFFECTS = frozenset({ASSERT, PRINT})
RESHAPES = frozenset({RESHAPE, EXPAND_DIMS, SQUEEZE})
COPIES = frozenset({TILE, BROADCAST_TO})
CUTS = frozenset({SLICE, STRIDED_SLICE, SPLIT, SPLIT_V})
JOINS = frozenset({PACK, CONCAT})
GATHERS = frozenset({GATHER, GATHER_ND, LOOKUP})

LAYOUTS = RESHAPES | COPIES | {CAST, IDENTITY, SELECT, TRANSPOSE}
"""The same numbers laid out in another way, copied or masked."""

MOVES = (
    LAYOUTS
    | CUTS
    | JOINS
    | {BATCH_TO_SPACE, EINSUM, GATHER, GATHER_ND, MATRIX_BAND_PART, PAD, RESIZE, ROLL, SPACE_TO_BATCH, UNPACK}
)
"""Operations that pass weights on: moved about, picked out, joined, masked or in another type."""

CHOICES = frozenset({TOP_K, ARG_MAX, ARG_MIN, MULTINOMIAL})
TOTALS = frozenset({SUM, MEAN, MAX, MIN, PROD, ALL, ANY, NORM})
"""Reductions that make one number of several; a total of weights is no weight."""

REDUCTIONS = TOTALS | {ARG_MAX, ARG_MIN}
"""Operations whose result has no axis, or one of size 1, where they go over axes."""

SEGMENTS = frozenset({SEGMENT_SUM, SEGMENT_MEAN, SEGMENT_MAX})
PRODUCTS = frozenset({MATMUL, EINSUM})
PROJECTIONS = PRODUCTS | {CONV}
CONVOLUTIONS = frozenset({CONV, DEPTHWISE_CONV, PATCHES})
SLIDING = CONVOLUTIONS | {POOL, SPACE_TO_DEPTH}
ADDITIONS = frozenset({ADD, BIAS_ADD, SUB})
COMPARISONS = frozenset({LESS, COMPARE, LOGICAL, BITCAST, ONE_HOT})
SCORES = frozenset({SOFTMAX, SIGMOID})
CANDIDATES = frozenset({SOFTMAX, LOG_SOFTMAX, EXP, SIGMOID})
"""What a softmax or a sigmoid begins with, written by hand or not."""


class At(NamedTuple):
    """One position that a slice takes of an axis, which is dropped; None where it is known only at run time."""

    position: int | None


class Span(NamedTuple):
    """The positions that a slice takes of an axis, as in Python; `is_known` is False where they are known only at run time."""

    first: int | None
    last: int | None
    step: int
    is_known: bool = True

    @property
    def is_whole(self) -> bool:
        return self.is_known and self.first is None and self.last is None


Index = tuple[At | Span | EllipsisType | None, ...]
"""What a slice such as `x[..., 1:, None, 0]` takes: for each axis a span or one position; None makes an axis."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The parameters of an operation that are no inputs. Axes are counted from 0.

    Attributes:
        axis: Of CONCAT, PACK, UNPACK, SPLIT, SPLIT_V and GATHER, the axis; None where it is known only at run time.
        axes: Of REDUCTIONS and REVERSE, the axes in order; None likewise.
        keep_dims: Of REDUCTIONS, whether the axes stay, with size 1.
        batch_dims: Of GATHER, how many leading axes the tensor and the indices share.
        index: Of STRIDED_SLICE, what it takes; None where not even the number of entries is known.
        equation: Of EINSUM, as "bqd,bkd->bqk".
        transposed: Of MATMUL, for each operand whether its last two axes are swapped.
        window, strides, dilations: Of SLIDING, along each axis of the input; 1 along samples and channels. None where a size is
            known only at run time.
        padding: Of SLIDING, "SAME", "VALID", or how many positions are added before each axis.
        channels: Of SLIDING, the axis of the channels.
        align_corners: Of RESIZE, whether the first and the last positions stay at the ends.
        is_even: Of RESIZE, whether each new position stands for its even share of the old ones.
    """

    axis: int | None = None
    axes: tuple[int, ...] | None = None
    keep_dims: bool = False
    batch_dims: int = 0
    index: Index | None = None
    equation: str = ""
    transposed: tuple[bool, bool] = (False, False)
    window: tuple[int | None, ...] | None = None
    strides: tuple[int, ...] | None = None
    dilations: tuple[int, ...] | None = None
    padding: str | tuple[int, ...] = "VALID"
    channels: int = -1
    align_corners: bool = False
    is_even: bool = False


NO_ATTRIBUTES = Attributes()
