"""How many bytes a log may take, and which steps are removed beyond: older steps are thinned more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from tb_attention.records.format.npz import int64_array
from tb_attention.records.format.paths import Step, step_order

MAX_BYTES = 2_000_000_000
"""Bytes of the step files of one attempt of a series, at most, unless the user says otherwise."""


class StepBytes(NamedTuple):
    """What a step has added to a log.

    Attributes:
        file: Bytes of its step file.
        extra: Bytes of its records in the event file and of its entry in the index.
        samples: Bytes of the samples that were written for it; later steps refer to the same file.
    """

    file: int
    extra: int
    samples: int


def spell_bytes(count: float) -> str:
    """Bytes for people, in units of 1,000: "3.1 MB"."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 99.95 else f"{count:.2g} {unit}"


class StepSizes:
    """The bytes of the steps of an attempt. What a step costs hardly grows with their number.

    Args:
        sizes: Bytes by step.
    """

    def __init__(self, sizes: Mapping[Step, int]) -> None:
        steps = sorted(sizes, key=step_order)
        self._orders = int64_array(map(step_order, steps))
        self._sizes = int64_array(sizes[step] for step in steps)

    def __setitem__(self, step: Step, size: int) -> None:
        order = step_order(step)
        at = int(np.searchsorted(self._orders, order))
        if at < len(self._orders) and self._orders[at] == order:
            self._sizes[at] = size
            return
        self._orders = np.insert(self._orders, at, order)
        self._sizes = np.insert(self._sizes, at, size)

    def __delitem__(self, step: Step) -> None:
        there = self._orders != step_order(step)
        self._orders, self._sizes = self._orders[there], self._sizes[there]

    def superfluous(self, most: int, kept: Collection[Step] = ()) -> list[Step]:
        """The steps to remove so that the others take at most `most` bytes.

        "init", the first, the last and the `kept` steps always stay, even if they are too large. Of the others, the step whose
        neighbours are closest to each other, relative to its age, is removed first. So the remaining steps are spaced about
        evenly on a logarithmic scale of age.

        Args:
            most: Bytes that may stay.
            kept: Steps that must stay, such as the best one.
        """
        total = int(self._sizes.sum())
        if total <= most:
            return []
        numbered = self._orders >= 0
        orders, sizes = self._orders[numbered], self._sizes[numbered]
        marked = np.isin(orders, int64_array(map(step_order, kept)))
        removed: list[Step] = []
        while total > most and len(orders) > 2:
            spread = (orders[2:] - orders[:-2]) / (orders[-1] - orders[1:-1])
            spread[marked[1:-1]] = np.inf
            index = int(spread.argmin()) + 1
            if marked[index]:
                break
            removed.append(int(orders[index]))
            total -= int(sizes[index])
            stay = np.arange(len(orders)) != index
            orders, sizes, marked = orders[stay], sizes[stay], marked[stay]
        return removed
