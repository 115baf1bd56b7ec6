"""Finds all sites of a graph: judges each candidate by its uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_attention.tracing import ops
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Graph, LayerCall, Value
from tb_attention.tracing.rules.attention_maps import OWN_FEATURES, read_learned_memory, read_map
from tb_attention.tracing.rules.candidates import Candidate, find_candidates
from tb_attention.tracing.rules.detections import Detection, Rejection
from tb_attention.tracing.rules.gates import NOTHING, read_gate, with_features
from tb_attention.tracing.rules.loop_weights import find_rows
from tb_attention.tracing.rules.split_weights import with_all_parts, with_sink
from tb_attention.tracing.rules.standalone import read_activation, read_pointer
from tb_attention.tracing.rules.weight_uses import Use, UseFinder
from tb_attention.tracing.symbolic_dimensions import Factor

SAMPLES = (
    "samples attend to each other: the weights run along the batch, so the result of a sample depends on its batch"
)
UNUSED = "attention that reaches no output of the model: check that its result is used"


def find_sites(graph: Graph) -> tuple[list[Detection], list[Rejection], DimensionTracker]:
    """The sites of a graph in the order of the model, the candidates that are no sites, and the dimensions of all values."""
    tracker = DimensionTracker(graph)
    found: dict[Value, Detection] = {}
    left_out: dict[tuple[object, ...], Rejection] = {}
    candidates = find_candidates(tracker)
    all_rows = list(find_rows(tracker, candidates))
    finder = UseFinder(tracker, [rows.whole for rows in all_rows])
    judged = {candidate.value: _with_parts(tracker, candidate, finder.uses(candidate)) for candidate in candidates}
    for rows in all_rows:
        # Weights that one loop computes round by round and another one uses are one tensor.
        if not any(isinstance(judged[candidate.value], Detection) for candidate in rows.parts):
            for candidate in rows.parts:
                del judged[candidate.value]
            judged[rows.whole.value] = _with_parts(tracker, rows.whole, finder.uses(rows.whole))
            candidates = [*(candidate for candidate in candidates if candidate not in rows.parts), rows.whole]
    for candidate in sorted(candidates, key=lambda candidate: candidate.value.node.index):
        result = judged[candidate.value]
        if isinstance(result, Detection):
            # Two maps that are subtracted are one site, and so are sigmoids that are divided by their sum: a softmax.
            first = found.get(result.weights)
            if first is None or (first.candidate.family, candidate.family) == ("sigmoid", "softmax"):
                found[result.weights] = result
        elif candidate.value.node.op != ops.RELU6 and candidate.family != "positive":
            layers = candidate.value.node.layers
            # The rounds of a loop are one.
            operation = (id(candidate.value.node.origin), layers, result)
            left_out.setdefault(operation, Rejection(candidate, layers, result, is_fault=result == SAMPLES))
    unused = _unused(tracker, {_layers_of(candidate.value.node.layers) for candidate in candidates})
    return list(found.values()), [*left_out.values(), *unused], tracker


def _with_parts(tracker: DimensionTracker, candidate: Candidate, uses: list[Use]) -> Detection | str:
    result = _judge(tracker, candidate, uses)
    if not isinstance(result, Detection):
        return result
    return with_sink(tracker, with_all_parts(tracker, uses, result))


def _unused(tracker: DimensionTracker, used: set[tuple[int, ...]]) -> list[Rejection]:
    """Attention that no output of the model depends on, in layers without any other attention.

    A recurrent layer computes a first step and drops it.
    """
    finder = UseFinder(tracker, (), dead=True)
    found: dict[tuple[int, ...], Rejection] = {}
    for candidate in find_candidates(tracker, dead=True):
        layers = _layers_of(candidate.value.node.layers)
        if candidate.family != "softmax" or layers in used or layers in found:
            continue
        mixing = read_map(tracker, candidate, finder.uses(candidate))
        if isinstance(mixing, Detection) and mixing.kind != "router":
            found[layers] = Rejection(candidate, candidate.value.node.layers, UNUSED)
    return list(found.values())


def _judge(tracker: DimensionTracker, candidate: Candidate, uses: list[Use]) -> Detection | str:
    if _joins_samples(tracker, candidate, uses):
        return SAMPLES
    mixing = read_map(tracker, candidate, uses)
    if isinstance(mixing, Detection):
        # A pointer may be picked by its largest weight, as an expert is.
        pointer = read_pointer(tracker, candidate, uses) if mixing.kind == "router" else None
        return pointer or mixing
    if candidate.family == "positive":
        return mixing
    gate = read_gate(tracker, candidate, uses)
    if isinstance(gate, Detection):
        return gate
    alone = read_learned_memory(tracker, candidate, uses) or read_activation(tracker, candidate, uses)
    if alone is not None:
        return with_features(tracker, alone, candidate.logits)
    pointer = read_pointer(tracker, candidate, uses)
    if pointer is not None:
        return pointer
    if any(use.how == "output" for use in uses):
        return "an output of the model"
    return mixing if gate == NOTHING or mixing == OWN_FEATURES else gate


def _joins_samples(tracker: DimensionTracker, candidate: Candidate, uses: Sequence[Use]) -> bool:
    """Whether samples attend to each other: the weights sum to 1 over the batch, or mix along it.

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


def _layers_of(calls: Iterable[LayerCall]) -> tuple[int, ...]:
    """The layers around an operation, whichever call of them it is."""
    return tuple(id(call.layer) for call in calls)
