"""Everything that a stand-alone page holds of a run: one series of maps, and its confusion matrices."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from tb_attention.errors import AttentionError, LogError, NotInLogError
from tb_attention.export.choice import Choice, check_found
from tb_attention.export.page_bodies import VERSION, Body, OpenFile, SeriesPart, made, stored
from tb_attention.export.page_maps import MapsPart
from tb_attention.records.format import confusion_file, paths
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest, StepManifest
from tb_attention.records.reading.logged_steps import nothing_in
from tb_attention.records.reading.opened_attempt import Damaged, OpenedAttempt
from tb_attention.records.reading.series import Series, choose, list_series
from tb_attention.records.store.store import ReadStore
from tb_attention.wire import answers
from tb_attention.wire.held_page import body_name, held_index
from tb_attention.wire.structs import HeldIndex, SeriesAnswer, Status

_UNFINISHED = "This page was made while the training was running."


@dataclass(frozen=True)
class Contents:
    """What a page holds: the JSON answers with the names of the arrays, and the arrays in that order."""

    index: HeldIndex
    bodies: Sequence[Body]


def collect(store: ReadStore, run: str, tag: str | None, attempt: int | None, choice: Choice) -> Contents:
    """Finds what goes into a page. Weights are read only when the page is written.

    Args:
        store: Of the run.
        run: What the page calls it.
        tag: The main series, by default the one that `load` takes. The matrices of the run are added to it.
        attempt: Of the main series; the newest by default.
        choice: What goes in.

    Raises:
        NotInLogError: The log is empty, or has no such series, attempt, step, sample, site or head.
    """
    series, chosen = _choose(store, tag)
    others = [each for each in series if each is not chosen and each.content == "confusion"]
    opened = chosen.attempts.open(attempt)
    kept = _read(opened, [step for step in opened.steps if choice.has_step(step)])
    unread = {step for step in opened.steps if choice.has_step(step)} - {entry.manifest.step for entry in kept}
    there = [step for step in opened.steps if step not in unread]
    if not there:
        tags = [each.tag for each in series]
        raise NotInLogError(f"The series {chosen.tag!r} has no step that can be read. The series are: {tags}.")
    check_found("steps", choice.steps, there)
    _check(kept, choice)
    parts = [_part(opened, 0, kept, choice)]
    held = [_answer(opened, parts[0], run, choice)]
    for other in others if chosen.content == "attention" else ():
        opened = other.attempts.open()
        joined = [entry for entry in opened.list_steps(with_measures=True).entries if _joins(entry, kept, choice)]
        if joined:
            parts.append(_part(opened, len(parts), joined, choice))
            held.append(_answer(opened, parts[-1], run, choice))
    bodies = [body for part in parts for body in part.bodies]
    names = [body.name for body in bodies]
    return Contents(held_index(run, held, [part.samples for part in parts], names), bodies)


def step_sizes(store: ReadStore, tag: str | None, attempt: int | None, choice: Choice) -> dict[Step, int]:
    """Bytes of the step files of the main series that go into a page.

    Raises:
        NotInLogError: The log is empty, or has no such series or attempt, or not all of the steps.
    """
    steps = _choose(store, tag)[1].attempts.open(attempt).steps
    check_found("steps", choice.steps, list(steps))
    return {step: file.size for step, file in steps.items() if choice.has_step(step)}


def _choose(store: ReadStore, tag: str | None) -> tuple[list[Series], Series]:
    series = list_series(store)
    chosen = choose(series, tag, "attention")
    if chosen is None:
        raise NotInLogError(nothing_in(store))
    return series, chosen


def _read(opened: OpenedAttempt, steps: Sequence[Step]) -> list[StepEntry]:
    """Those of some steps that can be read, in order."""
    found = {
        entry.manifest.step: entry
        for entry in opened.read_steps(steps, with_measures=True)
        if not isinstance(entry, Damaged)
    }
    return [found[step] for step in steps if step in found]


def _part(opened: OpenedAttempt, series: int, entries: Sequence[StepEntry], choice: Choice) -> SeriesPart:
    kinds = {type(entry.manifest) for entry in entries}
    if kinds == {ConfusionManifest}:
        return _matrices(opened.open, series, entries)
    if kinds == {StepManifest}:
        return MapsPart(opened.open, series, choice).collect(entries)
    raise LogError("The series holds maps and matrices.")


def _answer(opened: OpenedAttempt, part: SeriesPart, run: str, choice: Choice) -> SeriesAnswer:
    return answers.series_answer(
        answers.series_facts(part.newest),
        part.steps,
        run=run,
        attempt=opened.number,
        attempts=(opened.number,),
        version=VERSION,
        status=_status(opened, whole=choice.steps is None),
    )


def _status(opened: OpenedAttempt, *, whole: bool) -> Status | None:
    """The status of an attempt as it stands now.

    Args:
        opened: The attempt.
        whole: Whether all steps are in the page; otherwise the status does not say which steps were dropped.
    """
    try:
        status = answers.status_answer(opened.store.read(opened.path(paths.STATUS)))
    except (AttentionError, OSError):
        return None
    if status is not None and not whole:
        status = replace(status, dropped=(), thinned=None)
    if status is not None and status.state == "running":
        # A page does not go on training.
        status = replace(status, state="stopped", notes=(*(status.notes or ()), _UNFINISHED))
    return status


def _check(entries: Sequence[StepEntry], choice: Choice) -> None:
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
    """Whether a matrix belongs to a chosen step of maps: whether it has the same step, or the same epoch."""
    if choice.steps is None:
        return True
    mine = entry.manifest
    return any(
        mine.step == other.manifest.step or (mine.epoch is not None and mine.epoch == other.manifest.epoch)
        for other in kept
    )


def _matrices(open_file: OpenFile, series: int, entries: Sequence[StepEntry]) -> SeriesPart:
    """What a series of matrices puts into a page: every matrix, the counts of each label, the order of classes.

    The examples kept for cells are not among the samples that a user chose to hand on, so they are left out.
    """
    bodies: list[Body] = []
    steps: list[tuple[bytes, bytes]] = []
    for entry in entries:
        assert isinstance(entry.manifest, ConfusionManifest)
        no_maps = {"sample_count": 0, "predictions": (), "measures": (), "sites": ()}
        bare = replace(entry.manifest, examples=0, samples=None, means=(), **no_maps)
        steps.append((answers.encode(answers.step_record(bare, VERSION)), b"[]"))
        bodies.extend(_matrix_bodies(open_file, series, entry.file.name, entry.manifest))
    return SeriesPart(bare, steps, {}, bodies)


def _matrix_bodies(open_file: OpenFile, series: int, file: str, manifest: ConfusionManifest) -> Iterator[Body]:
    with open_file(file) as archive:
        for split, known in manifest.splits.items():
            members = {}
            name = functools.partial(body_name, series=series, step=manifest.step)
            if known.encoding == "dense":
                members["matrix"] = confusion_file.matrix_member(split)
            else:
                yield made(name("matrix", split=split), confusion_file.read_matrix(archive, manifest, split))
            if manifest.kind == "labels":
                members["labels"] = confusion_file.labels_member(split)
            if known.bins:
                members["histogram"] = confusion_file.histogram_member(split)
            for route, member in members.items():
                yield stored(name(route, split=split), open_file, file, archive, member)
        if manifest.similarity:
            yield stored(name("order"), open_file, file, archive, confusion_file.ORDER_MEMBER)
