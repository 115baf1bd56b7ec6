"""One function for each JSON answer: what a log says, as the page gets it."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Sequence
from typing import cast

import msgspec
from msgspec import Raw

from tb_attention.errors import AttentionError, DamagedFileError
from tb_attention.records.format import json_text, paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.confusion_file import Examples
from tb_attention.records.format.samples_file import read_samples_manifest
from tb_attention.records.format.schema import ConfusionManifest, Manifest
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.format.step_record import Prediction
from tb_attention.records.store.reaching import shown_url
from tb_attention.wire import structs
from tb_attention.wire.site_structs import Site

# A killed process cannot say that it stopped.
_SILENT_SECONDS = 600.0

_encode = msgspec.json.Encoder().encode


def encode(answer: object) -> bytes:
    """The JSON of an answer. Unpaired surrogates, which names from other programs may hold, become question marks."""
    try:
        return _encode(answer)
    except UnicodeEncodeError:
        return json_text.dumps(msgspec.to_builtins(answer, enc_hook=msgspec.json.decode))


def _number(value: float) -> structs.WireNumber:
    return cast(structs.WireNumber, value if math.isfinite(value) else json_text.spell(value))


def runs_answer(
    logdir: str, runs: Iterable[structs.RunEntry], unreachable: Sequence[structs.Unreachable] = ()
) -> structs.RunsAnswer:
    """The answer of `runs`: the runs in order of their names, and a version that changes with anything in it."""
    listed, failing = tuple(sorted(runs, key=lambda entry: entry.run)), tuple(unreachable)
    version = hashlib.sha256(encode((listed, failing))).hexdigest()[:16]
    return structs.RunsAnswer(version, shown_url(logdir), listed, failing)


def step_record(manifest: Manifest, version: str, sites: int = 0) -> structs.StepRecord:
    """A step as `series` lists it.

    Args:
        manifest: Of the step.
        version: Of its file.
        sites: The index of its sites in `site_sets`.
    """
    samples = manifest.samples
    record = structs.StepRecord(
        sites=sites,
        step=manifest.step,
        epoch=manifest.epoch,
        batch=manifest.batch,
        wall_time=_number(manifest.wall_time),
        logs={name: _number(metric) for name, metric in manifest.logs.items()},
        v=version,
        samples=samples.removesuffix(".npz") if samples else None,
        sample_count=manifest.sample_count,
        predictions=tuple(map(_prediction, manifest.predictions)),
    )
    if not isinstance(manifest, ConfusionManifest):
        if manifest.pictures is None:
            return record
        return msgspec.structs.replace(
            record, pictures=msgspec.convert(manifest.pictures, structs.Pictures, from_attributes=True)
        )
    return msgspec.structs.replace(
        record,
        classes=manifest.classes,
        splits=msgspec.convert(dict(manifest.splits), dict[str, structs.Split], from_attributes=True),
        kind=manifest.kind,
        threshold=manifest.threshold,
        similarity=manifest.similarity,
        examples=manifest.examples,
        means=msgspec.convert(manifest.means, tuple[structs.Mean, ...], from_attributes=True),
    )


def _prediction(made: Prediction | None) -> structs.Prediction | None:
    if made is None:
        return None
    probability, of_label = (
        None if each is None else _number(each) for each in (made.probability, made.label_probability)
    )
    others = tuple((index, _number(share)) for index, share in made.others)
    return structs.Prediction(made.class_index, probability, of_label, others)


def sites_of(sites: Sequence[SiteManifest]) -> tuple[Site, ...]:
    """The sites of a step."""
    return msgspec.convert(sites, tuple[Site, ...], from_attributes=True)


def series_facts(manifest: Manifest) -> structs.SeriesFacts:
    """What a series says of itself, in the manifest of its newest step."""
    facts = structs.SeriesFacts(manifest.tag, manifest.content, manifest.measures)
    if not isinstance(manifest, ConfusionManifest):
        return facts
    return msgspec.structs.replace(
        facts,
        class_names=manifest.class_names,
        class_groups=msgspec.convert(manifest.class_groups, tuple[structs.WireGroup, ...], from_attributes=True),
        output=manifest.output,
    )


def series_answer(
    facts: structs.SeriesFacts,
    steps: Iterable[tuple[bytes, bytes]],
    *,
    run: str,
    attempt: int,
    attempts: Sequence[int],
    version: str,
    status: structs.Status | None,
    damaged: Sequence[structs.Damaged] = (),
) -> structs.SeriesAnswer:
    """The answer of `series`.

    Args:
        facts: Of the newest step.
        steps: In order, the JSON of each step (`step_record` with `sites` 0) and of its sites (`sites_of`). They go into the
            answer as they are: to encode a thousand steps again would take most of the time.
        run, attempt, attempts, version, status, damaged: As in the answer.
    """
    site_sets: dict[bytes, int] = {}
    records = [_with_sites(step, site_sets.setdefault(sites, len(site_sets))) for step, sites in steps]
    return structs.SeriesAnswer(
        **msgspec.structs.asdict(facts),
        run=run,
        attempt=attempt,
        attempts=tuple(attempts),
        version=version,
        status=status,
        steps=cast(tuple[structs.StepRecord, ...], tuple(map(Raw, records))),
        site_sets=cast(tuple[tuple[Site, ...], ...], tuple(map(Raw, site_sets))),
        damaged=tuple(damaged),
    )


def with_steps(answer: structs.SeriesAnswer, steps: bytes) -> structs.SeriesAnswer:
    """An answer of `series` with other steps, given as their JSON."""
    return msgspec.structs.replace(answer, steps=Raw(steps))


_FIRST_SITES = b'{"sites":0,'


def _with_sites(step: bytes, sites: int) -> bytes:
    """The JSON of a step with another index of its sites; nearly all steps have the first."""
    return step if sites == 0 else b'{"sites":%d,%b' % (sites, step[len(_FIRST_SITES) :])


def samples_answer(archive: Archive, what: str) -> structs.SamplesAnswer:
    """The answer of `samples`.

    Args:
        archive: The samples file.
        what: What errors call it.

    Raises:
        NewerSchemaError, DamagedFileError: It is not a samples file that this version can read.
    """
    manifest = read_samples_manifest(archive, what)
    try:
        return msgspec.convert({"class_names": None, "thumbnails": None} | manifest, structs.SamplesAnswer)
    except msgspec.ValidationError as error:
        raise DamagedFileError(f"{what} is not a samples file: {error}.") from error


def examples_answer(
    manifest: ConfusionManifest,
    stored: Examples,
    ids: Sequence[str],
    truth: int | None = None,
    predicted: int | None = None,
) -> structs.ExamplesAnswer:
    """The answer of `examples`.

    Args:
        manifest: Of the step.
        stored: The kept examples.
        ids: Of the examples.
        truth, predicted: Only examples of these classes; of all classes where they are None.
    """
    columns = (ids, stored.cells.tolist(), stored.scores.tolist(), stored.random.tolist())
    listed = [
        structs.CellExample(
            sample=index,
            id=name,
            truth=cell[0],
            predicted=cell[1],
            probability=_number(probability),
            loss=_number(loss),
            kept="random" if random else "certain",
        )
        for index, (name, cell, (probability, loss), random) in enumerate(zip(*columns, strict=True))
        if truth in (None, cell[0]) and predicted in (None, cell[1])
    ]
    samples = manifest.samples.removesuffix(".npz") if manifest.samples else None
    return structs.ExamplesAnswer(manifest.step, samples, manifest.sample_count, tuple(listed))


def status_answer(text: bytes) -> structs.Status | None:
    """What the status file of an attempt says, or None where anything is wrong with it: it is advisory.

    A training that says `running` and has been silent for ten minutes has stopped.
    """
    try:
        fields = json_text.loads(text, paths.STATUS)
        status = msgspec.convert(fields, structs.Status)
    except (AttentionError, msgspec.ValidationError):
        return None
    updated = fields.get("updated")
    heard = updated if isinstance(updated, int | float) and math.isfinite(updated) else 0.0
    silent = status.state == "running" and time.time() - heard > _SILENT_SECONDS
    return msgspec.structs.replace(status, state="stopped") if silent else status
