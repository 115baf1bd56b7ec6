"""The routes `runs` and `series`: which runs have which series, and every step of one attempt."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError
from tb_attention.plugin import manifests, respond
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt, Logs, attempt_numbers, open_attempt, tag_folders
from tb_attention.plugin.manifests import KnownManifest
from tb_attention.plugin.run_folder import RunFolder
from tb_attention.records.format import paths
from tb_attention.records.format.paths import Step
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers
from tb_attention.wire.structs import Content, Damaged, RunEntry, SeriesAnswer, SeriesEntry, SeriesFacts, Status

# The content of a series is in its manifests. One whole file is enough; a log of damaged ones must not be read through.
_TRIES = 3
_MOST_STATUS_BYTES = 1 << 20
_CACHE_BYTES = 16 << 20

_status_texts: BoundedCache[bytes] = BoundedCache(4 << 20, weigh=lambda text: len(text) + 200)
_series: BoundedCache[SeriesAnswer] = BoundedCache(_CACHE_BYTES, weigh=lambda answer: len(answers.encode(answer)))


def serve_runs(logs: Logs, request: Request) -> Response:
    """Every listed run, those without our folder with no series. Pages ask for it every few seconds."""
    runs = [RunEntry(run, _list_series(folder)) for run, folder in logs.folders(request).items()]
    return respond.json_body(request, answers.runs_answer(logs.logdir, runs))


def _list_series(folder: RunFolder) -> tuple[SeriesEntry, ...]:
    try:
        entries = [_entry(folder, tag) for tag in sorted(tag_folders(folder))]
    except OSError:
        # One run that cannot be read must not hide the others.
        return ()
    return tuple(entry for entry in entries if entry is not None)


def _entry(folder: RunFolder, tag: str) -> SeriesEntry | None:
    numbers = attempt_numbers(folder, tag)
    if not numbers:
        return None
    newest = open_attempt(folder, tag, numbers[-1])
    name, content = _name_and_content(newest)
    return SeriesEntry(
        tag=name or paths.folder_tag(tag),
        content=content,
        attempts=tuple(numbers),
        steps=len(newest.steps),
        version=newest.version,
        status=_status(newest),
        only_events=folder.only_events,
    )


def _name_and_content(attempt: Attempt) -> tuple[str | None, Content]:
    """The tag as the log spells it (names of directories are cut where tags are long), and what the steps hold."""
    for step in list(attempt.steps)[:_TRIES]:
        try:
            known = manifests.read(attempt, step)
        except (AttentionError, OSError):
            continue
        return known.tag, known.content
    return None, "unknown"


@dataclass(frozen=True)
class Steps:
    """The readable steps of an attempt, in order, and what is wrong with the others."""

    readable: list[tuple[Step, Entry, KnownManifest]]
    damaged: list[Damaged]


def read_steps(attempt: Attempt) -> Steps:
    """Reads the manifest of every step; one that cannot be read takes no other with it."""
    readable: list[tuple[Step, Entry, KnownManifest]] = []
    damaged: list[Damaged] = []
    manifests.read_index(attempt)
    for step, entry in attempt.steps.items():
        try:
            readable.append((step, entry, manifests.read(attempt, step)))
        except FileNotFoundError:
            # Moved aside since the listing.
            continue
        except (AttentionError, OSError) as error:
            damaged.append(Damaged(entry.name, step, str(error)))
    return Steps(readable, damaged)


def serve_series(logs: Logs, request: Request) -> Response:
    """Steps, sites and status of one attempt."""
    attempt = logs.attempt(request)
    key = (attempt.folder.url, attempt.path, attempt.listing.state)
    answer = _series.find(key)
    if answer is None:
        answer = _read_series(attempt, request.args["tag"])
        if not answer.damaged:  # a disk that failed for a moment may read them the next time
            _series.put(key, answer)
    asked = msgspec.structs.replace(
        answer,
        run=request.args["run"],
        attempts=tuple(attempt_numbers(attempt.folder, attempt.path.split("/")[-2])),
        status=_status(attempt),
    )
    return respond.json_body(request, asked)


def _read_series(attempt: Attempt, tag: str) -> SeriesAnswer:
    """The answer with what the step files say; what changes without them is filled in for each request."""
    steps = read_steps(attempt)
    return answers.series_answer(
        steps.readable[-1][2].facts if steps.readable else SeriesFacts(tag, "unknown", ()),
        ((known.text, known.sites.text) for _, _, known in steps.readable),
        run="",
        attempt=attempt.number,
        attempts=(),
        version=attempt.version,
        status=None,
        damaged=steps.damaged,
    )


def _status(attempt: Attempt) -> Status | None:
    entry = attempt.listing.get(paths.STATUS)
    if entry is None:
        return None
    path = attempt.file(paths.STATUS)
    key = (attempt.folder.url, path, entry.version)
    try:
        return answers.status_answer(_status_texts.get(key, lambda: attempt.folder.read(path, _MOST_STATUS_BYTES)))
    except (AttentionError, OSError):
        return None
