"""The event file of a run: an overview of each step as a real summary, for whoever copies or uploads event files alone."""

from __future__ import annotations

import io
import itertools
import os
import socket
import struct
import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata

from tb_attention.records.format import json_text, paths
from tb_attention.records.format.schema import ConfusionManifest, manifest_to_json
from tb_attention.records.format.step_file import Digest
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.store.store import Store
from tb_attention.records.writing.crc32c import masked_crc32c
from tb_attention.reduce.confusion import dense_of

PLUGIN = "attention"
MAGIC = b"TBAT"
MAX_BLOB = 256 << 10
MAX_CLASSES = 100
"""Matrices of more classes stay out of the event file: TensorBoard holds it in memory."""

# Tells our event files from those of other programs.
SUFFIX = ".attention"

_REMOTE_SECONDS = 30.0
# A remote file is written anew each time; beyond this another one is begun.
_REMOTE_BYTES = 8 << 20
# Magic, version, length, and the digits of the number of overviews.
_FRAME = 12 + 8
INIT_STEP = -1


class Summaries:
    """One event file, shared by all series of a run in this process; safe to call from several threads.

    TensorBoard's `EventFileWriter` would load TensorFlow where it is installed (seconds, and 590 MB in a process that may be
    training with PyTorch), and its `RecordWriter` holds up the training, so records are appended to the file here.

    Args:
        store: The run's directory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._name = ""
        self._remote = io.BytesIO()
        self._uploaded = 0.0
        self.foreign = _foreign_event_file(store)
        """Name of another program's event file in that very directory: ours would stop it from being read, so there is none."""

    def add_maps(self, made: Digest, step_file: str) -> int:
        """Adds the overview of a step of maps; returns the bytes of its record."""
        value = summary_pb2.Summary.Value(
            tag=made.manifest.tag, metadata=_metadata(summary_pb2.DATA_CLASS_BLOB_SEQUENCE)
        )
        value.tensor.dtype = types_pb2.DT_STRING
        value.tensor.tensor_shape.dim.add(size=1)
        value.tensor.string_val.append(overview_blob(made, step_file))
        return self._add(value, made.manifest.step, made.manifest.wall_time)

    def add_matrices(self, record: ConfusionRecord, manifest: ConfusionManifest, step_file: str) -> int:
        """Adds the matrices of a step, one a split, with the tag `<tag>/<split>`; returns the bytes of their records."""
        if manifest.classes > MAX_CLASSES:
            return 0
        added = 0
        for split, matrix in record.splits.items():
            stored = dense_of(matrix)
            weighted = stored.dtype.kind == "f"
            tensor = tensor_pb2.TensorProto(
                dtype=types_pb2.DT_DOUBLE if weighted else types_pb2.DT_INT64,
                tensor_content=stored.astype("<f8" if weighted else "<i8").tobytes(),
            )
            for size in stored.shape:
                tensor.tensor_shape.dim.add(size=size)
            content = json_text.dumps(manifest_to_json(manifest) | {"step_file": step_file, "split": split})
            value = summary_pb2.Summary.Value(
                tag=f"{manifest.tag}/{split}",
                metadata=_metadata(summary_pb2.DATA_CLASS_TENSOR, content),
                tensor=tensor,
            )
            added += self._add(value, manifest.step, manifest.wall_time)
        return added

    def add_beside(self, tag: str, record: ConfusionRecord) -> int:
        """Adds what a step of matrices has for TensorBoard's Scalars and Images tabs, as `<tag>/<name>`; returns the bytes."""
        values = [scalar_value(f"{tag}/{name}", number) for name, number in record.scalars.items()]
        values += [image_value(f"{tag}/{name}", draw()) for name, draw in record.figures.items()]
        return sum(self._add(value, record.step, record.wall_time) for value in values)

    def flush(self) -> None:
        """Brings what was added to where the run lies."""
        with self._lock:
            self._upload()

    def _add(self, value: Any, step: paths.Step, wall_time: float) -> int:
        if self.foreign is not None:
            return 0
        event = event_pb2.Event(
            step=INIT_STEP if step == "init" else step,
            wall_time=wall_time,
            summary=summary_pb2.Summary(value=[value]),
        )
        records = _framed(event.SerializeToString())
        with self._lock:
            self._append(records)
        return len(records)

    def _append(self, records: bytes) -> None:
        # The directory may have been emptied in between, as one does in a notebook.
        is_new = not self._name or (self._store.is_local and self._store.entry(self._name) is None)
        if is_new:
            self._name = _event_file_name()
        if is_new:
            head = event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2")
            records = _framed(head.SerializeToString()) + records
        if self._store.is_local:
            os.makedirs(self._store.url, exist_ok=True)
            with open(os.path.join(self._store.url, self._name), "ab") as file:
                file.write(records)
            return
        self._remote.write(records)
        if time.monotonic() - self._uploaded >= _REMOTE_SECONDS or self._remote.tell() >= _REMOTE_BYTES:
            self._upload()

    def _upload(self) -> None:
        """Writes the whole file anew: object stores cannot append."""
        if self._store.is_local or not self._name:
            return
        self._store.replace(self._name, lambda file: _write(file, self._remote.getvalue()))
        self._uploaded = time.monotonic()
        if self._remote.tell() >= _REMOTE_BYTES:
            self._name = ""
            self._remote = io.BytesIO()


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
    return MAGIC + bytes([1, 0, 0, 0]) + struct.pack("<I", len(text)) + text + b"".join(parts)


def scalar_value(tag: str, number: float) -> Any:
    """A number for the Scalars tab."""
    value = summary_pb2.Summary.Value(tag=tag, metadata=scalar_metadata.create_summary_metadata(tag, ""))
    value.tensor.dtype = types_pb2.DT_FLOAT
    value.tensor.float_val.append(number)
    return value


def image_value(tag: str, png: bytes) -> Any:
    """A PNG for the Images tab."""
    metadata = image_metadata.create_summary_metadata(tag, "", converted_to_tensor=None)
    value = summary_pb2.Summary.Value(tag=tag, metadata=metadata)
    # Width and height stand at the same place in every PNG.
    width, height = struct.unpack(">II", png[16:24])
    value.tensor.dtype = types_pb2.DT_STRING
    value.tensor.tensor_shape.dim.add(size=3)
    value.tensor.string_val.extend([str(width).encode(), str(height).encode(), png])
    return value


def summaries_of(store: Store) -> Summaries:
    """The summaries of a run, the same object for all who ask in this process."""
    key = (os.getpid(), store.url)
    with _lock:
        if key not in _known:
            _known[key] = Summaries(store)
        return _known[key]


_known: dict[tuple[int, str], Summaries] = {}
_lock = threading.Lock()
_numbers = itertools.count()


def _metadata(data_class: int, content: bytes = b"") -> Any:
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=PLUGIN, content=content), data_class=data_class
    )


def _framed(data: bytes) -> bytes:
    """A record of an event file: its length, the checksum of that, the bytes and their checksum."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def _event_file_name() -> str:
    host = socket.gethostname().replace("/", "_")
    return f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{next(_numbers)}{SUFFIX}"


def _foreign_event_file(store: Store) -> str | None:
    for entry in store.entries():
        if "tfevents" in entry.name and not entry.is_directory and not entry.name.endswith(SUFFIX):
            return entry.name
    return None


def _rounded(values: npt.NDArray[np.float32]) -> list[list[float]]:
    """Four digits are more than any curve shows."""
    return [[float(f"{value:.4g}") for value in row] for row in values.tolist()]


def _write(file: Any, data: Any) -> None:
    file.write(data)
