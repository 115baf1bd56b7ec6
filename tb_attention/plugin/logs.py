"""From the parameters of a request to the run, the series and the attempt that it means."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from itertools import islice
from typing import Any

from cachetools import LRUCache
from tensorboard import context as request_context
from tensorboard import plugin_util
from werkzeug.wrappers import Request

from tb_attention.errors import AttentionError, NotInLogError
from tb_attention.plugin import parameters
from tb_attention.plugin.event_files import EventFiles
from tb_attention.plugin.run_directories import RunDirectories
from tb_attention.plugin.run_store import RunStore
from tb_attention.records.format import paths
from tb_attention.records.reading.opened_attempt import OpenedAttempt, first_names
from tb_attention.records.reading.series import Attempts, Content, describe, find_attempts, folder_of, list_tags
from tb_attention.records.store.store import ReadStore

# One whole file says what a series holds; a log of damaged ones must not be read through every few seconds.
_TRIES = 3

_described: LRUCache[Hashable, tuple[str, Content]] = LRUCache(10_000)
_lock = threading.Lock()


class Logs:
    """Finds what requests ask for; only runs that TensorBoard lists, or that were found below its log directories.

    Args:
        runs: Maps runs to directories.
        events: What there is of runs without our folder.
    """

    def __init__(self, runs: RunDirectories, events: EventFiles) -> None:
        self._runs = runs
        self._events = events

    @property
    def logdir(self) -> str:
        """The log directory as it was typed."""
        return self._runs.logdir

    def stores(self, request: Request) -> Mapping[str, ReadStore]:
        """Every listed run, with our folder or without."""
        context, experiment = plugin_util.context(request.environ), plugin_util.experiment_id(request.environ)
        known = self._runs.all(context, experiment)
        return {run: self._store(context, experiment, run, directory) for run, directory in known.items()}

    def any_series(self) -> bool:
        """Whether some listed run has our folder. A run that cannot be read counts as one without."""
        known = self._runs.all(request_context.RequestContext(), "")
        if any(_open(directory) is not None for directory in known.values()):
            return True
        return any(run in known for run in self._events.runs(request_context.RequestContext(), ""))

    def attempt(self, request: Request) -> OpenedAttempt:
        """The attempt that a request means; raises as `opened`."""
        return self.opened(request)[1]

    def opened(self, request: Request) -> tuple[Attempts, OpenedAttempt]:
        """The attempts of the series that `run` and `tag` mean, and the one that `attempt` means.

        That is the newest that has a step where `attempt` is left out.

        Raises:
            NotInLogError: It does not exist; the message lists what does.
        """
        run, tag = parameters.text(request, "run"), parameters.text(request, "tag")
        wanted = parameters.attempt(request)
        context, experiment = plugin_util.context(request.environ), plugin_util.experiment_id(request.environ)
        store = self._store(context, experiment, run, self._runs.of(context, experiment, run))
        attempts = find_attempts(store, folder_of(store, tag))
        if attempts.newest is None and attempts.folder not in (tags := list_tags(store)):
            listed = first_names(map(paths.folder_tag, tags))
            raise NotInLogError(f"The run has no such series. Received: tag={tag[:200]!r}. Tags: {listed}.")
        if attempts.newest is None or (wanted is not None and wanted not in attempts.numbers):
            listed = first_names(attempts.numbers)
            raise NotInLogError(f"There is no such attempt. Received: attempt={wanted}. Attempts: {listed}.")
        return attempts, attempts.open(wanted)

    def _store(self, context: Any, experiment: str, run: str, directory: str) -> ReadStore:
        return _open(directory) or self._events.store(context, experiment, run) or RunStore(directory)


def tag_and_content(attempts: Attempts) -> tuple[str, Content]:
    """The tag and the content of a series, whose step files are opened only when they change."""
    first = () if attempts.newest is None else tuple(islice(attempts.newest.steps.values(), _TRIES))
    key = (attempts.store.url, attempts.folder, first)
    with _lock:
        known = _described.get(key)
    if known is None:
        series = describe(attempts, tries=_TRIES)
        known = series.tag, series.content
        if series.content != "unknown":  # a disk that failed for a moment may be readable the next time
            with _lock:
                _described[key] = known
    return known


def _open(directory: str) -> RunStore | None:
    """The store of a run; None if it does not have our folder, or cannot be read."""
    try:
        store = RunStore(directory)
        return store if store.entries(paths.ROOT) else None
    except (AttentionError, OSError):
        return None
