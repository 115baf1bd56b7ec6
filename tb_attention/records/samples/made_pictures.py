"""Pictures that a model makes of its samples: recognised among its outputs, and converted to 8 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import named_leaves
from tb_attention.records.samples.pictures import LARGEST, looks_like_pictures, shrink
from tb_attention.records.samples.samples import Samples
from tb_attention.site import Site

_SCALES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
# A model may overshoot: so much of the width of a scale may lie beside it.
_BESIDE = 0.25


@dataclass(frozen=True, eq=False)
class MadePictures:
    """What a model made of each sample: a picture, or one in each iteration.

    Attributes:
        frames: uint8 (samples, frames, rows, columns, 1 or 3): one frame, or as many as iterations.
        input: The index of the input whose picture they replace; None for the only one, or for none.
    """

    frames: npt.NDArray[np.uint8]
    input: int | None = None


def find_made_pictures(outputs: Any, samples: Samples, sites: Sequence[Site]) -> MadePictures | None:
    """The first output of a model that is a picture of the size of an input picture, or one for each iteration of a site.

    Args:
        outputs: What the model returned, nested arrays.
        samples: What it took. Where the log is to keep no inputs, or pictures differ in size, nothing is found.
        sites: What was captured in the same pass.
    """
    if not samples.store_inputs or samples.shapes:
        return None
    iterations = {axis.size for site in sites for axis in site.axes if axis.role == "iteration"}
    sides = {_sides(array.shape[1:]): index for index, array in reversed(list(_pictures_of(samples)))}
    for _, output in named_leaves(outputs):
        array = np.asarray(output)
        if array.ndim not in (4, 5) or len(array) != len(samples) or array.dtype.kind not in "fu":
            continue
        own = _sides(array.shape[-3:])
        if own is not None and own in sides and (array.ndim == 4 or array.shape[1] in iterations):
            return MadePictures(to_frames(array), sides[own])
    return None


def given_pictures(pictures: Any, count: int) -> MadePictures:
    """Pictures that a user gives with a step.

    Args:
        pictures: Numbers (samples, rows, columns, 1 or 3), or (samples, frames, rows, columns, 1 or 3).
        count: The number of samples.

    Raises:
        ArgumentError: They are no pictures, or of other samples.
    """
    array = np.asarray(pictures)
    fits = array.ndim in (4, 5) and 0 not in array.shape and array.dtype.kind in "buif" and len(array) == count
    if not fits or array.shape[-1] not in (1, 3):
        raise ArgumentError(
            "`pictures` must have shape (samples, rows, columns, 1 or 3), or (samples, iterations, rows, columns, 1 or 3), "
            f"with the {count} samples of the step. Received: shape {array.shape}, dtype {array.dtype}."
        )
    return MadePictures(to_frames(array))


def to_frames(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 (samples, frames, rows, columns, 1 or 3), 0 black and 255 white.

    The scale, 0 to 1, -1 to 1 or 0 to 255, is the one that the last frames fit: the first ones may be noise. Values beside it
    are cut off. Without a fitting scale, the last frames are stretched.
    """
    frames = array[:, None] if array.ndim == 4 else array
    if frames.shape[-1] not in (1, 3):
        frames = np.moveaxis(frames, 2, -1)
    if frames.dtype == np.uint8:
        values = frames.astype(np.float32)
        low, high = 0.0, 255.0
    else:
        values = np.nan_to_num(frames.astype(np.float32))
        low, high = _scale_of(values[:, -1])
    small = shrink(values.reshape(-1, *values.shape[2:]), LARGEST)
    small = np.clip(np.rint((small - low) * (255 / (high - low))), 0, 255)
    return np.asarray(small.reshape(*frames.shape[:2], *small.shape[1:]), np.uint8)


def _scale_of(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """What becomes black and what becomes white."""
    least, most = map(float, np.quantile(values, [0.01, 0.99]))
    for low, high in _SCALES:
        beside = _BESIDE * (high - low)
        if low - beside <= least and most <= high + beside:
            return low, high
    return least, most if most > least else least + 1


def _pictures_of(samples: Samples) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    for index, (_, array) in enumerate(samples.arrays):
        if index not in samples.tokens and array.ndim == 4 and looks_like_pictures(array):
            yield index, array


def _sides(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Rows and columns of a picture of three dimensions, channels last or first; None where neither can be channels."""
    if shape[2] in (1, 3):
        return shape[0], shape[1]
    return (shape[1], shape[2]) if shape[0] in (1, 3) else None
