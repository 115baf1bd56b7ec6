"""Keeps a few examples of each cell of a matrix from a stream of any length, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.outcomes import Outcomes
from tb_attention.records.samples.nested import map_leaves, named_leaves
from tb_attention.records.samples.ragged import Shape, concatenate, rows

# Candidates to sort at once: one by one would cost more than the model.
_WAITING = 2048
_WAITING_BYTES = 32e6

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Kept:
    """Kept examples in the order of their cells: the most frequent confusions first, then the diagonal.

    Attributes:
        inputs: As the model takes them, nested, examples along the first axis, padded at the end if they differ in shape.
        shapes: By name of an input whose examples differ in shape, the shape of each.
        outcomes: The outcome of each.
        random: Whether each was chosen at random.
        counts: How many examples its cell has.
    """

    inputs: Any
    shapes: Mapping[str, Sequence[Shape]]
    outcomes: Outcomes
    random: npt.NDArray[np.bool_]
    counts: Ints

    def __len__(self) -> int:
        return len(self.random)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether each is misclassified."""
        return np.asarray(self.outcomes.truth != self.outcomes.predicted)

    def own_shapes(self) -> list[tuple[Shape, ...]]:
        """For each example the shapes of its inputs."""
        leaves = [(self.shapes.get(name), np.shape(array)[1:]) for name, array in named_leaves(self.inputs)]
        return [tuple(whole if own is None else own[at] for own, whole in leaves) for at in range(len(self))]

    def chosen(self, indices: Any) -> Kept:
        """Some of them, in this order."""
        outcomes = self.outcomes
        return Kept(
            rows(self.inputs, indices),
            {name: [own[index] for index in indices] for name, own in self.shapes.items()},
            Outcomes(
                outcomes.truth[indices],
                outcomes.predicted[indices],
                outcomes.probability[indices],
                outcomes.loss[indices],
            ),
            self.random[indices],
            self.counts[indices],
        )


class ExampleKeeper:
    """Keeps for each cell the examples with the largest probability and a few random ones.

    The random choice depends on the index in the stream, so that an example that stays in its cell is chosen again every epoch.

    Args:
        certain: Number of examples with the largest probability, for each cell.
        random: Number of random examples, for each cell.
        max_bytes: Maximum bytes of inputs, but at least one example is kept. Beyond, each cell loses its last examples.
        max_examples: Maximum number of examples.
    """

    def __init__(self, certain: int, random: int, max_bytes: float, max_examples: int) -> None:
        self._certain = certain
        self._random = random
        self._max_bytes = max_bytes
        self._max_examples = max_examples
        self._table = np.zeros((0, 6))
        self._rows: list[Any] = []
        self._waiting: list[tuple[npt.NDArray[np.float64], Any]] = []
        self._waiting_bytes = 0.0
        self._largest = 0.0  # bytes of an example
        self._counts: dict[tuple[int, int], int] = {}
        self._seen = 0

    def add(self, inputs: Any, outcomes: Outcomes) -> None:
        """Offers a batch: its inputs, nested arrays, and the outcomes of its examples."""
        count = len(outcomes.truth)
        number = np.arange(self._seen, self._seen + count)
        self._seen += count
        drawn = (number * 2654435761 % 2**32).astype(np.float64)
        probability = np.nan_to_num(outcomes.probability, nan=-1.0)
        table = np.stack([outcomes.truth, outcomes.predicted, probability, outcomes.loss, drawn, number], axis=-1)
        self._waiting.append((table, inputs))
        size = sum(_bytes(array) for _, array in named_leaves(inputs))
        self._waiting_bytes += size
        self._largest = max(self._largest, size / max(1, count))
        if sum(len(waits) for waits, _ in self._waiting) >= _WAITING or self._waiting_bytes > _WAITING_BYTES:
            self._sort_in()

    def kept(self) -> Kept | None:
        """The kept examples; None if there are none."""
        self._sort_in()
        if not self._rows:
            return None
        truth, predicted = self._table[:, 0], self._table[:, 1]
        ranks, random = self._ranks()
        counts = self._cell_counts()
        order = np.lexsort((ranks, predicted, truth, -counts, truth == predicted))
        inputs, shapes = concatenate([self._rows[index] for index in order])
        table = self._table[order]
        outcomes = Outcomes(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3])
        return Kept(inputs, shapes, outcomes, random[order], counts[order])

    def _sort_in(self) -> None:
        if not self._waiting:
            return
        tables = [table for table, _ in self._waiting]
        before = len(self._table)
        self._count(np.concatenate(tables))
        starts = np.cumsum([before, *map(len, tables)])
        self._table = np.concatenate([self._table, *tables])
        ranks, _ = self._ranks()
        keep = np.flatnonzero(ranks < self._certain + self._random)
        keep = keep[np.lexsort((-self._cell_counts()[keep], ranks[keep]))]
        keep = np.sort(keep[: self._most()])
        kept = []
        for index in keep.tolist():
            if index < before:
                kept.append(self._rows[index])
                continue
            batch = int(np.searchsorted(starts, index, side="right")) - 1
            at = index - int(starts[batch])
            # Copies: a slice would hold its whole batch in memory.
            kept.append(map_leaves(np.copy, rows(self._waiting[batch][1], slice(at, at + 1))))
        self._rows, self._table = kept, self._table[keep]
        self._waiting, self._waiting_bytes = [], 0.0

    def _count(self, table: npt.NDArray[np.float64]) -> None:
        cells, counts = np.unique(table[:, :2].astype(np.int64), axis=0, return_counts=True)
        for (truth, predicted), count in zip(cells.tolist(), counts.tolist(), strict=True):
            self._counts[truth, predicted] = self._counts.get((truth, predicted), 0) + count

    def _cell_counts(self) -> Ints:
        cells = self._table[:, :2].astype(np.int64).tolist()
        return np.array([self._counts[truth, predicted] for truth, predicted in cells], np.int64)

    def _most(self) -> int:
        return max(1, min(self._max_examples, int(self._max_bytes // max(1.0, self._largest))))

    def _ranks(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The rank of each example in its cell, the most certain first, then at random; and whether it is a random one."""
        truth, predicted, probability, _, drawn, number = self._table.T
        ranks = _ranks_within((truth, predicted), (-probability, number))
        random = ranks >= self._certain
        rest = np.flatnonzero(random)
        ranks[rest] = self._certain + _ranks_within((truth[rest], predicted[rest]), (drawn[rest],))
        return ranks, random


def _ranks_within(groups: tuple[Any, Any], keys: tuple[Any, ...]) -> Ints:
    """The rank of each row among those with the same groups, from 0, in rising order of the keys."""
    order = np.lexsort((*keys[::-1], *groups[::-1]))
    ranks = np.zeros(len(order), np.int64)
    if len(order):
        first, second = groups[0][order], groups[1][order]
        begins = np.concatenate([[True], (first[1:] != first[:-1]) | (second[1:] != second[:-1])])
        at = np.arange(len(order))
        ranks[order] = at - np.maximum.accumulate(np.where(begins, at, 0))
    return ranks


def _bytes(array: npt.NDArray[Any]) -> float:
    if array.dtype.kind != "O":
        return array.nbytes
    return float(sum(len(value) if isinstance(value, str | bytes) else 8 for value in array.reshape(-1).tolist()))
