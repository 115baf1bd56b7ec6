"""The examples that a run tracks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.axis_facts import Box
from tb_attention.errors import ArgumentError
from tb_attention.records.samples.nested import is_plain, map_leaves, named_leaves, to_numpy
from tb_attention.records.samples.ragged import Shape, own_part
from tb_attention.records.samples.sample_arguments import (
    ByInput,
    Label,
    checked_by_input,
    checked_count,
    checked_ids,
    checked_labels,
    checked_names,
    hash_ids,
)
from tb_attention.records.samples.sounds import Sound, checked_rate
from tb_attention.site import Axis


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Samples:
    """Examples whose attention is followed through training, and how to show them.

    Samples never change. `replace` and `take` make new ones.

    Args:
        inputs: What the model takes, with all examples: an array, or a list or dict of arrays, each of shape `(samples, ...)`.
            Arrays may hold strings.
        labels: Class indices or names, `(samples,)` or `(samples, 1)`, or one-hot rows, `(samples, classes)`; none by default.
        tokens: For each sample the texts of its positions, as a tokenizer splits them. Like all arguments down to `audio` it
            belongs to one input; a mapping from names of inputs gives it for several.
        masks: `(samples, positions)`, 0 or False for padding.
        images: Pictures to show instead of the inputs: `(samples, H, W)` or `(samples, H, W, 1 or 3)`. By default, inputs that
            look like pictures are shown, and those that look like videos or volumes: `(samples, frames, H, W, 1 or 3)`.
        texts: For each sample the text that it was made from.
        shapes: For each sample the shape of its own part of an input, where samples of several shapes are padded at the end to
            one shape. Each is captured in its own shape. By default a sample is the whole of its row.
        names: A name for each position of an input of shape `(samples, positions, ...)`, such as the columns of a table:
            `(positions,)`, or `(samples, positions)` where samples differ. Its positions are "features".
        dates: A date for each position, as datetime64 or ISO texts without a time zone; `(positions,)` or `(samples, positions)`.
            Its positions are "frames".
        boxes: A box for each position in the picture of the sample, as for `Axis`; `(positions, 4)` or `(samples, positions, 4)`.
            Its positions are "objects".
        values: Numbers to show at the positions, `(samples, positions)` or `(samples, positions, channels)`, at most 8 channels.
            By default the input itself, where it has names or dates and this shape.
        audio: Sounds to show and to play, `(samples, moments)` or for each sample `(moments,)`; floats from -1 to 1, or integers.
            The positions of the input, such as the frames of a spectrogram, are "frames" that cover the sound evenly. By default
            the first input of shape `(samples, moments)`, where there is a `rate`.
        rate: Moments of `audio` in a second, in Hz.
        ids: A unique name for each sample; by default 12 hexadecimal digits of a hash of its inputs.
        axes: Query and key axes by site path, for sites where detection fails.
        class_names: Names of the classes, by index.
        store_inputs: Whether the log keeps pictures, tokens, texts, sounds, and what is said of positions; by default it does.

    Raises:
        ArgumentError: Lengths differ, ids repeat, or an argument is not of the kind it should be.
    """

    inputs: Any
    """As given, with NumPy arrays."""
    input_names: tuple[str, ...]
    """A name for each input that has samples; "" for a single array. All mappings below are by index of the input."""
    labels: tuple[Label, ...]
    """For each sample a class index, another value, or None."""
    class_names: tuple[str, ...] | None
    ids: tuple[str, ...]
    axes: Mapping[str, Sequence[Axis]]
    store_inputs: bool
    tokens: Mapping[int, list[list[str]]]
    masks: Mapping[int, npt.NDArray[np.bool_]]
    images: Mapping[int, list[npt.NDArray[Any]]]
    texts: Mapping[int, Sequence[Any]]
    shapes: Mapping[int, list[Shape]]
    names: Mapping[int, list[tuple[str, ...]]]
    dates: Mapping[int, list[tuple[str, ...]]]
    boxes: Mapping[int, list[tuple[Box, ...]]]
    values: Mapping[int, npt.NDArray[np.float64]]
    audio: Mapping[int, list[Sound]]
    rate: float | None
    """Of the sounds; None where there are none."""

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
        names: ByInput = None,
        dates: ByInput = None,
        boxes: ByInput = None,
        values: ByInput = None,
        audio: ByInput = None,
        rate: float | None = None,
        ids: Sequence[str] | None = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
        class_names: Sequence[str] | None = None,
        store_inputs: bool = True,
    ) -> None:
        if isinstance(inputs, list | tuple) and is_plain(inputs):
            inputs = _one_array(inputs)
        self._set(inputs=map_leaves(to_numpy, inputs))
        arrays = self.arrays
        count = checked_count(arrays)
        if rate is not None and audio is None:
            audio = {name: array for name, array in arrays if array.ndim == 2 and array.dtype.kind in "iuf"}
        if (rate is None) != (not audio if isinstance(audio, Mapping) else audio is None):
            raise ArgumentError("`audio` and `rate` belong together: sounds, and their moments in a second.")
        self._set(
            input_names=tuple(name for name, _ in arrays),
            labels=checked_labels(labels, count),
            class_names=checked_names(class_names),
            axes=dict(axes or {}),
            store_inputs=bool(store_inputs),
            rate=None if rate is None else checked_rate(rate),
            **checked_by_input(arrays, tokens=tokens, masks=masks, images=images, texts=texts, shapes=shapes),
            **checked_by_input(arrays, names=names, dates=dates, boxes=boxes, values=values, audio=audio),
        )
        self._set(ids=hash_ids(self._own_arrays()) if ids is None else checked_ids(ids, count))

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[str]:
        """The ids."""
        return iter(self.ids)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name or 'input'}: {array.shape}" for name, array in self.arrays)
        return f"Samples({len(self)} samples, {shapes})"

    @property
    def arrays(self) -> list[tuple[str, npt.NDArray[Any]]]:
        """Names and arrays of the inputs, in order; `Axis.input` is an index into them."""
        # An array without dimensions belongs to no sample. The model gets it as it is.
        return [(name, array) for name, array in named_leaves(self.inputs) if _has_samples(array)]

    def own(self, input_index: int, sample: int) -> npt.NDArray[Any]:
        """The part of an input that is a sample's own."""
        return self._own(self.arrays[input_index][1], input_index, sample)

    def replace(
        self,
        *,
        class_names: Sequence[str] | None = None,
        tokens: ByInput = None,
        masks: ByInput = None,
        texts: ByInput = None,
    ) -> Samples:
        """The same samples with other class names, tokens, masks or texts. What is None stays."""
        given = checked_by_input(self.arrays, tokens=tokens, masks=masks, texts=texts)
        changes: dict[str, Any] = {name: value for name, value in given.items() if value}
        if class_names is not None:
            changes["class_names"] = checked_names(class_names)
        return self._changed(**changes)

    def take(self, indices: Sequence[int]) -> Samples:
        """Some of the samples, by index."""
        chosen = list(indices)

        def of_lists(by_input: Mapping[int, Sequence[Any]]) -> dict[int, list[Any]]:
            return {index: [values[sample] for sample in chosen] for index, values in by_input.items()}

        return self._changed(
            inputs=map_leaves(lambda array: array[chosen] if _has_samples(array) else array, self.inputs),
            labels=tuple(self.labels[sample] for sample in chosen),
            ids=tuple(self.ids[sample] for sample in chosen),
            **{
                name: {index: array[chosen] for index, array in getattr(self, name).items()}
                for name in ("masks", "values")
            },
            **{name: of_lists(getattr(self, name)) for name in _LISTS},
            axes={path: [axis.taken(chosen) for axis in axes] for path, axes in self.axes.items()},
        )

    def groups(self) -> list[tuple[list[int], Samples]]:
        """The samples by shape: for each shape, in the order of its first sample, indices and samples without padding."""
        if not self.shapes:
            return [(list(range(len(self))), self)]
        by_shape: dict[tuple[Shape, ...], list[int]] = {}
        for sample in range(len(self)):
            by_shape.setdefault(tuple(own[sample] for own in self.shapes.values()), []).append(sample)
        return [(indices, self.take(indices)._without_padding()) for indices in by_shape.values()]

    def _without_padding(self) -> Samples:
        """The samples, all of one shape, without what pads their inputs."""
        parts = {index: (slice(None), *own_part(own[0])) for index, own in self.shapes.items()}
        cut = iter([array[parts.get(index, ())] for index, (_, array) in enumerate(self.arrays)])
        lengths = {index: own[0][0] for index, own in self.shapes.items() if own[0]}
        return self._changed(
            inputs=map_leaves(lambda array: next(cut) if _has_samples(array) else array, self.inputs),
            shapes={},
            tokens={index: [row[: lengths.get(index)] for row in rows] for index, rows in self.tokens.items()},
            masks={index: mask[:, : lengths.get(index)] for index, mask in self.masks.items()},
            values={index: values[:, : lengths.get(index)] for index, values in self.values.items()},
            **{
                name: {
                    index: [row[: lengths.get(index)] for row in rows] for index, rows in getattr(self, name).items()
                }
                for name in ("names", "dates", "boxes")
            },
        )

    def _own(self, array: npt.NDArray[Any], input_index: int, sample: int) -> npt.NDArray[Any]:
        row = array[sample]
        return np.asarray(row[own_part(self.shapes[input_index][sample])] if input_index in self.shapes else row)

    def _own_arrays(self) -> list[Any]:
        return [
            array if index not in self.shapes else [self._own(array, index, sample) for sample in range(len(array))]
            for index, (_, array) in enumerate(self.arrays)
        ]

    def _changed(self, **attributes: Any) -> Samples:
        changed = copy.copy(self)
        changed._set(**attributes)
        return changed

    def _set(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


_LISTS = ("tokens", "images", "texts", "shapes", "names", "dates", "boxes", "audio")


def _has_samples(array: Any) -> bool:
    return array is not None and array.ndim > 0


def _one_array(rows: Sequence[Any]) -> npt.NDArray[Any]:
    try:
        return to_numpy(np.asarray(rows))
    except ValueError as error:
        raise ArgumentError("`inputs` given as lists must have rows of one length; pad them.") from error
