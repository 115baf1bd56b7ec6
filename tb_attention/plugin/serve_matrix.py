"""The routes `matrix`, `labels`, `histogram`, `order` and `mean`: what one step counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from msgspec import UNSET
from werkzeug.wrappers import Request, Response

from tb_attention.errors import LogError, NotInLogError
from tb_attention.plugin import manifests, members, parameters, respond
from tb_attention.plugin.logs import Logs
from tb_attention.records.format import confusion_file
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest, Manifest, read_manifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.wire import gzip_frame

# 4,096 classes make 134 MB: nobody can see more of them in one picture, and one request must not exhaust the memory.
_MOST_CLASSES = 4096


@contextmanager
def opened(attempt: OpenedAttempt, step: Step) -> Iterator[tuple[Archive, ConfusionManifest]]:
    """The step file of matrices and its manifest.

    Raises:
        NotInLogError: It holds maps.
    """
    file = attempt.step_file(step)
    with attempt.open(file.name) as archive:
        yield archive, _confusion(read_manifest(archive, file.name))


def check_classes(classes: int) -> None:
    """Refuses matrices that are too large to send."""
    if classes > _MOST_CLASSES:
        raise LogError(f"A matrix of {classes} classes is too large to show; {_MOST_CLASSES} are allowed.")


def serve_matrix(logs: Logs, request: Request) -> Response:
    """Rows are the truth, columns the prediction; sparse matrices are filled here."""
    attempt, step, split = _asked(logs, request)
    known = manifests.read(attempt, step).record
    if known.classes is UNSET or known.splits is UNSET:
        raise NotInLogError(_NO_MATRIX)
    if split not in known.splits:
        raise NotInLogError(_no_split(split, known.splits))
    check_classes(known.classes)
    if known.splits[split].encoding == "dense":
        member = confusion_file.matrix_member(split)
        return members.serve(request, attempt, attempt.step_file(step), member, lambda: None)
    with opened(attempt, step) as (archive, manifest):
        if split not in manifest.splits:
            # The file was replaced since its manifest was read.
            raise NotInLogError(_no_split(split, manifest.splits))
        return respond.binary_body(request, gzip_frame.compress(confusion_file.read_matrix(archive, manifest, split)))


def serve_labels(logs: Logs, request: Request) -> Response:
    """The 2 x 2 counts of every label."""
    attempt, step, split = _asked(logs, request)

    def why_absent(manifest: ConfusionManifest) -> str | None:
        if split not in manifest.splits:
            return _no_split(split, manifest.splits)
        if manifest.kind != "labels":
            return "The classes of this step exclude one another; `matrix` has their counts."
        return None

    return _serve(request, attempt, step, confusion_file.labels_member(split), why_absent)


def serve_histogram(logs: Logs, request: Request) -> Response:
    """How many examples have which probability."""
    attempt, step, split = _asked(logs, request)

    def why_absent(manifest: ConfusionManifest) -> str | None:
        if split not in manifest.splits:
            return _no_split(split, manifest.splits)
        return None if manifest.splits[split].bins else "The step has no histogram of scores."

    return _serve(request, attempt, step, confusion_file.histogram_member(split), why_absent)


def serve_order(logs: Logs, request: Request) -> Response:
    """The classes in order of similarity."""

    def why_absent(manifest: ConfusionManifest) -> str | None:
        return None if manifest.similarity else "The step has no order of its classes by similarity."

    return _serve(request, logs.attempt(request), parameters.step(request), confusion_file.ORDER_MEMBER, why_absent)


def serve_mean(logs: Logs, request: Request) -> Response:
    """The mean map over correctly classified examples of a class."""
    attempt, step = logs.attempt(request), parameters.step(request)
    index, site = parameters.number(request, "class"), parameters.number(request, "site")

    def why_absent(manifest: ConfusionManifest) -> str | None:
        there = [mean.class_index for mean in manifest.means]
        sites = 0 if manifest.maps is None else len(manifest.maps.sites)
        if index in there and site < sites:
            return None
        return f"There is no such mean. Received: class={index}, site={site}. Classes: {there[:40]}; {sites} sites, from 0."

    return _serve(request, attempt, step, confusion_file.mean_member(index, site), why_absent)


_NO_MATRIX = "The step holds maps and no confusion matrix."


def _asked(logs: Logs, request: Request) -> tuple[OpenedAttempt, Step, str]:
    return logs.attempt(request), parameters.step(request), parameters.text(request, "split")


def _serve(
    request: Request,
    attempt: OpenedAttempt,
    step: Step,
    member: str,
    why_absent: Callable[[ConfusionManifest], str | None],
) -> Response:
    def why() -> str | None:
        return why_absent(_confusion(attempt.read_manifest(step)))

    return members.serve(request, attempt, attempt.step_file(step), member, why)


def _confusion(manifest: Manifest) -> ConfusionManifest:
    if not isinstance(manifest, ConfusionManifest):
        raise NotInLogError(_NO_MATRIX)
    return manifest


def _no_split(split: str, splits: Iterable[str]) -> str:
    return f"The step has no such split. Received: split={split[:80]!r}. Splits: {', '.join(splits)}."
