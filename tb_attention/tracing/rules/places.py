"""Tells numbers that say where something is picked from a feature map, such as offsets, from feature maps."""

from __future__ import annotations

from tb_attention.tracing.graph import Value
from tb_attention.tracing.rules.operands import PICKS, VIEWS

_ARITHMETIC = "AddV2 ClipByValue Floor FloorMod Maximum Minimum Mul RealDiv Rint Round Sub"
_PASSED = (VIEWS - PICKS) | {*_ARITHMETIC.split()}
_FAR = 1_000


def becomes_places(value: Value) -> bool:
    """Whether numbers are scaled and rounded to the indices by which something is picked."""
    todo, seen = [value], {value}
    while todo and len(seen) < _FAR:
        value = todo.pop(0)
        for node in value.users:
            if node.type in PICKS and value in node.inputs[1:]:
                return True
            if node.type in _PASSED:
                new = [output for output in node.outputs if output not in seen]
                seen.update(new)
                todo.extend(new)
    return False
