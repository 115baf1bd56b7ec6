"""The routes `matrix`, `labels`, `histogram`, `order` and `mean`: what one step counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, LogError, NotInLogError
from tb_attention.plugin import manifests, members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.format import confusion_file
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest
from tb_attention.records.format.step_file import read_manifest
from tb_attention.wire import gzip_frame

# 4,096 classes make 134 MB; nobody sees more of them in one picture, and the server should not be felled by one.
_MOST_CLASSES = 4096


@contextmanager
def opened(attempt: Attempt, step: Step) -> Iterator[tuple[Archive, ConfusionManifest]]:
    """The step file of matrices and its manifest.

    Raises:
        NotInLogError: It holds maps.
    """
    entry = attempt.step(step)
    with attempt.folder.archive(attempt.file(entry.name)) as archive:
        manifest = read_manifest(archive, entry.name)
        if not isinstance(manifest, ConfusionManifest):
            raise NotInLogError("The step holds maps and no confusion matrix.")
        yield archive, manifest


def check_classes(classes: int) -> None:
    """Refuses matrices that are too large to send."""
    if classes > _MOST_CLASSES:
        raise LogError(f"A matrix of {classes} classes is too large to show; {_MOST_CLASSES} are allowed.")


def serve_matrix(logs: Logs, request: Request) -> Response:
    """Rows are the truth, columns the prediction; sparse matrices are filled here."""
    attempt, step = logs.attempt(request), parameters.step(request)
    split = parameters.text(request, "split")
    known = _splits(attempt, step, split)
    check_classes(known["classes"])
    if known["splits"][split]["encoding"] == "dense":
        return _stored(request, attempt, step, confusion_file.matrix_member(split))
    with opened(attempt, step) as (archive, manifest):
        if split not in manifest.splits:
            # Replaced by something else since its manifest was read.
            raise NotInLogError(f"The step has no such split any more. Received: split={split[:80]!r}.")
        return respond.binary_body(request, gzip_frame.compress(confusion_file.read_matrix(archive, manifest, split)))


def serve_labels(logs: Logs, request: Request) -> Response:
    """The 2 x 2 counts of every label."""
    attempt, step = logs.attempt(request), parameters.step(request)
    split = parameters.text(request, "split")
    if _splits(attempt, step, split)["kind"] != "labels":
        raise NotInLogError("The classes of this step exclude one another; `matrix` has their counts.")
    return _stored(request, attempt, step, confusion_file.labels_member(split))


def serve_histogram(logs: Logs, request: Request) -> Response:
    """How many examples have which probability."""
    attempt, step = logs.attempt(request), parameters.step(request)
    split = parameters.text(request, "split")
    if not _splits(attempt, step, split)["splits"][split]["bins"]:
        raise NotInLogError("The step has no histogram of scores.")
    return _stored(request, attempt, step, confusion_file.histogram_member(split))


def serve_order(logs: Logs, request: Request) -> Response:
    """The classes in order of similarity."""
    attempt, step = logs.attempt(request), parameters.step(request)
    if not _known(attempt, step)["similarity"]:
        raise NotInLogError("The step has no order of its classes by similarity.")
    return _stored(request, attempt, step, confusion_file.ORDER_MEMBER)


def serve_mean(logs: Logs, request: Request) -> Response:
    """The mean map of the right ones of a class."""
    attempt, step = logs.attempt(request), parameters.step(request)
    index, site = parameters.number(request, "class"), parameters.number(request, "site")
    value = _known(attempt, step)
    there = [mean["class"] for mean in value["means"]]
    sites = manifests.read(attempt, step).sites.count
    if index not in there or site >= sites:
        raise NotInLogError(
            f"There is no such mean. Received: class={index}, site={site}. Classes: {there[:40]}; {sites} sites, from 0."
        )
    return _stored(request, attempt, step, confusion_file.mean_member(index, site))


def _known(attempt: Attempt, step: Step) -> dict[str, Any]:
    attempt.step(step)
    known = manifests.read(attempt, step)
    if known.content != "confusion":
        raise NotInLogError("The step holds maps and no confusion matrix.")
    return known.json()


def _splits(attempt: Attempt, step: Step, split: str) -> dict[str, Any]:
    """The manifest of a step that has a split."""
    value = _known(attempt, step)
    if split not in value["splits"]:
        raise NotInLogError(
            f"The step has no such split. Received: split={split[:80]!r}. Splits: {', '.join(value['splits'])}."
        )
    return value


def _stored(request: Request, attempt: Attempt, step: Step, member: str) -> Response:
    entry = attempt.step(step)
    try:
        return respond.binary_body(request, members.body(attempt.folder, attempt.file(entry.name), entry, member))
    except members.NoSuchMember:
        raise DamagedFileError(f"{entry.name} has no member {member}.") from None
