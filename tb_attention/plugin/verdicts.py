"""Which samples a model classifies correctly at a step."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from cachetools import LRUCache, cached
from msgspec import UNSET

from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers
from tb_attention.wire.structs import StepRecord

_MOST_LABELS = 1 << 20


def with_verdict(attempt: OpenedAttempt, record: StepRecord, samples: Iterable[int], right: bool) -> list[int]:
    """Those of some samples whose prediction at a step is right, or wrong; none of those without a label or a prediction.

    Raises:
        NotInLogError, DamagedFileError: The samples file is missing or cannot be read.
    """
    if record.samples is None:
        return []
    labels = _labels(attempt, attempt.samples_file(record.samples))
    predictions = record.predictions
    return [
        sample
        for sample in samples
        if sample < min(len(labels), len(predictions))
        and (label := labels[sample]) is not None
        and (made := predictions[sample]) is not None
        and (made.class_index == label) is right
    ]


@cached(LRUCache(_MOST_LABELS, getsizeof=lambda labels: len(labels) + 1), key=OpenedAttempt.key, lock=threading.Lock())
def _labels(attempt: OpenedAttempt, file: Entry) -> tuple[int | None, ...]:
    with attempt.open(file.name) as archive:
        listed = answers.samples_answer(archive, file.name).samples
    classes = (UNSET if sample.label is None else sample.label.class_index for sample in listed)
    return tuple(None if index is UNSET else index for index in classes)
