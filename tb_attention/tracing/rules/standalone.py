"""Softmaxes and sigmoids that are sites though they multiply nothing: hidden layers that are called attention, and pointers."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import AxisKind
from tb_attention.tracing import limits, ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection, roles_of
from tb_attention.tracing.rules.map_roles import kind_of
from tb_attention.tracing.rules.scores import POSITIONS, adds_pairs, has_pair_scores
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.site_paths import is_graph_of_layers

_ACTIVATION = (
    "This layer's activations multiply nothing: they show what the layer responds to, not what the model attends to."
)
_POINTER = "These weights are an output of the model: they point at positions and multiply nothing."


def read_activation(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """The site of a hidden layer of sigmoids or of a softmax, one number a feature or one a position; None if it is not one."""
    dims = tracker.dims[candidate.value]
    if dims is None or len(dims) < 2 or not uses or {use.how for use in uses} != {"project"}:
        return None
    if candidate.value.node.op == ops.RELU6 and not _is_scaled(uses[0]):
        return None
    around, used = candidate.value.node.layers, uses[0].node.layers
    if not around or _is_inside(around, used):
        return None
    features = [factor for factor in tracker.factors(candidate.value) if factor.origin != "batch"]
    if not features or (len(dims) > 2 and dims[-1]):
        return None
    roles = roles_of(tracker.factors(candidate.value), features)
    axis_kind: AxisKind = "channels" if len(dims) == 2 else "positions"
    return make_detection(candidate, uses[0], "activation", roles, axis_kind, _ACTIVATION)


def _is_inside(around: tuple[LayerCall, ...], used: tuple[LayerCall, ...]) -> bool:
    """Whether a softmax or sigmoid is used by a layer that it is part of.

    Gates of a recurrent cell are, and what mixes the kernels of a convolution.
    """
    if used[-1:] == around[-1:]:
        return True
    return len(used) > 1 and around[: len(used)] == used and not is_graph_of_layers(used[-1].layer)


def _is_scaled(use: Use) -> bool:
    """A relu6 is a hard sigmoid only once it is divided by 6."""
    value = use.weights
    for _ in range(limits.FEW_STEPS):
        if value.node.op in (ops.MUL, ops.DIV):
            return True
        if not value.node.inputs:
            return False
        value = value.node.inputs[0]
    return False


def read_pointer(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """The site of a pointer, or None. Probabilities of classes are none: their scores compare no positions with others.

    See Vinyals, Fortunato and Jaitly, "Pointer Networks", NeurIPS 2015.
    """
    if candidate.family != "softmax" or not any(use.how == "output" for use in uses):
        return None
    factors = tracker.factors(candidate.value)
    queries = [factor for factor in factors if factor.origin in POSITIONS and factor not in candidate.axis]
    if not candidate.axis or not all(factor.origin in POSITIONS for factor in candidate.axis):
        return None
    # Rows that a loop puts together are of one query each.
    asked = any(factor in queries for factor in tracker.factors(candidate.logits))
    if not has_pair_scores(tracker, candidate.logits) and not adds_pairs(tracker, candidate.logits, queries=asked):
        return None
    roles = roles_of(factors, candidate.axis, by_origin=dict.fromkeys(POSITIONS, "query"))
    return make_detection(candidate, None, kind_of(roles), roles, note=_POINTER)
