"""Keeps the index of an attempt while its steps are written and removed."""

from __future__ import annotations

import itertools
import time
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import SEGMENT, StepEntry, index_members, read_index
from tb_attention.records.format.npz import npz_bytes, write_npz
from tb_attention.records.format.paths import Step, step_order
from tb_attention.records.reading.opened_attempt import OpenedAttempt, open_attempt
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.records.store.store import Store

# A segment is rewritten each time; readers read steps that it lacks from their files.
_SECONDS = 2.0


@dataclass(eq=False)
class _Segment:
    """A file of the index: the steps from `start` up to the start of the next one.

    Attributes:
        start: In the name of the file.
        count: Steps in the file.
        gone: Orders of those among them whose step files were removed since.
    """

    start: int
    count: int
    gone: set[int] = field(default_factory=set)

    @property
    def left(self) -> int:
        return self.count - len(self.gone)


class IndexWriter:
    """The index of one attempt. Not safe to call from several threads at once.

    What a step costs does not grow with the number of steps: only the newest segment is held in memory, and an earlier one is
    written again only when half of its steps have been removed.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run.
    """

    def __init__(self, store: Store, directory: str) -> None:
        self._store = store
        self._directory = directory
        self._earlier: list[_Segment] = []
        self._start = 0
        self._last: list[StepEntry] = []
        self._is_open = False
        self._fresh = True
        self._written = float("-inf")

    def entry_bytes(self) -> int:
        """About how many bytes another step like the newest one adds to the newest segment; 0 where there is none."""
        if not self._last:
            return 0
        now, then = (len(npz_bytes(index_members([*self._last, *more]))) for more in ([], self._last[-1:]))
        return then - now

    def add(self, entry: StepEntry) -> None:
        """Adds a step that was just written; the newest segment is written when it is full, or 2 s old."""
        if not self._is_open:
            self._open()
        order = _order(entry)
        if self._is_earlier(order):
            index = self._index_of(order)
            self._replace(index, index + 1, [*_without(self._read(index), {order}), entry])
            return
        if order < self._start and self._start > 0:
            self._store.remove(self._path(self._start))
            self._start = max(0, order)
        self._last = sorted([*_without(self._last, {order}), entry], key=_order)
        self._fresh = False
        if len(self._last) > SEGMENT:
            self._write(self._start, self._last[:SEGMENT])
            self._earlier.append(_Segment(self._start, SEGMENT))
            self._last = self._last[SEGMENT:]
            self._start = _order(self._last[0])
        if time.monotonic() - self._written >= _SECONDS:
            self.flush()

    def forget(self, step: Step) -> None:
        """Removes a step whose file was removed."""
        order = step_order(step)
        if self._is_earlier(order):
            index = self._index_of(order)
            self._earlier[index].gone.add(order)
            if self._earlier[index].left <= self._earlier[index].count // 2:
                self._shrink(index)
        else:
            self._last, self._fresh = _without(self._last, {order}), False

    def flush(self) -> None:
        """Writes the newest segment if it has changed."""
        if self._last and not self._fresh:
            self._write(self._start, self._last)
            self._written = time.monotonic()
        self._fresh = True

    def _is_earlier(self, order: int) -> bool:
        return bool(self._earlier) and order < self._start

    def _index_of(self, order: int) -> int:
        """The segment that a step belongs to, or would belong to."""
        return max(0, bisect_right(self._earlier, order, key=lambda segment: segment.start) - 1)

    def _open(self) -> None:
        """Takes over the segments of the directory, and writes those that the step files do not agree with."""
        attempt = open_attempt(self._store, self._directory)
        listed = attempt.list_steps()
        starts = sorted(map(paths.index_start, filter(paths.is_index_file, attempt.files.others)))
        orders = [_order(entry) for entry in listed.entries]
        cuts = [0, *(bisect_left(orders, start) for start in starts[1:]), len(orders)]
        segments = []
        for index, (begin, end) in enumerate(itertools.pairwise(cuts)):
            part = listed.entries[begin:end]
            agrees = len(part) <= SEGMENT and all(entry.file.name in listed.indexed for entry in part)
            for chunk in _chunks(part):
                segments.append((starts[index] if agrees else _start_of(chunk), chunk, agrees))
        last: Sequence[StepEntry] = ()
        if segments:
            self._start, last, _ = segments.pop()
        for start, chunk, agrees in segments:
            if not agrees:
                self._write(start, _measured(attempt, [entry.manifest.step for entry in chunk]))
        self._earlier = [_Segment(start, len(chunk)) for start, chunk, _ in segments]
        self._last = _measured(attempt, [entry.manifest.step for entry in last])
        for start in set(starts) - {self._start, *(segment.start for segment in self._earlier)}:
            self._store.remove(self._path(start))
        self._is_open = True

    def _shrink(self, index: int) -> None:
        """Writes a segment without what is gone; together with a neighbour, if both fit into one file."""
        for begin, end in ((index - 1, index + 1), (index, index + 2), (index, index + 1)):
            together = self._earlier[max(0, begin) : end]
            if len(together) == end - begin and sum(segment.left for segment in together) <= SEGMENT:
                self._replace(begin, end, [entry for each in range(begin, end) for entry in self._read(each)])
                return

    def _replace(self, begin: int, end: int, entries: Iterable[StepEntry]) -> None:
        """Writes entries instead of some of the earlier segments."""
        old = {segment.start for segment in self._earlier[begin:end]}
        new = []
        for chunk in _chunks(sorted(entries, key=_order)):
            new.append(_Segment(_start_of(chunk), len(chunk)))
            self._write(new[-1].start, chunk)
        self._earlier[begin:end] = new
        for start in old - {segment.start for segment in new}:
            self._store.remove(self._path(start))

    def _read(self, index: int) -> list[StepEntry]:
        """The steps of an earlier segment that are still there."""
        segment = self._earlier[index]
        end = self._earlier[index + 1].start if index + 1 < len(self._earlier) else self._start
        path = self._path(segment.start)
        entries: list[StepEntry] = []
        with unless_unreachable(), Archive(self._store.open(path), path) as archive:
            entries = read_index(archive, path, with_measures=True)
        left = [each for each in _without(entries, segment.gone) if _order(each) < end]
        if len(left) < segment.left:  # somebody damaged or removed it
            attempt = open_attempt(self._store, self._directory)
            return _measured(
                attempt, [step for step in attempt.steps if segment.start <= max(0, step_order(step)) < end]
            )
        return left

    def _write(self, start: int, entries: Sequence[StepEntry]) -> None:
        members = index_members(entries)
        self._store.replace(self._path(start), lambda file: write_npz(file, members))

    def _path(self, start: int) -> str:
        return f"{self._directory}/{paths.index_file(start)}"


def _measured(attempt: OpenedAttempt, steps: Iterable[Step]) -> list[StepEntry]:
    """Steps with their measures, in order."""
    found = attempt.read_steps(steps, with_measures=True)
    return sorted((entry for entry in found if isinstance(entry, StepEntry)), key=_order)


def _chunks(entries: Sequence[StepEntry]) -> list[Sequence[StepEntry]]:
    """Entries in parts that fit into a segment, of about the same size."""
    count = -(-len(entries) // SEGMENT)
    cuts = [len(entries) * part // count for part in range(count)] + [len(entries)]
    return [entries[begin:end] for begin, end in itertools.pairwise(cuts)]


def _without(entries: Iterable[StepEntry], orders: Collection[int]) -> list[StepEntry]:
    return [entry for entry in entries if _order(entry) not in orders]


def _start_of(entries: Sequence[StepEntry]) -> int:
    return max(0, _order(entries[0]))


def _order(entry: StepEntry) -> int:
    return step_order(entry.manifest.step)
