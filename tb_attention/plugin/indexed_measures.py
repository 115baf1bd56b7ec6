"""Head measures of some samples at many steps, from the index; only what has changed since the last time is read."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached

from tb_attention.records.format.index import MeasuresTable, read_measures_table
from tb_attention.records.format.paths import Step
from tb_attention.records.reading.listing import place_files
from tb_attention.records.reading.opened_attempt import Damaged, OpenedAttempt
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.records.store.store import Entry

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

_CACHE_BYTES = 12 << 20


def read_measures_of(
    attempt: OpenedAttempt, rows: Numbers, shape: tuple[int, int], samples: tuple[int, ...]
) -> Iterator[tuple[int, Mapping[int, Floats]]]:
    """The measures of some samples, one step after the other, in no particular order.

    Args:
        attempt: The attempt.
        rows: int64 (step files,): what to call each step in the result; -1 for steps that are not wanted.
        shape: Heads and measures; steps with others are left out.
        samples: Indices.

    Returns:
        For each step its row and, for those of the samples that it has, float32 (heads, measures).
    """
    wanted = rows >= 0
    steps = list(attempt.steps)
    for segment in attempt.segments(_chosen(steps, wanted)):
        table = None
        with unless_unreachable():  # the index is derived: the step files say the same
            table = _table(attempt, segment, samples)
        if table is None:
            continue
        places = place_files(table.orders, table.sizes, table.times, attempt.steps)
        there = places >= 0
        there[there] = wanted[places[there]]
        wanted[places[there]] = False
        starts = {sample: np.cumsum(np.where(table.samples > sample, table.numbers, 0)) for sample in table.values}
        size = shape[0] * shape[1]
        for index in np.flatnonzero(there & (table.numbers == size) & (size > 0)).tolist():
            count = table.samples[index]
            yield (
                int(rows[places[index]]),
                {
                    sample: table.values[sample][ends[index] - size : ends[index]].reshape(shape)
                    for sample, ends in starts.items()
                    if sample < count
                },
            )
    # A step that cannot be read is left out: a gap in a curve is better than no curve.
    for entry in attempt.read_steps(_chosen(steps, wanted), with_measures=True):
        if not isinstance(entry, Damaged) and entry.measures is not None and entry.measures.shape[1:] == shape:
            row = int(rows[attempt.steps.index(entry.manifest.step)])
            yield row, {sample: entry.measures[sample] for sample in samples if sample < len(entry.measures)}


def _chosen(steps: list[Step], wanted: npt.NDArray[np.bool_]) -> list[Step]:
    return [steps[index] for index in np.flatnonzero(wanted).tolist()]


def _key(attempt: OpenedAttempt, segment: Entry, samples: tuple[int, ...]) -> Hashable:
    return attempt.key(segment), samples


def _size(table: MeasuresTable | None) -> int:
    return 500 if table is None else 500 + table.orders.nbytes * 5 + sum(map(len, table.values.values())) * 4


@cached(LRUCache(_CACHE_BYTES, getsizeof=_size), key=_key, lock=threading.Lock())
def _table(attempt: OpenedAttempt, segment: Entry, samples: tuple[int, ...]) -> MeasuresTable | None:
    """None for a segment that an earlier version wrote."""
    with attempt.open(segment.name) as archive:
        return read_measures_table(archive, samples)
