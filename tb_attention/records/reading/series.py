"""The series of a run, and which one is meant where none is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from tb_attention.errors import LogError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.reading.opened_attempt import OpenedAttempt, open_attempt
from tb_attention.records.store.store import ReadStore

Content = Literal["attention", "confusion", "unknown"]


def list_tags(store: ReadStore) -> list[str]:
    """The directory names of the tags of a run, sorted."""
    return [entry.name for entry in store.entries(paths.ROOT) if entry.is_directory and paths.is_tag_folder(entry.name)]


def list_attempts(store: ReadStore, folder: str) -> list[int]:
    """The attempts of a series, in order; `folder` is the directory name of its tag."""
    numbers = [
        paths.attempt_number(entry.name) for entry in store.entries(f"{paths.ROOT}/{folder}") if entry.is_directory
    ]
    return sorted(number for number in numbers if number is not None)


def begun_attempts(store: ReadStore, folder: str) -> list[int]:
    """The attempts of a series up to the newest that has a step; all of them if none has.

    A training that has just started, or was killed before its first step, must not hide the one before it.
    """
    attempts = list_attempts(store, folder)
    for count in range(len(attempts), 0, -1):
        if has_steps(store, folder, attempts[count - 1]):
            return attempts[:count]
    return attempts


def has_steps(store: ReadStore, folder: str, attempt: int) -> bool:
    """Whether an attempt has a step."""
    return open_attempt(store, paths.attempt_directory(folder, attempt)).files.has_steps


@dataclass(frozen=True)
class Series:
    """A named series of steps.

    Attributes:
        store: Of the run.
        folder: The directory name of the tag.
        tag: The tag as the log spells it (directory names of long tags are cut).
        content: What its steps are; "unknown" while no step can be read.
    """

    store: ReadStore
    folder: str
    tag: str
    content: Content

    @cached_property
    def attempts(self) -> list[int]:
        """The attempts up to the newest that has a step, oldest first."""
        return begun_attempts(self.store, self.folder)

    def open(self, attempt: int | None = None) -> OpenedAttempt:
        """Opens an attempt, by default the newest that has a step.

        Raises:
            NotInLogError: There is no such attempt.
        """
        attempts = self.attempts
        if not attempts or (attempt is not None and attempt not in attempts):
            raise NotInLogError(f"There is no such attempt. Received: attempt={attempt!r}. There are: {attempts}.")
        number = attempts[-1] if attempt is None else attempt
        return open_attempt(self.store, paths.attempt_directory(self.folder, number))


def list_series(store: ReadStore) -> list[Series]:
    """The series of a run, by name."""
    return sorted((describe(store, folder) for folder in list_tags(store)), key=lambda series: series.tag)


def describe(store: ReadStore, folder: str, *, tries: int | None = None) -> Series:
    """The series in a directory; its tag and content are those of the first step that can be read, newest attempt first.

    Args:
        store: Of the run.
        folder: The directory name of the tag.
        tries: How many step files of an attempt are opened at most; by default all of them.
    """
    for number in reversed(list_attempts(store, folder)):
        attempt = open_attempt(store, paths.attempt_directory(folder, number))
        for step in islice(attempt.steps, tries):
            try:
                manifest = attempt.read_manifest(step)
            except (LogError, OSError):
                continue
            return Series(store, folder, manifest.tag, manifest.content)
    return Series(store, folder, paths.folder_tag(folder), "unknown")


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
