"""The examples that a run tracks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples import labels as label_rules
from tb_attention.records.samples.nested import is_plain, map_leaves, named_leaves, text_of, to_numpy
from tb_attention.records.samples.pictures import looks_like_picture
from tb_attention.records.samples.ragged import Shape, own_part
from tb_attention.records.samples.sample_ids import hash_ids, unique
from tb_attention.reduce.class_names import to_class_names
from tb_attention.site import Axis

ByInput = Any
"""One value for the first input that it fits, or a mapping from names of inputs to values."""


class Samples:
    """Examples whose attention is followed through training, and how to show them.

    Args:
        inputs: What the model takes, with all examples: an array, or a list or dict of arrays, each of shape `(samples, ...)`;
            strings too.
        labels: `(samples,)` or `(samples, 1)` class indices or names, or one-hot `(samples, classes)`; none by default.
        tokens: For each sample the texts of its positions, as a tokenizer splits them. Like `masks`, `images` and `texts` it
            belongs to one input; a mapping gives it to several, by name.
        masks: `(samples, positions)`, 0 or False for padding.
        images: Pictures to show in place of the inputs: `(samples, H, W)` or `(samples, H, W, 1 or 3)`. By default, inputs that
            look like pictures are shown.
        texts: For each sample the text that it was made from.
        shapes: For each sample the shape of its own part of an input, where samples of several shapes were filled up behind to
            one; each is captured in its own shape. By default it is the whole.
        ids: A unique name for each sample; by default 12 hexadecimal digits of a hash of its inputs.
        axes: What the positions along queries and keys are, by path of the site; by default it is found out.
        class_names: Names of the classes, by index.
        store_inputs: Whether pictures, tokens and texts go into the log; by default they do.

    Raises:
        ArgumentError: Lengths differ, ids repeat, or something is not of the kind it should be.
    """

    def __init__(
        self,
        inputs: Any,
        labels: Any = None,
        *,
        tokens: ByInput = None,
        masks: ByInput = None,
        images: ByInput = None,
        texts: ByInput = None,
        shapes: ByInput = None,
        ids: Sequence[str] | None = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
        class_names: Sequence[str] | None = None,
        store_inputs: bool = True,
    ) -> None:
        if isinstance(inputs, list | tuple) and is_plain(inputs):
            inputs = _one_array(inputs)
        self.inputs: Any = map_leaves(to_numpy, inputs)
        """As given, its arrays as numpy arrays."""
        # Arrays without dimensions belong to no sample: the model gets them as they are.
        leaves = [(name, array) for name, array in named_leaves(self.inputs) if array is not None and array.ndim]
        self._arrays: list[npt.NDArray[Any]] = [array for _, array in leaves]
        self.input_names: tuple[str, ...] = tuple(name for name, _ in leaves)
        """A name for each input; "" for a single array."""
        self._count = self._check_lengths()
        self.shapes: dict[int, list[Shape]] = {
            place: self._checked_shapes(place, own) for place, own in self._by_input("shapes", shapes).items()
        }
        self.labels: tuple[int | float | str | list[float] | None, ...] = self._checked_labels(labels)
        """For each sample a class index, another value, or None."""
        names = to_class_names(class_names)
        self.class_names: tuple[str, ...] | None = None if names is None else tuple(names)
        self.ids: tuple[str, ...] = hash_ids(self._own_arrays()) if ids is None else self._checked_ids(ids)
        self.axes: Mapping[str, Sequence[Axis]] = dict(axes or {})
        self.store_inputs = bool(store_inputs)
        self.tokens = self._by_input("tokens", tokens)
        self.masks = {place: self._checked_mask(mask) for place, mask in self._by_input("masks", masks).items()}
        self.images = {place: _checked_images(shown) for place, shown in self._by_input("images", images).items()}
        self.texts = self._by_input("texts", texts)
        self._check_tokens()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        """The ids."""
        return iter(self.ids)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name or 'input'}: {array.shape}" for name, array in self.arrays)
        return f"Samples({self._count} samples, {shapes})"

    @property
    def arrays(self) -> list[tuple[str, npt.NDArray[Any]]]:
        """Names and arrays of the inputs, in order; their places are what `Axis.input` counts."""
        return list(zip(self.input_names, self._arrays, strict=True))

    def own(self, place: int, sample: int) -> npt.NDArray[Any]:
        """The part of an input that is a sample's own."""
        array = self._arrays[place][sample]
        return np.asarray(array[own_part(self.shapes[place][sample])] if place in self.shapes else array)

    def groups(self) -> list[tuple[list[int], Samples]]:
        """The samples by their shape: for each shape, in the order of its first sample, the indices and samples of it alone."""
        if not self.shapes:
            return [(list(range(len(self))), self)]
        by_shape: dict[tuple[Shape, ...], list[int]] = {}
        for sample in range(len(self)):
            by_shape.setdefault(tuple(own[sample] for own in self.shapes.values()), []).append(sample)
        return [(index, self._of_one_shape(index)) for index in by_shape.values()]

    def _of_one_shape(self, index: list[int]) -> Samples:
        """Some samples, all of one shape, without what was filled up behind."""
        part = {place: own_part(own[index[0]]) for place, own in self.shapes.items()}
        every = (slice(None),)
        arrays = [array[index][every + part.get(place, ())] for place, array in enumerate(self._arrays)]
        remaining = iter(arrays)
        chosen = copy.copy(self)
        chosen.inputs = map_leaves(
            lambda leaf: next(remaining) if leaf is not None and leaf.ndim else leaf, self.inputs
        )
        chosen._arrays = arrays
        chosen._count = len(index)
        chosen.shapes = {}
        chosen.labels = tuple(self.labels[sample] for sample in index)
        chosen.ids = tuple(self.ids[sample] for sample in index)
        lengths = {place: arrays[place].shape[1] for place in part if arrays[place].ndim > 1}
        chosen.tokens = {
            place: [tokens[sample][: lengths.get(place)] for sample in index] for place, tokens in self.tokens.items()
        }
        chosen.masks = {place: mask[index, : lengths.get(place)] for place, mask in self.masks.items()}
        chosen.images = {place: [images[sample] for sample in index] for place, images in self.images.items()}
        chosen.texts = {place: [texts[sample] for sample in index] for place, texts in self.texts.items()}
        return chosen

    def _own_arrays(self) -> list[Any]:
        return [
            array if place not in self.shapes else [self.own(place, sample) for sample in range(self._count)]
            for place, array in enumerate(self._arrays)
        ]

    def _checked_shapes(self, place: int, shapes: Any) -> list[Shape]:
        largest = self._arrays[place].shape[1:]
        own = [tuple(int(size) for size in shape) for shape in shapes]
        for shape in own:
            if len(shape) != len(largest) or any(
                not 0 <= size <= most for size, most in zip(shape, largest, strict=True)
            ):
                raise ArgumentError(f"`shapes` must be at most {largest} each. Received: {shape}.")
        return own

    def _check_lengths(self) -> int:
        if not self._arrays:
            raise ArgumentError("`inputs` must be arrays of shape (samples, ...). Received: no such array.")
        lengths = {len(array) for array in self._arrays}
        if len(lengths) != 1 or lengths == {0}:
            raise ArgumentError(
                "`inputs` must hold the same number of samples in each array, at least 1. "
                f"Received: {[len(array) for array in self._arrays]}."
            )
        return lengths.pop()

    def _checked_labels(self, labels: Any) -> tuple[int | float | str | list[float] | None, ...]:
        if labels is None:
            return (None,) * self._count
        array = to_numpy(labels)
        if array.ndim == 0 or len(array) != self._count:
            raise ArgumentError(
                f"`labels` must have one entry for each of the {self._count} samples. Received: shape {array.shape}."
            )
        return tuple(label_rules.to_labels(array))

    def _checked_ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        names = tuple(str(name) for name in ids)
        if len(names) != self._count or unique(names) != names or "" in names:
            raise ArgumentError(
                f"`ids` must be {self._count} different texts, one for each sample. Received: ids={list(ids)[:20]!r}."
            )
        return names

    def _checked_mask(self, mask: Any) -> npt.NDArray[np.bool_]:
        array = to_numpy(mask)
        if array.ndim != 2:
            raise ArgumentError(f"`masks` must have shape (samples, positions). Received: shape {array.shape}.")
        return array.astype(bool)

    def _by_input(self, argument: str, value: ByInput) -> dict[int, Any]:
        """The value by the place of the input that it belongs to."""
        if value is None:
            return {}
        if isinstance(value, Mapping):
            unknown = [name for name in value if name not in self.input_names]
            if unknown:
                raise ArgumentError(
                    f"`{argument}` must be by names of inputs: {list(self.input_names)}. Received: {unknown}."
                )
            found = {self.input_names.index(name): part for name, part in value.items()}
        else:
            found = {self._place_for(argument, value): value}
        for part in found.values():
            if len(part) != self._count:
                raise ArgumentError(
                    f"`{argument}` must have one entry for each of the {self._count} samples. Received: {len(part)}."
                )
        return found

    def _place_for(self, argument: str, value: Any) -> int:
        """The first input whose positions a value can be of, else the first input."""
        if argument in ("tokens", "masks") and len(value) > 0:
            length = max(len(row) if hasattr(row, "__len__") else 0 for row in value)
            for place, array in enumerate(self._arrays):
                if array.ndim == 2 and array.shape[1] == length:
                    return place
        return 0

    def _check_tokens(self) -> None:
        for place, tokens in self.tokens.items():
            if any(isinstance(row, str | bytes) for row in tokens):
                raise ArgumentError(
                    "`tokens` must hold a list of texts for each sample. "
                    f"Received: {text_of(next(row for row in tokens if isinstance(row, str | bytes)))!r} in place of a list."
                )
            self.tokens[place] = [[text_of(token) for token in row] for row in tokens]


def _one_array(rows: Sequence[Any]) -> npt.NDArray[Any]:
    try:
        return to_numpy(np.asarray(rows))
    except ValueError as error:
        raise ArgumentError("`inputs` given as lists must have rows of one length; pad them.") from error


def _checked_images(images: Any) -> list[npt.NDArray[Any]]:
    pictures = [to_numpy(image) for image in images]
    for picture in pictures:
        if picture.dtype.kind not in "biuf" or not looks_like_picture(picture.shape):
            raise ArgumentError(
                "`images` must be pictures of shape (H, W), (H, W, 1 or 3) or (1 or 3, H, W). "
                f"Received: {picture.dtype} of shape {picture.shape}."
            )
    return pictures
