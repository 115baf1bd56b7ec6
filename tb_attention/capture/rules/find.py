"""All sites of a graph."""

from __future__ import annotations

from tb_attention.capture.dims import DimReader
from tb_attention.capture.graph import Graph, Value
from tb_attention.capture.rules.activations import read_activation
from tb_attention.capture.rules.features import with_features
from tb_attention.capture.rules.found import Found, NoSite
from tb_attention.capture.rules.gates import NOTHING, read_gate
from tb_attention.capture.rules.maps import read_learned_memory, read_map
from tb_attention.capture.rules.parts import with_all_parts
from tb_attention.capture.rules.pointers import read_pointer
from tb_attention.capture.rules.sources import Source, find_sources
from tb_attention.capture.rules.uses import Use, UseFinder


def find_sites(graph: Graph) -> tuple[list[Found], list[NoSite], DimReader]:
    """The sites of a graph in the order of the model, what is none and why, and the dimensions of all values."""
    reader = DimReader(graph)
    finder = UseFinder(graph, reader)
    found: dict[Value, Found] = {}
    left_out: list[NoSite] = []
    for source in find_sources(graph, reader):
        uses = finder.uses(source)
        result = _judge(graph, reader, source, uses)
        if isinstance(result, Found):
            result = with_all_parts(reader, source, uses, result)
            # Two maps that are subtracted, or a sum that is divided by itself, are one tensor for the values.
            found.setdefault(result.weights, result)
        elif source.value.node.type != "Relu6" and source.family != "positive":
            left_out.append(NoSite(source, source.value.node.layers, result))
    return list(found.values()), left_out, reader


def _judge(graph: Graph, reader: DimReader, source: Source, uses: list[Use]) -> Found | str:
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
    return mixing if gate == NOTHING else gate
