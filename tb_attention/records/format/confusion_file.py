"""The members of a confusion step file: made from a record, and read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.digest import Digest, header
from tb_attention.records.format.npz import Member
from tb_attention.records.format.schema import (
    ConfusionManifest,
    MeanManifest,
    SplitManifest,
    StepManifest,
    manifest_member,
    manifest_to_json,
)
from tb_attention.records.format.step_file import map_members, read_encoded
from tb_attention.records.format.step_record import CellExamples, ConfusionRecord
from tb_attention.reduce.confusion import cells_of, dense_of
from tb_attention.reduce.encodings import encode

ORDER_MEMBER = "order/similarity"
CELLS_MEMBER = "examples/cells"
SCORES_MEMBER = "examples/scores"
KEPT_MEMBER = "examples/kept"


def matrix_member(split: str) -> str:
    """The member with the matrix of one split."""
    return f"matrix/{split}"


def labels_member(split: str) -> str:
    """The member with the 2 x 2 counts of every label of one split."""
    return f"labels/{split}"


def histogram_member(split: str) -> str:
    """The member with the score histogram of one split."""
    return f"histogram/{split}"


def mean_member(class_index: int, site: int) -> str:
    """The member with the mean map of a class at one site."""
    return f"mean/{class_index}/{site}"


def confusion_members(
    record: ConfusionRecord, tag: str, attempt: int, samples: str | None = None, made: Digest | None = None
) -> tuple[ConfusionManifest, list[Member]]:
    """The manifest and the members of a confusion step file; each matrix dense or sparse, whichever is smaller.

    Args:
        record: The step.
        tag, attempt: The series and attempt of the step.
        samples: Name of the file with the examples of `record`, if it has any.
        made: The digest of their maps, if they have any.
    """
    members: list[Member] = []
    splits = {name: _add_split(record, name, members) for name in record.splits}
    order = None if record.similarity is None else record.similarity()
    if order is not None:
        members.append((ORDER_MEMBER, np.asarray(order).astype("<i4")))
    examples = record.examples
    if examples is not None:
        members.extend(_example_members(examples, made))
    manifest = ConfusionManifest(
        **header(record, tag, attempt),
        classes=record.classes,
        class_names=record.class_names,
        output=record.output,
        splits=splits,
        kind=record.kind,
        threshold=record.threshold,
        class_groups=record.class_groups,
        similarity=order is not None,
        examples=0 if examples is None else len(examples.samples),
        samples=samples,
        **({} if examples is None or made is None else _map_fields(examples, made.manifest)),
    )
    return manifest, [manifest_member(manifest_to_json(manifest)), *members]


def _map_fields(examples: CellExamples, maps: StepManifest) -> dict[str, Any]:
    return {
        "means": tuple(MeanManifest(index, count) for index, (count, _) in examples.means.items()),
        "sample_count": maps.sample_count,
        "predictions": maps.predictions,
        "measures": maps.measures,
        "sites": maps.sites,
    }


def _add_split(record: ConfusionRecord, name: str, members: list[Member]) -> SplitManifest:
    matrix = record.splits[name]
    truth, predicted, cells = cells_of(matrix)
    weighted = cells.dtype.kind == "f"
    cells = _counts(cells, weighted)
    sparse = 3 * len(truth) < record.classes**2
    if sparse:
        stored = np.stack([truth.astype(cells.dtype), predicted.astype(cells.dtype), cells])
    else:
        stored = _counts(dense_of(matrix), weighted)
    members.append((matrix_member(name), stored))
    total = cells.sum()
    labels, histogram = record.labels.get(name), record.histograms.get(name)
    if labels is not None:
        members.append((labels_member(name), _counts(labels, weighted)))
        total = labels[0].sum() if len(labels) else 0
    if histogram is not None:
        members.append((histogram_member(name), _counts(histogram, weighted)))
    return SplitManifest(
        examples=float(total) if weighted else int(total),
        encoding="sparse" if sparse else "dense",
        weighted=weighted,
        other=int(record.other.get(name, 0)),
        bins=0 if histogram is None else histogram.shape[-1],
    )


def _counts(array: npt.NDArray[Any], weighted: bool) -> npt.NDArray[Any]:
    return np.asarray(array).astype("<f8" if weighted else "<i8")


def _example_members(examples: CellExamples, made: Digest | None) -> Iterator[Member]:
    yield CELLS_MEMBER, np.stack([examples.truth, examples.predicted], axis=-1).astype("<i4")
    yield SCORES_MEMBER, np.stack([examples.probability, examples.loss], axis=-1).astype("<f4")
    yield KEPT_MEMBER, np.asarray(examples.random).astype(np.uint8)
    if examples.maps is None or made is None:
        return
    yield from map_members(examples.maps, made)
    for class_index, (_, maps) in examples.means.items():
        for site, (known, mean) in enumerate(zip(made.manifest.sites, maps, strict=True)):
            yield mean_member(class_index, site), encode(mean, known.encoding)


@dataclass(frozen=True)
class Examples:
    """Kept examples of a step: `cells` int (examples, 2), `scores` float (examples, 2), `random` bool (examples,)."""

    cells: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    random: npt.NDArray[np.bool_]


def read_examples(archive: Archive, manifest: ConfusionManifest) -> Examples:
    """Cells, probabilities and losses of the kept examples, in the order of the samples file."""
    count = manifest.examples
    if not count:
        return Examples(np.zeros((0, 2), np.int64), np.zeros((0, 2), np.float32), np.zeros(0, bool))
    cells = _read(archive, CELLS_MEMBER, (count, 2), "i")
    return Examples(
        cells.astype(np.int64),
        _read(archive, SCORES_MEMBER, (count, 2), "f").astype(np.float32),
        _read(archive, KEPT_MEMBER, (count,), "u").astype(bool),
    )


def read_mean(archive: Archive, manifest: ConfusionManifest, index: int, site: int) -> npt.NDArray[np.float32]:
    """The mean map of a class at one site, of the site's shape."""
    assert manifest.maps is not None
    known = manifest.maps.sites[site]
    return read_encoded(archive, mean_member(index, site), known.shape, known.encoding)


