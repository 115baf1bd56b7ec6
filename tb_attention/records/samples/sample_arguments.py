"""The arguments of `Samples`, each checked and brought into one form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import text_of, to_numpy
from tb_attention.records.samples.pictures import looks_like_picture
from tb_attention.records.samples.position_facts import (
    checked_boxes_of,
    checked_dates_of,
    checked_names_of,
    checked_values,
    for_each,
)
from tb_attention.records.samples.ragged import Shape
from tb_attention.records.samples.sounds import checked_audio
from tb_attention.reduce.class_names import to_class_names

ByInput = Any
"""One value for the first input that it fits, or a mapping from names of inputs to values."""

Arrays = Sequence[tuple[str, npt.NDArray[Any]]]
"""Names and arrays of the inputs."""

Label = int | float | str | list[float] | None
"""A class index, a name or other value that is no class, or None for no label."""

_ID_DIGITS = 12


def checked_count(arrays: Arrays) -> int:
    """The number of samples."""
    if not arrays:
        raise ArgumentError("`inputs` must be arrays of shape (samples, ...). Received: no such array.")
    lengths = {len(array) for _, array in arrays}
    if len(lengths) != 1 or lengths == {0}:
        raise ArgumentError(
            "`inputs` must hold the same number of samples in each array, at least 1. "
            f"Received: {[len(array) for _, array in arrays]}."
        )
    return lengths.pop()


def checked_labels(labels: Any, count: int) -> tuple[Label, ...]:
    """One label for each sample; all None where none are given."""
    if labels is None:
        return (None,) * count
    array = to_numpy(labels)
    if array.ndim == 0 or len(array) != count:
        raise ArgumentError(
            f"`labels` must have one entry for each of the {count} samples. Received: shape {array.shape}."
        )
    return tuple(to_labels(array))


def to_labels(labels: npt.NDArray[Any]) -> list[Label]:
    """A class index for each sample where labels are classes, else the value itself.

    Args:
        labels: Integers, whole floats or strings, `(samples,)` or `(samples, 1)`, or one-hot rows, `(samples, classes)`.
            Other labels (targets of a regression, a label for each token) stay values.
    """
    if labels.ndim > 1 and labels.shape[1:] == (1,) * (labels.ndim - 1):
        labels = labels.reshape(len(labels))
    if labels.ndim == 2 and _one_hot(labels):
        return [int(index) for index in labels.argmax(axis=1)]
    if labels.ndim == 1:
        return [_scalar(value) for value in labels]
    if labels.dtype.kind in "biuf" and labels[0].size <= 64:
        return [np.asarray(row, np.float64).reshape(-1).tolist() for row in labels]
    return [None] * len(labels)


def _one_hot(labels: npt.NDArray[Any]) -> bool:
    if labels.dtype.kind not in "biuf" or labels.shape[1] < 2:
        return False
    return bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1))


def _scalar(value: Any) -> int | float | str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def checked_names(class_names: Sequence[str] | None) -> tuple[str, ...] | None:
    """A different name for each class, or None."""
    names = to_class_names(class_names)
    return None if names is None else tuple(names)


def checked_ids(ids: Sequence[str], count: int) -> tuple[str, ...]:
    """One id for each sample, all different."""
    names = tuple(str(name) for name in ids)
    if len(names) != count or unique(names) != names or "" in names:
        raise ArgumentError(
            f"`ids` must be {count} different texts, one for each sample. Received: ids={list(ids)[:20]!r}."
        )
    return names


def hash_ids(inputs: Sequence[npt.NDArray[Any]]) -> tuple[str, ...]:
    """An id for each sample: 12 hexadecimal digits of SHA-256 over type, shape and bytes of its inputs.

    The same sample has the same id in every run, whatever the order. Equal samples get "-2", "-3" and so on appended.
    """
    return unique([_hash([array[sample] for array in inputs]) for sample in range(len(inputs[0]))])


def unique(ids: Sequence[str]) -> tuple[str, ...]:
    """The same ids; repeated ones get "-2", "-3" and so on appended."""
    seen: dict[str, int] = {}
    result = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(result)


def _hash(parts: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        if array.dtype.kind in "OSU":
            texts = [text_of(text).encode() for text in array.reshape(-1)]
            lengths = ",".join(str(len(text)) for text in texts)
            digest.update(f"str{array.shape}{lengths};".encode())
            digest.update(b"".join(texts))
            continue
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{little.dtype.str}{array.shape};".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()[:_ID_DIGITS]


def checked_by_input(arrays: Arrays, **arguments: ByInput) -> dict[str, dict[int, Any]]:
    """Each argument by the index of the input that it belongs to, checked and brought into its form."""
    return {
        name: {
            index: _FORMS[name](part, arrays[index][1]) if name in _FORMS else part
            for index, part in _by_input(arrays, name, value).items()
        }
        for name, value in arguments.items()
    }


def _by_input(arrays: Arrays, argument: str, value: ByInput) -> dict[int, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        names = [name for name, _ in arrays]
        unknown = [name for name in value if name not in names]
        if unknown:
            raise ArgumentError(f"`{argument}` must be by names of inputs: {names}. Received: {unknown}.")
        found = {names.index(name): part for name, part in value.items()}
    else:
        found = {_input_for(arrays, argument, value): value}
    count = len(arrays[0][1])
    found = {index: for_each(argument, part, count) for index, part in found.items()}
    for part in found.values():
        if len(part) != count:
            raise ArgumentError(
                f"`{argument}` must have one entry for each of the {count} samples. Received: {len(part)}."
            )
    return found


def _input_for(arrays: Arrays, argument: str, value: Any) -> int:
    """The index of the first input with as many positions as a value has, else 0."""
    if argument in ("tokens", "masks") and len(value) > 0:
        length = max(len(row) if hasattr(row, "__len__") else 0 for row in value)
        for index, (_, array) in enumerate(arrays):
            if array.ndim == 2 and array.shape[1] == length:
                return index
    if argument in ("names", "dates", "boxes", "values") and len(value) > 0:
        [length, *_] = {len(row) for row in for_each(argument, value, 1)}
        fitting = [index for index, (_, array) in enumerate(arrays) if array.ndim > 1 and array.shape[1] == length]
        return fitting[0] if fitting else 0
    return 0


def _checked_tokens(tokens: Any, array: npt.NDArray[Any]) -> list[list[str]]:
    if any(isinstance(row, str | bytes) for row in tokens):
        raise ArgumentError(
            "`tokens` must hold a list of texts for each sample. "
            f"Received: {text_of(next(row for row in tokens if isinstance(row, str | bytes)))!r} in place of a list."
        )
    return [[text_of(token) for token in row] for row in tokens]


def _checked_mask(mask: Any, array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    mask = to_numpy(mask)
    if mask.ndim != 2:
        raise ArgumentError(f"`masks` must have shape (samples, positions). Received: shape {mask.shape}.")
    return np.asarray(mask.astype(bool))


def _checked_images(images: Any, array: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    pictures = [to_numpy(image) for image in images]
    for picture in pictures:
        if picture.dtype.kind not in "biuf" or not looks_like_picture(picture.shape):
            raise ArgumentError(
                "`images` must be pictures of shape (H, W), (H, W, 1 or 3) or (1 or 3, H, W). "
                f"Received: {picture.dtype} of shape {picture.shape}."
            )
    return pictures


def _checked_shapes(shapes: Any, array: npt.NDArray[Any]) -> list[Shape]:
    largest = array.shape[1:]
    own = [tuple(int(size) for size in shape) for shape in shapes]
    for shape in own:
        if len(shape) != len(largest) or any(not 0 <= size <= most for size, most in zip(shape, largest, strict=True)):
            raise ArgumentError(f"`shapes` must be at most {largest} each. Received: {shape}.")
    return own


_FORMS = {
    "tokens": _checked_tokens,
    "masks": _checked_mask,
    "images": _checked_images,
    "shapes": _checked_shapes,
    "names": checked_names_of,
    "dates": checked_dates_of,
    "boxes": checked_boxes_of,
    "values": checked_values,
    "audio": checked_audio,
}
