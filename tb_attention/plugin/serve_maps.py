"""The routes `weights`, `features`, `sink`, `overview`, `overviews` and `pictures`: as stored, or as means over samples."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

from werkzeug.wrappers import Request, Response

from tb_attention.errors import NotInLogError
from tb_attention.plugin import members, parameters, respond, sample_means
from tb_attention.plugin.logs import Logs
from tb_attention.plugin.manifests import maps_manifest
from tb_attention.plugin.sample_means import Bodies, What
from tb_attention.records.format import step_file
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import StepManifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.reaching import unless_unreachable

# Overviews beyond this are left out of an answer; the page asks for each of them when it shows it.
_MOST_BYTES = 32 << 20
_ONLY_EVENTS = (
    "Only the event files of this run are here; its weights are in plugins/attention, which has to be copied too."
)


def serve_weights(logs: Logs, request: Request) -> Response:
    """All heads of one site for one sample, or on average over some."""
    return _serve(logs, request, "weights", step_file.weights_member)


def serve_features(logs: Logs, request: Request) -> Response:
    """The feature map behind the gate of one site for one sample, or on average over some."""
    return _serve(logs, request, "features", step_file.features_member)


def serve_sink(logs: Logs, request: Request) -> Response:
    """The share of each row that a sink takes, of one site for one sample, or on average over some."""
    return _serve(logs, request, "sink", step_file.sink_member)


def serve_pictures(logs: Logs, request: Request) -> Response:
    """What the model made of one sample."""
    attempt, step, sample = logs.attempt(request), parameters.step(request), parameters.number(request, "sample")

    def why_absent() -> str | None:
        maps = _maps(attempt, step)
        if attempt.store.only_events:
            return _ONLY_EVENTS
        nothing = "The model makes no pictures of the samples." if maps.pictures is None else None
        return nothing or _no_sample(maps, sample)

    return members.serve(request, attempt, attempt.step_file(step), step_file.pictures_member(sample), why_absent)


def serve_overview(logs: Logs, request: Request) -> Response:
    """Every head of every site for one sample, or on average over some, pooled."""
    attempt, step = logs.attempt(request), parameters.step(request)
    if "samples" in request.args:
        bodies = sample_means.of_overview(attempt, attempt.step_file(step), parameters.samples(request))
        return _serve_mean(request, bodies)
    sample = parameters.number(request, "sample")
    member = step_file.overview_member(sample)
    return members.serve(
        request,
        attempt,
        attempt.step_file(step),
        member,
        lambda: _no_sample(_maps(attempt, step), sample),
    )


def serve_overviews(logs: Logs, request: Request) -> Response:
    """The body of `overview` at several steps, in the order asked for, each after its number of bytes (uint32; 0 for none).

    With one request a step, 50 steps over a line with 80 ms would take longer than what they carry.
    """
    attempt = logs.attempt(request)
    sample, steps = parameters.number(request, "sample"), parameters.steps(request)
    answer = bytearray()
    found = 0
    for step in steps:
        overview = _overview(attempt, step, sample) if len(answer) < _MOST_BYTES else b""
        found += bool(overview)
        answer += struct.pack("<I", len(overview)) + overview
    if not found:
        reason = _no_sample(_maps(attempt, steps[0]), sample)
        raise NotInLogError(reason or "None of the steps has an overview that can be read.")
    return respond.binary_body(request, bytes(answer))


def _serve(logs: Logs, request: Request, what: What, member: Callable[[int, int], str]) -> Response:
    attempt, step, site = logs.attempt(request), parameters.step(request), parameters.number(request, "site")
    if "samples" in request.args:
        if attempt.store.only_events:
            raise NotInLogError(_ONLY_EVENTS)
        file = attempt.step_file(step)
        return _serve_mean(request, sample_means.of_site(attempt, file, parameters.samples(request), site, what))
    sample = parameters.number(request, "sample")

    def why_absent() -> str | None:
        # Only now is the manifest needed, to distinguish what was never there from what is lost.
        maps = _maps(attempt, step)
        if attempt.store.only_events:
            return _ONLY_EVENTS
        no_sample = _no_sample(maps, sample)
        if no_sample is not None:
            return no_sample
        if site >= len(maps.sites):
            return f"The step has {len(maps.sites)} sites, counted from 0. Received: site={site}."
        if what == "features" and maps.sites[site].features is None:
            return f"No feature map was stored for this site. Received: site={site}."
        if what == "sink" and maps.sites[site].sink is None:
            return f"This site has no sink. Received: site={site}."
        return None

    return members.serve(request, attempt, attempt.step_file(step), member(sample, site), why_absent)


def _serve_mean(request: Request, bodies: Bodies) -> Response:
    return respond.binary_body(request, bodies.deviation if parameters.flag(request, "deviation") else bodies.mean)


def _overview(attempt: OpenedAttempt, step: Step, sample: int) -> bytes:
    """Nothing where it is not there or cannot be read: that must not affect the other steps."""
    with suppress(members.NoSuchMember), unless_unreachable():
        return members.body(attempt, attempt.step_file(step), step_file.overview_member(sample))
    return b""


def _maps(attempt: OpenedAttempt, step: Step) -> StepManifest:
    return maps_manifest(attempt.read_manifest(step))


def _no_sample(maps: StepManifest, sample: int) -> str | None:
    if sample >= maps.sample_count:
        return f"The step has {maps.sample_count} samples, counted from 0. Received: sample={sample}."
    return None
