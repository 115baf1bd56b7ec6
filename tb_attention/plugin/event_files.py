"""Runs of which there are only event files: whoever copies or uploads those alone still sees what their summaries hold.

Each summary becomes a step file in memory that has everything but the weights, so that every route answers as usual.
TensorBoard bounds both the number of summaries that it keeps and their size.
"""

from __future__ import annotations

import io
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tensorboard.data import provider as data_provider
from tensorboard.plugins import base_plugin

from tb_attention.errors import AttentionError, NotInLogError
from tb_attention.plugin.run_folder import Listing, RunFolder
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.reading.summary_read import FoundStep, step_of_blob, step_of_matrices
from tb_attention.records.store.store import Entry
from tb_attention.records.writing.summaries import PLUGIN

# As for the list of runs: pages ask every few seconds.
_SECONDS = 2.0
# TensorBoard keeps 10 blobs and 100 tensors of a series unless told otherwise.
_MOST_STEPS = 1000

Signature = tuple[tuple[Any, ...], ...]


class EventFolder(RunFolder):
    """What the event files of a run hold, in the places of the files that are not there.

    Args:
        url: A name for caches.
        steps: What was found; of several with one place the last counts.
    """

    only_events = True

    def __init__(self, url: str, steps: Collection[FoundStep], mtime_ns: int) -> None:
        self._url = url
        self._files: dict[str, bytes] = {}
        listings: dict[str, Listing] = defaultdict(Listing)
        for found in steps:
            tag, attempt, name = paths.tag_folder(found.tag), str(found.attempt), paths.step_file(found.step)
            below = f"{paths.ROOT}/{tag}"
            listings[paths.ROOT][tag] = Entry(tag, is_directory=True)
            listings[below][attempt] = Entry(attempt, is_directory=True)
            listings[f"{below}/{attempt}"][name] = Entry(name, False, len(found.data), mtime_ns)
            self._files[f"{below}/{attempt}/{name}"] = found.data
        self._listings = dict(listings)

    @property
    def url(self) -> str:
        """A name for caches."""
        return self._url

    def entries(self, path: str) -> Listing:
        """As in a directory."""
        return self._listings.get(path, Listing())

    def archive(self, path: str) -> Archive:
        """A step without weights."""
        return Archive(io.BytesIO(self._data(path)), path.rpartition("/")[2])

    def slice(self, path: str, offset: int, count: int) -> bytes:
        """At most `count` bytes of a step from `offset`."""
        return self._data(path)[offset : offset + count]

    def _data(self, path: str) -> bytes:
        if path not in self._files:
            raise NotInLogError("Only the event files of this run are here, and they do not have that.")
        return self._files[path]


class EventFiles:
    """Asks TensorBoard for the summaries of this plugin.

    Args:
        context: TensorBoard's.
    """

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._lock = threading.Lock()
        self._asked = -_SECONDS
        self._signatures: dict[str, Signature] = {}
        self._folders: dict[str, tuple[Signature, EventFolder]] = {}

    def runs(self, context: Any, experiment: str) -> Collection[str]:
        """The runs whose event files have summaries of ours; up to 2 seconds old."""
        with self._lock:
            return self._list(context, experiment).keys()

    def folder(self, context: Any, experiment: str, run: str) -> EventFolder | None:
        """What the event files of a run hold, or None."""
        with self._lock:
            signature = self._list(context, experiment).get(run)
            if signature is None:
                return None
            known = self._folders.get(run)
            if known is None or known[0] != signature:
                steps = [*self._maps(context, experiment, run), *self._matrices(context, experiment, run)]
                # The newest summary's time stands for that of a file: with it, versions change.
                newest = max((int(1e9 * part[2]) for part in signature), default=0)
                known = (signature, EventFolder(f"events:{experiment}/{run}#{hash(signature)}", steps, newest))
                self._folders[run] = known
            return known[1]

    def _list(self, context: Any, experiment: str) -> Mapping[str, Signature]:
        if self._provider is None or time.monotonic() - self._asked < _SECONDS:
            return self._signatures
        asked = {"experiment_id": experiment, "plugin_name": PLUGIN}
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for listed in (self._provider.list_blob_sequences, self._provider.list_tensors):
            for run, tags in listed(context, **asked).items():
                found[run].extend((tag, series.max_step, series.max_wall_time) for tag, series in tags.items())
        self._signatures = {run: tuple(sorted(parts)) for run, parts in found.items()}
        self._folders = {run: known for run, known in self._folders.items() if run in self._signatures}
        self._asked = time.monotonic()
        return self._signatures

    def _maps(self, context: Any, experiment: str, run: str) -> Iterator[FoundStep]:
        assert self._provider is not None
        read = self._provider.read_blob_sequences(context, **_asked(experiment, run))
        for series in read.get(run, {}).values():
            for datum in series:
                try:
                    [reference] = datum.values
                    blob = self._provider.read_blob(context, blob_key=reference.blob_key)
                    yield step_of_blob(blob)
                except (AttentionError, ValueError):
                    # Another version's, or damaged: the other steps are still readable.
                    continue

    def _matrices(self, context: Any, experiment: str, run: str) -> Iterator[FoundStep]:
        assert self._provider is not None
        asked = _asked(experiment, run)
        listed = self._provider.list_tensors(
            context, experiment_id=experiment, plugin_name=PLUGIN, run_tag_filter=asked["run_tag_filter"]
        ).get(run, {})
        read = self._provider.read_tensors(context, **asked).get(run, {})
        steps: dict[tuple[str, int], tuple[bytes, float, dict[str, Any]]] = {}
        for tag, data in read.items():
            name, _, split = tag.rpartition("/")
            for datum in data:
                content = listed[tag].plugin_content
                _, _, splits = steps.setdefault((name, datum.step), (content, datum.wall_time, {}))
                splits[split] = datum.numpy
        for (_, step), (content, wall_time, splits) in steps.items():
            try:
                yield step_of_matrices(content, step, wall_time, splits)
            except (AttentionError, ValueError):
                continue


def _asked(experiment: str, run: str) -> dict[str, Any]:
    return {
        "experiment_id": experiment,
        "plugin_name": PLUGIN,
        "downsample": _MOST_STEPS,
        "run_tag_filter": data_provider.RunTagFilter(runs=[run]),
    }
