"""The route `opening`: in one answer, what the page would ask for one after the other before its first picture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlencode

import msgspec
from tensorboard.errors import PublicError
from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError
from tb_attention.plugin import manifests, respond, serve_listing, serve_maps, serve_samples
from tb_attention.plugin.logs import Logs
from tb_attention.wire.structs import RunEntry, RunsAnswer, SamplesAnswer, SeriesEntry

_VIEWS_OF_WEIGHTS = ("head", "sample")

Serve = Callable[[Logs, Request], Response]
Part = tuple[str, bytes]


def serve_opening(logs: Logs, request: Request) -> Response:
    """What the choices of a link (`run`, `tag`, `attempt`, `step`, `sample`, `site`, `view`; each may be left out) will ask for.

    The body is pairs of the address of a request and the body of its answer, each after its number of bytes (uint32). A guess:
    what is not here, the page asks for.
    """
    return respond.streamed(request, _framed(_parts(logs, request)), respond.BINARY, compress=True)


def _parts(logs: Logs, request: Request) -> Iterator[Part]:
    # What cannot be read is left out: the page asks for it by itself, and is told why.
    with suppress(AttentionError, OSError, PublicError):
        runs = _ask(serve_listing.serve_runs, logs, request, "runs")
        yield runs
        chosen = _run(msgspec.json.decode(runs[1], type=RunsAnswer), request)
        if chosen is None:
            return
        entry = _series(chosen, request)
        yield from _parts_of_series(logs, request, chosen.run, entry)
        matrices = _matrices(chosen, entry.tag, request)
        if matrices is not None and matrices is not entry:
            series = {"run": chosen.run, "tag": matrices.tag, "attempt": matrices.attempts[-1]}
            yield _ask(serve_listing.serve_series, logs, request, "series", **series)


def _parts_of_series(logs: Logs, request: Request, run: str, entry: SeriesEntry) -> Iterator[Part]:
    asked = request.args.get("attempt")
    attempt = next((number for number in entry.attempts if str(number) == asked), entry.attempts[-1])
    series = {"run": run, "tag": entry.tag, "attempt": attempt}
    yield _ask(serve_listing.serve_series, logs, request, "series", **series)
    steps = manifests.read_steps(logs.attempt(_request(request, series))).readable
    if not steps or entry.content != "attention":
        return
    shown = next((known for step, _, known in steps if str(step) == request.args.get("step")), steps[-1][2])
    record = shown.record
    samples = record.samples or next(filter(None, (known.record.samples for _, _, known in reversed(steps))), None)
    index = 0
    if samples is not None:
        part = _ask(serve_samples.serve_samples, logs, request, "samples", **series, set=samples, v=samples)
        index = _index_of(request.args.get("sample"), part[1])
        yield part
    of_sample = {**series, "step": record.step, "sample": index}
    if request.args.get("view") in _VIEWS_OF_WEIGHTS:
        paths = [path for path, _ in shown.sites.heads]
        site = paths.index(request.args["site"]) if request.args.get("site") in paths else 0
        yield _ask(serve_maps.serve_weights, logs, request, "weights", **of_sample, site=site, v=record.v)
    if shown.sites.heads:
        yield _ask(serve_maps.serve_overview, logs, request, "overview", **of_sample, v=record.v)


def _run(answer: RunsAnswer, request: Request) -> RunEntry | None:
    """The run that the page will open, as `plugin_frontend/src/model/runs.ts` chooses it."""
    runs = [run for run in answer.runs if run.series]
    asked = request.args.get("run")
    return next((run for run in runs if run.run == asked), None) or max(runs, key=_newness, default=None)


def _series(run: RunEntry, request: Request) -> SeriesEntry:
    """Its series: of maps, if there is one; with the tag asked for, else as it is usually called, else the first."""
    entries = [entry for entry in run.series if entry.content == "attention"] or list(run.series)
    usual = "attention" if entries[0].content == "attention" else "confusion"
    tags = (request.args.get("tag"), usual)
    return next((entry for tag in tags for entry in entries if entry.tag == tag), entries[0])


def _matrices(run: RunEntry, maps: str, request: Request) -> SeriesEntry | None:
    """The matrices that belong to the maps: those asked for, else those with the shortest tag that contains theirs."""
    entries = [entry for entry in run.series if entry.content == "confusion"]
    named = min((entry.tag for entry in entries if maps in entry.tag), key=len, default=None)
    tags = (request.args.get("matrices"), named, "confusion")
    return next((entry for tag in tags for entry in entries if entry.tag == tag), entries[0] if entries else None)


def _newness(run: RunEntry) -> tuple[bool, float]:
    return (
        any(entry.status is not None and entry.status.state == "running" for entry in run.series),
        max((entry.written or 0.0 for entry in run.series), default=0.0),
    )


def _index_of(sample: str | None, body: bytes) -> int:
    ids = [each.id for each in msgspec.json.decode(body, type=SamplesAnswer).samples]
    return ids.index(sample) if sample in ids else 0


def _request(request: Request, parameters: dict[str, object]) -> Request:
    """Another request of the same page. Its answer is not compressed: the whole is."""
    query = {"QUERY_STRING": urlencode(parameters), "HTTP_ACCEPT_ENCODING": ""}
    return Request({**request.environ, **query}, populate_request=False)


def _ask(serve: Serve, logs: Logs, request: Request, route: str, **parameters: object) -> Part:
    asked = _request(request, parameters)
    address = f"{route}?{urlencode(parameters)}" if parameters else route
    return address, serve(logs, asked).get_data()


def _framed(parts: Iterator[Part]) -> Iterator[bytes]:
    for address, body in parts:
        name = address.encode()
        yield struct.pack("<I", len(name)) + name + struct.pack("<I", len(body)) + body
