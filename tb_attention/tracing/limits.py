"""How far the rules look, in one place: bounds that keep a trace fast, and thresholds, each with its reason.

A step is one operation between a value and what it is computed from or goes into. The bounds are larger than what any model
of the tests and of `benchmarks/collection` needs: larger ones cost time and find nothing more there, smaller ones lose sites.
"""

from __future__ import annotations

# Shapes that a model computes.
SHAPE_STEPS = 40
"""Operations behind a tensor of sizes; a reshape by hand has about ten."""
SHAPE_ENTRIES = 64
"""Entries of a constant that is read as sizes or axes: no tensor has as many axes, and large tables are not read for nothing."""

FOLDED_ENTRIES = 1 << 20
"""Entries of an array that JAX computes from constants alone: a kernel that cuts pictures into patches of 16 x 16 has 600,000."""

# Ways along a graph: from weights to where they end, and from something back to what it is computed from.
FEW_STEPS = 8
"""Between operations that one layer writes one after the other: a pad before a convolution, a cast and a mask before a stack."""
SOME_STEPS = 12
"""Within one expression that people write by hand, such as a softmax with a mask, a temperature and a kept dimension."""
MANY_STEPS = 40
"""Within one layer: from scores to their product through masks, dropout, splits and copies."""
PROJECTION_STEPS = 16
"""Between a score and the network of an expert: some dense layers with activations and a normalization."""
SINK_STEPS = 20
"""Between a softmax and its weights without the column of the sink: masks, a cast, dropout and the cut."""
SCORE_STEPS = 30
"""From scores back to the product of queries and keys: relative positions, masks, caps and a talking-heads product."""
QUERY_STEPS = 8
"""From scores back to where a query is added to keys, so that a bias of an earlier layer is no query."""
POOL_STEPS = 6
"""From a feature vector back to the mean that pooled it: a reshape or two."""

# Searches in all directions: the values or nodes that are visited.
SAMPLING_VALUES = 60
"""From values back to points that were picked from a feature map: bilinear interpolation has four picks and twenty products."""
THRESHOLD_VALUES = 120
"""From a threshold back to the sorted scores, as sparsemax and entmax compute it."""
NEIGHBOUR_NODES = 200
"""From an operation between layers to the layers before and behind it."""
SINK_VALUES = 200
"""From weights back to their softmax."""
ROUND_VALUES = 300
"""Behind each round of a loop; a step of a recurrent layer has some dozens, and reads its part near its end."""
OFFSET_VALUES = 1_000
"""From numbers on to the indices that they are rounded to, through the four corners of each point."""

# Loops and traces.
LOOP_ROUNDS = 256
"""Loops with more rounds are not unrolled, for the graph would have that many copies; attention in them is not seen."""
TRACE_ATTEMPTS = 3
"""How often a model is traced again in one call, where its control flow changes with its inputs."""
KEPT_TRACES = 32
"""Kinds of input of one model; a model fed with more, such as batches of every length, forgets the one not used for longest."""
ATTRIBUTE_DEPTH = 4
"""How deep attributes of layers are compared: a list of configurations of objects with lists."""
ATTRIBUTE_OBJECTS = 200_000
"""Objects in the attributes of a model that are compared; further ones only by what they are."""
CONSTANT_ENTRIES = 1 << 20
"""Numbers of a constant that a recorded pass keeps: a causal mask of 1,024 tokens, the indices of windows."""
HASHED_BYTES = 1 << 24
"""Arrays up to this size are compared by their contents; a larger one takes longer than a capture."""

# What is kept and shown.
FEATURE_CELLS = 1 << 16
"""Cells of all channels of a sample, at most, unless there are more channels: a network may have a gate in each of its blocks."""
LEAST_SAMPLES = 2
"""Samples of a trace on JAX and PyTorch, at least: of one, what is there once looks like what is there for each sample."""
NEAR_NAMES = 5
"""Names that an error lists; more of them would hide the nearest ones."""

# Numbers.
NAME_LIKENESS = 0.6
"""Ratio of `difflib` at or above which a name is near another, as its documentation advises."""
SMALL_TERM = 1e-2
"""Constants up to this are added to a sum only to keep it from being 0."""
POSITION_SLACK = 1e-6
"""By how many positions two positions may differ and be the same: the error of products of strides and offsets."""
KERNEL_ERROR = 2e-2
"""Of the result of a fused kernel of half precision on JAX, against its weights times its values."""
