"""A softmax or sigmoid that is cut into parts, each of which multiplies something else: one site, not its first part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_attention.capture.atoms import Atom, Size, multiply, size_of
from tb_attention.capture.dims import DimReader
from tb_attention.capture.graph import Value
from tb_attention.capture.rules.found import Found
from tb_attention.capture.rules.sources import Source
from tb_attention.capture.rules.uses import Use
from tb_attention.site import Role


def with_all_parts(reader: DimReader, source: Source, uses: Sequence[Use], found: Found) -> Found:
    """The site with all of its weights, where what was found of it is one of several parts.

    Rows and columns of criss-cross attention are such parts, the near and the far keys of sparse attention, heads that
    were split into a list, and the branches of split attention.
    """
    whole = _size(reader, source.value)
    met = [use for use in uses if use.how in ("mix", "scale")]
    if found.weights is source.value or not met or not all(_is_part(_size(reader, use.weights), whole) for use in met):
        return found
    if len({use.weights for use in met}) < 2:
        return found
    roles: dict[Atom, Role] = {}
    for dim in reader.dims[source.value] or ():
        for atom in dim:
            roles[atom] = _role(atom, source, found)
    return dataclasses.replace(found, weights=source.value, roles=roles, axis_kind="positions", features=None)


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


def _is_part(size: Size | None, whole: Size | None) -> bool:
    return size is not None and whole is not None and size[0] == whole[0] and size[1] < whole[1]


def _size(reader: DimReader, value: Value) -> Size | None:
    dims = reader.dims[value]
    return None if dims is None else multiply(size_of(dim) for dim in dims)
