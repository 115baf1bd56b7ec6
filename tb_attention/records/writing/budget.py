"""Which steps of a log that has grown too large are given up: older ones more than newer ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tb_attention.records.format.paths import Step, step_order

MAX_BYTES = 2_000_000_000
"""Bytes of the step files of one attempt of a series, at most, unless the user says otherwise."""


def superfluous(sizes: Mapping[Step, int], most: int, kept: Collection[Step] = ()) -> list[Step]:
    """The steps to remove so that the others take at most so many bytes.

    "init", the first, the last and the `kept` steps always stay, even where they are too large. Of the others the one goes first
    whose neighbours are nearest to each other, measured by how long ago it was: what stays lies the denser the newer it is,
    about evenly on a logarithmic scale of age.

    Args:
        sizes: Bytes by step.
        most: Bytes that may stay.
        kept: Steps that must stay, such as the best one.
    """
    total = sum(sizes.values())
    steps = sorted((step for step in sizes if step != "init"), key=step_order)
    removed: list[Step] = []
    while total > most:
        candidates = [place for place in range(1, len(steps) - 1) if steps[place] not in kept]
        if not candidates:
            break
        orders = [step_order(step) for step in steps]
        place = min(candidates, key=lambda at: (orders[at + 1] - orders[at - 1]) / (orders[-1] - orders[at]))
        step = steps.pop(place)
        total -= sizes[step]
        removed.append(step)
    return removed
