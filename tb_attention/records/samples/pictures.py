"""Pictures among the inputs: recognised by their shape, and converted to 8 bits."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

THUMBNAIL = 64
"""Side of a thumbnail, at most."""

LARGEST = 1024
"""Side of a stored picture, at most; larger ones are averaged down."""

_SMALLEST = 4


def looks_like_pictures(batch: npt.NDArray[Any]) -> bool:
    """Whether a batch looks like pictures: `(N, H, W)`, `(N, H, W, 1 or 3)` or `(N, 1 or 3, H, W)`, both sides at least 4."""
    if batch.dtype.kind not in "uif" or 0 in batch.shape:
        return False
    if batch.ndim == 3:
        return bool(min(batch.shape[1:]) >= _SMALLEST)
    return batch.ndim == 4 and _channels_last(batch.shape) is not None


def looks_like_picture(shape: tuple[int, ...]) -> bool:
    """Whether an array that a user gives as a picture can be one, by its shape; it may be of any size."""
    if 0 in shape or len(shape) not in (2, 3):
        return False
    return len(shape) == 2 or shape[2] in (1, 3) or shape[0] in (1, 3)


def looks_like_frames(shape: tuple[int, ...]) -> bool:
    """Whether an example has the shape of a video or a volume: frames, rows, columns and 1 or 3 channels, wherever they stand."""
    return len(shape) == 4 and _channels_at(shape) is not None


def to_frames(batch: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 `(N, frames, height, width, 1 or 3)` of videos or volumes, on one scale, as `to_pictures` has it."""
    channels = _channels_at(batch.shape[1:])
    assert channels is not None
    batch = np.moveaxis(batch, 1 + channels, -1)
    pictures = to_pictures(batch.reshape(-1, *batch.shape[2:]))
    return pictures.reshape(*batch.shape[:2], *pictures.shape[1:])


def _channels_at(shape: tuple[int, ...]) -> int | None:
    """The axis of the channels of a video: the last, the first or the second; None where none can be."""
    for axis in (3, 0, 1):
        frames, *sides = (size for index, size in enumerate(shape) if index != axis)
        if shape[axis] in (1, 3) and frames > 1 and min(sides) >= _SMALLEST:
            return axis
    return None


def to_pictures(batch: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 `(N, height, width, 1 or 3)`, 0 black and 255 white.

    The scale follows from the range of the whole batch: 0 to 1, 0 to 16 (scikit-learn's digits), 0 to 255 or -1 to 1. Other
    inputs (standardised ones) are stretched from their smallest to their largest value.
    """
    if batch.ndim == 3:
        batch = batch[..., None]
    elif batch.shape[3] not in (1, 3):
        batch = np.moveaxis(batch, 1, -1)
    side = max(batch.shape[1:3])
    if side > LARGEST:
        batch = shrink(batch.astype(np.float32), LARGEST)
    low, scale = _range(batch)
    if batch.dtype == np.uint8 and scale == 1:
        return np.ascontiguousarray(batch)
    finite = np.nan_to_num(batch.astype(np.float32), nan=low, posinf=low, neginf=low)
    return cast("npt.NDArray[np.uint8]", np.clip(np.rint((finite - low) * scale), 0, 255).astype(np.uint8))


def thumbnails(pictures: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """uint8 `(N, height, width, channels)`, sides at most 64; smaller ones are padded with black at the right and bottom."""
    small = [shrink(picture[None].astype(np.float32), THUMBNAIL)[0] for picture in pictures]
    height, width, channels = (max(picture.shape[axis] for picture in small) for axis in range(3))
    result = np.zeros((len(small), height, width, channels), np.uint8)
    for target, picture in zip(result, small, strict=True):
        target[: picture.shape[0], : picture.shape[1]] = np.rint(picture)
    return result


def shrink(batch: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.float32]:
    """Averages `(N, height, width, channels)` down, so that the longer side is at most `most`; proportions stay."""
    height, width = batch.shape[1:3]
    side = max(height, width)
    if side <= most:
        return batch
    for axis, size in ((1, height), (2, width)):
        target = max(1, size * most // side)
        starts = np.arange(target) * size // target
        counts = np.diff([*starts.tolist(), size]).astype(np.float32)
        shape = [1, 1, 1, 1]
        shape[axis] = target
        batch = (np.add.reduceat(batch, starts, axis=axis) / counts.reshape(shape)).astype(np.float32)
    return batch


def _channels_last(shape: tuple[int, ...]) -> bool | None:
    """Whether the channels of a batch of rank 4 come last; None where no axis can be that of channels."""
    for last, channels, sides in ((True, shape[3], shape[1:3]), (False, shape[1], shape[2:])):
        if channels in (1, 3) and min(sides) >= _SMALLEST:
            return last
    return None


def _range(batch: npt.NDArray[Any]) -> tuple[float, float]:
    """The value that becomes black, and the factor from values to 0 to 255."""
    finite = batch[np.isfinite(batch)] if batch.dtype.kind == "f" else batch
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    whole = batch.dtype.kind in "ui" or bool(np.all(finite == np.rint(finite)))
    if low >= 0 and high <= 1:
        return 0.0, 255.0
    if low >= 0 and high <= 16 and whole:
        return 0.0, 255 / 16
    if low >= 0 and 16 < high <= 255:
        return 0.0, 1.0
    if low >= -1 and high <= 1:
        return -1.0, 127.5
    return low, 255 / (high - low) if high > low else 0.0


def one_picture(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 `(height, width, channels)` of one picture, `(H, W)` or `(H, W, C)` or `(C, H, W)`."""
    return np.asarray(to_pictures(image[None])[0])
