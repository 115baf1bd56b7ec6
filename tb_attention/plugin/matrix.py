"""The route `matrix`: the confusion matrix of one step and split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, LogError, NotInLogError
from tb_attention.plugin import gzip_frame, manifests, members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.store import Entry

# 4,096 classes make 134 MB; nobody sees more of them in one picture, and the server should not be felled by one.
_MOST_CLASSES = 4096


def serve(logs: Logs, request: Request) -> Response:
    """Rows are the truth, columns the prediction; sparse matrices are filled here."""
    attempt, step = logs.attempt(request), parameters.step(request)
    split = parameters.text(request, "split")
    entry = attempt.step(step)
    known = manifests.read(attempt, entry)
    if known.content != "confusion":
        raise NotInLogError("The step holds maps and no confusion matrix.")
    value = known.json()
    splits, classes = value["splits"], value["classes"]
    if split not in splits:
        raise NotInLogError(f"The step has no such split. Received: split={split[:80]!r}. Splits: {', '.join(splits)}.")
    try:
        if splits[split]["encoding"] == "dense":
            body = members.body(attempt.folder, attempt.file(entry.name), entry, f"matrix/{split}")
        else:
            body = gzip_frame.compress(_dense(attempt, entry, split, classes))
    except members.NoSuchMember:
        raise DamagedFileError(f"{entry.name} has no member matrix/{split}.") from None
    return respond.binary_body(request, body)


def _dense(attempt: Attempt, entry: Entry, split: str, classes: int) -> npt.NDArray[np.generic]:
    if classes > _MOST_CLASSES:
        raise LogError(f"A matrix of {classes} classes is too large to show; {_MOST_CLASSES} are allowed.")
    with attempt.folder.archive(attempt.file(entry.name)) as archive:
        cells = archive.read(f"matrix/{split}")
    if cells.ndim != 2 or cells.shape[0] != 3 or cells.dtype.kind not in "iuf":
        raise DamagedFileError(f"matrix/{split} in {entry.name} must have shape (3, cells). Received: {cells.shape}.")
    truth, prediction = cells[:2].astype(np.int64)
    if cells.size and (min(truth.min(), prediction.min()) < 0 or max(truth.max(), prediction.max()) >= classes):
        raise DamagedFileError(f"matrix/{split} in {entry.name} has a cell outside its {classes} classes.")
    dense = np.zeros((classes, classes), np.float64 if cells.dtype.kind == "f" else np.int64)
    dense[truth, prediction] = cells[2]
    return dense
