"""The series of a run, and which one is meant where none is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from tb_attention.errors import NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.reading.opened_attempt import OpenedAttempt, open_attempt
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.records.store.store import ReadStore

Content = Literal["attention", "confusion", "unknown"]


def list_tags(store: ReadStore) -> list[str]:
    """The directory names of the tags of a run, sorted."""
    return [entry.name for entry in store.entries(paths.ROOT) if entry.is_directory and paths.is_tag_folder(entry.name)]


def folder_of(store: ReadStore, tag: str) -> str:
    """The directory name of a tag in a run: where an earlier version wrote this series, the one that it gave.

    Raises:
        ArgumentError: The tag is empty or not a string.
    """
    folder, earlier = paths.tag_folder(tag), paths.earlier_tag_folder(tag)
    if folder == earlier:
        return folder
    names = list_tags(store)
    # Names as they are listed: a disk that ignores case would find the folder of another tag.
    return earlier if earlier in names and folder not in names else folder


def list_attempts(store: ReadStore, folder: str) -> list[int]:
    """The attempts of a series, in order; `folder` is the directory name of its tag."""
    numbers = [
        paths.attempt_number(entry.name) for entry in store.entries(f"{paths.ROOT}/{folder}") if entry.is_directory
    ]
    return sorted(number for number in numbers if number is not None)


@dataclass(frozen=True, eq=False)
class Attempts:
    """The attempts of a series, as they were when they were listed.

    Attributes:
        store: Of the run.
        folder: The directory name of the tag.
        numbers: The attempts up to the newest that has a step, oldest first; all attempts if none has.
        newest: The last of them; None if there is no attempt.
    """

    store: ReadStore
    folder: str
    numbers: list[int]
    newest: OpenedAttempt | None

    def open(self, number: int | None = None) -> OpenedAttempt:
        """Opens an attempt, by default the newest that has a step.

        Raises:
            NotInLogError: There is no such attempt.
        """
        if self.newest is None or (number is not None and number not in self.numbers):
            raise NotInLogError(f"There is no such attempt. Received: attempt={number!r}. There are: {self.numbers}.")
        if number is None or number == self.numbers[-1]:
            return self.newest
        return open_attempt(self.store, paths.attempt_directory(self.folder, number))


def find_attempts(store: ReadStore, folder: str) -> Attempts:
    """The attempts of a series; `folder` is the directory name of its tag.

    A training that has just started, or was killed before its first step, must not hide the one before it.
    """
    numbers = list_attempts(store, folder)
    newest = None
    for count in range(len(numbers), 0, -1):
        opened = open_attempt(store, paths.attempt_directory(folder, numbers[count - 1]))
        if opened.steps:
            return Attempts(store, folder, numbers[:count], opened)
        newest = newest or opened
    return Attempts(store, folder, numbers, newest)


@dataclass(frozen=True, eq=False)
class Series:
    """A named series of steps.

    Attributes:
        attempts: Its attempts.
        tag: The tag as the log spells it (directory names of long tags are cut).
        content: What its steps are; "unknown" while no step can be read.
    """

    attempts: Attempts
    tag: str
    content: Content


def list_series(store: ReadStore) -> list[Series]:
    """The series of a run, by name."""
    found = (describe(find_attempts(store, folder)) for folder in list_tags(store))
    return sorted(found, key=lambda series: series.tag)


def describe(attempts: Attempts, *, tries: int | None = None) -> Series:
    """The series with these attempts; its tag and content are those of the first step that can be read, newest attempt first.

    Args:
        attempts: Of the series.
        tries: How many step files of an attempt are opened at most; by default all of them.
    """
    for number in reversed(attempts.numbers):
        attempt = attempts.open(number)
        for step in islice(attempt.steps, tries):
            with unless_unreachable():
                manifest = attempt.read_manifest(step)
                return Series(attempts, manifest.tag, manifest.content)
    return Series(attempts, paths.folder_tag(attempts.folder), "unknown")


def choose(series: Sequence[Series], tag: str | None, content: Content) -> Series | None:
    """The series with a tag; without a tag, one of this content: the only one, or the one with that name, or the first by name.

    If no series has this content, one of the others is chosen in the same way. None if there is no series.

    Raises:
        NotInLogError: There are series, but none with this tag.
    """
    if not series:
        return None
    if tag is not None:
        for each in series:
            if each.tag == tag:
                return each
        raise NotInLogError(
            f"There is no such series. Received: tag={tag!r}. There are: {[each.tag for each in series]}."
        )
    fitting = [each for each in series if each.content == content] or list(series)
    return next((each for each in fitting if each.tag == content), fitting[0])
