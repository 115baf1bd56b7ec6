"""A hidden sigmoid or softmax layer that multiplies nothing, as in a well-known article that calls one attention."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.site import Role
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.detections import Detection, make_detection
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.site_paths import is_graph_of_layers
from tb_attention.tracing.symbolic_dimensions import Factor

NOTE = "This layer's activations multiply nothing: they show what the layer responds to, not what the model attends to."


def read_activation(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> Detection | None:
    """The site of a hidden layer of sigmoids or of a softmax, one number a feature or one a position; None if it is not one."""
    dims = tracker.dims[candidate.value]
    if dims is None or len(dims) < 2 or not uses or {use.how for use in uses} != {"project"}:
        return None
    if candidate.value.node.type == "Relu6" and not _is_scaled(uses[0]):
        return None
    around, used = candidate.value.node.layers, uses[0].node.layers
    if not around or _is_inside(around, used):
        return None
    features = [factor for dim in dims for factor in dim if factor.origin != "batch"]
    if not features or (len(dims) > 2 and dims[-1]):
        return None
    roles: dict[Factor, Role] = {
        factor: "key" if factor.origin != "batch" else "samples" for dim in dims for factor in dim
    }
    axis_kind = "channels" if len(dims) == 2 else "positions"
    return make_detection(candidate, uses[0], "activation", roles, axis_kind, NOTE)  # type: ignore[arg-type]


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
    for _ in range(8):
        if value.node.type in ("Mul", "RealDiv"):
            return True
        if not value.node.inputs:
            return False
        value = value.node.inputs[0]
    return False
