"""Default axes: what positions are assumed to be, by their number and the samples, where nothing else is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from tb_attention.records.samples.pictures import looks_like_pictures
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.axes import InputFacts, describe_axis
from tb_attention.site import Axis, Kind, Role


def default_axes(shape: Sequence[int], samples: Samples | None) -> tuple[Axis, ...]:
    """Query and key axes for `(queries, keys)`, or the key axis for `(keys,)`; `note_on_cells` states what they assume."""
    roles: tuple[Role, ...] = ("key",) if len(shape) == 1 else ("query", "key")
    facts = facts_of(samples)
    return tuple(describe_axis(Axis(role, size), facts) for role, size in zip(roles, shape, strict=True))


def note_on_cells(axes: Sequence[Axis]) -> str | None:
    """A sentence for people on the cells that `default_axes` assumes; None where it assumes none."""
    found = dict.fromkeys(_cells_of(axis) for axis in axes if axis.grid is not None)
    if not found:
        return None
    return f"Positions are assumed to be {' and '.join(found)}, by their number; `axes=` says otherwise."


def _cells_of(axis: Axis) -> str:
    cells = f"{' x '.join(map(str, axis.grid or ()))} patches row by row"
    registers = len(axis.extra) - 1
    if registers < 1:
        return f"{cells} behind {axis.extra[0]}" if axis.extra else cells
    return f"{cells} behind {axis.extra[0]} and {registers} register{'s' if registers > 1 else ''}"


def default_kind(axes: Sequence[Axis]) -> Kind:
    """A gate where there are no queries, self-attention where queries and keys are the same positions, else cross-attention."""
    queries = [(axis.size, axis.kind, axis.input) for axis in axes if axis.role == "query"]
    keys = [(axis.size, axis.kind, axis.input) for axis in axes if axis.role == "key"]
    if not queries:
        return "gate"
    return "self" if queries == keys else "cross"


def facts_of(samples: Samples | None) -> list[InputFacts]:
    """What each input of the samples is (an image, tokens or values), and its size."""
    return [] if samples is None else [_facts(samples, index, array) for index, (_, array) in enumerate(samples.arrays)]


def kind_said(samples: Samples, index: int) -> Literal["objects", "frames", "features"] | None:
    """What the positions of an input are by what the user says of them, other than tokens; None where that is nothing."""
    if index in samples.boxes:
        return "objects"
    if index in samples.dates or index in samples.audio:
        return "frames"
    return "features" if index in samples.names else None


def _facts(samples: Samples, index: int, array: npt.NDArray[np.generic]) -> InputFacts:
    if index in samples.tokens:
        return InputFacts("tokens", length=max((len(row) for row in samples.tokens[index]), default=0))
    said = kind_said(samples, index)
    if said is not None and array.ndim > 1:
        return InputFacts(said, length=array.shape[1])
    if index in samples.masks:
        return InputFacts("tokens", length=samples.masks[index].shape[1])
    if array.ndim == 2 and array.dtype.kind in "iu":
        return InputFacts("tokens", length=array.shape[1])
    shown = samples.images.get(index)
    if shown is None and not looks_like_pictures(array):
        return InputFacts("values")
    shape = array.shape[1:] if shown is None else np.shape(shown[0])
    if len(shape) == 3 and shape[2] not in (1, 3):
        shape = (*shape[1:], shape[0])
    height, width, *channels = shape
    # Channels come first where only the first axis has a number of channels that a picture can have.
    axes = (2, 3) if array.ndim == 4 and array.shape[3] not in (1, 3) and array.shape[1] in (1, 3) else (1, 2)
    return InputFacts("image", shape=(height, width, channels[0] if channels else 1), axes=axes)
