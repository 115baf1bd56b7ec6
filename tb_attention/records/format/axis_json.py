"""An axis as JSON, as it stands in manifests and goes to the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tb_attention.records.format import checked, json_text
from tb_attention.site import Axis, Cells, Pixels, WindowPlaces


def axis_to_json(axis: Axis) -> dict[str, Any]:
    """The JSON object of an axis; what is at its default is left out."""
    known: dict[str, Any] = {"role": axis.role, "size": axis.size}
    if axis.kind != "positions":
        known["kind"] = axis.kind
    if axis.grid is not None:
        known["grid"] = list(axis.grid)
    if axis.extra:
        known["extra"] = list(axis.extra)
    if axis.input is not None:
        known["input"] = axis.input
    if axis.places is not None:
        known["places"] = {"grid": list(axis.places.grid), "cells": list(map(list, axis.places.cells))}
    if axis.own is not None:
        known["own"] = list(map(list, axis.own))
    if axis.cells is not None:
        known["cells"] = {
            "grid": list(axis.cells.grid),
            "of": list(axis.cells.of),
            "extra": list(axis.cells.extra),
        }
    if axis.pixels is not None:
        known["pixels"] = list(map(dataclasses.asdict, axis.pixels))
    return known


def axis_from_json(value: Mapping[str, Any]) -> Axis:
    """The axis in a JSON object; raises KeyError, TypeError, ValueError or DamagedFileError where it is none."""
    grid = value.get("grid")
    return Axis(
        role=value["role"],
        size=checked.count(value["size"]),
        kind=value.get("kind", "positions"),
        grid=None if grid is None else checked.shape(grid),
        extra=tuple(map(checked.text, value.get("extra", ()))),
        input=checked.count_or_none(value.get("input")),
        places=None if value.get("places") is None else _places(value["places"]),
        own=None if value.get("own") is None else tuple(map(checked.shape, value["own"])),
        cells=None if value.get("cells") is None else _cells(value["cells"]),
        pixels=None if value.get("pixels") is None else tuple(map(_pixels, value["pixels"])),
    )


def _cells(value: Mapping[str, Any]) -> Cells:
    return Cells(
        checked.shape(value["grid"]),
        tuple(map(_cell_or_none, value["of"])),
        tuple(map(checked.text, value.get("extra", ()))),
    )


def _pixels(value: Mapping[str, Any]) -> Pixels:
    lengths = (json_text.number(value[name]) for name in ("offset", "size", "stride"))
    return Pixels(checked.count(value["axis"]), checked.count(value["of"]), *lengths)


def _cell_or_none(cell: Any) -> int:
    return -1 if cell == -1 else checked.count(cell)


def _places(value: Mapping[str, Any]) -> WindowPlaces:
    return WindowPlaces(
        checked.shape(value["grid"]),
        tuple(tuple(map(_cell_or_none, window)) for window in value["cells"]),
    )
