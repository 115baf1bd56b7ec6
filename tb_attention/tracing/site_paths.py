"""Paths of sites: names that a person recognizes, unique in a model and the same in every process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise, takewhile
from typing import Any

from tb_attention.tracing import limits
from tb_attention.tracing.graph import LayerCall, Node, ancestors, nearest_first
from tb_attention.tracing.rules.detections import Detection

_SNAKE = ((r"\W+", ""), (r"(.)([A-Z][a-z]+)", r"\1_\2"), (r"([a-z])([A-Z])", r"\1_\2"))

SiteLayers = tuple[tuple[LayerCall, ...], tuple[LayerCall, ...], str]
"""The layers around the softmax, those around the product, and a name in case there are none. The model itself comes first."""


def name_sites(
    sites: Sequence[SiteLayers], others: Iterable[Any] = (), blocks: Mapping[int, str] | None = None
) -> list[str]:
    """A path for each site.

    A path is that of the innermost layer around both the softmax and its product; where that is only the model, or a
    model within it that is a graph of layers, it is the layer of the softmax.

    Args:
        sites: In the order of the model.
        others: Further layers of the model. Keras numbers the names that it makes up across a process. They are numbered
            anew, so that the same model has the same paths in every process.
        blocks: For the ids of plain operations the names of the blocks that they are in.
    """
    namer = _Namer([*(call.layer for around, _, _ in sites for call in around), *others], blocks or {})
    names = [namer.path(around[: _depth(around, used) + 1]) for around, used, _ in sites]
    # Two softmaxes in different layers of one block: their own layers distinguish them.
    for name, count in Counter(names).items():
        group = [index for index, other in enumerate(names) if other == name]
        layers = {tuple(id(call.layer) for call in sites[index][0]) for index in group}
        if count > 1 and len(layers) > 1:
            for index in group:
                names[index] = namer.path(sites[index][0])
    return _numbered([name or fallback for name, (_, _, fallback) in zip(names, sites, strict=True)])


def _depth(around: tuple[LayerCall, ...], used: tuple[LayerCall, ...]) -> int:
    """The index in `around` of the layer that the site is named after."""
    common = 0
    for one, other in zip(around, used, strict=False):
        if one != other:
            break
        common += 1
    last = common - 1
    if (last <= 0 or is_graph_of_layers(around[last].layer)) and common < len(around):
        return common
    return last


def is_graph_of_layers(layer: Any) -> bool:
    """Whether a layer is a Functional or Sequential model, in which only its layers compute."""
    return hasattr(layer, "_run_through_graph") or hasattr(layer, "_maybe_rebuild")


def has_own_name(layer: Any) -> bool:
    """Whether somebody chose the name of a layer."""
    return _automatic_number(layer) is None


def _numbered(names: Sequence[str]) -> list[str]:
    counts: Counter[str] = Counter()
    result = []
    for name in names:
        counts[name] += 1
        result.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return result


class _Namer:
    def __init__(self, layers: Sequence[Any], blocks: Mapping[int, str]) -> None:
        by_base: dict[str, dict[int, str]] = {}
        numbers: dict[int, int] = {}
        for layer in layers:
            number = _automatic_number(layer)
            if number is not None:
                numbers[id(layer)] = number
                by_base.setdefault(_base(layer), {})[id(layer)] = layer.name
        self._automatic: dict[int, str] = {}
        for base, members in by_base.items():
            for rank, identity in enumerate(sorted(members, key=lambda item: numbers[item])):
                self._automatic[identity] = base if rank == 0 else f"{base}_{rank}"
                if identity in blocks:
                    self._automatic[identity] = f"{blocks[identity]}/{base}"

    def path(self, chain: Sequence[LayerCall]) -> str:
        """The names of the layers below the model, joined by slashes."""
        return "/".join(self._name(parent.layer, child.layer) for parent, child in pairwise(chain))

    def _name(self, parent: Any, layer: Any) -> str:
        automatic = self._automatic.get(id(layer))
        if is_graph_of_layers(parent):
            return automatic or str(layer.name)
        siblings = [other.name for other in getattr(parent, "_layers", ())]
        if automatic is None and siblings.count(layer.name) <= 1:
            return str(layer.name)
        return _attribute_name(parent, layer) or automatic or str(layer.name)


def _base(layer: Any) -> str:
    name = type(layer).__name__
    for pattern, replacement in _SNAKE:
        name = re.sub(pattern, replacement, name)
    return name.lower()


def _automatic_number(layer: Any) -> int | None:
    """The number in a name that Keras made up, 0 where it has none; None for a name that somebody chose."""
    match = re.fullmatch(re.escape(_base(layer)) + r"(?:_(\d+))?", str(layer.name))
    return None if match is None else int(match.group(1) or 0)


def _attribute_name(parent: Any, layer: Any) -> str | None:
    """The attribute of the parent that holds a layer: "attention", or "blocks_3" in a list or dict."""
    name: str
    # On PyTorch a layer keeps other layers in a dict.
    for name, value in {**vars(parent), **vars(parent).get("_modules", {})}.items():
        if name.startswith(("_self_", "_layers", "_functional", "_operations", "_tracker", "_modules")):
            # What frameworks note about the layer.
            continue
        shown = name.lstrip("_")
        if value is layer:
            return shown
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
        )
        for key, item in items:
            if item is layer:
                return f"{shown}_{key}"
    return None


def name_blocks(sites: Iterable[Detection]) -> dict[int, str]:
    """For the ids of operations of a graph of layers that hold softmaxes, the names of their blocks where these are known."""
    blocks = {}
    for site in sites:
        around = site.layers
        if len(around) < 2 or not _is_plain(around[-1].layer) or not is_graph_of_layers(around[-2].layer):
            continue
        after_site = nearest_first(
            [site.candidate.value], lambda value: (made for node in value.users for made in node.outputs)
        )
        before = _named(around, (value.node for value in ancestors([site.candidate.logits])))
        after = _named(around, (node for value in after_site for node in value.users))
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


def _in_common(one: str, other: str) -> str:
    """The words at the start of both names: "blocks_3_attn" of "blocks_3_attn_qkv" and "blocks_3_attn_proj"."""
    words = zip(re.findall(r"[^_./-]+[_./-]*", one), re.findall(r"[^_./-]+[_./-]*", other), strict=False)
    return "".join(mine for mine, _ in takewhile(lambda pair: pair[0] == pair[1], words)).rstrip("_./-")
