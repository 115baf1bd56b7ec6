"""Names of the blocks that plain operations between layers belong to, by what the names of the layers around have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from tb_attention.tracing import limits
from tb_attention.tracing.graph import LayerCall, Node, Value, ancestors
from tb_attention.tracing.rules.detections import Detection
from tb_attention.tracing.site_paths import has_own_name, is_graph_of_layers


def name_blocks(sites: Iterable[Detection]) -> dict[int, str]:
    """For the ids of operations of a graph of layers that hold softmaxes, the names of their blocks where these are known."""
    blocks = {}
    for site in sites:
        around = site.layers
        if len(around) < 2 or not _is_plain(around[-1].layer) or not is_graph_of_layers(around[-2].layer):
            continue
        before = _named(around, (value.node for value in ancestors([site.candidate.logits])))
        after = _named(around, _readers(site.candidate.value))
        if before and after and (common := _in_common(before, after)):
            blocks[id(around[-1].layer)] = common
    return blocks


def _is_plain(operation: Any) -> bool:
    return not hasattr(operation, "trainable") and not has_own_name(operation)


def _named(around: tuple[LayerCall, ...], nodes: Iterable[Node]) -> str | None:
    """The name of the first layer beside an operation to which somebody gave one."""
    last = len(around) - 1
    for node in islice(nodes, limits.NEIGHBOUR_NODES):
        if len(node.layers) > last and node.layers[:last] == around[:last] and has_own_name(node.layers[last].layer):
            return str(node.layers[last].layer.name)
    return None


def _readers(value: Value) -> Iterator[Node]:
    """The nodes that a value goes into, nearest first."""
    todo, seen = [value], {value}
    while todo:
        for node in todo.pop(0).users:
            yield node
            new = [output for output in node.outputs if output not in seen]
            seen.update(new)
            todo.extend(new)


def _in_common(one: str, other: str) -> str:
    """The words at the start of both names: "blocks_3_attn" of "blocks_3_attn_qkv" and "blocks_3_attn_proj"."""
    words = zip(re.findall(r"[^_./-]+[_./-]*", one), re.findall(r"[^_./-]+[_./-]*", other), strict=False)
    return "".join(mine for mine, _ in takewhile(lambda pair: pair[0] == pair[1], words)).rstrip("_./-")
