"""How many bytes a log may take, and which steps are removed beyond: older steps are thinned more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

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


def superfluous(sizes: Mapping[Step, int], most: int, kept: Collection[Step] = ()) -> list[Step]:
    """The steps to remove so that the others take at most `most` bytes.

    "init", the first, the last and the `kept` steps always stay, even if they are too large. Of the others, the step whose
    neighbours are closest to each other, relative to its age, is removed first. So the remaining steps are spaced about evenly
    on a logarithmic scale of age.

    Args:
        sizes: Bytes by step.
        most: Bytes that may stay.
        kept: Steps that must stay, such as the best one.
    """
    total = sum(sizes.values())
    if total <= most:
        return []
    steps = sorted((step for step in sizes if step != "init"), key=step_order)
    removed: list[Step] = []
    while total > most:
        candidates = [index for index in range(1, len(steps) - 1) if steps[index] not in kept]
        if not candidates:
            break
        orders = [step_order(step) for step in steps]
        index = min(candidates, key=lambda at: (orders[at + 1] - orders[at - 1]) / (orders[-1] - orders[at]))
        step = steps.pop(index)
        total -= sizes[step]
        removed.append(step)
    return removed
