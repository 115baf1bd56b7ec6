"""What positions probably are, from their number and from the samples, where nobody said."""

from __future__ import annotations

from collections.abc import Sequence

from tb_attention.records.pictures import looks_like_pictures
from tb_attention.records.samples import Samples
from tb_attention.site import Axis, Kind, Role


def default_axes(shape: Sequence[int], samples: Samples | None) -> tuple[Axis, ...]:
    """Query and key axes of `(queries, keys)`, or the key axis of `(keys,)`."""
    if len(shape) == 1:
        return (_axis("key", shape[0], samples),)
    return _axis("query", shape[0], samples), _axis("key", shape[1], samples)


def default_kind(axes: Sequence[Axis]) -> Kind:
    """A gate without queries; else self-attention where queries and keys are the same positions."""
    queries = [(axis.size, axis.kind, axis.input) for axis in axes if axis.role == "query"]
    keys = [(axis.size, axis.kind, axis.input) for axis in axes if axis.role == "key"]
    if not queries:
        return "gate"
    return "self" if queries == keys else "cross"


def patch_grid(size: int, height: int, width: int) -> tuple[tuple[int, int], int] | None:
    """The grid of square patches that cut a picture into `size` cells, and how many extra positions come before them (0 or 1)."""
    for extra in (0, 1):
        for rows in range(2, min(height, size) + 1):
            columns, rest = divmod(size - extra, rows)
            if rest == 0 and columns >= 2 and rows * width == columns * height:
                return (rows, columns), extra
    return None


def _axis(role: Role, size: int, samples: Samples | None) -> Axis:
    if samples is None:
        return Axis(role, size)
    # Tokens first: their number is exact, while many numbers are that of some grid.
    return _tokens(role, size, samples) or _grid(role, size, samples) or Axis(role, size)


def _tokens(role: Role, size: int, samples: Samples) -> Axis | None:
    for place, (_, array) in enumerate(samples.arrays):
        if place in samples.tokens or place in samples.masks or (array.ndim == 2 and array.dtype.kind in "iu"):
            lengths = {len(row) for row in samples.tokens.get(place, ())} | set(array.shape[1:2])
            if size in lengths:
                return Axis(role, size, "tokens", input=place)
    return None


def _grid(role: Role, size: int, samples: Samples) -> Axis | None:
    for place, (_, array) in enumerate(samples.arrays):
        shown = samples.images.get(place)
        if shown is None and not looks_like_pictures(array):
            continue
        shape = array.shape[1:] if shown is None else shown[0].shape
        channels_first = len(shape) == 3 and shape[2] not in (1, 3)
        height, width = shape[1:3] if channels_first else shape[:2]
        found = patch_grid(size, height, width)
        if found is not None:
            return Axis(role, size, "grid", grid=found[0], extra=("CLS",) * found[1], input=place)
    return None
