"""The routes `runs` and `series`: which runs have which series, and every step of one attempt."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from cachetools import LRUCache, cached
from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError, LogError
from tb_attention.plugin import manifests, respond
from tb_attention.plugin.logs import Logs, tag_and_content
from tb_attention.plugin.places import unreachable_places
from tb_attention.records.format import paths
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.reading.series import find_attempts, list_tags
from tb_attention.records.store.store import Entry, ReadStore
from tb_attention.wire import answers
from tb_attention.wire.structs import Damaged, RunEntry, SeriesAnswer, SeriesEntry, SeriesFacts, Status

_MOST_STATUS_BYTES = 1 << 20
_CACHE_BYTES = 16 << 20


@dataclass(frozen=True)
class _Kept:
    """An answer of `series`: all but its steps, and their JSON, deflated."""

    facts: SeriesAnswer
    steps: bytes

    @property
    def nbytes(self) -> int:
        return len(answers.encode(self.facts)) + len(self.steps) + 500


_series: LRUCache[Hashable, _Kept] = LRUCache(_CACHE_BYTES, getsizeof=lambda kept: kept.nbytes)
_lock = threading.Lock()


def serve_runs(logs: Logs, request: Request) -> Response:
    """Every listed run, those without our folder with no series. Pages ask for it every few seconds."""
    runs = [RunEntry(run, _list_series(store)) for run, store in logs.stores(request).items()]
    return respond.json_body(request, answers.runs_answer(logs.logdir, runs, unreachable_places()))


def _list_series(store: ReadStore) -> tuple[SeriesEntry, ...]:
    try:
        entries = [_entry(store, folder) for folder in list_tags(store)]
    except (LogError, OSError):
        # One run that cannot be read must not hide the others.
        return ()
    return tuple(entry for entry in entries if entry is not None)


def _entry(store: ReadStore, folder: str) -> SeriesEntry | None:
    attempts = find_attempts(store, folder)
    newest = attempts.newest
    if newest is None:
        return None
    tag, content = tag_and_content(attempts)
    return SeriesEntry(
        tag=tag,
        content=content,
        attempts=tuple(attempts.numbers),
        steps=len(newest.steps),
        version=newest.version,
        status=_status(newest),
        only_events=store.only_events,
        written=newest.files.newest_ns / 1e9,
    )


def serve_series(logs: Logs, request: Request) -> Response:
    """Steps, sites and status of one attempt."""
    attempts, attempt = logs.opened(request)
    key = (attempt.store.url, attempt.directory, attempt.files.state)
    with _lock:
        kept = _series.get(key)
    if kept is None:
        answer = _read_series(attempt, request.args["tag"])
        if not answer.damaged:  # a disk that failed for a moment may read them the next time
            steps = zlib.compress(answers.encode(answer.steps), 1)
            with _lock, suppress(ValueError):  # too large to keep
                _series[key] = _Kept(msgspec.structs.replace(answer, steps=()), steps)
    else:
        answer = answers.with_steps(kept.facts, zlib.decompress(kept.steps))
    asked = msgspec.structs.replace(
        answer,
        run=request.args["run"],
        attempts=tuple(attempts.numbers),
        status=_status(attempt),
    )
    return respond.json_body(request, asked)


def _read_series(attempt: OpenedAttempt, tag: str) -> SeriesAnswer:
    """The answer with what the step files say; what changes without them is filled in for each request."""
    steps = manifests.read_steps(attempt)
    readable = steps.manifests
    return answers.series_answer(
        readable[-1].facts if readable else SeriesFacts(tag, "unknown", ()),
        ((known.text, known.sites.text) for known in readable),
        run="",
        attempt=attempt.number,
        attempts=(),
        version=attempt.version,
        status=None,
        damaged=[Damaged(each.file, each.step, each.reason) for each in steps.damaged],
    )


def _status(attempt: OpenedAttempt) -> Status | None:
    file = attempt.files.others.get(paths.STATUS)
    try:
        return None if file is None else answers.status_answer(_status_text(attempt, file))
    except (AttentionError, OSError):
        return None


@cached(LRUCache(4 << 20, getsizeof=lambda text: len(text) + 200), key=OpenedAttempt.key, lock=threading.Lock())
def _status_text(attempt: OpenedAttempt, file: Entry) -> bytes:
    with attempt.store.open(attempt.path(file.name)) as opened:
        return opened.read(_MOST_STATUS_BYTES)
