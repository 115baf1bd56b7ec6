"""The route `overviews`: the pooled maps of one sample at many steps in one answer, each as it is stored.

One request a step is one round trip a step: 50 of them over a line with 80 ms take longer than what they carry.
"""

from __future__ import annotations

import struct

from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError, NotInLogError
from tb_attention.plugin import manifests, members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.format import paths, step_file

# What is left out of a body is asked for by itself when somebody looks at it.
_MOST_BYTES = 32 << 20


def serve(logs: Logs, request: Request) -> Response:
    """For each step, in the order asked: uint32 (number of bytes, 0 for none), and a gzip file as of `overview`."""
    attempt = logs.attempt(request)
    sample, steps = parameters.number(request, "sample"), parameters.steps(request)
    body = bytearray()
    found = 0
    for step in steps:
        overview = _overview(attempt, step, sample) if len(body) < _MOST_BYTES else b""
        found += bool(overview)
        body += struct.pack("<I", len(overview)) + overview
    if not found:
        _refuse(attempt, steps[0], sample)
    return respond.binary_body(request, bytes(body))


def _overview(attempt: Attempt, step: paths.Step, sample: int) -> bytes:
    """Nothing where it is not there or cannot be read: that must not take the other steps with it."""
    try:
        entry = attempt.step(step)
        return members.body(attempt.folder, attempt.file(entry.name), entry, step_file.overview_member(sample))
    except (members.NoSuchMember, AttentionError, OSError):
        return b""


def _refuse(attempt: Attempt, step: paths.Step, sample: int) -> None:
    attempt.step(step)
    known = manifests.read(attempt, step)
    if known.content != "attention":
        raise NotInLogError("The step holds a confusion matrix and no maps.")
    if sample >= known.sample_count:
        raise NotInLogError(f"The step has {known.sample_count} samples, counted from 0. Received: sample={sample}.")
    raise NotInLogError("None of the steps has an overview that can be read.")
