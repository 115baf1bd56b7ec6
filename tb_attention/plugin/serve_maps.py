"""The routes `weights`, `features`, `sink` and `overview`: maps of one step, as they are stored."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.plugin import manifests, members, parameters, respond
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.records.format import paths, step_file


def serve_weights(logs: Logs, request: Request) -> Response:
    """All heads of one site for one sample."""
    attempt, step = logs.attempt(request), parameters.step(request)
    sample, site = parameters.number(request, "sample"), parameters.number(request, "site")
    return _serve(request, attempt, step, sample, site, step_file.weights_member(sample, site))


def serve_features(logs: Logs, request: Request) -> Response:
    """The feature map behind the gate of one site for one sample."""
    attempt, step = logs.attempt(request), parameters.step(request)
    sample, site = parameters.number(request, "sample"), parameters.number(request, "site")
    return _serve(request, attempt, step, sample, site, step_file.features_member(sample, site))


def serve_sink(logs: Logs, request: Request) -> Response:
    """The share of each row that a sink takes, of one site for one sample."""
    attempt, step = logs.attempt(request), parameters.step(request)
    sample, site = parameters.number(request, "sample"), parameters.number(request, "site")
    return _serve(request, attempt, step, sample, site, step_file.sink_member(sample, site))


def serve_overview(logs: Logs, request: Request) -> Response:
    """Every head of every site for one sample, pooled."""
    attempt, step = logs.attempt(request), parameters.step(request)
    sample = parameters.number(request, "sample")
    return _serve(request, attempt, step, sample, None, step_file.overview_member(sample))


def _serve(
    request: Request, attempt: Attempt, step: paths.Step, sample: int, site: int | None, member: str
) -> Response:
    entry = attempt.step(step)
    try:
        return respond.binary_body(request, members.body(attempt.folder, attempt.file(entry.name), entry, member))
    except members.NoSuchMember:
        # Only now is the manifest needed, to tell what was never there from what is lost.
        known = manifests.read(attempt, step)
        if known.content != "attention" and not known.sample_count:
            raise NotInLogError("The step holds a confusion matrix and no maps.") from None
        if attempt.folder.only_events and member != step_file.overview_member(sample):
            raise NotInLogError(
                "Only the event files of this run are here; its weights are in plugins/attention, which has to be copied too."
            ) from None
        if sample >= known.sample_count:
            raise NotInLogError(
                f"The step has {known.sample_count} samples, counted from 0. Received: sample={sample}."
            ) from None
        if site is not None and site >= known.sites.count:
            raise NotInLogError(
                f"The step has {known.sites.count} sites, counted from 0. Received: site={site}."
            ) from None
        if site is not None and member == step_file.features_member(sample, site) and not known.has(site, "features"):
            raise NotInLogError(f"No feature map lies behind this site. Received: site={site}.") from None
        if site is not None and member == step_file.sink_member(sample, site) and not known.has(site, "sink"):
            raise NotInLogError(f"This site has no sink. Received: site={site}.") from None
        raise DamagedFileError(f"{entry.name} has no member {member}.") from None
