"""Reading a log back."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import LogError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import Manifest, Prediction, SiteManifest, StepManifest, maps_of
from tb_attention.records.format.step_file import read_features, read_measures, read_rows, read_sink, read_weights
from tb_attention.records.reading.attempts import begun_attempts
from tb_attention.records.reading.confusion_log import ConfusionReading
from tb_attention.records.reading.listing import Damaged, Listing, list_steps
from tb_attention.records.reading.logged_samples import LoggedSamples, read_samples
from tb_attention.records.reading.series import Series, choose, list_series
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store
from tb_attention.site import own_part


def load(log_dir: str | os.PathLike[str], tag: str | None = None, attempt: int | None = None) -> Log:
    """Opens a log for reading; steps that are written later need another `load`.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: The series; by default the only attention series there is, or the one called "attention", or the first by name.
        attempt: From 1; the newest that has a step by default.

    Returns:
        The log; an empty one if nothing is there yet.

    Raises:
        NotInLogError: There are series, but not this one; or attempts, but not this one.
    """
    store = open_store(log_dir)
    return Log(store, list_series(store), tag, attempt)


class Log(ConfusionReading):
    """One attempt of one series of a run, and the confusion matrices beside it. `load` makes one."""

    def __init__(self, store: Store, series: Sequence[Series], tag: str | None, attempt: int | None) -> None:
        self._store = store
        self._series = series
        self._chosen = choose(series, tag, "attention")
        self._asked = tag is not None
        self.tags: list[str] = [each.tag for each in series]
        """The series of the run, by name."""
        self.tag: str | None = None if self._chosen is None else self._chosen.tag
        """The series that is read."""
        self.attempts: list[int] = [] if self._chosen is None else begun_attempts(store, self._chosen.folder)
        """The attempts of this series, in order, up to the newest that has a step."""
        self.attempt: int | None = self._chosen_attempt(attempt)
        """The attempt that is read."""
        self._samples: dict[str, LoggedSamples] = {}
        self._directory = "" if self._chosen is None else f"{self._chosen.directory}/{self.attempt}"
        self._listing = list_steps(store, self._directory) if self.attempt else Listing((), (), frozenset())

    def __repr__(self) -> str:
        return f"Log({self._store.url!r}, tag={self.tag!r}, attempt={self.attempt}, {len(self.steps)} steps)"

    @property
    def steps(self) -> list[int]:
        """The steps, in order; "init" is not among them."""
        return [entry.manifest.step for entry in self._listing.entries if isinstance(entry.manifest.step, int)]

    @property
    def has_init(self) -> bool:
        """Whether the model before training was logged, as step "init"."""
        return self._listing.find("init") is not None

    @property
    def damaged(self) -> list[Damaged]:
        """Step files that cannot be read, with reasons."""
        return list(self._listing.damaged)

    @functools.cached_property
    def sites(self) -> list[str]:
        """Paths of the sites, in the order of the model; those of all steps."""
        found: dict[str, None] = {}
        for entry in self._listing.entries:
            maps = maps_of(entry.manifest)
            if maps is not None:
                found.update(dict.fromkeys(site.path for site in maps.sites))
        return list(found)

    def site(self, path: str) -> SiteManifest:
        """What is known of a site, as of the newest step that has it: kind, axes, shape, note.

        Raises:
            NotInLogError: There is no such site.
        """
        for entry in reversed(self._listing.entries):
            maps = maps_of(entry.manifest)
            place = None if maps is None else maps.site_index(path)
            if maps is not None and place is not None:
                return maps.sites[place]
        raise NotInLogError(
            f"There is no such site. Received: site={path!r}. There are: {self.sites}.{self._why(self.sites)}"
        )

    @property
    def samples(self) -> LoggedSamples:
        """The samples of the newest step; empty if there is none."""
        for entry in reversed(self._listing.entries):
            if entry.manifest.samples is not None or maps_of(entry.manifest) is not None:
                return self._samples_of(entry.manifest)
        return LoggedSamples()

    def samples_of(self, step: Step) -> LoggedSamples:
        """The samples of a step; in a series of matrices the examples that were kept of its cells."""
        return self._samples_of(self._entry(step).manifest)

    def weights(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32]:
        """The weights of one site for one sample.

        Args:
            step: One of `steps`, or "init".
            sample: Its place, from 0, or its id.
            site: Its path.

        Returns:
            float32 `(heads, queries, keys)`; of a gate `(heads, keys)`; in general what `site(path).axes` says, in the sample's
            own size where samples differ.

        Raises:
            NotInLogError: The log has no such step, sample or site; the message lists what there is.
            DamagedFileError: The file is not what it says it is.
        """
        entry, manifest, position, place = self._found(step, sample, site)
        with self._open(entry) as archive:
            stored = read_weights(archive, manifest, position, place)
        return stored[own_part(manifest.sites[place].axes, position)]

    def full_rows(self, step: Step, sample: int | str, site: str) -> dict[int, npt.NDArray[np.float32]]:
        """The rows of chosen queries as they were before long maps were pooled (`full_rows` of `AttentionCallback`).

        Args:
            step, sample, site: As for `weights`.

        Returns:
            By place of the query, from 0, float32 `(heads, keys)`; empty where there are none.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, place = self._found(step, sample, site)
        known = manifest.sites[place].rows
        if known is None:
            return {}
        axis = next(at for at, each in enumerate(manifest.sites[place].axes) if each.role == "query")
        with self._open(entry) as archive:
            rows = read_rows(archive, manifest, position, place)
        part = own_part((each for each in manifest.sites[place].axes if each.role != "query"), position)
        return {query: np.take(rows, at, axis=axis)[part] for at, query in enumerate(known.queries)}

    def features(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32] | None:
        """The feature map behind a gate over channels, as it was before the gate, averaged to at most 32 x 32 cells.

        Args:
            step, sample, site: As for `weights`.

        Returns:
            float32 `(channels, rows, columns)`, channels as in `weights`; None for sites without one.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, place = self._found(step, sample, site)
        with self._open(entry) as archive:
            return read_features(archive, manifest, position, place)

    def sink(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32] | None:
        """The share of each row that goes to no key, where the softmax has a sink.

        Args:
            step, sample, site: As for `weights`.

        Returns:
            float32 `(heads, queries)`, from 0 to 1; with the weights of its row it sums to 1. None for sites without a sink.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, place = self._found(step, sample, site)
        with self._open(entry) as archive:
            shares = read_sink(archive, manifest, position, place)
        part = own_part((each for each in manifest.sites[place].axes if each.role != "key"), position)
        return None if shares is None else shares[part]

    def _found(self, step: Step, sample: int | str, site: str) -> tuple[StepEntry, StepManifest, int, int]:
        entry, manifest = self._maps(step)
        place = manifest.site_index(site)
        if place is None:
            there = [known.path for known in manifest.sites]
            raise NotInLogError(f"Step {step} has no such site. Received: site={site!r}. There are: {there}.")
        return entry, manifest, self._position(manifest, sample), place

    def predictions(self, step: Step) -> tuple[Prediction | None, ...]:
        """What was predicted for each sample; None where that is not known."""
        return self._maps(step)[1].predictions

    def logs(self, step: Step) -> dict[str, float]:
        """The metrics of a step, by name."""
        return dict(self._entry(step).manifest.logs)

    def epoch(self, step: Step) -> int | None:
        """The epoch of a step, from 0 as Keras counts, or None."""
        return self._entry(step).manifest.epoch

    def measures(self, step: Step) -> npt.NDArray[np.float32]:
        """The measures of a step, float32 `(samples, heads of all sites in order, measures)`.

        `reduce.head_measures.MEASURES` names them.
        """
        entry, manifest = self._maps(step)
        with self._open(entry) as archive:
            return read_measures(archive, manifest)

    def _confusion_log(self, tag: str | None) -> Log:
        if self._chosen is None:
            raise NotInLogError(f"There are no confusion matrices. {nothing_in(self._store)}")
        if (tag is None or tag == self.tag) and self._chosen.content == "confusion":
            return self
        if tag is None and self._asked and self._chosen.content == "unknown":
            # Another series would be taken for the one that was asked for.
            tag = self.tag
        chosen = choose(self._series, tag, "confusion")
        if chosen is None or chosen.content != "confusion":
            there = [series.tag for series in self._series if series.content == "confusion"]
            if tag is not None and chosen is not None:
                what = "maps, not confusion matrices" if chosen.content == "attention" else "no step"
                raise NotInLogError(f"Series {chosen.tag!r} holds {what}. There are confusion matrices in: {there}.")
            raise NotInLogError(f"The run {self._store.url!r} has no confusion matrices. Its series are: {self.tags}.")
        return Log(self._store, self._series, chosen.tag, None)

    def _why(self, there: Sequence[Any]) -> str:
        """Why a log has nothing of what was asked for; "" where it has something."""
        if there:
            return ""
        if self._chosen is None:
            return f" {nothing_in(self._store)}"
        return f" The series {self.tag!r} is one of {self.tags} in {self._store.url!r}."

    def _chosen_attempt(self, attempt: int | None) -> int | None:
        if self._chosen is None or not self.attempts:
            return None
        if attempt is None:
            return self.attempts[-1]
        if attempt not in self.attempts:
            raise NotInLogError(f"There is no such attempt. Received: attempt={attempt!r}. There are: {self.attempts}.")
        return attempt

    def _entry(self, step: Step) -> StepEntry:
        entry = self._listing.find(step)
        if entry is not None:
            return entry
        for damaged in self._listing.damaged:
            if damaged.step == step:
                raise LogError(f"Step {step} cannot be read: {damaged.reason}")
        there: list[Step] = [*(["init"] if self.has_init else []), *self.steps]  # type: ignore[list-item]
        raise NotInLogError(
            f"There is no such step. Received: step={step!r}. There are: {_shortened(there)}.{self._why(there)}"
        )

    def _maps(self, step: Step) -> tuple[StepEntry, StepManifest]:
        entry = self._entry(step)
        maps = maps_of(entry.manifest)
        if maps is None:
            raise NotInLogError(f"Series {self.tag!r} holds confusion matrices, not maps.")
        return entry, maps

    def _position(self, manifest: StepManifest, sample: int | str) -> int:
        if isinstance(sample, str):
            ids = self._samples_of(manifest).ids
            if sample in ids[: manifest.sample_count]:
                return ids.index(sample)
            raise NotInLogError(f"There is no such sample. Received: sample={sample!r}. There are: {_shortened(ids)}.")
        position = int(sample)
        if not 0 <= position < manifest.sample_count:
            raise NotInLogError(
                f"There is no such sample. Received: sample={sample!r}. There are: 0 to {manifest.sample_count - 1}."
            )
        return position

    def _samples_of(self, manifest: Manifest) -> LoggedSamples:
        if manifest.samples is None or not paths.is_samples_file(manifest.samples):
            maps = maps_of(manifest)
            return LoggedSamples() if maps is None else LoggedSamples.unknown(maps.sample_count)
        return self._read_samples(manifest.samples)

    def _read_samples(self, name: str) -> LoggedSamples:
        if name not in self._samples:
            self._samples[name] = read_samples(self._store, f"{self._directory}/{name}")
        return self._samples[name]

    def _open(self, entry: StepEntry) -> Archive:
        name = entry.file.name
        try:
            return Archive(self._store.open(f"{self._directory}/{name}"), name)
        except FileNotFoundError as error:
            raise NotInLogError(f"{name} is no longer there; load the log again.") from error


def nothing_in(store: Store) -> str:
    """Why a directory holds no log, in a sentence."""
    if store.entry("") is None and not store.entries():
        return f"There is no log yet: there is no such directory. Received: log_dir={store.url!r}."
    names = [entry.name for entry in store.entries()]
    return f"There is no log yet. Received: log_dir={store.url!r}, which holds {_shortened(names)}."


def _shortened(values: Sequence[Any]) -> str:
    shown = list(values)
    return str(shown) if len(shown) <= 40 else f"{shown[:20]} ... {shown[-10:]}"
