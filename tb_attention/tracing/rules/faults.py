"""What is no site because the model hardly means it: weights along the batch, and attention that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.weight_uses import Use
from tb_attention.tracing.symbolic_dimensions import Factor

SAMPLES = (
    "samples attend to each other: the weights run along the batch, so what one gets depends on the others in its batch"
)
UNUSED = "attends, but reaches no output of the model: check that its result is used"


def joins_samples(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> bool:
    """Whether the weights of one sample are of other samples: they sum to 1 over the batch, or mix along it.

    Sums over segments, such as the nodes of one graph of several in a batch, do not.
    """
    if candidate.segments is not None or not any(use.how in ("mix", "scale", "project") for use in uses):
        return False
    mixed = (use.contracted for use in uses if use.how == "mix" and not use.elementwise)
    factors = candidate.axis or {factor for contracted in mixed for factor in contracted}
    return any(_are_samples(tracker, factor) for factor in factors)


def _are_samples(tracker: DimensionTracker, factor: Factor | None) -> bool:
    while factor is not None and factor is not tracker.batch:
        factor = factor.parent
    return factor is not None


def layers_of(calls: Iterable[LayerCall]) -> tuple[int, ...]:
    """The layers around an operation, whichever call of them it is."""
    return tuple(id(call.layer) for call in calls)