def read_order(archive: Archive, manifest: ConfusionManifest) -> npt.NDArray[np.int64]:
    """The classes in order of similarity, int64 (classes,); in their own order where the step has none by similarity."""
    if not manifest.similarity:
        return np.arange(manifest.classes)
    order = _read(archive, ORDER_MEMBER, (manifest.classes,), "i").astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(manifest.classes)):
        raise DamagedFileError(f"{ORDER_MEMBER} must hold every class once.")
    return order


def read_labels(archive: Archive, manifest: ConfusionManifest, split: str) -> npt.NDArray[Any]:
    """The 2 x 2 counts of every label, (classes, 2, 2)."""
    return _read(archive, labels_member(split), (manifest.classes, 2, 2), _kind(manifest, split))


def read_histogram(archive: Archive, manifest: ConfusionManifest, split: str) -> npt.NDArray[Any]:
    """The score histogram, (1 or classes, 2, bins)."""
    units = manifest.classes if manifest.kind == "labels" else 1
    return _read(archive, histogram_member(split), (units, 2, manifest.splits[split].bins), _kind(manifest, split))


def read_matrix(archive: Archive, manifest: ConfusionManifest, split: str) -> npt.NDArray[Any]:
    """The matrix of one split, dense: int64 or float64 (classes, classes)."""
    known = manifest.splits[split]
    classes = manifest.classes
    wanted = np.dtype(np.float64 if known.weighted else np.int64)
    if known.encoding == "dense":
        return _read(archive, matrix_member(split), (classes, classes), wanted.kind).astype(wanted)
    truth, predicted, counts = read_cells(archive, manifest, split)
    try:
        matrix = np.zeros((classes, classes), wanted)
    except MemoryError as error:
        raise DamagedFileError(f"A matrix of {classes} classes does not fit into memory.") from error
    matrix[truth, predicted] = counts
    return matrix


def read_cells(
    archive: Archive, manifest: ConfusionManifest, split: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Truth, prediction and count of the cells that are not 0, each (cells,)."""
    known = manifest.splits[split]
    wanted = np.dtype(np.float64 if known.weighted else np.int64)
    if known.encoding == "dense":
        matrix = read_matrix(archive, manifest, split)
        truth, predicted = np.nonzero(matrix)
        return truth, predicted, matrix[truth, predicted]
    stored = archive.read(matrix_member(split))
    if stored.ndim != 2 or len(stored) != 3 or stored.dtype != wanted:
        raise DamagedFileError(f"A sparse matrix must be {wanted} (3, cells). Received: {stored.dtype} {stored.shape}.")
    cells = stored[:2]
    if cells.size and not (cells.min() >= 0 and cells.max() < manifest.classes):
        raise DamagedFileError(f"The cells of a sparse matrix must be of classes from 0 to {manifest.classes - 1}.")
    return cells[0].astype(np.int64), cells[1].astype(np.int64), stored[2]


def _kind(manifest: ConfusionManifest, split: str) -> str:
    return "f" if manifest.splits[split].weighted else "i"


def _read(archive: Archive, name: str, shape: tuple[int, ...], kind: str) -> npt.NDArray[Any]:
    stored = archive.read(name)
    if stored.shape != shape or stored.dtype.kind != kind:
        wanted = {"i": "integers", "u": "unsigned integers", "f": "floats"}[kind]
        raise DamagedFileError(f"{name} must be {wanted} of shape {shape}. Received: {stored.dtype} {stored.shape}.")
    return stored
