"""A step as summaries of the event file: packed, and made a step file again without its weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from tb_attention.errors import DamagedFileError
from tb_attention.records.format import json_text
from tb_attention.records.format.confusion_file import confusion_members
from tb_attention.records.format.digest import Digest
from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import (
    ConfusionManifest,
    StepManifest,
    manifest_from_json,
    manifest_member,
    manifest_to_json,
)
from tb_attention.records.format.step_file import MEASURES_MEMBER, overview_member
from tb_attention.records.format.step_record import ConfusionRecord

INIT_STEP = -1
"""The number of the step "init" in event files."""

MAX_BLOB = 256 << 10
"""Bytes of a blob, at most."""

_MAGIC = b"TBAT"
_HEAD = 12
# The header, and the digits of the number of overviews.
_FRAME = _HEAD + 8
_WHAT = "A summary"


def overview_blob(made: Digest, step_file: str) -> bytes:
    """The blob of docs/format.md: a header, JSON and the overviews of as many whole samples as fit into 256 KiB."""
    head = manifest_to_json(made.manifest) | {"step_file": step_file, "overviews": 0, "measures_values": []}
    values = [_rounded(sample) for sample in made.measures]
    room = MAX_BLOB - _FRAME - len(json_text.dumps(head))
    if room < 0:
        head["sites"] = []
    fit = 0
    for packed, value in zip(made.overviews, values, strict=True):
        room -= packed.size + len(json_text.dumps({"": value}))
        if room < 0:
            break
        fit += 1
    head |= {"overviews": fit, "measures_values": values[:fit]}
    text = json_text.dumps(head)
    parts = [overview.tobytes() for overview in made.overviews[:fit]]
    return _MAGIC + bytes([1, 0, 0, 0]) + struct.pack("<I", len(text)) + text + b"".join(parts)


@dataclass(frozen=True)
class FoundStep:
    """A step file without weights.

    Attributes:
        tag, attempt, step: The series, the attempt and the step.
        data: The bytes of the `.npz`: manifest, measures and overviews, or matrices.
    """

    tag: str
    attempt: int
    step: Step
    data: bytes


def step_of_blob(blob: bytes) -> FoundStep:
    """The step of maps in a blob of docs/format.md, for as many samples as it has overviews of.

    Raises:
        DamagedFileError: It is not such a blob, or it is cut off.
        NewerSchemaError: A newer version wrote it.
    """
    if len(blob) < _HEAD or blob[:4] != _MAGIC or blob[4] != 1:
        raise DamagedFileError(f"{_WHAT} does not begin with {_MAGIC!r} and version 1. Received: {blob[:5]!r}.")
    [length] = struct.unpack("<I", blob[8:_HEAD])
    head = json_text.loads(blob[_HEAD : _HEAD + length], _WHAT)
    manifest = manifest_from_json(head, _WHAT)
    if not isinstance(manifest, StepManifest):
        raise DamagedFileError(f"{_WHAT} of maps must hold a step of maps. Received: content={manifest.content!r}.")
    count = head.get("overviews")
    if not isinstance(count, int) or not 0 <= count <= manifest.sample_count:
        raise DamagedFileError(f"{_WHAT} must have 0 to {manifest.sample_count} overviews. Received: {count!r}.")
    size = sum(site.overview.bytes for site in manifest.sites)
    stored = np.frombuffer(blob, np.uint8, offset=min(len(blob), _HEAD + length))
    if len(stored) < count * size:
        raise DamagedFileError(f"{_WHAT} is cut off: {len(stored)} bytes of overviews, {count * size} expected.")
    known = replace(manifest, sample_count=count, predictions=manifest.predictions[:count], samples=None)
    members = [
        manifest_member(manifest_to_json(known)),
        (MEASURES_MEMBER, _measures(head.get("measures_values"), known)),
        *((overview_member(sample), stored[sample * size : (sample + 1) * size]) for sample in range(count)),
    ]
    return FoundStep(known.tag, known.attempt, known.step, npz_bytes(members))


def step_of_matrices(content: bytes, step: int, wall_time: float, splits: Mapping[str, npt.NDArray[Any]]) -> FoundStep:
    """The step of matrices that tensor summaries hold.

    Args:
        content: Of the plugin data. TensorBoard keeps that of the first step only: the classes are from there, metrics are
            not known.
        step: As TensorBoard counts it.
        wall_time: Seconds since 1970.
        splits: Matrices by split.

    Raises:
        DamagedFileError: The content is not that of a step of matrices, or the matrices are not of its classes.
    """
    manifest = manifest_from_json(json_text.loads(content, _WHAT), _WHAT)
    if not isinstance(manifest, ConfusionManifest):
        raise DamagedFileError(f"{_WHAT} of matrices must hold such a step. Received: content={manifest.content!r}.")
    if any(matrix.shape != (manifest.classes, manifest.classes) for matrix in splits.values()):
        raise DamagedFileError(f"{_WHAT} must be of {manifest.classes} x {manifest.classes} counts.")
    by_epoch = manifest.epoch is not None and manifest.epoch == manifest.step
    record = ConfusionRecord(
        step="init" if step == INIT_STEP else step,
        splits=splits,
        class_names=manifest.class_names,
        output=manifest.output,
        epoch=step if by_epoch and step >= 0 else None,
        wall_time=wall_time,
    )
    made, members = confusion_members(record, manifest.tag, manifest.attempt)
    return FoundStep(made.tag, made.attempt, made.step, npz_bytes(members))


def _measures(values: Any, manifest: StepManifest) -> npt.NDArray[np.float32]:
    shape = (manifest.sample_count, sum(site.heads for site in manifest.sites), len(manifest.measures))
    try:
        flat = [json_text.number(value) for sample in values for head in sample for value in head]
        return np.array(flat, np.float32).reshape(shape)
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"{_WHAT} must have measures of the shape {shape}.") from error


def _rounded(values: npt.NDArray[np.float32]) -> list[list[float]]:
    """Four digits, which is more than a curve shows."""
    return [[float(f"{value:.4g}") for value in row] for row in values.tolist()]
