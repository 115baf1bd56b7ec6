"""The route `matrix`: the confusion matrix of one step and split."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, LogError, NotInLogError
from tb_attention.plugin import gzip_frame, manifests, members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.schema import ConfusionManifest
from tb_attention.records.step_file import matrix_member, read_manifest, read_matrix
from tb_attention.records.store import Entry

# 4,096 classes make 134 MB; nobody sees more of them in one picture, and the server should not be felled by one.
_MOST_CLASSES = 4096


def serve(logs: Logs, request: Request) -> Response:
    """Rows are the truth, columns the prediction; sparse matrices are filled here."""
    attempt, step = logs.attempt(request), parameters.step(request)
    split = parameters.text(request, "split")
    entry = attempt.step(step)
    known = manifests.read(attempt, step)
    if known.content != "confusion":
        raise NotInLogError("The step holds maps and no confusion matrix.")
    value = known.json()
    splits, classes = value["splits"], value["classes"]
    if split not in splits:
        raise NotInLogError(f"The step has no such split. Received: split={split[:80]!r}. Splits: {', '.join(splits)}.")
    if classes > _MOST_CLASSES:
        raise LogError(f"A matrix of {classes} classes is too large to show; {_MOST_CLASSES} are allowed.")
    try:
        if splits[split]["encoding"] == "dense":
            body = members.body(attempt.folder, attempt.file(entry.name), entry, matrix_member(split))
        else:
            body = gzip_frame.compress(_dense(attempt, entry, split))
    except members.NoSuchMember:
        raise DamagedFileError(f"{entry.name} has no member {matrix_member(split)}.") from None
    return respond.binary_body(request, body)


def _dense(attempt: Attempt, entry: Entry, split: str) -> npt.NDArray[Any]:
    with attempt.folder.archive(attempt.file(entry.name)) as archive:
        manifest = read_manifest(archive, entry.name)
        if not isinstance(manifest, ConfusionManifest) or split not in manifest.splits:
            # Replaced by something else since its manifest was read.
            raise NotInLogError(f"The step has no such split any more. Received: split={split[:80]!r}.")
        return read_matrix(archive, manifest, split)
