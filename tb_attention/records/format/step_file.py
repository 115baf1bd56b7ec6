"""The members of a step file of maps: made from a record, and read back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import MAX_MEMBER_BYTES, Archive
from tb_attention.records.format.digest import Digest
from tb_attention.records.format.npz import Member
from tb_attention.records.format.schema import StepManifest, manifest_member, manifest_to_json
from tb_attention.records.format.step_record import StepRecord
from tb_attention.reduce.encodings import Encoding, decode, encode, encoded_bytes

MEASURES_MEMBER = "measures"


def weights_member(sample: int, site: int) -> str:
    """The member with the weights of one site for one sample."""
    return f"weights/{sample}/{site}"


def rows_member(sample: int, site: int) -> str:
    """The member with full rows of chosen queries of one site for one sample."""
    return f"rows/{sample}/{site}"


def features_member(sample: int, site: int) -> str:
    """The member with the feature map behind the gate of one site for one sample."""
    return f"features/{sample}/{site}"


def sink_member(sample: int, site: int) -> str:
    """The member with the share that a sink takes of each row of one site for one sample."""
    return f"sink/{sample}/{site}"


def pictures_member(sample: int) -> str:
    """The member with what the model made of one sample."""
    return f"pictures/{sample}"


def overview_member(sample: int) -> str:
    """The member with the overviews of all sites for one sample."""
    return f"overview/{sample}"


def attention_members(record: StepRecord, made: Digest) -> Iterator[Member]:
    """The members of a step file of maps. Each is encoded when the iterator reaches it."""
    yield manifest_member(manifest_to_json(made.manifest))
    yield from map_members(record, made)


def map_members(record: StepRecord, made: Digest) -> Iterator[Member]:
    """The members of maps, which a confusion step file may also have."""
    yield MEASURES_MEMBER, made.measures
    for sample, packed in enumerate(made.overviews):
        yield overview_member(sample), packed
    for sample in range(made.manifest.sample_count):
        if record.pictures is not None:
            yield pictures_member(sample), record.pictures.frames[sample]
        for index, (site, known) in enumerate(zip(record.sites, made.manifest.sites, strict=True)):
            yield weights_member(sample, index), encode(site.weights[sample], known.encoding)
            if site.rows is not None and known.rows is not None:
                yield rows_member(sample, index), encode(site.rows.weights[sample], known.rows.encoding)
            if site.features is not None and known.features is not None:
                maps = np.moveaxis(site.features[sample], -1, 0)
                yield features_member(sample, index), encode(maps, known.features.encoding)
            if site.sink is not None and known.sink is not None:
                yield sink_member(sample, index), encode(site.sink[sample], known.sink.encoding)


def read_weights(archive: Archive, manifest: StepManifest, sample: int, site: int) -> npt.NDArray[np.float32]:
    """The weights of one site for one sample, usually `(heads, queries, keys)`; its axes describe them."""
    known = manifest.sites[site]
    return read_encoded(archive, weights_member(sample, site), known.shape, known.encoding)


def read_rows(archive: Archive, manifest: StepManifest, sample: int, site: int) -> npt.NDArray[np.float32]:
    """The full rows of one site for one sample, shape `manifest.sites[site].rows.shape`."""
    known = manifest.sites[site].rows
    name = rows_member(sample, site)
    if known is None:
        raise DamagedFileError(f"There is no {name}.")
    return read_encoded(archive, name, known.shape, known.encoding)


def read_features(archive: Archive, manifest: StepManifest, sample: int, site: int) -> npt.NDArray[np.float32] | None:
    """The feature map behind the gate of one site for one sample, `(channels, rows, columns)`; None if it has none."""
    known = manifest.sites[site].features
    if known is None:
        return None
    return read_encoded(archive, features_member(sample, site), known.shape, known.encoding)


def read_sink(archive: Archive, manifest: StepManifest, sample: int, site: int) -> npt.NDArray[np.float32] | None:
    """The share of each row of one site that goes to its sink, for one sample, `(heads, queries)`; None if it has none."""
    known = manifest.sites[site].sink
    if known is None:
        return None
    return read_encoded(archive, sink_member(sample, site), known.shape, known.encoding)


def read_pictures(archive: Archive, manifest: StepManifest, sample: int) -> npt.NDArray[np.uint8] | None:
    """What the model made of one sample, (frames, rows, columns, channels); None if there is nothing."""
    known = manifest.pictures
    if known is None:
        return None
    stored = archive.read(pictures_member(sample), math.prod(known.shape) + 4096)
    if stored.dtype != np.uint8 or stored.shape != known.shape:
        raise DamagedFileError(
            f"{pictures_member(sample)} is not uint8 of shape {known.shape}. Received: {stored.dtype} {stored.shape}."
        )
    return cast("npt.NDArray[np.uint8]", stored)


def read_encoded(archive: Archive, name: str, shape: tuple[int, ...], encoding: Encoding) -> npt.NDArray[np.float32]:
    """The values of a member. One that is too large, for the shape or at all, is refused before it is inflated."""
    if 4 * math.prod(shape) > MAX_MEMBER_BYTES:
        raise DamagedFileError(
            f"{name} would have {4 * math.prod(shape)} bytes as float32; {MAX_MEMBER_BYTES} are allowed."
        )
    return decode_member(archive.read(name, encoded_bytes(shape, encoding) + 4096), shape, encoding, name)


def read_measures(archive: Archive, manifest: StepManifest, name: str = MEASURES_MEMBER) -> npt.NDArray[np.float32]:
    """The measures of a step, float32 (samples, heads of all sites, measures); in an index their member has another name."""
    stored = archive.read(name)
    shape = (manifest.sample_count, manifest.heads, len(manifest.measures))
    if stored.shape != shape or stored.dtype.kind != "f":
        raise DamagedFileError(
            f"The measures must be floats of shape {shape}. Received: {stored.dtype} {stored.shape}."
        )
    return cast("npt.NDArray[np.float32]", stored.astype(np.float32))


def decode_member(
    stored: npt.NDArray[Any], shape: tuple[int, ...], encoding: Any, name: str
) -> npt.NDArray[np.float32]:
    """Decodes a member; raises `DamagedFileError` where it does not have the shape or the encoding."""
    floats = encoding in ("float32", "float16")
    fits = stored.shape == shape and stored.dtype == np.dtype(encoding) if floats else stored.dtype == np.uint8
    if not fits or stored.size * stored.dtype.itemsize != encoded_bytes(shape, encoding):
        raise DamagedFileError(f"{name} is not {encoding} of shape {shape}. Received: {stored.dtype} {stored.shape}.")
    return decode(stored, shape, encoding)
