"""The series of a run, and which one is meant where nobody said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tb_attention.errors import LogError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.step_file import read_manifest
from tb_attention.records.reading.attempts import list_attempts, list_tags
from tb_attention.records.store.store import Store

Content = Literal["attention", "confusion", "unknown"]


@dataclass(frozen=True)
class Series:
    """A named series of steps.

    Attributes:
        tag: Its name.
        folder: The directory that stands for it.
        content: What its steps are; "unknown" while there is none that can be read.
    """

    tag: str
    folder: str
    content: Content

    @property
    def directory(self) -> str:
        """Its directory, below the run's."""
        return f"{paths.ROOT}/{self.folder}"


def list_series(store: Store) -> list[Series]:
    """The series of a run, by name."""
    return sorted((describe(store, folder) for folder in list_tags(store)), key=lambda series: series.tag)


def describe(store: Store, folder: str) -> Series:
    """The series in a directory; opens the first step file that can be read, newest attempt first."""
    for attempt in reversed(list_attempts(store, folder)):
        directory = f"{paths.ROOT}/{folder}/{attempt}"
        for entry in store.entries(directory):
            if paths.file_step(entry.name) is None:
                continue
            try:
                with Archive(store.open(f"{directory}/{entry.name}"), entry.name) as archive:
                    manifest = read_manifest(archive, entry.name)
            except (LogError, OSError):
                continue
            return Series(manifest.tag, folder, manifest.content)
    return Series(paths.folder_tag(folder), folder, "unknown")


def choose(series: Sequence[Series], tag: str | None, content: Content) -> Series | None:
    """The series with a tag, or, without one: the only one of this content, else the one called like it, else the first by name.

    Where there is none of this content, others are taken in the same way. None if there are no series at all.

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
