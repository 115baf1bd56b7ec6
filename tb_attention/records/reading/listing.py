"""The entries of a directory, in few bytes: a run of a million steps is listed in some 32 MB."""

from __future__ import annotations

from collections.abc import Collection, Hashable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tb_attention.records.format import paths
from tb_attention.records.format.npz import int64_array
from tb_attention.records.format.paths import Step
from tb_attention.records.store.store import Entry

Numbers = npt.NDArray[np.int64]

_INIT = paths.step_order("init")

if TYPE_CHECKING:
    _Steps = Mapping[Step, Entry]
else:
    _Steps = Mapping


class StepFiles(_Steps):
    """The step files of a directory by step, "init" first, then by number. Entries are made when they are asked for.

    Args:
        orders: `paths.step_order` of the step of each file, int64 (files,), in any order.
        sizes: Bytes of each file.
        times: Time of the last change of each file, in nanoseconds since 1970.
        inodes: Numbers by which the file system knows the files, or None where it was not asked.

    Attributes:
        orders, sizes, times, inodes: In order of the steps; `inodes` is 0 where it is not known.
    """

    def __init__(self, orders: Numbers, sizes: Numbers, times: Numbers, inodes: Numbers | None = None) -> None:
        order = np.argsort(orders, kind="stable")
        self.orders: Numbers = orders[order]
        self.sizes: Numbers = sizes[order]
        self.times: Numbers = times[order]
        self.inodes: Numbers = np.zeros_like(self.orders) if inodes is None else inodes[order]

    def __len__(self) -> int:
        return len(self.orders)

    def __iter__(self) -> Iterator[Step]:
        return map(_step, self.orders.tolist())

    def __contains__(self, step: object) -> bool:
        return self.index(step) is not None

    def __getitem__(self, step: Step) -> Entry:
        index = self.index(step)
        if index is None:
            raise KeyError(step)
        return self._entry(step, int(self.sizes[index]), int(self.times[index]))

    def items(self) -> ItemsView[Step, Entry]:
        """Steps and their files, in order."""
        return _Items(self)

    def values(self) -> ValuesView[Entry]:
        """The files, in order."""
        return _Values(self)

    def entries(self) -> Iterator[Entry]:
        """The files, in order, made one after the other."""
        # In parts: whoever needs the first few files must not wait for all of them.
        for at in range(0, len(self), 256):
            part = slice(at, at + 256)
            columns = (column[part].tolist() for column in (self.orders, self.sizes, self.times))
            for order, size, time in zip(*columns, strict=True):
                yield self._entry(_step(order), size, time)

    def places_in(self, other: StepFiles) -> Numbers:
        """For each file its index in `other`, int64 (files,); -1 where that has no file of this step, size and time."""
        return place_files(self.orders, self.sizes, self.times, other)

    def index(self, step: object) -> int | None:
        """The index of a step among the steps, or None."""
        if step != "init" and not isinstance(step, int):
            return None
        order = paths.step_order(step)
        index = int(np.searchsorted(self.orders, order))
        return index if index < len(self.orders) and self.orders[index] == order else None

    @staticmethod
    def _entry(step: Step, size: int, time: int) -> Entry:
        return Entry(paths.step_file(step), False, size, time)


def place_files(orders: Numbers, sizes: Numbers, times: Numbers, files: StepFiles) -> Numbers:
    """For each file that is known by order, size and time its index in `files`, int64; -1 where that has no such file."""
    if not len(files):
        return np.full(len(orders), -1, np.int64)
    at = np.searchsorted(files.orders, orders).clip(max=len(files) - 1)
    same = (files.orders[at] == orders) & (files.sizes[at] == sizes) & (files.times[at] == times)
    return np.where(same, at, -1)


class _Values(ValuesView[Entry]):
    def __init__(self, files: StepFiles) -> None:
        super().__init__(files)
        self._files = files

    def __iter__(self) -> Iterator[Entry]:
        return self._files.entries()


class _Items(ItemsView[Step, Entry]):
    def __init__(self, files: StepFiles) -> None:
        super().__init__(files)
        self._files = files

    def __iter__(self) -> Iterator[tuple[Step, Entry]]:
        return zip(self._files, self._files.entries(), strict=True)


class Listing(Collection[Entry]):
    """The entries of a directory. A store that caches may return one.

    Args:
        entries: In any order.
        steps: Step files that are known already, besides those in `entries`, which then must not hold any.

    Attributes:
        steps: The step files by step.
        rest: Directories, and files other than step files.
        others: The files among them, by name.
    """

    def __init__(self, entries: Iterable[Entry] = (), steps: StepFiles | None = None) -> None:
        rest = []
        columns: tuple[list[int], list[int], list[int]] = ([], [], [])
        for entry in entries:
            step = None if entry.is_directory else paths.file_step(entry.name)
            if step is None:
                rest.append(entry)
                continue
            for column, number in zip(columns, (paths.step_order(step), entry.size, entry.mtime_ns), strict=True):
                column.append(number)
        self.steps = StepFiles(*map(int64_array, columns)) if steps is None else steps
        self.rest = tuple(rest)
        self.others: Mapping[str, Entry] = {entry.name: entry for entry in rest if not entry.is_directory}

    @classmethod
    def of(cls, entries: Collection[Entry]) -> Listing:
        """The listing of some entries, which may be one already."""
        return entries if isinstance(entries, cls) else cls(entries)

    def __len__(self) -> int:
        return len(self.rest) + len(self.steps)

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted([*self.rest, *self.steps.values()], key=lambda entry: entry.name))

    def __contains__(self, entry: object) -> bool:
        return entry in self.rest or entry in self.steps.values()

    @property
    def newest_ns(self) -> int:
        """When a step file last changed; 0 if there is none."""
        return int(self.steps.times.max(initial=0))

    @property
    def state(self) -> Hashable:
        """Equal for listings with the same step files by name, size and time: a key for caches."""
        columns = (self.steps.orders, self.steps.sizes, self.steps.times)
        return hash(tuple(column.tobytes() for column in columns))


def _step(order: int) -> Step:
    return "init" if order == _INIT else order
