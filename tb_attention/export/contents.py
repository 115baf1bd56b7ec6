"""Everything that a page holds of a run: one series of maps, and the matrices beside it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tb_attention.errors import LogError, NotInLogError
from tb_attention.export import matrices
from tb_attention.export.answers import runs_answer, status_answer
from tb_attention.export.bodies import Body
from tb_attention.export.choice import Choice, check_found
from tb_attention.export.maps import MapsPart
from tb_attention.export.series_part import SeriesPart
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.schema import ConfusionManifest, StepManifest
from tb_attention.records.reading.attempts import begun_attempts
from tb_attention.records.reading.listing import list_steps
from tb_attention.records.reading.reader import nothing_in
from tb_attention.records.reading.series import Series, choose, list_series
from tb_attention.records.store.store import Store


@dataclass(frozen=True)
class Contents:
    """What a page holds.

    Attributes:
        answers: The JSON answers: `runs`, then lists with an item for each series: `series`, and `samples` by name of the set.
        bodies: The arrays.
    """

    answers: dict[str, Any]
    bodies: Sequence[Body]

    @property
    def size(self) -> int:
        """Bytes of all arrays, as far as known without making them."""
        return sum(body.size for body in self.bodies)


def collect(store: Store, run: str, tag: str | None, attempt: int | None, choice: Choice) -> Contents:
    """Finds what goes into a page; weights are read only when its bytes are made.

    Args:
        store: Of the run.
        run: What the page calls it.
        tag: The main series; by default that which `load` takes. The matrices of the run come with it.
        attempt: Of the main series; the newest by default.
        choice: What goes in.

    Raises:
        NotInLogError: The log is empty, or has no such series, attempt, step, sample, site or head.
    """
    series = list_series(store)
    chosen = choose(series, tag, "attention")
    if chosen is None:
        raise NotInLogError(nothing_in(store))
    others = [each for each in series if each != chosen and each.content == "confusion"]
    parts = []
    main, directory = _steps(store, chosen, attempt)
    if not main:
        tags = [each.tag for each in series]
        raise NotInLogError(f"The series {chosen.tag!r} has no step that can be read. The series are: {tags}.")
    _check(main, choice)
    kept = [entry for entry in main if choice.has_step(entry.manifest.step)]
    parts.append(_part(store, directory, 0, kept, choice))
    for other in others if chosen.content == "attention" else ():
        listed, directory = _steps(store, other, None)
        joined = [entry for entry in listed if _joins(entry, kept, choice)]
        if joined:
            parts.append(_part(store, directory, len(parts), joined, choice))
    answers = {
        "runs": runs_answer(run, [part.answer for part in parts]),
        "series": [part.answer for part in parts],
        "samples": [part.samples for part in parts],
    }
    return Contents(answers, [body for part in parts for body in part.bodies])


def _steps(store: Store, series: Series, attempt: int | None) -> tuple[list[StepEntry], str]:
    attempts = begun_attempts(store, series.folder)
    if not attempts or (attempt is not None and attempt not in attempts):
        raise NotInLogError(f"There is no such attempt. Received: attempt={attempt!r}. There are: {attempts}.")
    directory = f"{series.directory}/{attempts[-1] if attempt is None else attempt}"
    return list(list_steps(store, directory, with_measures=True).entries), directory


def _part(store: Store, directory: str, place: int, entries: Sequence[StepEntry], choice: Choice) -> SeriesPart:
    open_file = functools.partial(_open, store, directory)
    status = status_answer(store, directory, whole=choice.steps is None)
    kinds = {type(entry.manifest) for entry in entries}
    if kinds == {ConfusionManifest}:
        return matrices.collect(open_file, place, entries, status)
    if kinds == {StepManifest}:
        return MapsPart(open_file, place, choice).collect(entries, status)
    raise LogError("The series holds maps and matrices.")


def _open(store: Store, directory: str, name: str) -> Archive:
    return Archive(store.open(f"{directory}/{name}"), name)


def _check(entries: Sequence[StepEntry], choice: Choice) -> None:
    check_found("steps", choice.steps, [entry.manifest.step for entry in entries])
    maps = [entry.manifest for entry in entries if isinstance(entry.manifest, StepManifest)]
    heads: dict[str, int] = {}
    for manifest in maps:
        for site in manifest.sites:
            heads[site.path] = max(site.heads, heads.get(site.path, 0))
    check_found("sites", choice.sites, list(heads))
    if isinstance(choice.heads, dict):
        check_found("sites", tuple(choice.heads), list(heads))
        for path, wanted in choice.heads.items():
            check_found("heads", wanted, range(heads[path]))
    elif choice.heads is not None and heads:
        check_found("heads", tuple(choice.heads), range(max(heads.values())))


def _joins(entry: StepEntry, kept: Sequence[StepEntry], choice: Choice) -> bool:
    """Whether a matrix belongs to a step of maps that goes in: of the same epoch, or, where that is not known, step."""
    if choice.steps is None:
        return True
    mine = entry.manifest
    return any(
        mine.step == other.manifest.step or (mine.epoch is not None and mine.epoch == other.manifest.epoch)
        for other in kept
    )
