"""The routes `samples`, `thumbnails` and `image`: what was fed in."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.plugin import members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.format import json_text
from tb_attention.records.format.samples_file import image_member
from tb_attention.records.format.schema import check_schema
from tb_attention.records.format.step_file import read_json
from tb_attention.records.store.store import Entry


def serve_samples(logs: Logs, request: Request) -> Response:
    """Ids, labels and inputs of the samples, as in the manifest."""
    attempt = logs.attempt(request)
    entry = attempt.samples(parameters.samples_set(request))
    value = _manifest(attempt, entry)
    kept = {name: value.get(name) for name in ("class_names", "samples", "thumbnails")}
    # Once more through JSON: a file of somebody else's may hold bare NaN, which browsers refuse.
    return respond.json_body(request, json_text.loads(json_text.dumps(kept), entry.name), keep=True)


def read_listed(attempt: Attempt, entry: Entry) -> list[Any]:
    """The samples in a file, as in its manifest."""
    listed: list[Any] = _manifest(attempt, entry)["samples"]
    return listed


def serve_thumbnails(logs: Logs, request: Request) -> Response:
    """The first picture of every sample, small."""
    return _serve_member(logs, request, "thumbnails")


def serve_image(logs: Logs, request: Request) -> Response:
    """One picture of one sample."""
    sample, place = parameters.number(request, "sample"), parameters.number(request, "input")
    return _serve_member(logs, request, image_member(sample, place))


def _serve_member(logs: Logs, request: Request, member: str) -> Response:
    attempt = logs.attempt(request)
    entry = attempt.samples(parameters.samples_set(request))
    try:
        body = members.body(attempt.folder, attempt.file(entry.name), entry, member)
    except members.NoSuchMember:
        raise NotInLogError(f"These samples have no such picture: {member}.") from None
    return respond.binary_body(request, body)


def _manifest(attempt: Attempt, entry: Entry) -> dict[str, Any]:
    with attempt.folder.archive(attempt.file(entry.name)) as archive:
        value = read_json(archive, entry.name)
    check_schema(value, entry.name)
    if value.get("content") != "samples" or not isinstance(value.get("samples"), list):
        raise DamagedFileError(f"{entry.name} is not a file of samples.")
    return value
