"""The samples file: the inputs of the model, as far as they can be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import Member
from tb_attention.records.format.schema import SCHEMA, check_schema, manifest_member, read_json
from tb_attention.records.samples.default_axes import kind_said
from tb_attention.records.samples.nested import text_of
from tb_attention.records.samples.pictures import (
    looks_like_frames,
    looks_like_pictures,
    one_picture,
    thumbnails,
    to_frames,
    to_pictures,
)
from tb_attention.records.samples.position_facts import own_values, said_of, values_to_json
from tb_attention.records.samples.samples import Samples
from tb_attention.records.samples.sounds import kept_sound
from tb_attention.reduce.encodings import Encoding, encode

THUMBNAILS = "thumbnails"

# Nobody reads longer sequences of bare token ids.
_MOST_TOKEN_IDS = 4096


def image_member(sample: int, index: int) -> str:
    """The member with the picture of one input of one sample."""
    return f"image/{sample}/{index}"


def audio_member(sample: int, index: int) -> str:
    """The member with the sound of one input of one sample."""
    return f"audio/{sample}/{index}"


def frames_member(sample: int, index: int) -> str:
    """The member with the frames of one input of one sample: of a video, or the slices of a volume."""
    return f"frames/{sample}/{index}"


def read_samples_manifest(archive: Archive, what: str) -> dict[str, Any]:
    """The JSON object in a samples file.

    Raises:
        NewerSchemaError, DamagedFileError: It is not a samples file that this version can read.
    """
    manifest = read_json(archive, what)
    check_schema(manifest, what)
    if manifest.get("content") != "samples":
        raise DamagedFileError(f"{what} is not a samples file.")
    return manifest


def samples_members(samples: Samples) -> list[Member]:
    """The members of the file."""
    pictures: dict[int, list[npt.NDArray[np.uint8]]] = {}
    videos: dict[int, npt.NDArray[np.uint8]] = {}
    described: list[list[dict[str, Any]]] = [[] for _ in range(len(samples))]
    for index, (name, array) in enumerate(samples.arrays):
        shown = _pictures(samples, index, array)
        if shown is not None:
            pictures[index] = shown
        elif _is_video(samples, index, array):
            videos[index] = to_frames(array)
        for sample, entry in enumerate(_inputs(samples, index, name, array, shown)):
            described[sample].append(entry | ({"frames": list(videos[index].shape[1:])} if index in videos else {}))
    members: list[Member] = []
    for index in samples.audio if samples.store_inputs else ():
        for sample in range(len(samples)):
            described[sample][index]["audio"], stored = _audio(samples, index, sample)
            members.append((audio_member(sample, index), stored))
    small = None
    if pictures or videos:
        first = videos[min(videos)] if videos else None
        small = thumbnails(
            pictures[min(pictures)] if first is None or pictures else list(first[:, first.shape[1] // 2])
        )
        members.append((THUMBNAILS, small))
        for sample in range(len(samples)):
            members.extend((image_member(sample, index), shown[sample]) for index, shown in pictures.items())
            members.extend((frames_member(sample, index), frames[sample]) for index, frames in videos.items())
    manifest = {
        "schema": SCHEMA,
        "content": "samples",
        "class_names": None if samples.class_names is None else list(samples.class_names),
        "samples": [
            {"id": samples.ids[sample], "label": _label(samples, sample), "inputs": described[sample]}
            for sample in range(len(samples))
        ],
        "thumbnails": None if small is None else {"shape": list(small.shape)},
    }
    return [manifest_member(manifest), *members]


def content_hash(members: list[Member]) -> str:
    """12 hexadecimal digits of a hash of the members, so that the same samples have the same file name."""
    digest = hashlib.sha256()
    for name, array in members:
        digest.update(f"{name}{array.dtype.str}{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def _pictures(samples: Samples, index: int, array: npt.NDArray[Any]) -> list[npt.NDArray[np.uint8]] | None:
    if not samples.store_inputs:
        return None
    if index in samples.images:
        given = samples.images[index]
        if len({np.shape(image) for image in given}) == 1:
            return list(to_pictures(np.asarray(given)))
        return [one_picture(np.asarray(image)) for image in given]
    if index in samples.tokens or kind_said(samples, index) or not looks_like_pictures(array):
        return None
    if index in samples.shapes:
        return [one_picture(samples.own(index, sample)) for sample in range(len(samples))]
    return list(to_pictures(array))


def _is_video(samples: Samples, index: int, array: npt.NDArray[Any]) -> bool:
    """Whether the pictures of an input, one after the other, are kept."""
    if not samples.store_inputs or kind_said(samples, index):
        return False
    return array.dtype.kind in "uif" and looks_like_frames(array.shape[1:])


def _inputs(
    samples: Samples,
    index: int,
    name: str,
    array: npt.NDArray[Any],
    pictures: list[npt.NDArray[np.uint8]] | None,
) -> list[dict[str, Any]]:
    """The description of one input, for each sample."""
    if pictures is not None:
        return [{"name": name or "image", "kind": "image", "shape": list(image.shape)} for image in pictures]
    texts = _texts(samples, index, array)
    tokens = _tokens(samples, index, array)
    mask = samples.masks.get(index)
    kind = "values" if tokens is None else "tokens"
    entries = []
    for sample in range(len(samples)):
        entry: dict[str, Any] = {"name": name or kind, "kind": kind}
        if tokens is not None:
            entry["tokens"] = tokens[sample]
            entry["mask"] = None if mask is None else mask[sample].astype(int).tolist()[: len(tokens[sample])]
        else:
            entry["shape"] = list(samples.own(index, sample).shape)
        entry["text"] = None if texts is None else texts[sample]
        entries.append(entry | _said(samples, index, sample))
    return entries


def _said(samples: Samples, index: int, sample: int) -> dict[str, Any]:
    """What the user says of the positions of an input, and their values."""
    if not samples.store_inputs:
        return {}
    own = samples.own(index, sample)
    facts: dict[str, Mapping[int, Sequence[Any]]] = {
        "names": samples.names,
        "dates": samples.dates,
        "boxes": samples.boxes,
    }
    said = said_of(sample, own.shape[0] if own.ndim else 0, {name: rows.get(index) for name, rows in facts.items()})
    values = samples.values.get(index)
    if values is None and ("names" in said or "dates" in said):
        values = own_values(samples.arrays[index][1])
    shown = None if values is None else values_to_json(values[sample][: own.shape[0]])
    return said if shown is None else said | {"values": shown}


def _audio(samples: Samples, index: int, sample: int) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    """The description of a sound, and what is stored of it: one byte for each moment."""
    assert samples.rate is not None
    sound, rate = kept_sound(samples.audio[index][sample], samples.rate)
    encoding: Encoding = "signed8_row"
    return {"rate": rate, "shape": [len(sound)], "encoding": encoding}, encode(sound, encoding)


def _tokens(samples: Samples, index: int, array: npt.NDArray[Any]) -> list[list[str]] | None:
    if not samples.store_inputs:
        return None
    if index in samples.tokens:
        own = samples.shapes.get(index)
        return [row if own is None else row[: own[sample][0]] for sample, row in enumerate(samples.tokens[index])]
    if array.ndim == 2 and array.dtype.kind in "iu" and array.shape[1] <= _MOST_TOKEN_IDS:
        return [list(map(str, samples.own(index, sample).tolist())) for sample in range(len(samples))]
    return None


def _texts(samples: Samples, index: int, array: npt.NDArray[Any]) -> list[str] | None:
    if not samples.store_inputs:
        return None
    if index in samples.texts:
        return [text_of(text) for text in samples.texts[index]]
    if array.dtype.kind == "O" and array.size == len(array):
        return [text_of(text) for text in array.reshape(-1)]
    return None


def _label(samples: Samples, sample: int) -> dict[str, Any] | None:
    label = samples.labels[sample]
    if label is None:
        return None
    names = samples.class_names
    if isinstance(label, int) and label >= 0:
        return {"class": label, "name": names[label] if names is not None and label < len(names) else str(label)}
    if names is not None and label in names:
        return {"class": names.index(str(label)), "name": label}
    return {"value": label}
