"""Reading a log back."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import NotInLogError
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import StepManifest, maps_of
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.format.step_file import (
    read_features,
    read_measures,
    read_pictures,
    read_rows,
    read_sink,
    read_weights,
)
from tb_attention.records.format.step_record import Prediction
from tb_attention.records.reading.confusion_log import ConfusionLog, LoggedExample
from tb_attention.records.reading.logged_samples import LoggedSamples
from tb_attention.records.reading.logged_steps import LoggedSteps, nothing_in
from tb_attention.records.reading.opened_attempt import Damaged
from tb_attention.records.reading.series import Series, choose, list_series
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.store.store import ReadStore
from tb_attention.site import own_part


def load(log_dir: str | os.PathLike[str], tag: str | None = None, attempt: int | None = None) -> Log:
    """Opens a log for reading; steps that are written later need another `load`.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: The series; by default the only attention series, or the one called "attention", or the first by name.
        attempt: From 1; the newest that has a step by default.

    Returns:
        The log; an empty one if nothing is there yet.

    Raises:
        NotInLogError: There are series, but not this one; or attempts, but not this one.
    """
    store = open_store(log_dir)
    return Log(store, list_series(store), tag, attempt)


class Log:
    """One attempt of one series of a run, and the confusion matrices beside it. `load` makes one."""

    def __init__(self, store: ReadStore, series: Sequence[Series], tag: str | None, attempt: int | None) -> None:
        self._steps = LoggedSteps(store, series, choose(series, tag, "attention"), attempt)
        self._asked = tag
        self._confusions: dict[str, ConfusionLog] = {}
        self.tags: list[str] = self._steps.tags
        """The series of the run, by name."""
        self.tag: str | None = self._steps.tag
        """The series that is read."""
        self.attempts: list[int] = self._steps.attempts
        """The attempts of this series, in order, up to the newest that has a step."""
        self.attempt: int | None = self._steps.attempt
        """The attempt that is read."""

    def __repr__(self) -> str:
        return f"Log({shown_url(self._steps.store.url)!r}, tag={self.tag!r}, attempt={self.attempt}, {len(self.steps)} steps)"

    @property
    def steps(self) -> list[int]:
        """The steps, in order; "init" is not among them."""
        steps = [entry.manifest.step for entry in self._steps.listed.entries]
        return [step for step in steps if isinstance(step, int)]

    @property
    def has_init(self) -> bool:
        """Whether the model before training was logged, as step "init"."""
        return self._steps.listed.find("init") is not None

    @property
    def damaged(self) -> list[Damaged]:
        """Step files that cannot be read, with reasons."""
        return list(self._steps.listed.damaged)

    @functools.cached_property
    def sites(self) -> list[str]:
        """Paths of the sites of all steps, in the order of the model."""
        found: dict[str, None] = {}
        for entry in self._steps.listed.entries:
            maps = maps_of(entry.manifest)
            if maps is not None:
                found.update(dict.fromkeys(site.path for site in maps.sites))
        return list(found)

    def site(self, path: str, step: Step | None = None) -> SiteManifest:
        """A site as a step describes it: kind, axes, shape, note.

        Args:
            path: Of the site.
            step: A step, or "init". Defaults to the newest with this site; boxes of objects may differ from step to step.

        Raises:
            NotInLogError: There is no such step or site.
        """
        entries = self._steps.listed.entries if step is None else [self._steps.entry(step)]
        for entry in reversed(entries):
            maps = maps_of(entry.manifest)
            index = None if maps is None else maps.site_index(path)
            if maps is not None and index is not None:
                return maps.sites[index]
        raise NotInLogError(
            f"There is no such site. Received: site={path!r}. There are: {self.sites}.{self._steps.hint(self.sites)}"
        )

    @property
    def samples(self) -> LoggedSamples:
        """The samples of the newest step; empty if there is none."""
        for entry in reversed(self._steps.listed.entries):
            if entry.manifest.samples is not None or maps_of(entry.manifest) is not None:
                return self._steps.samples(entry.manifest)
        return LoggedSamples()

    def samples_of(self, step: Step) -> LoggedSamples:
        """The samples of a step; in a series of matrices the examples that were kept of its cells."""
        return self._steps.samples(self._steps.entry(step).manifest)

    def weights(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32]:
        """The weights of one site for one sample.

        Args:
            step: One of `steps`, or "init".
            sample: Its index, from 0, or its id.
            site: Its path.

        Returns:
            float32 `(heads, queries, keys)`; for a gate `(heads, keys)`; in general the shape that `site(path).axes` describe,
            in the sample's own size where samples differ in size.

        Raises:
            NotInLogError: The log has no such step, sample or site; the message lists what there is.
            DamagedFileError: The file is damaged.
        """
        entry, manifest, position, index = self._find(step, sample, site)
        with self._steps.open(entry) as archive:
            stored = read_weights(archive, manifest, position, index)
        return stored[own_part(manifest.sites[index].axes, position)]

    def full_rows(self, step: Step, sample: int | str, site: str) -> dict[int, npt.NDArray[np.float32]]:
        """The rows of chosen queries as they were before long maps were pooled (`full_rows` of `AttentionCallback`).

        Args:
            step, sample, site: As for `weights`.

        Returns:
            By index of the query, from 0, float32 `(heads, keys)`; empty where there are none.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, index = self._find(step, sample, site)
        known = manifest.sites[index].rows
        if known is None:
            return {}
        axes = manifest.sites[index].axes
        query_axis = next(at for at, axis in enumerate(axes) if axis.role == "query")
        with self._steps.open(entry) as archive:
            rows = read_rows(archive, manifest, position, index)
        part = own_part((axis for axis in axes if axis.role != "query"), position)
        return {query: np.take(rows, at, axis=query_axis)[part] for at, query in enumerate(known.queries)}

    def features(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32] | None:
        """The feature map behind a gate over channels, as it was before the gate, averaged to at most 32 x 32 cells.

        Args:
            step, sample, site: As for `weights`.

        Returns:
            float32 `(channels, rows, columns)`, channels as in `weights`; None for sites without one.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, index = self._find(step, sample, site)
        with self._steps.open(entry) as archive:
            return read_features(archive, manifest, position, index)

    def sink(self, step: Step, sample: int | str, site: str) -> npt.NDArray[np.float32] | None:
        """The share of each row that goes to no key, where the softmax has a sink.

        Args:
            step, sample, site: As for `weights`.

        Returns:
            float32 `(heads, queries)`, from 0 to 1; with the weights of its row it sums to 1. None for sites without a sink.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest, position, index = self._find(step, sample, site)
        with self._steps.open(entry) as archive:
            shares = read_sink(archive, manifest, position, index)
        part = own_part((axis for axis in manifest.sites[index].axes if axis.role != "key"), position)
        return None if shares is None else shares[part]

    def pictures(self, step: Step, sample: int | str) -> npt.NDArray[np.uint8] | None:
        """What the model made of a sample: of an output that is a picture, or a picture for each iteration.

        Args:
            step, sample: As for `weights`.

        Returns:
            uint8 `(frames, rows, columns, 1 or 3)`, of one frame or as many as iterations; None where there is no such output.

        Raises:
            NotInLogError, DamagedFileError: As for `weights`.
        """
        entry, manifest = self._steps.maps(step)
        position = self._steps.sample_index(manifest, sample)
        with self._steps.open(entry) as archive:
            return read_pictures(archive, manifest, position)

    def predictions(self, step: Step) -> tuple[Prediction | None, ...]:
        """The prediction for each sample; None where it is not known."""
        return self._steps.maps(step)[1].predictions

    def logs(self, step: Step) -> dict[str, float]:
        """The metrics of a step, by name."""
        return dict(self._steps.entry(step).manifest.logs)

    def epoch(self, step: Step) -> int | None:
        """The epoch of a step, from 0 as Keras counts, or None."""
        return self._steps.entry(step).manifest.epoch

    def measures(self, step: Step) -> npt.NDArray[np.float32]:
        """The measures of a step, float32 `(samples, heads of all sites in order, measures)`.

        `reduce.head_measures.MEASURES` names them.
        """
        entry, manifest = self._steps.maps(step)
        with self._steps.open(entry) as archive:
            return read_measures(archive, manifest)

    @property
    def confusion(self) -> ConfusionLog:
        """The confusion matrices: the series that is read, if it holds matrices, else the only such series, or the one called
        "confusion", or the first by name. The methods below take the same series where their `tag` is None.

        Raises:
            NotInLogError: The run has no confusion matrices.
        """
        return self._confusion(None)

    def confusion_matrix(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """The confusion matrix of a step, `(classes, classes)`; see `ConfusionLog.matrix`."""
        return self._confusion(tag).matrix(step, split)

    def label_counts(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """The 2 x 2 matrix of each independent label, `(classes, 2, 2)`; see `ConfusionLog.label_counts`."""
        return self._confusion(tag).label_counts(step, split)

    def score_histogram(self, step: Step, tag: str | None = None, split: str = "validation") -> npt.NDArray[Any]:
        """How many examples have which probability, `(1 or classes, 2, bins)`; see `ConfusionLog.score_histogram`."""
        return self._confusion(tag).score_histogram(step, split)

    def class_order(self, step: Step, tag: str | None = None) -> npt.NDArray[np.int64]:
        """The classes, ordered by similarity, `(classes,)`; see `ConfusionLog.class_order`."""
        return self._confusion(tag).class_order(step)

    def examples(
        self, step: Step, truth: int | None = None, predicted: int | None = None, tag: str | None = None
    ) -> list[LoggedExample]:
        """The examples that were kept of the cells of a matrix; see `ConfusionLog.examples`."""
        return self._confusion(tag).examples(step, truth, predicted)

    def mean_weights(self, step: Step, class_index: int, site: str, tag: str | None = None) -> npt.NDArray[np.float32]:
        """The mean map over correctly classified examples of a class; see `ConfusionLog.mean_weights`."""
        return self._confusion(tag).mean_weights(step, class_index, site)

    def _find(self, step: Step, sample: int | str, site: str) -> tuple[StepEntry, StepManifest, int, int]:
        """A step, its manifest, and the indices of a sample and a site in it."""
        entry, manifest = self._steps.maps(step)
        index = manifest.site_index(site)
        if index is None:
            there = [known.path for known in manifest.sites]
            raise NotInLogError(f"Step {step} has no such site. Received: site={site!r}. There are: {there}.")
        return entry, manifest, self._steps.sample_index(manifest, sample), index

    def _confusion(self, tag: str | None) -> ConfusionLog:
        steps = self._steps
        if steps.chosen is None:
            raise NotInLogError(f"There are no confusion matrices. {nothing_in(steps.store)}")
        if (tag is None or tag == self.tag) and steps.chosen.content == "confusion":
            return ConfusionLog(steps)
        if tag is None and self._asked is not None and steps.chosen.content == "unknown":
            # The user named this series: matrices of another one must not be taken for its.
            tag = self.tag
        chosen = choose(steps.series, tag, "confusion")
        if chosen is None or chosen.content != "confusion":
            there = [series.tag for series in steps.series if series.content == "confusion"]
            if tag is not None and chosen is not None:
                what = "maps, not confusion matrices" if chosen.content == "attention" else "no step"
                raise NotInLogError(f"Series {chosen.tag!r} holds {what}. There are confusion matrices in: {there}.")
            raise NotInLogError(
                f"The run {shown_url(steps.store.url)!r} has no confusion matrices. Its series are: {self.tags}."
            )
        if chosen.tag not in self._confusions:
            self._confusions[chosen.tag] = ConfusionLog(LoggedSteps(steps.store, steps.series, chosen))
        return self._confusions[chosen.tag]
