"""Sinks: what a softmax gives to no key, by a column that is dropped or a number that is added to the sum."""

from __future__ import annotations

import dataclasses
from itertools import islice

from tb_attention.tracing.atoms import multiply
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.found import Found
from tb_attention.tracing.rules.operands import VIEWS
from tb_attention.tracing.rules.sources import Source

NOTE = "A sink takes a share of each row that multiplies no value: the weights of a row and the share of the sink sum to 1."
_CUTS = frozenset({"Slice", "StridedSlice", "Split", "SplitV"})
_PASSED = (VIEWS - {"GatherV2"}) | {"Mul", "RealDiv"}
_STEPS = 20
_FAR = 200


def with_sink(reader: DimReader, source: Source, found: Found) -> Found:
    """The site marked as one with a sink, if it has one.

    See OpenAI, "gpt-oss-120b & gpt-oss-20b Model Card", 2025 (a learned score for each head beside those of the keys), and
    Miller, "Attention Is Off By One", 2023 (1 added to the sum).
    """
    if source.family != "softmax" or found.kind not in ("self", "cross", "local"):
        return found
    if not source.leaks and not _is_cut(reader, source, found):
        return found
    return dataclasses.replace(found, sink=True, note=NOTE if found.note is None else f"{found.note} {NOTE}")


def _is_cut(reader: DimReader, source: Source, found: Found) -> bool:
    """Whether keys that the softmax is over were cut off before the weights meet the values."""
    keys = multiply(
        atom.size for dim in reader.dims[found.weights] or () for atom in dim if found.roles.get(atom) == "key"
    )
    whole = multiply(atom.size for atom in source.axis)
    if keys is None or whole is None or keys[0] != whole[0] or keys[1] >= whole[1]:
        return False
    value, cut = found.weights, False
    for _ in range(_STEPS):
        if value is source.value:
            return cut
        if value.node.type not in _PASSED:
            return False
        cut = cut or value.node.type in _CUTS
        before = _towards(source.value, value)
        if before is None:
            return False
        value = before
    return False


def _towards(source: Value, value: Value) -> Value | None:
    """The operand that a value has from the source."""
    return next((item for item in value.node.inputs if source in islice(ancestors([item]), _FAR)), None)
