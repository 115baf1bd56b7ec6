"""The steps of one series that a log reads, and messages that list what there is where something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_attention.errors import LogError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, StepManifest, maps_of
from tb_attention.records.reading.logged_samples import LoggedSamples, read_samples
from tb_attention.records.reading.opened_attempt import StepList
from tb_attention.records.reading.series import Series
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.store.store import ReadStore


class LoggedSteps:
    """The steps of one attempt of one series, as they were when they were listed.

    Args:
        store: Of the run.
        series: The series of the run.
        chosen: The one that is read; None if the run has none.
        attempt: From 1; by default the newest that has a step.

    Raises:
        NotInLogError: There are attempts, but not this one.
    """

    def __init__(
        self, store: ReadStore, series: Sequence[Series], chosen: Series | None, attempt: int | None = None
    ) -> None:
        self.store = store
        self.series = series
        self.chosen = chosen
        self.attempts = [] if chosen is None else chosen.attempts.numbers
        self._opened = chosen.attempts.open(attempt) if chosen is not None and self.attempts else None
        self.listed = StepList() if self._opened is None else self._opened.list_steps()
        self._samples: dict[str, LoggedSamples] = {}

    @property
    def tag(self) -> str | None:
        """The series that is read; None if the run has none."""
        return None if self.chosen is None else self.chosen.tag

    @property
    def tags(self) -> list[str]:
        """The series of the run, by name."""
        return [each.tag for each in self.series]

    @property
    def attempt(self) -> int | None:
        """The attempt that is read; None if there is none."""
        return None if self._opened is None else self._opened.number

    def entry(self, step: Step) -> StepEntry:
        """A step.

        Raises:
            NotInLogError: There is no such step.
            LogError: Its file cannot be read.
        """
        entry = self.listed.find(step)
        if entry is not None:
            return entry
        for damaged in self.listed.damaged:
            if damaged.step == step:
                raise LogError(f"Step {step} cannot be read: {damaged.reason}")
        there = [each.manifest.step for each in self.listed.entries]
        raise NotInLogError(
            f"There is no such step. Received: step={step!r}. There are: {shortened(there)}.{self.hint(there)}"
        )

    def maps(self, step: Step) -> tuple[StepEntry, StepManifest]:
        """A step and the manifest of its maps.

        Raises:
            NotInLogError: There is no such step, or it has no maps.
        """
        entry = self.entry(step)
        maps = maps_of(entry.manifest)
        if maps is None:
            raise NotInLogError(f"Series {self.tag!r} holds confusion matrices, not maps.")
        return entry, maps

    def open(self, entry: StepEntry) -> Archive:
        """The step file of an entry.

        Raises:
            NotInLogError: It was removed since it was listed.
        """
        assert self._opened is not None
        try:
            return self._opened.open(entry.file.name)
        except FileNotFoundError as error:
            raise NotInLogError(f"{entry.file.name} is no longer there; load the log again.") from error

    def samples(self, manifest: Manifest) -> LoggedSamples:
        """The samples of a step."""
        name = manifest.samples
        if self._opened is None or name is None or not paths.is_samples_file(name):
            maps = maps_of(manifest)
            return LoggedSamples() if maps is None else LoggedSamples.unknown(maps.sample_count)
        if name not in self._samples:
            self._samples[name] = read_samples(self.store, self._opened.path(name))
        return self._samples[name]

    def sample_index(self, manifest: StepManifest, sample: int | str) -> int:
        """The index of a sample that is given by its index or id.

        Raises:
            NotInLogError: There is no such sample.
        """
        if isinstance(sample, str):
            ids = self.samples(manifest).ids
            if sample in ids[: manifest.sample_count]:
                return ids.index(sample)
            raise NotInLogError(f"There is no such sample. Received: sample={sample!r}. There are: {shortened(ids)}.")
        index = int(sample)
        if not 0 <= index < manifest.sample_count:
            raise NotInLogError(
                f"There is no such sample. Received: sample={sample!r}. There are: 0 to {manifest.sample_count - 1}."
            )
        return index

    def hint(self, there: Sequence[Any]) -> str:
        """Why nothing of some kind is there; "" if there is something."""
        if there:
            return ""
        if self.chosen is None:
            return f" {nothing_in(self.store)}"
        return f" The series {self.tag!r} is one of {self.tags} in {shown_url(self.store.url)!r}."


def nothing_in(store: ReadStore) -> str:
    """Why a directory holds no log, in a sentence."""
    if store.entry("") is None and not store.entries():
        return f"There is no log yet: there is no such directory. Received: log_dir={shown_url(store.url)!r}."
    names = [entry.name for entry in store.entries()]
    return f"There is no log yet. Received: log_dir={shown_url(store.url)!r}, which holds {shortened(names)}."


def shortened(values: Sequence[Any]) -> str:
    """Values for a message: all of them, or the first and the last of many."""
    shown = list(values)
    return str(shown) if len(shown) <= 40 else f"{shown[:20]} ... {shown[-10:]}"
