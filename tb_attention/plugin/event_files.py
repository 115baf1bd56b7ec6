"""Runs whose event files alone were copied: the tab still shows what their summaries hold.

Each summary becomes a step file in memory with everything but the weights, so that every route answers as usual.
TensorBoard bounds both the number of summaries that it keeps and their size.
"""

from __future__ import annotations

import io
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import IO, Any

from tensorboard.data import provider as data_provider
from tensorboard.plugins import base_plugin

from tb_attention.errors import AttentionError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.format.step_summary import FoundStep, step_of_blob, step_of_matrices
from tb_attention.records.reading.listing import Listing
from tb_attention.records.store.store import Entry, ReadStore
from tb_attention.records.writing.summaries import PLUGIN

# As for the list of runs: pages ask every few seconds.
_SECONDS = 2.0
# By default TensorBoard keeps 10 blobs and 100 tensors of a series.
_MOST_STEPS = 1000

Signature = tuple[tuple[Any, ...], ...]


class EventStore(ReadStore):
    """A run's directory rebuilt from its event files, in memory.

    Args:
        url: A name for caches.
        steps: The steps; of several for the same file the last counts.
        mtime_ns: The time of their files.
    """

    is_local = False
    only_events = True

    def __init__(self, url: str, steps: Iterable[FoundStep], mtime_ns: int) -> None:
        self.url = url
        self._files: dict[str, bytes] = {}
        entries: dict[str, dict[str, Entry]] = defaultdict(dict)
        for found in steps:
            tag, name = paths.tag_folder(found.tag), paths.step_file(found.step)
            directory = paths.attempt_directory(tag, found.attempt)
            entries[paths.ROOT][tag] = Entry(tag, is_directory=True)
            entries[f"{paths.ROOT}/{tag}"][str(found.attempt)] = Entry(str(found.attempt), is_directory=True)
            entries[directory][name] = Entry(name, False, len(found.data), mtime_ns)
            self._files[f"{directory}/{name}"] = found.data
        self._listings = {path: Listing(named.values()) for path, named in entries.items()}

    def entries(self, path: str = "") -> Listing:
        """What a directory would hold."""
        return self._listings.get(path, Listing())

    def entry(self, path: str) -> Entry | None:
        """One file or directory, or None."""
        directory, _, name = path.rpartition("/")
        return next((entry for entry in self.entries(directory) if entry.name == name), None)

    def open(self, path: str) -> IO[bytes]:
        """Opens a step file without weights; raises NotInLogError for every other file."""
        if path not in self._files:
            raise NotInLogError("Only the event files of this run are here, and they do not hold that.")
        return io.BytesIO(self._files[path])


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
        self._stores: dict[str, tuple[Signature, EventStore]] = {}

    def runs(self, context: Any, experiment: str) -> Collection[str]:
        """The runs whose event files have summaries of this plugin, as they were up to 2 seconds ago."""
        with self._lock:
            return self._list(context, experiment).keys()

    def store(self, context: Any, experiment: str, run: str) -> EventStore | None:
        """What the event files of a run hold; None if they hold no summary of this plugin."""
        with self._lock:
            signature = self._list(context, experiment).get(run)
            if signature is None:
                return None
            known = self._stores.get(run)
            if known is None or known[0] != signature:
                steps = [*self._maps(context, experiment, run), *self._matrices(context, experiment, run)]
                # Files get the time of the newest summary, so that their versions change with a new one.
                newest = max((int(1e9 * part[2]) for part in signature), default=0)
                known = (signature, EventStore(f"events:{experiment}/{run}#{hash(signature)}", steps, newest))
                self._stores[run] = known
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
        self._stores = {run: known for run, known in self._stores.items() if run in self._signatures}
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
                    # Written by another version, or damaged: the other steps are still readable.
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
