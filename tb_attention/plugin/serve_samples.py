"""The routes `samples`, `thumbnails`, `image`, `audio` and `examples`: the inputs, and the examples of the cells of a matrix."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.plugin import members, parameters, respond, serve_matrix
from tb_attention.plugin.logs import Logs
from tb_attention.records.format.confusion_file import read_examples
from tb_attention.records.format.samples_file import audio_member, frames_member, image_member
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.wire import answers
from tb_attention.wire.structs import SamplesAnswer


def serve_samples(logs: Logs, request: Request) -> Response:
    """Ids, labels and inputs of the samples, as in the manifest."""
    answer = _read(logs.attempt(request), parameters.samples_set(request))
    return respond.json_body(request, answer, keep=True)


def serve_thumbnails(logs: Logs, request: Request) -> Response:
    """The first picture of every sample, small."""
    return _serve_member(logs, request, "thumbnails")


def serve_image(logs: Logs, request: Request) -> Response:
    """One picture of one sample, or all frames of its video."""
    sample, position = parameters.number(request, "sample"), parameters.number(request, "input")
    try:
        return _serve_member(logs, request, image_member(sample, position))
    except NotInLogError:
        return _serve_member(logs, request, frames_member(sample, position))


def serve_audio(logs: Logs, request: Request) -> Response:
    """One sound of one sample."""
    sample, position = parameters.number(request, "sample"), parameters.number(request, "input")
    return _serve_member(logs, request, audio_member(sample, position), "sound")


def serve_examples(logs: Logs, request: Request) -> Response:
    """The kept examples of a step: all, or those of a truth, a prediction or both."""
    attempt, step = logs.attempt(request), parameters.step(request)
    wanted = {name: parameters.number(request, name) for name in ("truth", "predicted") if name in request.args}
    with serve_matrix.opened(attempt, step) as (archive, manifest):
        stored = read_examples(archive, manifest)
    ids = _ids(attempt, manifest.samples, manifest.examples) if manifest.examples else []
    return respond.json_body(request, answers.examples_answer(manifest, stored, ids, **wanted), keep=True)


def _serve_member(logs: Logs, request: Request, member: str, what: str = "picture") -> Response:
    attempt = logs.attempt(request)
    file = attempt.samples_file(parameters.samples_set(request))
    return members.serve(request, attempt, file, member, lambda: f"These samples have no such {what}: {member}.")


def _read(attempt: OpenedAttempt, name: str) -> SamplesAnswer:
    file = attempt.samples_file(name)
    with attempt.open(file.name) as archive:
        return answers.samples_answer(archive, file.name)


def _ids(attempt: OpenedAttempt, name: str | None, count: int) -> list[str]:
    try:
        ids = [sample.id for sample in _read(attempt, (name or "").removesuffix(".npz")).samples]
    except NotInLogError as error:
        raise DamagedFileError(f"The file of the examples, {str(name)[:80]!r}, is not there.") from error
    if len(ids) != count:
        raise DamagedFileError(f"{str(name)[:80]!r} holds {len(ids)} examples; {count} were kept.")
    return ids
