"""A step as summaries of the event file: packed, and made a step file again without its weights."""

from __future__ import annotations

import bisect
import itertools
import struct
import zlib
from collections.abc import Mapping, Sequence
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
from tb_attention.records.format.site_manifest import OverviewPart, SiteManifest
from tb_attention.records.format.step_file import MEASURES_MEMBER, overview_member
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.reduce.encodings import decode, encode, encoded_bytes
from tb_attention.reduce.pooling import MOST, falling_values, pool_maximum

INIT_STEP = -1
"""The number of the step "init" in event files."""

MAX_BLOB = 8 << 10
"""Bytes of a blob, at most. TensorBoard holds ten of each series in memory: 16 MB of 200 runs."""

_MAGIC = b"TBAT"
_HEAD = 12
_WHAT = "A summary"
# Pooled to these sizes one after the other, until the overviews of one sample fit.
_SIZES = (MOST, 16, 8, 4)
# More than this times the room is not tried: it hardly becomes so small.
_MOST_DEFLATED = 8
_MOST_INFLATED = 8 << 20


def overview_blob(made: Digest, step_file: str) -> bytes:
    """The blob of docs/format.md: a header, and deflated JSON and overviews of as many whole samples as fit into 8 KiB."""
    values = [_rounded(sample) for sample in made.measures]
    for most in _SIZES:
        sites = tuple(_smaller(site, most) for site in made.manifest.sites)
        offsets = [0, *itertools.accumulate(part.bytes for part in sites)]
        parts = tuple(replace(part, offset=offset) for part, offset in zip(sites, offsets, strict=False))
        manifest = replace(
            made.manifest,
            sites=tuple(replace(site, overview=part) for site, part in zip(made.manifest.sites, parts, strict=True)),
            pictures=None,
        )
        head = manifest_to_json(manifest) | {"step_file": step_file}
        count = min(len(values), _MOST_DEFLATED * MAX_BLOB // max(1, offsets[-1]))
        packed = [_pooled(made, parts, sample) for sample in range(count)]
        # The number of samples that are too many begins where the blob becomes too large.
        fit = bisect.bisect_left(
            range(1, count + 1), True, key=lambda tried: len(_blob(head, values[:tried], packed[:tried])) > MAX_BLOB
        )
        if fit or not values:
            break
    blob = _blob(head, values[:fit], packed[:fit])
    return blob if len(blob) <= MAX_BLOB else _blob(head | {"sites": []}, [], [])


def _blob(head: Mapping[str, Any], values: list[Any], packed: list[bytes]) -> bytes:
    text = json_text.dumps({**head, "overviews": len(values), "measures_values": values})
    return _MAGIC + bytes([2, 0, 0, 0]) + struct.pack("<I", len(text)) + zlib.compress(text + b"".join(packed))


def _smaller(site: SiteManifest, most: int) -> OverviewPart:
    """The overview of a site with at most so many queries and keys."""
    old = site.overview
    shape = (*old.shape[:1], *(min(size, most) for size in old.shape[1:]))
    return replace(old, shape=shape, bytes=encoded_bytes(shape, old.encoding))


def _pooled(made: Digest, parts: Sequence[OverviewPart], sample: int) -> bytes:
    """The overviews of a sample in other sizes than in its step file."""
    packed = []
    for site, part in zip(made.manifest.sites, parts, strict=True):
        old = site.overview
        stored = made.overviews[sample][old.offset : old.offset + old.bytes]
        if part.shape != old.shape:
            maps = decode(stored, old.shape, old.encoding)
            # Gates have their values by size, and keep the largest and the least.
            ranked = site.kind in ("gate", "activation") and maps.ndim == 2
            small = (
                falling_values(maps, part.shape[1])
                if ranked
                else pool_maximum(maps, maps.ndim - 1, max(part.shape[1:]))
            )
            stored = encode(small, old.encoding)
        packed.append(stored.tobytes())
    return b"".join(packed)


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
    if len(blob) < _HEAD or blob[:4] != _MAGIC or blob[4] not in (1, 2):
        raise DamagedFileError(f"{_WHAT} does not begin with {_MAGIC!r} and version 1 or 2. Received: {blob[:5]!r}.")
    [length] = struct.unpack("<I", blob[8:_HEAD])
    content = blob[_HEAD:] if blob[4] == 1 else _inflated(blob[_HEAD:])
    head = json_text.loads(content[:length], _WHAT)
    manifest = manifest_from_json(head, _WHAT)
    if not isinstance(manifest, StepManifest):
        raise DamagedFileError(f"{_WHAT} of maps must hold a step of maps. Received: content={manifest.content!r}.")
    count = head.get("overviews")
    if not isinstance(count, int) or not 0 <= count <= manifest.sample_count:
        raise DamagedFileError(f"{_WHAT} must have 0 to {manifest.sample_count} overviews. Received: {count!r}.")
    size = sum(site.overview.bytes for site in manifest.sites)
    stored = np.frombuffer(content, np.uint8, offset=min(len(content), length))
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


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(data, _MOST_INFLATED)
    except zlib.error as error:
        raise DamagedFileError(f"{_WHAT} cannot be inflated: {error}.") from error
    if not inflater.eof:
        raise DamagedFileError(f"{_WHAT} is cut off, or has more than {_MOST_INFLATED} bytes.")
    return content


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
