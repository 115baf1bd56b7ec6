"""A softmax or sigmoid that is cut into parts, each of which multiplies something else: one site, not its first part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_attention.site import Role
from tb_attention.tracing.atoms import Atom, Size, multiply, size_of
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import Value, ancestors
from tb_attention.tracing.rules.found import Found
from tb_attention.tracing.rules.maps import kind_of
from tb_attention.tracing.rules.operands import REDUCTIONS, VIEWS
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

_WHOLE = VIEWS | {"Mul", "RealDiv", "DivNoNan"}
_STEPS = 12


def with_all_parts(reader: DimReader, source: Source, uses: Sequence[Use], found: Found) -> Found:
    """The site with all of its weights, where what was found of it is one of several parts.

    Rows and columns of criss-cross attention are such parts, the near and the far keys of sparse attention, heads that
    were split into a list, and the branches of split attention.
    """
    met = [use for use in uses if use.how in ("mix", "scale")]
    if found.weights is source.value or not met or not all(_is_part(reader, use.weights, source.value) for use in met):
        return found
    if len({use.weights for use in met}) < 2:
        return found
    whole = _before_it_is_cut(reader, source.value, [use.operand for use in met])
    roles: dict[Atom, Role] = {}
    for dim in reader.dims[whole] or ():
        for atom in dim:
            roles[atom] = _role(atom, source, found)
    # Rows of weights that were used one by one have no queries, all of them together have.
    kind = kind_of(roles) if found.kind == "cross" else found.kind
    return dataclasses.replace(found, weights=whole, kind=kind, roles=roles, axis_kind="positions", features=None)


def _before_it_is_cut(reader: DimReader, value: Value, ends: Sequence[Value]) -> Value:
    """The last tensor that holds all weights, masked as they are when they are cut into the parts at these ends."""
    behind = set(ancestors(ends))
    for _ in range(_STEPS):
        users = [node for node in value.users if node.type not in REDUCTIONS and not behind.isdisjoint(node.outputs)]
        after = users[0].outputs[0] if len(users) == 1 and users[0].type in _WHOLE else value
        if after is value or _atoms(reader, after) != _atoms(reader, value):
            return value
        value = after
    return value


def _atoms(reader: DimReader, value: Value) -> set[Atom]:
    return {atom for dim in reader.dims[value] or () for atom in dim}


def _role(atom: Atom, source: Source, found: Found) -> Role:
    if atom.origin == "batch":
        return "samples"
    if atom in source.axis:
        return "key"
    role = found.roles.get(atom, "heads" if atom.origin in ("feature", "stack", "repeat") else "query")
    if found.kind == "gate":
        # Keys of the part that are none of a softmax are channels, each with a distribution of its own.
        return "heads" if source.axis or role != "key" else "key"
    # What the rows of one part have in common are queries of the others.
    return "query" if role in ("windows", "key") else role


def _is_part(reader: DimReader, value: Value, whole: Value) -> bool:
    size, all_of_it = _size(reader, value), _size(reader, whole)
    if size is None or all_of_it is None:
        # How many rounds a loop makes may be known only at run time.
        return len(reader.dims[value] or ()) < len(reader.dims[whole] or ())
    return size != all_of_it and size[0] <= all_of_it[0] and size[1] <= all_of_it[1]


def _size(reader: DimReader, value: Value) -> Size | None:
    dims = reader.dims[value]
    return None if dims is None else multiply(size_of(dim) for dim in dims)
