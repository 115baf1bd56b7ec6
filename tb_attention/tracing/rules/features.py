"""The feature map behind a gate over channels: what it multiplies, or what was averaged to what it multiplies."""

from __future__ import annotations

import dataclasses

from tb_attention.tracing.dimension_rules import reduced_axes
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.rules.detections import Detection, FeatureMap
from tb_attention.tracing.rules.operands import VIEWS

# Views that keep each channel where it is, so that channel 3 of the mean is the mean of channel 3.
_KEEPING = VIEWS & {"Cast", "CheckNumerics", "EnsureShape", "ExpandDims", "Identity", "Reshape", "Snapshot", "Squeeze"}
_STEPS = 8


def with_features(graph: Graph, tracker: DimensionTracker, detection: Detection, multiplied: Value) -> Detection:
    """The site of a gate with the feature map behind it, if it is one over channels and there is one.

    Args:
        graph, tracker: The graph and the dimensions of its values.
        detection: The site.
        multiplied: What the gate multiplies or, where it multiplies nothing, what it is a function of, channel by channel.
    """
    if detection.axis_kind != "channels":
        return detection
    features = _direct(tracker, multiplied) or _averaged(graph, tracker, multiplied)
    return dataclasses.replace(detection, features=features)


def _direct(tracker: DimensionTracker, value: Value) -> FeatureMap | None:
    """The value itself, if it has samples, two dimensions of space and channels."""
    dims = tracker.dims[value]
    if dims is None or len(dims) != 4 or {factor.origin for factor in dims[0]} != {"batch"}:
        return None
    channels = [place for place in (3, 1) if any(factor.origin in ("feature", "stack") for factor in dims[place])]
    if len(channels) != 1:
        return None
    space = [dims[place] for place in (1, 2, 3) if place != channels[0]]
    return FeatureMap(value, channels[0]) if any(space) else None


def _averaged(graph: Graph, tracker: DimensionTracker, value: Value) -> FeatureMap | None:
    """The feature map of which the value is the mean over space."""
    for _ in range(_STEPS):
        node = value.node
        if node.type == "Mean":
            pooled = node.inputs[0]
            axes = reduced_axes(graph, node, pooled.rank or 0)
            if pooled.rank != 4 or axes not in ((1, 2), (2, 3)):
                return None
            return FeatureMap(pooled, 3 if axes == (1, 2) else 1)
        if node.type not in _KEEPING or not node.inputs:
            return None
        value = node.inputs[0]
    return None
