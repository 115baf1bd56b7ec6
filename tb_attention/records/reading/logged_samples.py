"""Samples as they were logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.samples_file import audio_member, frames_member, image_member, read_samples_manifest
from tb_attention.records.store.store import ReadStore
from tb_attention.reduce.encodings import decode


@dataclass(frozen=True, eq=False)
class LoggedSamples:
    """The tracked examples of a log.

    Attributes:
        ids: A unique name for each; "0", "1", ... if no samples were logged.
        labels: Class indices, other values, or None.
        class_names: By index, or None.
        inputs: For each sample the descriptions of its inputs, as in docs/format.md.
    """

    ids: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    class_names: tuple[str, ...] | None = None
    inputs: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    _images: Mapping[tuple[int, int], npt.NDArray[np.uint8]] = field(default_factory=dict, repr=False)
    _sounds: Mapping[tuple[int, int], tuple[npt.NDArray[np.float32], float]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def unknown(cls, count: int) -> LoggedSamples:
        """Samples of which only the number is known."""
        return cls(tuple(map(str, range(count))), (None,) * count, None, ((),) * count)

    def image(self, sample: int, place: int = 0) -> npt.NDArray[np.uint8]:
        """The picture of one input, uint8 (height, width, channels); of a video or volume (frames, height, width, channels).

        Args:
            sample: Its index.
            place: The index of the input; the first by default.

        Raises:
            NotInLogError: That input was not logged as a picture.
        """
        return _found(self._images, "picture", sample, place)

    def audio(self, sample: int, place: int = 0) -> tuple[npt.NDArray[np.float32], float]:
        """The sound of one input, float32 (moments,), and how many moments a second has.

        Args:
            sample: Its index.
            place: The index of the input; the first by default.

        Raises:
            NotInLogError: That input was not logged with a sound.
        """
        return _found(self._sounds, "sound", sample, place)


_Kept = TypeVar("_Kept")


def _found(kept: Mapping[tuple[int, int], _Kept], what: str, sample: int, place: int) -> _Kept:
    if (sample, place) in kept:
        return kept[sample, place]
    raise NotInLogError(
        f"There is no such {what}. Received: sample={sample}, place={place}. There are: {sorted(kept)[:40]}."
    )


def read_samples(store: ReadStore, path: str) -> LoggedSamples:
    """The samples in a file.

    Raises:
        DamagedFileError: The file is missing or damaged.
        NewerSchemaError: A newer version wrote it.
    """
    name = path.rsplit("/", 1)[-1]
    try:
        file = store.open(path)
    except FileNotFoundError as error:
        raise DamagedFileError(f"{name}, which steps refer to, is not there.") from error
    with Archive(file, name) as archive:
        value = read_samples_manifest(archive, name)
        try:
            samples = value["samples"]
            inputs = tuple(tuple(sample["inputs"]) for sample in samples)
            labels = tuple(_label(sample["label"]) for sample in samples)
            ids = tuple(str(sample["id"]) for sample in samples)
            names = value["class_names"]
            images = {
                (sample, position): archive.read(
                    (frames_member if "frames" in given else image_member)(sample, position)
                ).astype(np.uint8)
                for sample, described in enumerate(inputs)
                for position, given in enumerate(described)
                if given["kind"] == "image" or "frames" in given
            }
            sounds = {
                (sample, position): _sound(archive, sample, position, given["audio"])
                for sample, described in enumerate(inputs)
                for position, given in enumerate(described)
                if given.get("audio")
            }
            named = None if names is None else tuple(map(str, names))
            return LoggedSamples(ids, labels, named, inputs, images, sounds)
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedFileError(f"{name} is not a samples file: {str(error)[:200]}.") from error


def _sound(
    archive: Archive, sample: int, position: int, given: Mapping[str, Any]
) -> tuple[npt.NDArray[np.float32], float]:
    stored = archive.read(audio_member(sample, position))
    return decode(stored, tuple(given["shape"]), given["encoding"]), float(given["rate"])


def _label(label: Mapping[str, Any] | None) -> Any:
    if label is None:
        return None
    return label["class"] if "class" in label else label["value"]
