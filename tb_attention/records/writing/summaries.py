"""What a step puts into the event file: an overview as a real summary, for users who copy or upload event files alone."""

from __future__ import annotations

import struct
from typing import Any

from tensorboard.compat.proto import summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata

from tb_attention.records.format import json_text
from tb_attention.records.format.digest import Digest
from tb_attention.records.format.schema import ConfusionManifest, manifest_to_json
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.format.step_summary import overview_blob
from tb_attention.reduce.confusion import dense_of

PLUGIN = "attention"
MAX_CLASSES = 100
"""Matrices of more classes stay out of the event file: TensorBoard holds it in memory."""


def is_summarised(number: int) -> bool:
    """Whether the event file gets a summary of a step: of the first 31, then of every 2nd, from the 64th on of every 4th, etc.

    TensorBoard reads all of an event file and keeps ten summaries of it.

    Args:
        number: Of the step among those of a writer, from 1.
    """
    return number % (1 << max(0, number.bit_length() - 5)) == 0


def maps_summary(made: Digest, step_file: str) -> Any:
    """The overview of a step of maps."""
    value = summary_pb2.Summary.Value(tag=made.manifest.tag, metadata=_metadata(summary_pb2.DATA_CLASS_BLOB_SEQUENCE))
    value.tensor.dtype = types_pb2.DT_STRING
    value.tensor.tensor_shape.dim.add(size=1)
    value.tensor.string_val.append(overview_blob(made, step_file))
    return value


def matrix_summaries(record: ConfusionRecord, manifest: ConfusionManifest, step_file: str) -> list[Any]:
    """The matrices of a step, one for each split, with the tag `<tag>/<split>`; none with more than `MAX_CLASSES` classes."""
    splits = record.splits if manifest.classes <= MAX_CLASSES else {}
    values = []
    for split, matrix in splits.items():
        stored = dense_of(matrix)
        weighted = stored.dtype.kind == "f"
        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_DOUBLE if weighted else types_pb2.DT_INT64,
            tensor_content=stored.astype("<f8" if weighted else "<i8").tobytes(),
        )
        for size in stored.shape:
            tensor.tensor_shape.dim.add(size=size)
        content = json_text.dumps(manifest_to_json(manifest) | {"step_file": step_file, "split": split})
        metadata = _metadata(summary_pb2.DATA_CLASS_TENSOR, content)
        values.append(summary_pb2.Summary.Value(tag=f"{manifest.tag}/{split}", metadata=metadata, tensor=tensor))
    return values


def scalars_and_images(tag: str, record: ConfusionRecord) -> list[Any]:
    """What a step of matrices has for TensorBoard's Scalars and Images tabs, as `<tag>/<name>`."""
    values = [scalar_value(f"{tag}/{name}", number) for name, number in record.scalars.items()]
    return values + [image_value(f"{tag}/{name}", draw()) for name, draw in record.figures.items()]


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
    # Width and height are at the same offset in every PNG.
    width, height = struct.unpack(">II", png[16:24])
    value.tensor.dtype = types_pb2.DT_STRING
    value.tensor.tensor_shape.dim.add(size=3)
    value.tensor.string_val.extend([str(width).encode(), str(height).encode(), png])
    return value


def _metadata(data_class: int, content: bytes = b"") -> Any:
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=PLUGIN, content=content), data_class=data_class
    )
