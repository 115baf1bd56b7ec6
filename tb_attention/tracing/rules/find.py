"""All sites of a graph."""

from __future__ import annotations

from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.rules.activations import read_activation
from tb_attention.tracing.rules.faults import SAMPLES, UNUSED, joins_samples, layers_of
from tb_attention.tracing.rules.features import with_features
from tb_attention.tracing.rules.found import Found, NoSite
from tb_attention.tracing.rules.gates import NOTHING, read_gate
from tb_attention.tracing.rules.loops import find_rows
from tb_attention.tracing.rules.maps import OWN_FEATURES, read_learned_memory, read_map
from tb_attention.tracing.rules.parts import with_all_parts
from tb_attention.tracing.rules.pointers import read_pointer
from tb_attention.tracing.rules.sinks import with_sink
from tb_attention.tracing.rules.sources import Source, find_sources
from tb_attention.tracing.rules.uses import Use, UseFinder


def find_sites(graph: Graph) -> tuple[list[Found], list[NoSite], DimReader]:
    """The sites of a graph in the order of the model, what is none and why, and the dimensions of all values."""
    reader = DimReader(graph)
    found: dict[Value, Found] = {}
    left_out: dict[tuple[object, ...], NoSite] = {}
    sources = find_sources(graph, reader)
    all_rows = list(find_rows(graph, reader, sources))
    finder = UseFinder(graph, reader, [rows.whole for rows in all_rows])
    judged = {source.value: _with_parts(graph, reader, source, finder.uses(source)) for source in sources}
    for rows in all_rows:
        # Weights that the rounds of a loop make and others use: what uses them sees them all.
        if not any(isinstance(judged[source.value], Found) for source in rows.parts):
            for source in rows.parts:
                del judged[source.value]
            judged[rows.whole.value] = _with_parts(graph, reader, rows.whole, finder.uses(rows.whole))
            sources = [*(source for source in sources if source not in rows.parts), rows.whole]
    for source in sorted(sources, key=lambda source: source.value.node.index):
        result = judged[source.value]
        if isinstance(result, Found):
            # Two maps that are subtracted, or a sum that is divided by itself, are one tensor for the values. Sigmoids that are
            # divided by their sum are a softmax then.
            first = found.get(result.weights)
            if first is None or (first.source.family, source.family) == ("sigmoid", "softmax"):
                found[result.weights] = result
        elif source.value.node.type != "Relu6" and source.family != "positive":
            layers = source.value.node.layers
            # The rounds of a loop are one.
            operation = (id(source.value.node.origin), layers, result)
            left_out.setdefault(operation, NoSite(source, layers, result, is_fault=result == SAMPLES))
    unused = _unused(graph, reader, {layers_of(source.value.node.layers) for source in sources})
    return list(found.values()), [*left_out.values(), *unused], reader


def _with_parts(graph: Graph, reader: DimReader, source: Source, uses: list[Use]) -> Found | str:
    result = _judge(graph, reader, source, uses)
    if not isinstance(result, Found):
        return result
    return with_sink(reader, source, with_all_parts(reader, source, uses, result))


def _unused(graph: Graph, reader: DimReader, used: set[tuple[int, ...]]) -> list[NoSite]:
    """Attention of which no output of the model is computed, in layers that have none of which one is.

    A recurrent layer makes a first step and drops it.
    """
    finder = UseFinder(graph, reader, (), dead=True)
    found: dict[tuple[int, ...], NoSite] = {}
    for source in find_sources(graph, reader, dead=True):
        layers = layers_of(source.value.node.layers)
        if source.family != "softmax" or layers in used or layers in found:
            continue
        mixing = read_map(graph, reader, source, finder.uses(source))
        if isinstance(mixing, Found) and mixing.kind != "router":
            found[layers] = NoSite(source, source.value.node.layers, UNUSED)
    return list(found.values())


def _judge(graph: Graph, reader: DimReader, source: Source, uses: list[Use]) -> Found | str:
    if joins_samples(reader, source, uses):
        return SAMPLES
    mixing = read_map(graph, reader, source, uses)
    if isinstance(mixing, Found):
        # Where a pointer points may be picked, as an expert is.
        pointer = read_pointer(graph, reader, source, uses) if mixing.kind == "router" else None
        return pointer or mixing
    if source.family == "positive":
        return mixing
    gate = read_gate(graph, reader, source, uses)
    if isinstance(gate, Found):
        return gate
    alone = read_learned_memory(reader, source, uses) or read_activation(reader, source, uses)
    if alone is not None:
        return with_features(graph, reader, alone, source.logits)
    pointer = read_pointer(graph, reader, source, uses)
    if pointer is not None:
        return pointer
    if any(use.how == "output" for use in uses):
        return "an output of the model"
    return mixing if gate == NOTHING or mixing == OWN_FEATURES else gate
